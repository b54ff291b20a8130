//! Which sockets answer, and which never do.

use std::net::Ipv6Addr;

use super::asker::{Asker, connection};
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{Socket, connected, listener, other, tcp};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::Wanted;

/// A world with one process, 100, that holds `socket` as descriptor 5.
fn holding(socket: Socket) -> Asker {
    let mut world = World::new();
    world.start(100);
    world.open(100, 5, socket);
    Asker::in_world(world)
}

#[test]
fn a_listener_answers_for_its_port() {
    let mut asker = holding(listener("127.0.0.1:80"));

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
    assert_eq!(asker.look(Wanted::listener(80)), Ok(Some(100)));
    assert_eq!(asker.look(Wanted::connected(80)), Ok(None));
    assert_eq!(asker.look(Wanted::port(81)), Ok(None));
}

#[test]
fn a_connection_is_known_by_both_its_ends() {
    let mut asker = holding(connected("127.0.0.1:4000", "127.0.0.1:80"));

    let exact = asker.look(connection("127.0.0.1:4000", "127.0.0.1:80"));
    let others = [
        connection("127.0.0.1:80", "127.0.0.1:4000"),
        connection("127.0.0.1:4000", "127.0.0.1:81"),
        connection("127.0.0.2:4000", "127.0.0.1:80"),
        connection("127.0.0.1:4000", "127.0.0.2:80"),
        connection("[::1]:4000", "[::1]:80"),
    ];

    assert_eq!(exact, Ok(Some(100)));
    for wanted in others {
        assert_eq!(asker.look(wanted.clone()), Ok(None), "{wanted:?}");
    }
}

#[test]
fn a_torn_down_socket_never_answers() {
    for state in [0, 1, 4] {
        let mut asker = holding(Socket { vflag: 0, ..tcp("127.0.0.1:80", "127.0.0.1:9", state) });

        assert_eq!(asker.look(Wanted::port(80)), Ok(None));
        assert_eq!(asker.look(Wanted::listener(80)), Ok(None));
        assert_eq!(asker.look(connection("127.0.0.1:80", "127.0.0.1:9")), Ok(None));
    }
}

#[test]
fn a_stale_port_does_not_hide_its_new_owner() {
    let mut world = World::new();
    world.start(100);
    world.open(100, 5, listener("127.0.0.1:80"));
    world.start(200);
    let dead = world.open(200, 5, connected("127.0.0.1:80", "127.0.0.1:9"));
    world.tear_down(dead);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
}

#[test]
fn every_state_of_the_kernel_has_its_meaning() {
    for state in 0..=11 {
        let mut asker = holding(tcp("127.0.0.1:80", "127.0.0.1:9", state));

        let found = [Wanted::port(80), Wanted::listener(80), Wanted::connected(80)]
            .map(|wanted| asker.look(wanted).expect("no failure").is_some());

        let expected = match state {
            0 => [true, false, false],
            1 => [true, true, false],
            2..=9 => [true, false, true],
            _ => [false, false, false],
        };
        assert_eq!(found, expected, "state {state}");
    }
}

#[test]
fn the_family_is_decided_by_vflag_not_by_the_socket() {
    let v4 = connected("127.0.0.1:4000", "127.0.0.1:80");
    let mut asker = holding(Socket { family: 30, vflag: 1, ..v4 });

    assert_eq!(asker.look(connection("127.0.0.1:4000", "127.0.0.1:80")), Ok(Some(100)));
    let mapped = connection("[::ffff:127.0.0.1]:4000", "[::ffff:127.0.0.1]:80");
    assert_eq!(asker.look(mapped), Ok(Some(100)));
}

#[test]
fn an_address_that_the_kernel_shows_mapped_equals_its_plain_form() {
    let mut asker = holding(connected("[::ffff:127.0.0.1]:4000", "[::ffff:127.0.0.1]:80"));

    assert_eq!(asker.look(connection("127.0.0.1:4000", "127.0.0.1:80")), Ok(Some(100)));
}

#[test]
fn a_listener_for_both_families_answers() {
    let mut asker = holding(Socket { vflag: 3, ..listener("[::]:80") });

    assert_eq!(asker.look(Wanted::listener(80)), Ok(Some(100)));
}

#[test]
fn a_flag_of_mapped_addresses_alone_is_no_family() {
    let mut asker = holding(Socket { vflag: 4, ..listener("[::]:80") });

    assert_eq!(asker.look(Wanted::listener(80)), Ok(None));
}

#[test]
fn a_link_local_scope_is_taken_out_of_the_address() {
    let mut socket = connected("[fe80::1]:4000", "[fe80::2]:80");
    for end in [&mut socket.local, &mut socket.remote] {
        end.0[2..4].copy_from_slice(&[1, 4]); // Interface 260, in network order.
    }
    let mut asker = holding(socket);

    let with_scope = |scope| connection(&format!("[fe80::1%{scope}]:4000"), "[fe80::2]:80");
    assert_eq!(asker.look(with_scope(260)), Ok(Some(100)));
    assert_eq!(asker.look(with_scope(261)), Ok(None));
    assert_eq!(asker.look(connection("[fe80::1]:4000", "[fe80::2]:80")), Ok(Some(100)));
}

