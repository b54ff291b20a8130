//! Events between any two calls: a process that held the socket all the time is found, and no other
//! process ever is.

use super::asker::{Asker, Owner, connection};
use crate::platform::darwin::fake_libproc::{calls, change, install};
use crate::platform::darwin::fake_sockets::{connected, listener, other};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::Wanted;

const OWNER: i32 = 40;
const VICTIM: i32 = 100;
const BYSTANDER: i32 = 200;

type Event = fn(&mut World);

/// The owner is old, so the walk reaches it late. The victim, which comes before it, has seventeen
/// sockets, more than the sixteen failures after which an earlier walk gave up.
fn scene() -> World {
    let mut world = World::new();
    world.start(30);
    world.open(30, 4, other());
    world.start(OWNER);
    world.open(OWNER, 5, connected("127.0.0.1:4000", "127.0.0.1:80"));
    world.open(OWNER, 6, listener("127.0.0.1:90"));
    world.start(VICTIM);
    for fd in 10..27 {
        world.open(VICTIM, fd, other());
    }
    world.start(BYSTANDER);
    world.open(BYSTANDER, 5, other());
    world
}

fn wanted() -> Wanted {
    connection("127.0.0.1:4000", "127.0.0.1:80")
}

type Memory = (&'static str, fn() -> Asker);

/// What an asker may remember when the scene begins.
const MEMORIES: [Memory; 4] =
    [("nothing", Asker::default), ("right", right), ("stale", stale), ("hostile", hostile)];

fn right() -> Asker {
    let mut asker = Asker::in_world(scene());
    assert_eq!(asker.look(wanted()), Ok(Some(OWNER)));
    asker
}

fn stale() -> Asker {
    let mut asker = Asker::in_world(scene());
    assert_eq!(asker.look(Wanted::port(1)), Ok(None));
    asker
}

/// In this memory every pid was another process, which answered for a descriptor that is another
/// one now.
fn hostile() -> Asker {
    let mut world = World::new();
    for pid in [OWNER, 30, BYSTANDER, VICTIM] {
        world.start(pid);
        world.open(pid, 5, connected(&format!("127.0.0.1:{}", 5000 + pid), "127.0.0.1:80"));
        for fd in 6..40 {
            world.open(pid, fd, other());
        }
    }
    let mut asker = Asker::in_world(world);
    for pid in [OWNER, VICTIM, BYSTANDER] {
        let there = connection(&format!("127.0.0.1:{}", 5000 + pid), "127.0.0.1:80");
        assert_eq!(asker.look(there), Ok(Some(pid)));
    }
    asker
}

/// Runs `event` before each call, with each memory, in long and short slices.
fn at_any_time(event: Event, question: &Wanted, is_right: impl Fn(&Owner) -> bool) {
    for (memory, asker) in MEMORIES {
        // Short slices are used with every memory, long ones too if nothing is remembered.
        let slices: &[Option<u32>] =
            if memory == "nothing" { &[None, Some(1)] } else { &[Some(1)] };
        for &steps in slices {
            for when in 0..200 {
                let mut asker = asker();
                asker.steps = steps;
                install(scene());
                change(|world| world.before(when, event));

                let owner = asker.look(question.clone());

                assert!(is_right(&owner), "{owner:?}, {memory}, before call {when}, {steps:?}");
                if calls().len() <= when {
                    break; // The lookup ended before this call.
                }
            }
        }
    }
}

/// Asserts that, whatever happens to other processes, the owner is found and an absent one is not.
fn disturbs_nobody(event: Event) {
    at_any_time(event, &wanted(), |owner| *owner == Ok(Some(OWNER)));
    at_any_time(event, &Wanted::port(1), |owner| *owner == Ok(None));
}

#[test]
fn an_exit_of_another_process_hides_no_owner() {
    disturbs_nobody(|world| world.exit(VICTIM));
}

#[test]
fn an_exit_and_the_wait_for_it_hide_no_owner() {
    disturbs_nobody(|world| {
        world.exit(VICTIM);
        world.reap(VICTIM);
    });
}

#[test]
fn an_exec_of_another_process_hides_no_owner() {
    disturbs_nobody(|world| world.exec(VICTIM, &(10..27).collect::<Vec<_>>()));
}

#[test]
fn an_exec_of_a_setuid_program_hides_no_owner() {
    disturbs_nobody(|world| {
        world.exec(VICTIM, &[]);
        world.process(VICTIM).uid = 0;
    });
}

#[test]
fn a_fork_of_another_process_hides_no_owner() {
    disturbs_nobody(|world| world.fork(VICTIM, 300));
}

#[test]
fn many_births_hide_no_owner() {
    disturbs_nobody(|world| (0..30).for_each(|_| world.start_any(501)));
}

#[test]
fn seventeen_closed_descriptors_hide_no_owner() {
    disturbs_nobody(|world| (10..27).for_each(|fd| world.close(VICTIM, fd)));
}

#[test]
fn descriptors_reused_as_files_hide_no_owner() {
    disturbs_nobody(|world| (10..27).for_each(|fd| world.open_file(VICTIM, fd)));
}

#[test]
fn descriptors_reused_as_other_sockets_hide_no_owner() {
    disturbs_nobody(|world| {
        for fd in 10..27 {
            let local = format!("127.0.0.1:{}", 9000 + fd);
            world.open(VICTIM, fd, connected(&local, "127.0.0.1:80"));
        }
    });
}

#[test]
fn descriptors_that_move_hide_no_owner() {
    disturbs_nobody(|world| {
        let fds = std::mem::take(&mut world.process(VICTIM).fds);
        world.process(VICTIM).fds = fds.into_iter().map(|(fd, what)| (fd + 100, what)).collect();
    });
}

#[test]
fn an_exec_of_the_owner_does_not_hide_it() {
    disturbs_nobody(|world| world.exec(OWNER, &[6]));
}

#[test]
fn a_fork_of_the_owner_answers_with_the_owner() {
    disturbs_nobody(|world| world.fork(OWNER, 300));
}

#[test]
fn a_second_descriptor_of_the_socket_elsewhere_answers_with_the_older_owner() {
    disturbs_nobody(|world| {
        let held = world.process(OWNER).fds.get(&5).copied();
        let held = held.expect("the connection");
        world.process(BYSTANDER).fds.insert(50, held);
    });
}

#[test]
fn an_owner_that_exits_answers_or_nobody_does() {
    at_any_time(
        |world| world.exit(OWNER),
        &wanted(),
        |owner| matches!(owner, Ok(Some(OWNER) | None)),
    );
}

#[test]
fn an_owner_that_closes_or_reuses_its_descriptor_answers_or_nobody_does() {
    let events: [Event; 3] = [
        |world| world.close(OWNER, 5),
        |world| world.open_file(OWNER, 5),
        |world| {
            world.open(OWNER, 5, connected("127.0.0.1:4001", "127.0.0.1:80"));
        },
    ];
    for event in events {
        at_any_time(event, &wanted(), |owner| matches!(owner, Ok(Some(OWNER) | None)));
    }
}

#[test]
fn a_connection_that_is_torn_down_answers_before_or_never() {
    let event: Event = |world| {
        let socket = world.sockets.iter().find(|(_, socket)| socket.state == 4);
        let socket = *socket.expect("the connection").0;
        world.tear_down(socket);
    };
    at_any_time(event, &wanted(), |owner| matches!(owner, Ok(Some(OWNER) | None)));
}

#[test]
fn a_daemons_child_is_found_when_its_parent_has_gone() {
    // No list made before has the child, and the parent that had the socket has gone.
    let event: Event = |world| {
        world.fork(OWNER, 300);
        world.exit(OWNER);
    };
    at_any_time(event, &wanted(), |owner| matches!(owner, Ok(Some(OWNER | 300))));
}

/// Passes the connection to a process that is not in any list yet.
fn give_away(world: &mut World) {
    let held = world.process(OWNER).fds.remove(&5).expect("the connection");
    world.start(300);
    world.process(300).fds.insert(9, held);
}

#[test]
fn a_socket_that_is_given_away_is_nobody_elses() {
    at_any_time(give_away, &wanted(), |owner| matches!(owner, Ok(Some(OWNER | 300) | None)));
}

#[test]
fn a_socket_that_is_given_away_under_the_walks_eyes_is_found_there() {
    let mut asker = Asker::in_world(scene());
    let calls = asker.cost(wanted()).0;
    let asked = calls.iter().position(|call| *call == Call::Socket(OWNER, 5)).expect("asked");
    let mut world = scene();
    world.before(asked, give_away);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(wanted()), Ok(Some(300)));
}

