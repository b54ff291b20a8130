//! launchd, pid 1, keeps sockets for the services that it starts, but the service answers.

use super::asker::{Asker, connection, tcp_port_at, udp_port};
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{listener, other, udp};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::{Filter, Wanted};

/// The world as root sees it: launchd holds a listener on 80 as descriptor 7, and no other process
/// does yet.
fn world() -> World {
    let mut world = World::new();
    world.euid = 0;
    world.start(1);
    world.open(1, 7, listener("0.0.0.0:80"));
    world.start(100);
    world.open(100, 5, other());
    world
}

fn with_service(fd: i32) -> World {
    let mut world = world();
    world.start(200);
    let socket = world.open(1, 7, listener("0.0.0.0:80"));
    world.share(socket, 200, fd);
    world
}

#[test]
fn the_service_answers_and_not_launchd_under_whatever_number_cold_and_warm() {
    for fd in [4, 7] {
        let mut asker = Asker::in_world(with_service(fd));
        let at = tcp_port_at(80, "127.0.0.1", None);
        for wanted in [Wanted::port(80), Wanted::listener(80), at] {
            let owners = [(); 2].map(|()| asker.look(wanted.clone()));

            assert_eq!(owners, [Ok(Some(200)), Ok(Some(200))], "{wanted:?} under {fd}");
        }
    }
}

#[test]
fn launchd_answers_when_nobody_else_holds_it_and_after_all_have_been_asked() {
    let mut asker = Asker::in_world(world());
    change(|world| world.exec(1, &[])); // Its new process structure comes first in the list.

    let (calls, owner) = asker.cost(Wanted::port(80));

    assert_eq!(owner, Ok(Some(1)));
    assert!(calls.contains(&Call::Socket(100, 5)), "{calls:?}");
}

#[test]
fn a_hit_of_launchd_ends_no_walk_when_it_is_a_recent_owner() {
    let mut asker = Asker::in_world(world());
    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(1)));
    change(|world| {
        let socket = world.process(1).fds[&7];
        world.start(200);
        world.process(200).fds.insert(3, socket);
    });

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(200)));
}

#[test]
fn a_service_that_gets_the_socket_under_the_walks_eyes_answers() {
    let whole = {
        let mut asker = Asker::in_world(world());
        asker.cost(Wanted::port(80)).0
    };
    let read = whole.iter().position(|call| *call == Call::Socket(1, 7)).expect("read");
    for when in 0..=read {
        let mut world = world();
        world.before(when, |world| {
            let socket = world.process(1).fds[&7];
            world.process(100).fds.insert(6, socket);
        });
        let mut asker = Asker::in_world(world);

        let owner = asker.look(Wanted::port(80));

        // It cannot be known whether 100 had it when it was read, but the answer is one of the two.
        assert!(matches!(owner, Ok(Some(1 | 100))), "{owner:?} before call {when}");
    }
}

#[test]
fn a_late_question_does_not_take_launchd_from_a_walk_that_has_passed_the_service() {
    let mut asker = Asker::in_world(with_service(4));
    assert_eq!(asker.look(Wanted::port(1)), Ok(None));
    asker.ask(Wanted::port(1));
    for _ in 0..6 {
        asker.advance(&crate::slice::Slice::of_steps(1));
    }
    let late = asker.ask(Wanted::port(80));

    let answers = asker.finish();

    let owner = answers.iter().find(|answer| answer.id == late).map(|answer| answer.owner());
    assert_eq!(owner, Some(Ok(Some(200))));
}

#[test]
fn of_two_equal_sockets_the_one_that_is_not_launchds_answers() {
    for is_shared in [false, true] {
        let mut world = world();
        let socket = world.open(100, 6, listener("127.0.0.1:80"));
        if is_shared {
            world.in_flight.insert(socket);
        }
        world.exec(1, &[]);
        let mut asker = Asker::in_world(world);

        assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)), "{is_shared}");
    }
}

#[test]
fn for_udp_and_connections_it_is_the_same() {
    let mut world = world();
    let datagrams = world.open(1, 8, udp("0.0.0.0:53", None));
    world.share(datagrams, 100, 9);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(udp_port(53, None)), Ok(Some(100)));
    assert_eq!(asker.look(connection("127.0.0.1:80", "127.0.0.1:9")), Ok(None));
}

#[test]
fn launchd_is_the_last_holder_of_a_row() {
    let mut world = with_service(7);
    world.fork(200, 300);
    let mut asker = Asker::in_world(world);

    let rows = asker.list(Filter { port: Some(80), ..Filter::default() }).expect("a list");

    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].pids, [200, 300, 1]);
    calls();
}
