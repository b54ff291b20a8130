//! UDP: which process has a port, and which would get a reply.

use super::asker::{Asker, connection, reply, udp_port};
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{Socket, address, connected, listener, other, udp};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::{Filter, Wanted};

/// One process for each socket, from pid 100 on, the last one being the newest.
fn holding(sockets: Vec<Socket>) -> Asker {
    let mut world = World::new();
    for (pid, socket) in (100..).zip(sockets) {
        world.start(pid);
        world.open(pid, 5, socket);
    }
    Asker::in_world(world)
}

const TO_US: &str = "127.0.0.1:53";

#[test]
fn a_port_has_the_udp_sockets_and_no_others() {
    for socket in [udp("127.0.0.1:5000", None), udp("127.0.0.1:5000", Some(TO_US))] {
        let mut asker = holding(vec![socket, listener("127.0.0.1:5000")]);

        assert_eq!(asker.look(udp_port(5000, None)), Ok(Some(100)));
        assert_eq!(asker.look(Wanted::port(5000)), Ok(Some(101)));
        assert_eq!(asker.look(udp_port(53, None)), Ok(None));
    }
    let raw = Socket { protocol: 1, socket_type: 3, ..udp("127.0.0.1:5000", None) };
    let lite = Socket { protocol: 136, ..udp("127.0.0.1:5000", None) };
    let torn_down = Socket { vflag: 0, ..udp("127.0.0.1:5000", None) };
    let no_family = Socket { vflag: 4, ..udp("127.0.0.1:5000", None) };
    for socket in [raw, lite, torn_down, no_family, other()] {
        assert_eq!(holding(vec![socket]).look(udp_port(5000, None)), Ok(None));
    }
}

#[test]
fn an_unconnected_one_answers_before_connected_ones_whoever_is_read_first() {
    let unconnected = || udp("0.0.0.0:5000", None);
    let connected = || udp("127.0.0.1:5000", Some(TO_US));

    assert_eq!(holding(vec![unconnected(), connected()]).look(udp_port(5000, None)), Ok(Some(100)));
    assert_eq!(holding(vec![connected(), unconnected()]).look(udp_port(5000, None)), Ok(Some(101)));
    let at =
        |address| holding(vec![unconnected(), connected()]).look(udp_port(5000, Some(address)));
    assert_eq!(at("127.0.0.1"), Ok(Some(100)));
}

#[test]
fn the_version_bits_are_tested_and_not_the_whole_flag() {
    let on_v6 = |vflag| Socket { family: 30, vflag, ..udp("127.0.0.1:5000", Some(TO_US)) };
    for vflag in [1, 5] {
        let owner = holding(vec![on_v6(vflag)]).look(reply("127.0.0.1:5000", TO_US));
        assert_eq!(owner, Ok(Some(100)), "vflag {vflag}");
    }
    let v6_only = Socket { vflag: 2, ..udp("[::]:5000", None) };
    assert_eq!(holding(vec![v6_only.clone()]).look(reply("127.0.0.1:5000", TO_US)), Ok(None));
    assert_eq!(holding(vec![v6_only]).look(reply("[::1]:5000", "[::1]:53")), Ok(Some(100)));
    let both = || vec![udp("[::]:5000", None)];
    assert_eq!(holding(both()).look(reply("127.0.0.1:5000", TO_US)), Ok(Some(100)));
    assert_eq!(holding(both()).look(reply("[::1]:5000", "[::1]:53")), Ok(Some(100)));
}

#[test]
fn a_reply_goes_to_whom_the_kernel_would_give_it() {
    let best_first = [
        udp("127.0.0.1:5000", Some(TO_US)),
        udp("127.0.0.1:5000", None),
        udp("0.0.0.0:5000", None),
        udp("[::]:5000", None),
    ];
    let strangers = [
        udp("127.0.0.1:5000", Some("127.0.0.1:54")),
        udp("127.0.0.1:5000", Some("127.0.0.9:53")),
        udp("127.0.0.2:5000", None),
        udp("127.0.0.1:5001", None),
        listener("127.0.0.1:5000"),
        connected("127.0.0.1:5000", TO_US),
    ];
    for left_out in 0..=best_first.len() {
        let left = &best_first[left_out..];
        for is_best_new in [true, false] {
            let mut sockets = strangers.to_vec();
            sockets.extend(left.iter().rev().cloned());
            if !is_best_new {
                sockets.reverse();
            }
            let ends = |socket: &Socket| (socket.kind, socket.vflag, socket.local, socket.remote);
            let best = left.first().map(ends);
            let nth = sockets.iter().position(|socket| Some(ends(socket)) == best);
            let best = nth.map(|nth| 100 + nth as i32);

            let owner = holding(sockets).look(reply("127.0.0.1:5000", TO_US));

            assert_eq!(owner, Ok(best), "without {left_out}, {is_best_new}");
        }
    }
}

