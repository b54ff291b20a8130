//! Tests of both directions of the wire format.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use super::*;
use crate::socket::{Socket, TcpState};

fn read(text: &str) -> Option<Wanted> {
    let index = |name: &CStr| Ok((name == c"en0").then_some(4));
    question(7, text, index).expect("no failure").map(|question| question.wanted)
}

fn end_of(address: &str, scope: u32, port: u16) -> End {
    End::new(address.parse().expect("an address"), scope, port)
}

#[test]
fn a_line_becomes_the_question_that_was_asked() {
    let connection = "connection record ::ffff:127.0.0.1 4000 127.0.0.1 80";
    let wanted = Wanted::Connection {
        local: end_of("127.0.0.1", 0, 4000),
        remote: end_of("127.0.0.1", 0, 80),
    };

    let (id, rest) = id("7 connection record ::ffff:127.0.0.1 4000 127.0.0.1 80").expect("an id");

    let asked = question(id, rest, |_| Ok(None)).expect("no failure");
    assert_eq!(rest, connection);
    assert_eq!(asked, Some(Question { id: 7, wanted, gives: Gives::Record }));
}

#[test]
fn a_port_may_have_a_state_and_an_address() {
    let port = Port { protocol: Protocol::Udp, port: 53, state: None, address: None };
    let at = end_of("127.0.0.1", 0, 1);

    assert_eq!(read("port pid udp 53 - -"), Some(Wanted::Port(port)));
    assert_eq!(
        read("port pid udp 53 - 127.0.0.1"),
        Some(Wanted::Port(Port { address: Some(at), ..port }))
    );
    let state = Some(State::Listening);
    assert_eq!(
        read("port pid tcp 53 listening -"),
        Some(Wanted::Port(Port { protocol: Protocol::Tcp, state, ..port }))
    );
}

#[test]
fn a_reply_a_local_peer_and_a_list_are_questions_too() {
    let (peer, own) = (end_of("127.0.0.1", 0, 5000), end_of("::", 0, 53));
    let filter = Filter { protocol: Some(Protocol::Tcp), pid: Some(9), ..Filter::default() };

    assert_eq!(read("reply pid ::ffff:127.0.0.1 5000 :: 53"), Some(Wanted::Reply { peer, own }));
    assert_eq!(
        read("unix pid 41234 812"),
        Some(Wanted::LocalPeer(LocalPeer { socket: 41234, pid: 812 }))
    );
    assert_eq!(read("list rows tcp - - 9"), Some(Wanted::All(filter)));
    assert_eq!(read("list rows - - - -"), Some(Wanted::All(Filter::default())));
}

#[test]
fn a_scope_is_a_name_or_an_index_of_a_link_local_address() {
    let scope = |text: &str| match read(&format!("connection pid {text} 4000 fe80::2 80")) {
        Some(Wanted::Connection { local, .. }) => Some(local.scope),
        _ => None,
    };

    assert_eq!(scope("fe80::1%en0"), Some(Some(4)));
    assert_eq!(scope("fe80::1%17"), Some(Some(17)));
    assert_eq!(scope("fe80::1%+17"), None);
    assert_eq!(scope("fe80::1"), Some(None));
    assert_eq!(scope("::1%en0"), Some(None));
    assert_eq!(["fe80::1%nosuch", "fe80::1%0", "fe80::1%99999999999"].map(scope), [None; 3]);
}

#[test]
fn ends_of_different_families_are_no_question() {
    assert_eq!(read("connection pid ::ffff:127.0.0.1 4000 ::1 80"), None);
    assert_eq!(read("reply pid ::1 4000 0.0.0.0 80"), None);
    assert_eq!(read("reply pid 127.0.0.1 4000 ::1 80"), None);
}

