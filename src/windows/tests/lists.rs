//! Lists of sockets.

use super::asker::{LATER, THEN, everything, list, only};
use super::fake_machine::{Machine, Process};
use super::rows::{ESTABLISHED, LISTEN, TIME_WAIT, tcp, udp};
use crate::platform::windows::kernel::imports::change;
use crate::question::Filter;
use crate::socket::{Protocol, State};

const CLIENT: (&str, u16) = ("127.0.0.1", 4000);
const SERVER: (&str, u16) = ("127.0.0.1", 80);

fn machine() -> Machine {
    Machine::new()
        .and(Process::new(400, THEN))
        .with(tcp(LISTEN, ("0.0.0.0", 80), ("0.0.0.0", 9), 400, LATER))
        .with(tcp(ESTABLISHED, SERVER, CLIENT, 400, LATER))
        .with(tcp(TIME_WAIT, SERVER, ("127.0.0.1", 4001), 0, LATER))
        .with(tcp(LISTEN, ("::1", 81), ("::", 9), 800, LATER))
        .with(udp(("0.0.0.0", 53), 400, LATER))
        .with(udp(("::", 53), 1200, LATER))
}

fn row(address: &str, port: u16, pids: &[i32]) -> (String, u16, Vec<i32>) {
    (address.to_owned(), port, pids.to_vec())
}

#[test]
fn a_list_has_every_live_socket_and_tells_the_hidden_from_the_held() {
    let found = list(machine(), everything());

    let wanted = [
        row("0.0.0.0", 53, &[400]),
        row("0.0.0.0", 80, &[400]),
        row("127.0.0.1", 80, &[400]),
        row("::", 53, &[]),
        row("::1", 81, &[]),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn a_list_is_four_table_calls_and_one_probe_a_process() {
    let mut machine = machine();
    for port in 100..1100 {
        machine = machine.with(tcp(ESTABLISHED, ("127.0.0.1", port), SERVER, 1600, LATER));
    }

    assert_eq!(list(machine, everything()).len(), 1005);

    let count = |call: &str| change(|machine| machine.count_of(call));
    let tables = ["Tcp4", "Tcp6", "Udp4", "Udp6"].map(count);
    assert_eq!(tables, [1; 4]);
    assert_eq!([count("OpenProcess"), count("GetProcessTimes")], [4, 1]);
}

#[test]
fn filters_hold_together() {
    let of = |filter| list(machine(), filter).len();

    assert_eq!(of(Filter { protocol: Some(Protocol::Udp), ..everything() }), 2);
    assert_eq!(of(only(State::Listening)), 2);
    assert_eq!(of(only(State::Connected)), 1);
    assert_eq!(of(only(State::Bound)), 2);
    assert_eq!(of(Filter { port: Some(80), ..everything() }), 2);
    assert_eq!(of(Filter { port: Some(80), ..only(State::Bound) }), 0);
}

#[test]
fn a_protocol_that_is_not_asked_for_is_not_read() {
    list(machine(), Filter { protocol: Some(Protocol::Tcp), ..everything() });

    assert_eq!(change(|machine| machine.count_of("Udp4")), 0);
}

#[test]
fn a_processs_sockets_are_listed_if_it_lives_and_nobodys_else() {
    let of = |pid| list(machine(), Filter { pid: Some(pid), ..everything() });

    assert!(of(400).iter().all(|(_, _, pids)| pids == &[400]));
    assert_eq!([of(400).len(), of(800).len(), of(402).len()], [3, 0, 0]);
}

#[test]
fn a_younger_process_with_the_number_is_not_named() {
    let machine = Machine::new()
        .and(Process::new(400, LATER))
        .with(tcp(LISTEN, ("0.0.0.0", 80), ("0.0.0.0", 0), 400, THEN))
        .with(tcp(LISTEN, ("0.0.0.0", 81), ("0.0.0.0", 0), 400, LATER));

    let found = list(machine, everything());

    assert_eq!(found, [row("0.0.0.0", 80, &[]), row("0.0.0.0", 81, &[400])]);
}

#[test]
fn a_connection_that_no_process_is_named_for_is_an_orphan_and_a_listener_is_hidden() {
    let machine = Machine::new().with(tcp(ESTABLISHED, SERVER, CLIENT, 0, LATER)).with(tcp(
        LISTEN,
        ("0.0.0.0", 82),
        ("0.0.0.0", 0),
        0,
        LATER,
    ));

    assert_eq!(list(machine, everything()), [row("0.0.0.0", 82, &[])]);
}