#[test]
fn a_reply_from_a_wildcard_goes_by_the_port_alone() {
    let sockets = || vec![udp("127.0.0.1:5000", None), udp("127.0.0.1:5000", Some("127.0.0.5:53"))];

    assert_eq!(holding(sockets()).look(reply("127.0.0.1:5000", "0.0.0.0:53")), Ok(Some(101)));
    assert_eq!(holding(sockets()).look(reply("127.0.0.1:5000", "[::]:53")), Ok(Some(101)));
    assert_eq!(holding(sockets()).look(reply("127.0.0.1:5000", TO_US)), Ok(Some(100)));
}

#[test]
fn a_reply_that_leaves_the_machine_is_nobodys() {
    let mut asker = holding(vec![udp("0.0.0.0:5000", None)]);
    for (peer, expected) in [
        ("192.0.2.7:5000", Ok(None)),
        ("192.168.1.5:5000", Ok(Some(100))),
        ("127.0.0.1:5000", Ok(Some(100))),
        ("127.99.1.2:5000", Ok(Some(100))),
        ("0.0.0.0:5000", Ok(None)),
    ] {
        let (calls, owner) = asker.cost(reply(peer, "0.0.0.0:53"));

        assert_eq!(owner, expected, "{peer}");
        assert_eq!(calls.contains(&Call::Addresses), !peer.starts_with("127."), "{peer}");
        assert!(owner != Ok(None) || calls == [Call::Addresses], "{peer}: {calls:?}");
    }
}

#[test]
fn an_own_address_is_known_in_every_form_that_the_system_tells_it() {
    let mut world = World::new();
    world.start(100);
    let mut embedded = address("fe80::1", 0);
    embedded[11] = 4; // As the kernel stores it: the interface in the second 16 bits.
    world.addresses = vec![
        None,
        Some(vec![20, 18, 4, 0]), // AF_LINK.
        Some(vec![0]),
        Some(address("fe80::2", 5)),
        Some(embedded),
        Some(address("2001:db8::1", 0)),
    ];
    world.open(100, 5, udp("[::]:5000", None));
    let mut asker = Asker::in_world(world);
    let ours = ["[fe80::1%4]", "[fe80::2%5]", "[fe80::1]", "[2001:db8::1]"];
    let others = ["[fe80::1%5]", "[fe80::2%4]", "[fe80::3]", "[::1]"];

    for (peers, expected) in [(ours, Some(100)), (others, None)] {
        for peer in peers {
            let owner = asker.look(reply(&format!("{peer}:5000"), "[::]:53"));
            assert_eq!(owner, Ok(expected), "{peer}");
        }
    }
}

#[test]
fn addresses_that_cannot_be_told_are_that_questions_error_alone() {
    let mut asker = holding(vec![udp("0.0.0.0:5000", None)]);
    for errno in [0, 12, 24] {
        change(|world| world.errnos.insert(Call::Addresses, errno));
        let failing = asker.ask(reply("192.168.1.5:5000", TO_US));
        let other = asker.ask(reply("127.0.0.1:5000", TO_US));

        let answers = asker.finish();

        let of = |id| answers.iter().find(|answer| answer.id == id).map(|answer| answer.owner());
        assert_eq!(of(failing).expect("an answer").expect_err("a failure").syscall, "getifaddrs");
        assert_eq!(of(other), Some(Ok(Some(100))));
    }
}

/// Makes the socket look connected to `remote`, from `local`, while its process sends.
fn sends(world: &mut World, local: &str, remote: &str) {
    let so = *world.sockets.keys().last().expect("a socket");
    let sending = udp(local, Some(remote));
    let socket = world.socket(so);
    (socket.local, socket.remote, socket.vflag) = (sending.local, sending.remote, sending.vflag);
}

