//! Sockets that several processes hold: the process that started first answers.

use super::asker::{Asker, connection};
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{connected, listener, other};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::Wanted;

/// A master, 100, with a listener on port 80 that its two workers, 200 and 300, inherited.
fn master_and_workers() -> World {
    let mut world = World::new();
    world.start(50);
    world.open(50, 5, other());
    world.start(100);
    world.open(100, 7, listener("127.0.0.1:80"));
    world.fork(100, 200);
    world.fork(100, 300);
    world
}

#[test]
fn a_forked_worker_answers_with_its_master_cold_and_warm() {
    let mut asker = Asker::in_world(master_and_workers());

    let owners = [0; 3].map(|_| asker.look(Wanted::port(80)));

    assert_eq!(owners, [Ok(Some(100)), Ok(Some(100)), Ok(Some(100))]);
}

#[test]
fn holders_are_known_under_any_number() {
    let mut world = World::new();
    world.start(100);
    let socket = world.open(100, 7, connected("127.0.0.1:4000", "127.0.0.1:80"));
    world.start(200);
    world.share(socket, 200, 33);
    let mut asker = Asker::in_world(world);

    let owner = asker.look(connection("127.0.0.1:4000", "127.0.0.1:80"));

    assert_eq!(owner, Ok(Some(100)));
}

#[test]
fn the_start_decides_not_the_order_of_the_list() {
    let mut world = master_and_workers();
    world.exec(100, &[]); // Its new process structure comes first, its start is unchanged.
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
}

#[test]
fn microseconds_decide_within_a_second_and_then_the_list() {
    let mut world = master_and_workers();
    for (pid, started) in [(100, (9, 5)), (200, (9, 4)), (300, (9, 4))] {
        world.process(pid).started = started;
    }
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(200)), "300 is newer in the list");
}

#[test]
fn a_dup_within_one_process_is_one_holder() {
    let mut world = World::new();
    world.start(100);
    let socket = world.open(100, 7, listener("127.0.0.1:80"));
    world.share(socket, 100, 8);
    let mut asker = Asker::in_world(world);

    let (calls, owner) = asker.cost(Wanted::port(80));

    assert_eq!(owner, Ok(Some(100)));
    assert_eq!(calls.iter().filter(|call| **call == Call::Bsd(100)).count(), 1);
}

#[test]
fn a_descriptor_in_flight_makes_it_shared_and_its_one_holder_answers() {
    let mut world = World::new();
    world.start(100);
    let socket = world.open(100, 7, listener("127.0.0.1:80"));
    world.in_flight.insert(socket);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
}

#[test]
fn an_old_descriptor_of_a_holder_counts_like_a_new_one() {
    let mut asker = Asker::in_world(master_and_workers());
    asker.look(Wanted::port(1)).expect("no failure");
    // The worker's number is new, while the master's was seen before.
    change(|world| {
        let fds = &mut world.process(300).fds;
        let listener = fds.remove(&7).expect("the listener");
        fds.insert(20, listener);
    });

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
}

#[test]
fn another_socket_with_the_same_ends_or_address_is_no_holder() {
    let mut world = World::new();
    world.start(50);
    // The same port, another socket and an older process, as with SO_REUSEPORT.
    let stranger = world.open(50, 7, listener("127.0.0.2:80"));
    world.start(100);
    let socket = world.open(100, 7, listener("127.0.0.1:80"));
    world.fork(100, 200);
    let same = world.socket(socket).clone();
    *world.socket(stranger) =
        crate::platform::darwin::fake_sockets::Socket { generation: 1, ..same };
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
}

#[test]
fn a_holder_that_exits_before_it_is_asked_again_does_not_answer() {
    for ending in [end_of_100, closing_of_100, reuse_by_100] {
        let mut asker = Asker::in_world(master_and_workers());
        let whole = asker.cost(Wanted::port(80)).0;
        let bsd = whole.iter().position(|call| *call == Call::Bsd(100)).expect("asked");
        let mut asker = Asker::in_world(master_and_workers());
        change(|world| world.before(bsd + 1, ending));

        assert_eq!(asker.look(Wanted::port(80)), Ok(Some(200)));
    }
}

fn end_of_100(world: &mut World) {
    world.exit(100);
}

fn closing_of_100(world: &mut World) {
    world.close(100, 7);
}

fn reuse_by_100(world: &mut World) {
    world.open(100, 7, listener("127.0.0.1:80"));
}

