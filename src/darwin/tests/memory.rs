//! Memory decides where to look first, never what is answered.

use super::asker::{Asker, Owner, connection, reply, udp_port};
use crate::answer::Found;
use crate::platform::darwin::fake_libproc::{calls, change, install};
use crate::platform::darwin::fake_sockets::{connected, listener, other, udp};
use crate::platform::darwin::fake_world::{Call, Descriptor, World};
use crate::question::{Filter, Pid, Wanted};

/// Random numbers that are the same in each run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Makes some process do one thing.
pub fn happen(world: &mut World, dice: &mut Dice, port: u16) {
    let pids: Vec<Pid> = world.processes.iter().map(|process| process.pid).collect();
    let pid = pids[dice.below(pids.len())];
    let fd = dice.below(12) as i32 + 3;
    let free = (500..540).find(|new| !world.is_alive(*new)).expect("a free pid");
    match dice.below(12) {
        0 if pids.len() < 25 => world.start(free), // Pids are constantly reused.
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
                    10 => udp(&local, None),
                    11 => udp(&local, Some("127.0.0.1:53")),
                    _ => connected(&local, "127.0.0.1:80"),
                },
            );
        }
        _ => {}
    }
}

/// Returns the holders of the sockets with this port, as the world itself knows them: the one that
/// started first in front. `kind` and `state` are the kernel's numbers.
fn holders_in(world: &World, port: u16, kind: i32, state: Option<i32>) -> Vec<Pid> {
    let is_it = |descriptor: &Descriptor| match descriptor {
        Descriptor::File => false,
        Descriptor::Socket(so) => {
            let socket = &world.sockets[so];
            let same_state = state.is_none_or(|state| state == socket.state);
            socket.kind == kind && socket.local.1 == u32::from(port.to_be()) && same_state
        }
    };
    let holders = world.processes.iter().filter(|process| process.fds.values().any(is_it));
    let mut holders: Vec<_> = holders.map(|process| (process.started, process.pid)).collect();
    holders.sort_unstable();
    holders.into_iter().map(|(_, pid)| pid).collect()
}

/// Asks everything that can be asked about a port, of an asker with a long memory and of one
/// without.
fn check(warm: &mut Asker, asked: u16, seed: u64) {
    let local = format!("127.0.0.1:{asked}");
    let exact = connection(&local, "127.0.0.1:80");
    let questions = [
        (Wanted::port(asked), 2, None),
        (Wanted::listener(asked), 2, Some(1)),
        (Wanted::connected(asked), 2, Some(4)),
        (exact.clone(), 2, Some(4)),
        (udp_port(asked, None), 1, None),
        (reply(&local, "127.0.0.1:53"), 1, None),
    ];
    for (wanted, kind, state) in questions {
        let holders = change(|world| holders_in(world, asked, kind, state));
        let expected = holders.first().copied();

        assert_eq!(warm.look(wanted.clone()), Ok(expected), "{wanted:?}, seed {seed}");
        assert_eq!(Asker::default().look(wanted), Ok(expected), "seed {seed}, cold");
    }
    let holders = change(|world| holders_in(world, asked, 2, Some(4)));
    let record = warm.record(exact).expect("no failure");
    let of = if let Found::Record(record) = record { Some(record.pid) } else { None };
    assert_eq!(of, holders.first().copied(), "seed {seed}");

    let rows = warm.list(Filter { port: Some(asked), ..Filter::default() }).expect("a list");
    let [tcp, udp] = [2, 1].map(|kind| change(|world| holders_in(world, asked, kind, None)));
    let expected: Vec<_> = [tcp, udp].into_iter().filter(|pids| !pids.is_empty()).collect();
    let pids: Vec<_> = rows.into_iter().map(|row| row.pids).collect();
    assert_eq!(pids, expected, "seed {seed}");
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
            check(&mut warm, asked, seed);
        }
    }
}

#[test]
fn the_numbers_that_are_remembered_of_an_owner_may_be_anybodys_by_now() {
    let mut world = World::new();
    for pid in [100, 200] {
        world.start(pid);
        for fd in 3..20 {
            world.open(pid, fd, other());
        }
    }
    let mut asker = Asker::in_world(world);
    for fd in 3..15 {
        let local = format!("127.0.0.1:{}", 1000 + fd);
        change(|world| world.open(100, fd, connected(&local, "127.0.0.1:80")));
        assert_eq!(asker.look(connection(&local, "127.0.0.1:80")), Ok(Some(100)));
    }
    // Each remembered descriptor of process 100 is now a torn-down socket with the ends of one that
    // process 200 holds. What 100 itself is asked for is under another number.
    change(|world| {
        for fd in 3..15 {
            let dead = world.open(100, fd, connected("127.0.0.1:2000", "127.0.0.1:80"));
            world.tear_down(dead);
        }
        world.open(200, 7, connected("127.0.0.1:2000", "127.0.0.1:80"));
        world.open(100, 18, connected("127.0.0.1:2001", "127.0.0.1:80"));
    });

    assert_eq!(asker.look(connection("127.0.0.1:2000", "127.0.0.1:80")), Ok(Some(200)));
    assert_eq!(asker.look(connection("127.0.0.1:2001", "127.0.0.1:80")), Ok(Some(100)));
    assert_eq!(asker.look(connection("127.0.0.1:1003", "127.0.0.1:80")), Ok(None));
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
fn only_eight_numbers_of_an_owner_are_remembered() {
    let mut world = World::new();
    world.start(100);
    let mut asker = Asker::in_world(world);
    for fd in 10..30 {
        change(|world| world.open(100, fd, listener(&format!("127.0.0.1:{fd}"))));
        assert_eq!(asker.look(Wanted::port(fd as u16)), Ok(Some(100)));
    }

    let known = asker.search.context.recent.owners().next().expect("an owner");

    assert_eq!(known.fds, (22..30).rev().collect::<Vec<_>>());
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
        (120..140).for_each(|pid| world.reap(pid)); // Before any listing had the zombie.
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