#[test]
fn a_socket_that_is_sending_is_read_once_more_before_it_is_nobodys() {
    let questions = [
        (reply("127.0.0.1:5000", TO_US), "0.0.0.0:5000"),
        (udp_port(5000, Some("127.0.0.1")), "0.0.0.0:5000"),
        (reply("127.0.0.1:5000", TO_US), "[::]:5000"),
    ];
    for (wanted, bound) in questions {
        let scene = || holding(vec![listener("127.0.0.1:1"), udp(bound, None)]);
        let whole = scene().cost(wanted.clone()).0;
        let read = whole.iter().position(|call| *call == Call::Socket(101, 5)).expect("read");
        let mut asker = scene();
        change(|world| {
            world.before(read, |world| sends(world, "192.168.1.5:5000", "192.0.2.7:53"));
            let so = *world.sockets.keys().last().expect("a socket");
            let at_rest = world.socket(so).clone();
            world.before(read + 1, move |world| *world.socket(so) = at_rest);
        });

        let (calls, owner) = asker.cost(wanted.clone());

        assert_eq!(owner, Ok(Some(101)), "{wanted:?} {bound}");
        let reads = calls.iter().filter(|call| **call == Call::Socket(101, 5)).count();
        assert_eq!(reads, 3, "as it was sending, once more, and as a holder");
    }
}

#[test]
fn a_socket_that_is_connected_elsewhere_is_read_once_more_and_is_nobodys() {
    let mut asker = holding(vec![udp("127.0.0.1:5000", Some("127.0.0.1:54"))]);
    asker.look(Wanted::port(1)).expect("no failure");

    let (calls, owner) = asker.cost(reply("127.0.0.1:5000", TO_US));

    assert_eq!(owner, Ok(None));
    let read = Call::Socket(100, 5);
    assert_eq!(calls, [Call::ListPids, Call::ListFds(100), read, read]);
    assert_eq!(asker.cost(Wanted::port(5000)).0.len(), 3, "no TCP question reads it again");
}

#[test]
fn a_sending_socket_is_still_the_same_one_to_its_holders() {
    let mut world = World::new();
    world.start(100);
    world.open(100, 5, udp("0.0.0.0:5000", None));
    world.fork(100, 200);
    let mut asker = Asker::in_world(world);
    let whole = asker.cost(udp_port(5000, None)).0;
    let asked = whole.iter().position(|call| *call == Call::Bsd(100)).expect("asked");
    let scene = || {
        let mut world = World::new();
        world.start(100);
        world.open(100, 5, udp("0.0.0.0:5000", None));
        world.fork(100, 200);
        Asker::in_world(world)
    };
    for when in 2..=asked + 1 {
        let mut asker = scene();
        change(|world| {
            world.before(when, |world| sends(world, "192.168.1.5:5000", "192.0.2.7:53"))
        });

        assert_eq!(asker.look(udp_port(5000, None)), Ok(Some(100)), "before call {when}");
    }
}

#[test]
fn a_burst_of_tcp_and_udp_is_one_walk() {
    let sockets = || vec![udp("127.0.0.1:5000", None), connected("127.0.0.1:4000", TO_US), other()];
    let mut asker = holding(sockets());
    assert_eq!(asker.look(Wanted::port(1)), Ok(None));
    calls();
    for wanted in [
        udp_port(5000, None),
        connection("127.0.0.1:4000", TO_US),
        reply("127.0.0.1:5000", TO_US),
        Wanted::port(1),
        udp_port(1, None),
    ] {
        asker.ask(wanted);
    }

    let owners: Vec<_> = asker.finish().iter().map(|answer| answer.owner()).collect();

    assert_eq!(owners, [Ok(Some(100)), Ok(Some(101)), Ok(Some(100)), Ok(None), Ok(None)]);
    // One call for the list, three for tables and three for sockets, and two to read a holder of
    // the second-best hit.
    assert_eq!(calls().len(), 7 + 2);
}

#[test]
fn a_recent_udp_owner_costs_what_a_tcp_one_does() {
    let mut asker = holding(vec![other(), udp("127.0.0.1:5000", Some(TO_US)), other()]);
    let wanted = || reply("127.0.0.1:5000", TO_US);
    assert_eq!(asker.look(wanted()), Ok(Some(101)));

    let (calls, owner) = asker.cost(wanted());

    assert_eq!(
        (calls.as_slice(), owner),
        (&[Call::ListFds(101), Call::Socket(101, 5)][..], Ok(Some(101)))
    );
}

#[test]
fn the_interface_in_an_address_of_one_link_is_no_part_of_it() {
    for (address, plain) in
        [("ff02:4::fb", "ff02::fb"), ("ff11:4::1", "ff11::1"), ("ff05:4::1", "ff05:4::1")]
    {
        let mut asker = holding(vec![udp(&format!("[{address}]:5353"), None)]);

        let rows = asker.list(Filter::default()).expect("a list");

        assert_eq!(rows[0].socket.local.address.to_string(), plain);
        assert_eq!(asker.look(udp_port(5353, Some(plain))), Ok(Some(100)));
    }
}