#[test]
fn the_same_bytes_in_another_address_are_no_scope() {
    let address = Ipv6Addr::new(0x2001, 4, 0, 0, 0, 0, 0, 1);
    let local = format!("[{address}]:4000");
    let mut asker = holding(connected(&local, &local));

    assert_eq!(asker.look(connection(&local, &local)), Ok(Some(100)));
    assert_eq!(asker.look(connection("[2001::1]:4000", "[2001::1]:4000")), Ok(None));
}

#[test]
fn what_is_not_tcp_never_answers() {
    let udp = Socket { kind: 1, protocol: 17, socket_type: 2, ..listener("127.0.0.1:80") };
    let raw = Socket { kind: 1, protocol: 1, socket_type: 3, ..listener("127.0.0.1:80") };
    let without_pcb = Socket { kind: 0, ..listener("127.0.0.1:80") };
    for socket in [udp, raw, without_pcb, other()] {
        let mut asker = holding(socket);

        assert_eq!(asker.look(Wanted::port(80)), Ok(None));
    }
}

#[test]
fn a_remote_port_that_equals_the_port_is_no_match() {
    let mut asker = holding(connected("127.0.0.1:4000", "127.0.0.1:80"));

    assert_eq!(asker.look(Wanted::port(80)), Ok(None));
}

#[test]
fn only_sockets_are_asked() {
    let mut world = World::new();
    world.start(100);
    (0..40).for_each(|fd| world.open_file(100, fd));
    world.open(100, 40, listener("127.0.0.1:80"));
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));

    let probes = [Call::Probe(792), Call::Probe(791)];
    let walk = [Call::ListPids, Call::ListFds(100), Call::Socket(100, 40)];
    assert_eq!(calls(), [probes.as_slice(), &walk].concat());
}

#[test]
fn an_ordinary_user_sees_the_own_processes_and_root_sees_all() {
    for (euid, owner) in [(501, None), (502, Some(100)), (0, Some(100))] {
        let mut world = World::new();
        world.start_as(100, 502);
        world.open(100, 5, listener("127.0.0.1:80"));
        world.start_as(200, 501);
        world.euid = euid;
        let mut asker = Asker::in_world(world);

        assert_eq!(asker.look(Wanted::port(80)), Ok(owner), "as {euid}");
        assert_eq!(asker.look(Wanted::port(81)), Ok(None), "as {euid}");
        assert!(!calls().contains(&Call::ListFds(0)), "the kernel has no descriptors");
    }
}

#[test]
fn an_ordinary_user_asks_no_process_that_would_refuse() {
    let mut world = World::new();
    (1..=20).for_each(|pid| world.start_as(pid, 0));
    world.start(100);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.cost(Wanted::port(80)).1, Ok(None));
    assert_eq!(asker.cost(Wanted::port(80)).0, [Call::ListPids, Call::ListFds(100)]);
}

#[test]
fn one_port_on_two_addresses_has_two_owners() {
    let mut world = World::new();
    for (pid, host) in [(100, "127.0.0.1"), (200, "127.0.0.2")] {
        world.start(pid);
        world.open(pid, 5, connected(&format!("{host}:4000"), "127.0.0.9:80"));
    }
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(connection("127.0.0.1:4000", "127.0.0.9:80")), Ok(Some(100)));
    assert_eq!(asker.look(connection("127.0.0.2:4000", "127.0.0.9:80")), Ok(Some(200)));
}

#[test]
fn an_accepted_connection_does_not_hide_its_listener() {
    let mut world = World::new();
    world.start(50);
    world.start(100);
    world.open(100, 3, connected("127.0.0.1:80", "127.0.0.1:4000"));
    world.open(100, 9, listener("127.0.0.1:80"));
    let mut asker = Asker::in_world(world);
    asker.look(Wanted::port(1)).expect("no failure");
    // The connection has a new number and the listener an old one, which is therefore read
    // immediately.
    change(|world| {
        let fds = &mut world.process(100).fds;
        let connection = fds.remove(&3).expect("the connection");
        fds.insert(4, connection);
    });

    let (calls, owner) = asker.cost(Wanted::port(80));

    assert_eq!(owner, Ok(Some(100)));
    assert_eq!(calls[2..], [Call::Socket(100, 4), Call::Socket(100, 9)]);
}

#[test]
fn the_newest_process_that_has_the_port_does_not_hide_a_listener_of_its_own() {
    let mut world = World::new();
    world.start(100);
    world.open(100, 3, connected("127.0.0.1:80", "127.0.0.1:4000"));
    world.open(100, 4, connected("127.0.0.1:80", "127.0.0.1:4001"));
    world.open(100, 5, listener("127.0.0.1:80"));
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));

    let last = calls().last().copied();
    assert_eq!(last, Some(Call::Socket(100, 5)), "all its sockets are read first");
}