#[test]
fn text_that_is_no_question_is_refused() {
    for text in [
        "",
        "port",
        "port pid tcp 65536 - -",
        "port pid sctp 80 - -",
        "port pid tcp 80 asleep -",
        "port pid tcp 80 - nowhere",
        "connection pid 127.0.0.1 80",
        "connection path 127.0.0.1 80 127.0.0.1 90",
        "list rows - - - x",
        "unix pid -1 1",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(id("x port pid tcp 80 - -"), None);
}

#[test]
fn a_row_is_fourteen_words_and_its_pids() {
    let local = end_of("fe80::1", 3, 80);
    let kind = Kind::Tcp(TcpState::Established);
    let remote = end_of("fe80::2", 3, 4000);
    let socket = Socket { kind, local, remote, takes_ipv4: false };
    let listener = Socket {
        kind: Kind::Udp { is_connected: false },
        local: end_of("127.0.0.1", 0, 53),
        remote: end_of("0.0.0.0", 0, 0),
        takes_ipv4: false,
    };
    let of = |socket, uid, pids| SocketRow { socket, uid, pids };

    let written =
        rows(&[of(socket, Some(1000), vec![7, 8]), of(listener, None, vec![])], |index| {
            (index == 3).then(|| "en0".to_owned())
        });

    let first = [0x0602_0406, 80 << 16 | 4000, 0xfe80_0000, 0, 0, 1, 0xfe80_0000, 0, 0, 2];
    assert_eq!(written.words[..10], first);
    assert_eq!(written.words[10..16], [1, 1, 1000, 2, 7, 8]);
    assert_eq!(written.words[16..19], [0x0400_0011, 53 << 16, 0x7f00_0001]);
    assert_eq!(written.words[26..], [0, 0, u32::MAX, 0]);
    assert_eq!(written.scopes, ["en0"]);
}

/// Samples that the tests of `lib/wire.js` use too.
const SAMPLES: &str = include_str!("../../__test__/support/wire.txt");
const NAMES: [&str; 2] = ["en0", "lo"];

/// Returns the rest of each sample line that begins with `word`.
fn samples(word: &str) -> Vec<&'static str> {
    let rest = |line: &'static str| line.strip_prefix(word)?.strip_prefix(' ');
    SAMPLES.lines().filter_map(rest).collect()
}

#[test]
fn every_line_that_javascript_writes_is_a_question() {
    let kinds = ["connection", "port", "reply", "unix", "list"];

    for line in samples("line") {
        let asked = question(1, line, |_| Ok(Some(3))).expect("no failure");
        let kind = match asked.map(|question| question.wanted) {
            Some(Wanted::Connection { .. }) => 0,
            Some(Wanted::Port(_)) => 1,
            Some(Wanted::Reply { .. }) => 2,
            Some(Wanted::LocalPeer(_)) => 3,
            Some(Wanted::All(_)) => 4,
            None => panic!("no question: {line}"),
        };
        assert!(line.starts_with(kinds[kind]), "{line}");
    }
    assert!(samples("line").len() > 10);
}

/// Parses a row from its readable form: protocol, state, TCP state, both ends, uid, pids.
fn read_row(text: &str) -> SocketRow {
    let fields = text.split(' ').collect::<Vec<_>>();
    let states = [
        ("LISTEN", TcpState::Listen),
        ("SYN_SENT", TcpState::SynSent),
        ("SYN_RECEIVED", TcpState::SynReceived),
        ("ESTABLISHED", TcpState::Established),
        ("FIN_WAIT_1", TcpState::FinWait1),
        ("FIN_WAIT_2", TcpState::FinWait2),
        ("CLOSE_WAIT", TcpState::CloseWait),
        ("CLOSING", TcpState::Closing),
        ("LAST_ACK", TcpState::LastAck),
        ("CLOSED", TcpState::Closed),
    ];
    let state = states.iter().find(|(name, _)| *name == fields[2]);
    let kind = match state {
        Some((_, state)) => Kind::Tcp(*state),
        None => Kind::Udp { is_connected: fields[1] == "connected" },
    };
    let local = read_end(fields[3], fields[4]);
    let nowhere = if local.address.is_ipv4() { "0.0.0.0" } else { "::" };
    let remote = match fields[5] {
        "-" => read_end(nowhere, "0"),
        address => read_end(address, fields[6]),
    };
    let socket = Socket { kind, local, remote, takes_ipv4: false };
    let pids = fields[8].split(',').filter(|pid| *pid != "-");
    let pids = pids.map(|pid| pid.parse().expect("a pid")).collect();
    SocketRow { socket, uid: fields[7].parse().ok(), pids }
}

/// An interface's index is its position in `NAMES`, counted from 1.
fn read_end(text: &str, port: &str) -> End {
    let (address, name) = text.split_once('%').unwrap_or((text, ""));
    let index = NAMES.iter().position(|known| *known == name).map_or(0, |place| place + 1);
    end_of(address, u32::try_from(index).expect("small"), port.parse().expect("a port"))
}

#[test]
fn every_row_is_written_as_javascript_reads_it() {
    let interface = |index: u32| {
        let place = usize::try_from(index).expect("small") - 1;
        NAMES.get(place).map(|name| (*name).to_owned())
    };

    for (row, words) in samples("row").into_iter().zip(samples("words")) {
        let expected = words.split(' ').map(|word| word.parse().expect("a word"));

        let written = rows(&[read_row(row)], interface);

        assert_eq!(written.words, expected.collect::<Vec<u32>>(), "{row}");
    }
    assert!(samples("row").len() > 5);
}
