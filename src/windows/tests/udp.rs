//! Datagram sockets, for which Windows reports no remote ends.

use super::asker::{LATER, THEN, end, owner, port_at, udp_port};
use super::fake_machine::{Machine, Process};
use super::rows::{own_address, udp};
use crate::platform::windows::kernel::imports::change;
use crate::question::Wanted;
use crate::socket::Protocol;

fn machine() -> Machine {
    let machine = Machine::new()
        .and(Process::new(400, THEN))
        .and(Process::new(800, THEN))
        .and(Process::new(1200, THEN));
    Machine { addresses: vec![own_address("192.168.0.5"), own_address("fe80::1%7")], ..machine }
}

fn reply(peer: &str) -> Wanted {
    Wanted::Reply { peer: end(peer, 5000), own: end("0.0.0.0", 53) }
}

#[test]
fn a_port_is_found_in_both_families() {
    let rows =
        || machine().with(udp(("0.0.0.0", 5000), 400, LATER)).with(udp(("::1", 5001), 800, 0));

    assert_eq!(owner(rows(), udp_port(5000)), Ok(Some(400)));
    assert_eq!(owner(rows(), udp_port(5001)), Ok(Some(800)));
    assert_eq!(owner(rows(), Wanted::port(5000)), Ok(None));
}

#[test]
fn a_reply_goes_to_the_exact_then_the_wildcard_then_the_dual_stack_socket() {
    let (dual, wildcard, exact) = (
        udp(("::", 5000), 400, LATER),
        udp(("0.0.0.0", 5000), 800, LATER),
        udp(("127.0.0.1", 5000), 1200, LATER),
    );
    let mut machine_of = Vec::new();
    for rows in [vec![&dual], vec![&dual, &wildcard], vec![&dual, &wildcard, &exact]] {
        let machine = rows.into_iter().fold(machine(), |machine, row| machine.with(row.clone()));
        machine_of.push(owner(machine, reply("127.0.0.1")));
    }

    assert_eq!(machine_of, [Ok(Some(400)), Ok(Some(800)), Ok(Some(1200))]);
}

#[test]
fn if_the_one_that_would_get_it_cannot_be_told_no_other_is() {
    let machine = machine().with(udp(("127.0.0.1", 5000), 1600, LATER)).with(udp(
        ("0.0.0.0", 5000),
        800,
        LATER,
    ));

    assert_eq!(owner(machine, reply("127.0.0.1")), Ok(None));
}

#[test]
fn a_reply_to_another_machine_is_nobodys_although_a_wildcard_socket_has_its_port() {
    let rows = || machine().with(udp(("0.0.0.0", 5000), 400, LATER));

    assert_eq!(owner(rows(), reply("192.168.0.6")), Ok(None));
    assert_eq!(change(|machine| machine.count_of("FreeMibTable")), 1);
    assert_eq!(owner(rows(), reply("192.168.0.5")), Ok(Some(400)));
    assert_eq!(owner(rows(), reply("127.9.9.9")), Ok(Some(400)));
    assert_eq!(change(|machine| machine.count_of("GetUnicastIpAddressTable")), 0);
}

#[test]
fn a_link_local_peer_is_ours_with_its_interface() {
    let rows = || machine().with(udp(("::", 5000), 400, LATER));

    assert_eq!(owner(rows(), reply("fe80::1%7")), Ok(Some(400)));
    assert_eq!(owner(rows(), reply("fe80::1")), Ok(Some(400)));
    assert_eq!(owner(rows(), reply("fe80::1%8")), Ok(None));
}

#[test]
fn a_machine_that_does_not_tell_its_addresses_is_an_error() {
    let rows = || machine().with(udp(("0.0.0.0", 5000), 400, LATER));

    let refused = Machine { addresses_code: 5, ..rows() };
    let none = Machine { addresses_code: 1168, ..rows() };

    assert_eq!(owner(refused, reply("192.168.0.5")).expect_err("refused").code, "EPERM");
    assert_eq!(owner(none, reply("192.168.0.5")), Ok(None));
}

#[test]
fn a_port_at_an_address_is_the_more_exact_sockets() {
    let rows = || {
        machine().with(udp(("0.0.0.0", 5000), 400, LATER)).with(udp(
            ("192.168.0.5", 5000),
            800,
            LATER,
        ))
    };
    let at = |address| port_at(Protocol::Udp, 5000, address);

    assert_eq!(owner(rows(), at("192.168.0.5")), Ok(Some(800)));
    assert_eq!(owner(rows(), at("127.0.0.1")), Ok(Some(400)));
    assert_eq!(owner(rows(), at("::1")), Ok(None));
}