#[test]
fn when_all_holders_have_gone_another_socket_of_the_port_still_answers() {
    let mut world = World::new();
    world.start(40);
    world.open(40, 5, listener("127.0.0.2:80"));
    world.start(100);
    world.open(100, 7, listener("127.0.0.1:80"));
    world.fork(100, 200);
    let mut asker = Asker::in_world(world);
    let calls = asker.cost(Wanted::port(80)).0;
    let first_bsd = calls.iter().position(|call| matches!(call, Call::Bsd(_))).expect("asked");
    let mut asker = Asker::default(); // The same world, nothing remembered.
    change(|world| {
        world.before(first_bsd, |world| {
            world.exit(100);
            world.exit(200);
        });
    });

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(40)), "it held its own all the time");
}

#[test]
fn when_all_holders_have_gone_nobody_answers() {
    let mut asker = Asker::in_world(master_and_workers());
    let calls = asker.cost(Wanted::port(80)).0;
    let first_bsd = calls.iter().position(|call| matches!(call, Call::Bsd(_))).expect("asked");
    let mut asker = Asker::in_world(master_and_workers());
    let all_exit = |world: &mut World| [100, 200, 300].into_iter().for_each(|pid| world.exit(pid));
    change(|world| world.before(first_bsd, all_exit));

    assert_eq!(asker.look(Wanted::port(80)), Ok(None));
}

#[test]
fn within_one_process_a_shared_listener_beats_a_connection_of_its_own() {
    let mut world = master_and_workers();
    world.open(200, 3, connected("127.0.0.1:80", "127.0.0.1:4000"));
    world.open(300, 9, connected("127.0.0.1:80", "127.0.0.1:4001"));
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
}

#[test]
fn a_holder_that_may_not_be_seen_does_not_answer() {
    let mut world = master_and_workers();
    world.process(100).uid = 0;
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(200)));
}

#[test]
fn two_questions_for_one_shared_socket_ask_its_holders_once() {
    let mut asker = Asker::in_world(master_and_workers());
    asker.ask(Wanted::port(80));
    asker.ask(Wanted::listener(80));

    let answers = asker.finish();

    assert!(answers.iter().all(|answer| answer.owner() == Ok(Some(100))), "{answers:?}");
    let asked = calls().iter().filter(|call| matches!(call, Call::Bsd(_))).count();
    assert_eq!(asked, 3);
}

#[test]
fn of_two_equal_hits_in_one_process_the_one_that_nobody_shares_is_taken() {
    for (shared_fd, own_fd) in [(5, 6), (6, 5)] {
        let mut world = World::new();
        world.start(100);
        world.start(200);
        let shared = world.open(200, shared_fd, connected("127.0.0.1:80", "127.0.0.1:4000"));
        world.share(shared, 100, 5);
        world.open(200, own_fd, connected("127.0.0.1:80", "127.0.0.1:4001"));
        let mut asker = Asker::in_world(world);

        assert_eq!(asker.look(Wanted::port(80)), Ok(Some(200)));
        let others = calls().into_iter().filter(|call| matches!(call, Call::Bsd(_)));
        assert_eq!(others.count(), 0, "nobody's start is asked for");
    }
}

#[test]
fn a_holder_counts_that_has_a_socket_of_its_own_for_the_question_too() {
    let mut world = World::new();
    world.start(100);
    let own = world.open(100, 3, listener("127.0.0.2:80"));
    world.in_flight.insert(own);
    let socket = world.open(100, 5, listener("127.0.0.1:80"));
    world.start(200);
    world.share(socket, 200, 5);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::listener(80)), Ok(Some(100)));
}

#[test]
fn a_shared_listener_beats_a_shared_connection_of_another_process() {
    let mut world = World::new();
    world.start(100);
    let connection = world.open(100, 6, connected("127.0.0.1:80", "127.0.0.1:4000"));
    world.start(200);
    let listening = world.open(200, 5, listener("127.0.0.1:80"));
    world.in_flight.insert(listening);
    world.start(300);
    world.share(connection, 300, 6);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(200)));
}

#[test]
fn a_holder_that_hands_on_before_it_is_asked_again_is_followed() {
    let scene = || {
        let mut world = World::new();
        world.start(100);
        let socket = world.open(100, 5, listener("127.0.0.1:80"));
        world.in_flight.insert(socket);
        world
    };
    let calls = Asker::in_world(scene()).cost(Wanted::port(80)).0;
    let bsd = calls.iter().position(|call| *call == Call::Bsd(100)).expect("asked");
    for when in [bsd, bsd + 1] {
        for exits in [true, false] {
            let mut world = scene();
            world.before(when, move |world| {
                world.fork(100, 300);
                if exits { world.exit(100) } else { world.close(100, 5) }
            });
            let mut asker = Asker::in_world(world);

            assert_eq!(asker.look(Wanted::port(80)), Ok(Some(300)), "{when}, {exits}");
        }
    }
}
