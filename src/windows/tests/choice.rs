//! Which row is the answer.

use super::asker::{LATER, THEN, connection, owner, port_at};
use super::fake_machine::{Machine, Process};
use super::rows::{ESTABLISHED, LISTEN, TIME_WAIT, tcp};
use crate::platform::windows::{self, kernel::imports::change};
use crate::question::Wanted;
use crate::socket::Protocol;

const NOWHERE: (&str, u16) = ("0.0.0.0", 0xEEEE);
const SERVER: (&str, u16) = ("127.0.0.1", 80);
const CLIENT: (&str, u16) = ("127.0.0.1", 4000);

fn machine() -> Machine {
    Machine::new().and(Process::new(400, THEN)).and(Process::new(800, THEN))
}

#[test]
fn both_ends_of_a_connection_are_found_and_only_by_all_four() {
    let rows = || {
        machine().with(tcp(ESTABLISHED, CLIENT, SERVER, 400, LATER)).with(tcp(
            ESTABLISHED,
            SERVER,
            CLIENT,
            800,
            LATER,
        ))
    };

    assert_eq!(owner(rows(), connection(CLIENT, SERVER)), Ok(Some(400)));
    assert_eq!(owner(rows(), connection(SERVER, CLIENT)), Ok(Some(800)));
    assert_eq!(owner(rows(), connection(CLIENT, ("127.0.0.2", 80))), Ok(None));
    assert_eq!(owner(rows(), connection(("127.0.0.1", 4001), SERVER)), Ok(None));
}

#[test]
fn a_look_up_is_one_call_a_family_and_one_probe() {
    let machine = machine().with(tcp(ESTABLISHED, CLIENT, SERVER, 400, LATER));

    assert_eq!(owner(machine, connection(CLIENT, SERVER)), Ok(Some(400)));

    let calls = change(|machine| std::mem::take(&mut machine.calls));
    assert_eq!(calls, ["Tcp4", "Tcp6", "OpenProcess", "GetProcessTimes"]);
}

#[test]
fn a_mapped_connection_is_found_in_either_table() {
    let mapped = |text: &'static str, port| (text, port);
    let in_six = tcp(
        ESTABLISHED,
        mapped("::ffff:127.0.0.1%4294967295", 4000),
        mapped("::ffff:127.0.0.1%4294967295", 80),
        400,
        LATER,
    );
    let in_four = tcp(ESTABLISHED, CLIENT, SERVER, 400, LATER);
    let wanted = || connection(mapped("::ffff:127.0.0.1", 4000), SERVER);

    assert_eq!(owner(machine().with(in_six), wanted()), Ok(Some(400)));
    assert_eq!(owner(machine().with(in_four), wanted()), Ok(Some(400)));
}

#[test]
fn a_link_local_scope_is_compared_in_both_orders_and_where_both_sides_know_it() {
    let seen =
        |local, remote| machine().with(tcp(ESTABLISHED, (local, 4000), (remote, 80), 400, LATER));
    let asked = |scope| connection((scope, 4000), ("fe80::2", 80));

    assert_eq!(owner(seen("fe80::1%7", "fe80::2%7"), asked("fe80::1%7")), Ok(Some(400)));
    assert_eq!(owner(seen("fe80::1%!7", "fe80::2%!7"), asked("fe80::1%7")), Ok(Some(400)));
    assert_eq!(owner(seen("fe80::1%8", "fe80::2%8"), asked("fe80::1%7")), Ok(None));
    assert_eq!(owner(seen("fe80::1%8", "fe80::2%8"), asked("fe80::1")), Ok(Some(400)));
    assert_eq!(owner(seen("fe80::1%0", "fe80::2%0"), asked("fe80::1%7")), Ok(Some(400)));
}

#[test]
fn the_scope_of_other_addresses_is_nothing() {
    let seen = tcp(ESTABLISHED, ("::1%4096", 4000), ("::1%4096", 80), 400, LATER);

    let found = owner(machine().with(seen), connection(("::1", 4000), ("::1", 80)));

    assert_eq!(found, Ok(Some(400)));
}

