//! The exact cost of a lookup, in calls.

use super::asker::{Asker, connection};
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{connected, listener, other};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::Wanted;

pub const PROCESSES: i32 = 30;
pub const SOCKETS_EACH: i32 = 7;

/// Pids 1000 (the oldest) to 1029, each with seven sockets, numbered from 10 up, and two files. The
/// first socket of each listens, on port 20000 and up.
fn desktop() -> World {
    let mut world = World::new();
    for nth in 0..PROCESSES {
        let pid = 1000 + nth;
        world.start(pid);
        world.open_file(pid, 0);
        world.open(pid, 10, listener(&format!("127.0.0.1:{}", 20_000 + nth)));
        for fd in 11..10 + SOCKETS_EACH {
            world.open(pid, fd, other());
        }
        world.open_file(pid, 90);
    }
    world
}

/// An asker that has walked over that desktop once and found nothing.
pub fn seasoned() -> Asker {
    let mut asker = Asker::in_world(desktop());
    assert_eq!(asker.look(Wanted::port(1)), Ok(None));
    asker
}

pub const MISS: usize = (1 + PROCESSES + PROCESSES * SOCKETS_EACH) as usize;

#[test]
fn a_first_look_up_costs_a_plain_walk_up_to_the_hit_and_two_probes() {
    let mut asker = Asker::in_world(desktop());

    // The third newest process.
    let (calls, owner) = asker.cost(Wanted::listener(20_027));

    assert_eq!(owner, Ok(Some(1027)));
    let before = 2 * (1 + SOCKETS_EACH as usize);
    assert_eq!(calls.len(), 2 + 1 + before + 2);
    assert_eq!(
        calls[..4],
        [Call::Probe(792), Call::Probe(791), Call::ListPids, Call::ListFds(1029)]
    );
}

#[test]
fn a_miss_costs_one_call_per_process_and_socket_and_one() {
    assert_eq!(desktop().plain_walk(), MISS);
    let mut asker = Asker::in_world(desktop());

    let first = asker.cost(Wanted::port(1)).0.len();
    let again = asker.cost(Wanted::port(1)).0.len();

    assert_eq!((first, again), (2 + MISS, MISS));
}

#[test]
fn a_miss_costs_the_same_with_all_that_can_be_remembered() {
    let mut asker = Asker::in_world(desktop());
    for nth in 0..PROCESSES {
        let owner = asker.look(Wanted::port(20_000 + nth as u16));
        assert_eq!(owner, Ok(Some(1000 + nth)));
    }

    for _ in 0..3 {
        assert_eq!(asker.cost(Wanted::port(1)).0.len(), MISS);
    }
}

#[test]
fn a_new_owner_with_a_new_number_costs_the_lists_and_the_new_numbers() {
    let mut asker = seasoned();
    change(|world| {
        world.open(1001, 50, connected("127.0.0.1:4000", "127.0.0.1:80"));
        for pid in [1005, 1011, 1020] {
            world.open(pid, 51, other());
        }
    });

    let (calls, owner) = asker.cost(connection("127.0.0.1:4000", "127.0.0.1:80"));

    assert_eq!(owner, Ok(Some(1001)));
    let lists_up_to_the_owner = 1 + 29;
    assert_eq!(calls.len(), lists_up_to_the_owner + 3 + 1);
}

#[test]
fn a_new_owner_costs_fourteen_calls_more_however_many_owners_are_recent() {
    let mut asker = seasoned();
    for pid in 1010..1026 {
        let port = 20_000 + (pid - 1000) as u16;
        assert_eq!(asker.look(Wanted::port(port)), Ok(Some(pid)));
    }
    change(|world| world.open(1000, 50, connected("127.0.0.1:4000", "127.0.0.1:80")));

    let (calls, owner) = asker.cost(connection("127.0.0.1:4000", "127.0.0.1:80"));

    assert_eq!(owner, Ok(Some(1000)));
    let (guesses, old_ones) = (5, 9);
    assert_eq!(calls.len(), 1 + PROCESSES as usize + 1 + guesses + old_ones);
}

#[test]
fn a_new_owner_that_reused_a_number_costs_a_miss_at_most() {
    let mut asker = seasoned();
    change(|world| world.open(1000, 12, connected("127.0.0.1:4000", "127.0.0.1:80")));

    let (calls, owner) = asker.cost(connection("127.0.0.1:4000", "127.0.0.1:80"));

    assert_eq!(owner, Ok(Some(1000)));
    assert!(calls.len() <= MISS, "{}", calls.len());
    assert_eq!(calls.last(), Some(&Call::Socket(1000, 12)));
}

#[test]
fn a_burst_reads_each_recent_owner_once() {
    let mut asker = seasoned();
    for pid in [1003, 1004] {
        assert_eq!(asker.look(Wanted::port(20_000 + (pid - 1000) as u16)), Ok(Some(pid)));
    }
    change(|world| {
        for (pid, port) in [(1003, 4000), (1004, 4001)] {
            world.open(pid, 70, connected(&format!("127.0.0.1:{port}"), "127.0.0.1:80"));
        }
    });
    calls();

    asker.ask(connection("127.0.0.1:4000", "127.0.0.1:80"));
    asker.ask(connection("127.0.0.1:4001", "127.0.0.1:80"));
    let answers = asker.finish();

    assert_eq!(answers.len(), 2);
    // The later owner goes first: a list, a new descriptor and two guesses. Then the other owner's.
    assert_eq!(calls().len(), 4 + 2);
}

#[test]
fn a_burst_of_fifty_costs_one_walk() {
    let mut asker = seasoned();
    calls();

    for port in 1..=50 {
        asker.ask(Wanted::port(port));
    }
    let answers = asker.finish();

    assert!(answers.iter().all(|answer| answer.owner() == Ok(None)), "{answers:?}");
    assert_eq!((answers.len(), calls().len()), (50, MISS));
}

#[test]
fn a_shared_socket_costs_a_miss_and_two_calls_per_holder() {
    let mut asker = seasoned();
    let socket = change(|world| {
        let socket = world.open(1002, 50, listener("127.0.0.1:80"));
        world.share(socket, 1009, 3);
        world.share(socket, 1017, 50);
        socket
    });

    let (cold, owner) = asker.cost(Wanted::port(80));
    let (warm, again) = asker.cost(Wanted::port(80));

    assert_eq!((owner, again), (Ok(Some(1002)), Ok(Some(1002))));
    let per_holder = 2 * 3;
    assert_eq!((cold.len(), warm.len()), (MISS + 3 + per_holder, MISS + 3 + per_holder));
    assert!(change(|world| world.is_shared(socket)));
}

#[test]
fn zombies_cost_one_call_each_and_nothing_more_once_they_are_known() {
    let mut world = desktop();
    for pid in [1004, 1008] {
        world.exit(pid);
    }
    let miss = world.plain_walk();
    let mut asker = Asker::in_world(world);

    let first = asker.cost(Wanted::port(1)).0.len();
    let again = asker.cost(Wanted::port(1)).0.len();

    let second_pass = 1 + 2;
    assert_eq!((first, again), (2 + miss + second_pass, miss));
}

#[test]
fn a_table_without_descriptors_is_no_failure() {
    let mut world = World::new();
    world.start(100);
    world.start(101);
    world.exit(101); // Its errno is still set when 100 is listed.
    let mut asker = Asker::in_world(world);

    asker.look(Wanted::port(1)).expect("no failure");

    let steady = asker.cost(Wanted::port(1)).0;
    assert_eq!(steady, [Call::ListPids, Call::ListFds(100), Call::ListFds(101)]);
}
