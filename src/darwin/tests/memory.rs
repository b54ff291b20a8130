//! What is remembered decides where to look first, never what is answered.

use super::asker::{Asker, Owner, connection};
use crate::platform::darwin::fake_libproc::{calls, change, install};
use crate::platform::darwin::fake_sockets::{connected, listener, other};
use crate::platform::darwin::fake_world::{Call, Descriptor, World};
use crate::question::{Pid, Wanted};

/// Numbers that are the same in each run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// One thing that processes do.
pub fn happen(world: &mut World, dice: &mut Dice, port: u16) {
    let pids: Vec<Pid> = world.processes.iter().map(|process| process.pid).collect();
    let pid = pids[dice.below(pids.len())];
    let fd = dice.below(12) as i32 + 3;
    let free = (500..540).find(|new| !world.is_alive(*new)).expect("a free pid");
    match dice.below(10) {
        0 if pids.len() < 25 => world.start(free), // Pids are used again all the time.
        1 if pids.len() > 4 => {
            world.exit(pid);
            if dice.below(2) == 0 {
                world.reap(pid);
            }
        }
        2 if pids.len() < 25 => {
            world.zombies.retain(|zombie| zombie.pid != free);
            world.fork(pid, free);
        }
        3 => world.exec(pid, &[fd, fd + 1]),
        4 => world.close(pid, fd),
        5 => world.open_file(pid, fd),
        how @ 6.. => {
            let local = format!("127.0.0.1:{port}");
            world.open(
                pid,
                fd,
                match how {
                    6 => listener(&local),
                    7 => other(),
                    _ => connected(&local, "127.0.0.1:80"),
                },
            );
        }
        _ => {}
    }
}

/// Who must answer, told by the world itself: of the holders the one that started first.
fn owner_in(world: &World, port: u16, state: Option<i32>) -> Option<Pid> {
    let is_it = |descriptor: &Descriptor| match descriptor {
        Descriptor::File => false,
        Descriptor::Socket(so) => {
            let socket = &world.sockets[so];
            let same_state = state.is_none_or(|state| state == socket.state);
            socket.local.1 == u32::from(port.to_be()) && same_state
        }
    };
    let holders = world.processes.iter().filter(|process| process.fds.values().any(is_it));
    holders.min_by_key(|process| process.started).map(|process| process.pid)
}

#[test]
fn a_long_memory_answers_as_none_does_and_as_it_is() {
    for seed in 0..4 {
        let mut dice = Dice(seed);
        let mut world = World::new();
        (500..506).for_each(|pid| world.start(pid));
        install(world);
        let mut warm = Asker::default();
        warm.steps = (seed % 2 == 0).then_some(1);
        for port in 1000..1120 {
            change(|world| happen(world, &mut dice, port));
            let asked = port - dice.below(12) as u16;
            let exact = connection(&format!("127.0.0.1:{asked}"), "127.0.0.1:80");
            let questions = [
                (Wanted::port(asked), None),
                (Wanted::listener(asked), Some(1)),
                (Wanted::connected(asked), Some(4)),
                (exact, Some(4)),
            ];
            for (wanted, state) in questions {
                let expected = change(|world| owner_in(world, asked, state));

                assert_eq!(warm.look(wanted.clone()), Ok(expected), "{wanted:?}, seed {seed}");
                assert_eq!(Asker::default().look(wanted), Ok(expected), "seed {seed}, cold");
            }
        }
    }
}

#[test]
fn a_recent_owner_whose_pid_is_another_process_now_does_not_answer() {
    let mut world = World::new();
    world.start(100);
    world.open(100, 5, listener("127.0.0.1:80"));
    world.start(50);
    let mut asker = Asker::in_world(world);
    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
    change(|world| {
        let socket = world.process(100).fds[&5];
        world.process(50).fds.insert(9, socket);
        world.exit(100);
        world.reap(100);
        world.start(100);
        world.open(100, 5, listener("127.0.0.1:81"));
    });

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(50)));
}

#[test]
fn a_recent_owner_that_may_not_be_seen_any_more_is_forgotten() {
    let mut world = World::new();
    world.start(100);
    world.open(100, 5, listener("127.0.0.1:80"));
    world.start(50);
    let mut asker = Asker::in_world(world);
    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
    change(|world| world.process(100).uid = 0);
    calls();

    let asked = [0; 2].map(|_| {
        assert_eq!(asker.look(Wanted::port(80)), Ok(None));
        calls().len()
    });

    assert_eq!(asked, [3, 2], "the first one tried it once more");
}

#[test]
fn only_sixteen_owners_are_remembered() {
    let mut world = World::new();
    for pid in 100..140 {
        world.start(pid);
        world.open(pid, 5, listener(&format!("127.0.0.1:{pid}")));
    }
    let mut asker = Asker::in_world(world);
    for pid in 100..140 {
        assert_eq!(asker.look(Wanted::port(pid as u16)), Ok(Some(pid)));
    }

    let owners: Vec<Pid> = asker.search.context.recent.owners().map(|owner| owner.pid).collect();

    assert_eq!(owners, (124..140).rev().collect::<Vec<_>>());
}

#[test]
fn what_has_gone_is_not_remembered() {
    let mut world = World::new();
    for pid in 100..140 {
        world.start(pid);
        world.open(pid, 5, other());
    }
    let mut asker = Asker::in_world(world);
    let nobody: Owner = Ok(None);
    assert_eq!(asker.look(Wanted::port(1)), nobody);
    assert_eq!(asker.search.context.seen.count(), 40);
    change(|world| {
        (101..140).for_each(|pid| world.exit(pid));
        (120..140).for_each(|pid| world.reap(pid)); // Before anybody saw the zombie.
    });
    assert_eq!(asker.look(Wanted::port(1)), nobody);
    change(|world| (101..120).for_each(|pid| world.reap(pid)));

    assert_eq!(asker.look(Wanted::port(1)), nobody);

    assert_eq!(asker.search.context.seen.count(), 1);
}

#[test]
fn a_zombie_whose_pid_lived_again_is_news_again() {
    let mut world = World::new();
    world.start(50);
    world.start(100);
    world.exit(100);
    let mut asker = Asker::in_world(world);
    assert_eq!(asker.look(Wanted::port(1)), Ok(None));
    change(|world| {
        world.reap(100);
        world.start(100);
    });
    assert_eq!(asker.cost(Wanted::port(1)).0.len(), 3);
    change(|world| {
        world.calls.clear();
        world.before(1, |world| world.exit(100));
    });

    let (calls, _) = asker.cost(Wanted::port(1));

    assert_eq!(calls.iter().filter(|call| **call == Call::ListPids).count(), 2);
}

#[test]
fn a_descriptor_that_a_walk_did_not_come_to_is_still_new() {
    let mut world = World::new();
    world.start(100);
    world.open(100, 5, listener("127.0.0.1:80"));
    let mut asker = Asker::in_world(world);
    assert_eq!(asker.look(Wanted::port(81)), Ok(None));
    change(|world| {
        for fd in 10..40 {
            world.open(100, fd, other());
        }
        world.open(100, 40, connected("127.0.0.1:4000", "127.0.0.1:80"));
        world.open(100, 41, connected("127.0.0.1:4001", "127.0.0.1:80"));
    });
    let first = connection("127.0.0.1:4000", "127.0.0.1:80");
    assert_eq!(asker.look(first), Ok(Some(100)));

    let (calls, owner) = asker.cost(connection("127.0.0.1:4001", "127.0.0.1:80"));

    assert_eq!((calls.len(), owner), (2, Ok(Some(100))));
}