#[test]
fn a_listener_answers_before_its_connections_whatever_its_remote_end_says() {
    let machine = machine().with(tcp(ESTABLISHED, SERVER, CLIENT, 400, LATER)).with(tcp(
        LISTEN,
        ("0.0.0.0", 80),
        NOWHERE,
        800,
        LATER,
    ));

    assert_eq!(owner(machine, Wanted::port(80)), Ok(Some(800)));
}

#[test]
fn where_the_listener_is_nobodys_the_connection_answers() {
    let machine = machine().with(tcp(LISTEN, ("0.0.0.0", 80), NOWHERE, 1200, LATER)).with(tcp(
        ESTABLISHED,
        SERVER,
        CLIENT,
        400,
        LATER,
    ));

    assert_eq!(owner(machine, Wanted::port(80)), Ok(Some(400)));
}

#[test]
fn states_are_asked_for() {
    let rows = || {
        machine().with(tcp(ESTABLISHED, SERVER, CLIENT, 400, LATER)).with(tcp(
            LISTEN,
            ("::", 80),
            ("::", 0),
            800,
            LATER,
        ))
    };

    assert_eq!(owner(rows(), Wanted::listener(80)), Ok(Some(800)));
    assert_eq!(owner(rows(), Wanted::connected(80)), Ok(Some(400)));
    assert_eq!(owner(rows(), Wanted::connected(4000)), Ok(None));
}

#[test]
fn rows_that_nobody_holds_never_answer() {
    for state in [0, 1, TIME_WAIT, 12, 13, u32::MAX] {
        let machine = machine().with(tcp(state, SERVER, CLIENT, 400, LATER));
        assert_eq!(owner(machine, Wanted::port(80)), Ok(None), "state {state}");
    }
    for state in 2..=10 {
        let machine = machine().with(tcp(state, SERVER, CLIENT, 400, LATER));
        assert_eq!(owner(machine, Wanted::port(80)), Ok(Some(400)), "state {state}");
    }
}

#[test]
fn with_an_address_the_more_exact_listener_answers() {
    let rows = || {
        machine().with(tcp(LISTEN, ("::", 80), ("::", 0), 800, LATER)).with(tcp(
            LISTEN,
            ("127.0.0.1", 80),
            NOWHERE,
            400,
            LATER,
        ))
    };
    let at = |address| port_at(Protocol::Tcp, 80, address);

    assert_eq!(owner(rows(), at("127.0.0.1")), Ok(Some(400)));
    assert_eq!(owner(rows(), at("127.0.0.2")), Ok(Some(800)));
    assert_eq!(owner(rows(), at("::1")), Ok(Some(800)));
    assert_eq!(owner(rows(), at("::ffff:127.0.0.1")), Ok(Some(400)));
}

#[test]
fn a_wildcard_listener_answers_for_an_address_before_what_it_accepted() {
    let machine = machine().with(tcp(ESTABLISHED, SERVER, CLIENT, 400, LATER)).with(tcp(
        LISTEN,
        ("0.0.0.0", 80),
        NOWHERE,
        800,
        LATER,
    ));

    assert_eq!(owner(machine, port_at(Protocol::Tcp, 80, "127.0.0.1")), Ok(Some(800)));
}

#[test]
fn one_family_may_be_absent() {
    for code in [50, 1168, 10047] {
        let mut machine = machine().with(tcp(ESTABLISHED, CLIENT, SERVER, 400, LATER));
        machine.codes.insert(super::rows::Family::Tcp6, [code].into());
        assert_eq!(owner(machine, connection(CLIENT, SERVER)), Ok(Some(400)));
    }
}

#[test]
fn interfaces_have_numbers_and_local_sockets_are_none() {
    assert_eq!(windows::interface_index(c"Ethernet"), Ok(None));
    assert_eq!(windows::interface_name(7), None);
    assert_eq!(windows::local_peer(3, true), Ok(None));
}
