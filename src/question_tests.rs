//! Tests of which socket answers a question, and how well.

use super::*;
use crate::socket::{Kind, TcpState};

fn end_of(address: &str, scope: u32, port: u16) -> End {
    End::new(address.parse().expect("an address"), scope, port)
}

fn nowhere() -> End {
    end_of("::", 0, 0)
}

fn tcp(local: End, remote: End, state: TcpState) -> Socket {
    Socket { kind: Kind::Tcp(state), local, remote, takes_ipv4: false }
}

fn udp(local: End, remote: Option<End>) -> Socket {
    let kind = Kind::Udp { is_connected: remote.is_some() };
    let takes_ipv4 = local.address.is_ipv6() && local.address.is_unspecified();
    Socket { kind, local, remote: remote.unwrap_or(nowhere()), takes_ipv4 }
}

fn port(state: Option<State>, address: Option<&str>) -> Wanted {
    let address = address.map(|address| end_of(address, 0, 0));
    Wanted::Port(Port { protocol: Protocol::Tcp, port: 80, state, address })
}

#[test]
fn a_listener_beats_its_accepted_connection_for_a_port() {
    let local = end_of("127.0.0.1", 0, 80);
    let remote = end_of("127.0.0.1", 0, 4000);
    let wanted = port(None, None);

    let listening = wanted.rank(&tcp(local, nowhere(), TcpState::Listen));
    let accepted = wanted.rank(&tcp(local, remote, TcpState::Established));
    let bound = wanted.rank(&tcp(local, nowhere(), TcpState::Closed));

    assert_eq!(listening, Some(Rank::BEST));
    assert!(accepted < listening && bound < listening && bound.is_some());
    assert_eq!(accepted, bound);
}

#[test]
fn a_state_is_all_or_nothing() {
    let local = end_of("::1", 0, 80);
    let states = [TcpState::Closed, TcpState::Listen, TcpState::FinWait2];

    let of =
        |wanted: Wanted| states.map(|state| wanted.rank(&tcp(local, nowhere(), state)).is_some());

    assert_eq!(of(port(None, None)), [true, true, true]);
    assert_eq!(of(port(Some(State::Listening), None)), [false, true, false]);
    assert_eq!(of(port(Some(State::Connected), None)), [false, false, true]);
}

#[test]
fn a_remote_port_that_equals_the_port_and_another_protocol_are_no_match() {
    let seen = tcp(end_of("::1", 0, 4000), end_of("::1", 0, 80), TcpState::Established);

    assert_eq!(port(None, None).rank(&seen), None);
    assert_eq!(port(None, None).rank(&udp(end_of("::1", 0, 80), None)), None);
}

#[test]
fn with_an_address_the_more_exact_listener_wins_and_a_wildcard_one_beats_its_connections() {
    let wanted = port(None, Some("127.0.0.1"));
    let listener = |address: &str, takes_ipv4| {
        let kind = Kind::Tcp(TcpState::Listen);
        wanted.rank(&Socket { kind, local: end_of(address, 0, 80), remote: nowhere(), takes_ipv4 })
    };
    let accepted =
        tcp(end_of("127.0.0.1", 0, 80), end_of("127.0.0.1", 0, 9), TcpState::Established);

    assert_eq!(listener("127.0.0.1", false), Some(Rank::BEST));
    assert!(listener("127.0.0.1", false) > listener("0.0.0.0", false));
    assert!(listener("0.0.0.0", false) > listener("::", true));
    assert!(listener("::", true) > wanted.rank(&accepted));
    assert!(wanted.rank(&accepted).is_some());
    assert_eq!([listener("::", false), listener("127.0.0.2", false)], [None, None]);
}

#[test]
fn a_connection_is_exact_in_both_ends_and_needs_a_remote_end() {
    let (local, remote) = (end_of("127.0.0.1", 0, 4000), end_of("127.0.0.1", 0, 80));
    let wanted = Wanted::Connection { local, remote };

    let hit = |local, remote, state| wanted.rank(&tcp(local, remote, state)).is_some();

    assert!(hit(local, remote, TcpState::Established));
    assert!(hit(end_of("::ffff:127.0.0.1", 0, 4000), remote, TcpState::SynSent));
    assert!(!hit(remote, local, TcpState::Established));
    assert!(!hit(end_of("127.0.0.2", 0, 4000), remote, TcpState::Established));
    assert!(!hit(local, end_of("127.0.0.2", 0, 80), TcpState::Established));
    assert!(!hit(local, end_of("127.0.0.1", 0, 81), TcpState::Established));
    assert!(!hit(local, remote, TcpState::Listen));
    assert!(!hit(local, remote, TcpState::Closed));
}

#[test]
fn a_link_local_scope_counts_where_both_sides_know_it() {
    let remote = end_of("fe80::2", 3, 80);
    let with = |scope| Wanted::Connection { local: end_of("fe80::1", scope, 4000), remote };
    let seen = |scope| tcp(end_of("fe80::1", scope, 4000), remote, TcpState::Established);

    assert!(with(3).rank(&seen(3)).is_some());
    assert!(with(3).rank(&seen(4)).is_none());
    assert!(with(0).rank(&seen(4)).is_some());
    assert!(with(3).rank(&seen(0)).is_some());
    assert_eq!(end_of("::1", 3, 1).scope, None);
}

#[test]
fn a_reply_goes_to_the_connected_then_the_exact_then_the_wildcard_then_the_dual_stack() {
    let (peer, own) = (end_of("127.0.0.1", 0, 5000), end_of("127.0.0.1", 0, 53));
    let wanted = Wanted::Reply { peer, own };
    let of = |address: &str, remote: Option<(&str, u16)>| {
        let remote = remote.map(|(address, port)| end_of(address, 0, port));
        wanted.rank(&udp(end_of(address, 0, 5000), remote))
    };

    let order = [
        of("127.0.0.1", Some(("127.0.0.1", 53))),
        of("127.0.0.1", None),
        of("0.0.0.0", None),
        of("::", None),
    ];

    assert!(order.is_sorted_by(|a, b| a > b) && order[3].is_some(), "{order:?}");
    assert_eq!(order[0], Some(Rank::BEST));
    let strangers = [
        of("127.0.0.1", Some(("127.0.0.1", 54))),
        of("127.0.0.1", Some(("127.0.0.2", 53))),
        of("127.0.0.2", None),
    ];
    assert_eq!(strangers, [None; 3]);
}

#[test]
fn a_reply_from_a_wildcard_goes_by_the_port_alone() {
    let wanted =
        Wanted::Reply { peer: end_of("127.0.0.1", 0, 5000), own: end_of("0.0.0.0", 0, 53) };
    let connected = udp(end_of("127.0.0.1", 0, 5000), Some(end_of("127.0.0.5", 0, 53)));

    assert_eq!(wanted.rank(&connected), Some(Rank::BEST));
}

#[test]
fn a_list_leaves_out_what_has_no_port_and_what_the_filter_refuses() {
    let all = Wanted::All(Filter::default());
    let bound = Wanted::All(Filter { state: Some(State::Bound), ..Filter::default() });
    let socket = udp(end_of("0.0.0.0", 0, 53), None);
    let listener = tcp(end_of("0.0.0.0", 0, 53), nowhere(), TcpState::Listen);

    assert_eq!(all.rank(&socket), Some(Rank::BEST));
    assert_eq!(bound.rank(&socket), Some(Rank::BEST));
    assert_eq!(bound.rank(&listener), None);
    assert_eq!(all.rank(&udp(end_of("0.0.0.0", 0, 0), None)), None);
}