#[test]
fn a_process_that_dies_with_seventeen_sockets_is_left_at_the_first() {
    let mut world = scene();
    world.before(7, |world| world.exit(VICTIM)); // Its first socket has been read.
    let mut asker = Asker::in_world(world);

    let (calls, owner) = asker.cost(wanted());

    assert_eq!(owner, Ok(Some(OWNER)));
    let asked = calls.iter().filter(|call| matches!(call, Call::Socket(VICTIM, _))).count();
    assert_eq!(asked, 2);
}

#[test]
fn a_second_best_of_a_process_that_exits_does_not_count() {
    let mut world = World::new();
    world.start(100);
    world.open(100, 5, connected("127.0.0.1:80", "127.0.0.1:4000"));
    world.start(200);
    world.open(200, 5, connected("127.0.0.1:80", "127.0.0.1:4001"));
    world.open(200, 6, other());
    world.before(5, |world| world.exit(200)); // Its connection has been read, the rest has not.
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
}

#[test]
fn a_second_pass_asks_only_what_is_new_or_changed_and_only_once() {
    let mut world = scene();
    let plain = world.plain_walk();
    world.before(7, |world| {
        world.close(VICTIM, 15);
        world.start(300);
        world.open(300, 3, other());
    });
    let mut asker = Asker::in_world(world);

    let (calls, owner) = asker.cost(Wanted::port(1));

    assert_eq!(owner, Ok(None));
    let second = [Call::ListPids, Call::ListFds(300), Call::Socket(300, 3), Call::ListFds(VICTIM)];
    assert_eq!(calls[2 + plain..][..4], second);
    assert_eq!(calls.len(), 2 + plain + second.len() + 16);
}
