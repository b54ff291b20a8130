//! Lists made while everything changes between any two calls: no row ever names a process that did
//! not hold the socket, and no socket that was held all the time is missing.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::asker::Asker;
use super::lists::ALL;
use super::memory::{Dice, happen};
use crate::platform::darwin::fake_libproc::change;
use crate::platform::darwin::fake_sockets::{connected, udp};
use crate::platform::darwin::fake_world::{Descriptor, World};
use crate::question::{Filter, Pid};

/// Which process holds what under which number. A process is its pid and its start.
type Held = BTreeSet<((Pid, (u64, u64)), i32, u64)>;

fn held(world: &World) -> Held {
    let all = world.processes.iter().flat_map(|process| {
        let who = (process.pid, process.started);
        process.fds.iter().filter_map(move |(fd, descriptor)| match descriptor {
            Descriptor::Socket(so) => Some((who, *fd, *so)),
            Descriptor::File => None,
        })
    });
    all.filter(|(_, _, so)| world.sockets[so].local.1 != 0).collect()
}

/// Returns a socket's local port in the host's order, which identifies its row: no two sockets here
/// have the same port.
fn port(world: &World, so: u64) -> u16 {
    u16::from_be(world.sockets[&so].local.1 as u16)
}

fn scene() -> World {
    let mut world = World::new();
    for (pid, base) in [(500, 5000), (501, 5010), (502, 5020), (503, 5030)] {
        world.start(pid);
        for nth in 0..3 {
            let local = format!("127.0.0.1:{}", base + nth);
            world.open(pid, 3 + nth, connected(&local, "127.0.0.1:80"));
        }
        world.open(pid, 20, udp(&format!("127.0.0.1:{}", base + 9), None));
    }
    world.fork(500, 504);
    world
}

#[test]
fn no_row_names_a_stranger_and_nothing_steady_is_missing() {
    for seed in 0..60 {
        let mut world = scene();
        world.euid = if seed % 3 == 0 { 0 } else { 501 };
        let ever = Rc::new(RefCell::new(held(&world)));
        let before = held(&world);
        let mut dice = Dice(seed);
        for nth in 0..25_u16 {
            let ever = Rc::clone(&ever);
            let mut own_dice = Dice(seed * 1000 + u64::from(nth));
            world.before(dice.below(60), move |world| {
                happen(world, &mut own_dice, 6000 + nth);
                ever.borrow_mut().extend(held(world));
            });
        }
        let mut asker = Asker::in_world(world);
        asker.steps = (seed % 2 == 0).then_some(1);

        let rows = asker.list(ALL).expect("a list");
        let of_pid = asker.list(Filter { pid: Some(501), ..ALL }).expect("a list");

        change(|world| {
            let ever = ever.borrow();
            let holders_of = |wanted: u16| -> BTreeSet<Pid> {
                let of_it = ever.iter().filter(|(_, _, so)| port(world, *so) == wanted);
                of_it.map(|((pid, _), _, _)| *pid).collect()
            };
            let mut by_port = BTreeMap::new();
            for row in rows.iter().chain(&of_pid) {
                let holders = holders_of(row.socket.local.port);
                assert!(row.pids.iter().all(|pid| holders.contains(pid)), "{row:?}, seed {seed}");
                assert!(!row.pids.is_empty(), "{row:?}, seed {seed}");
            }
            for row in &rows {
                let first = by_port.insert(row.socket.local.port, row.pids.clone());
                assert_eq!(first, None, "a socket is one row: {row:?}, seed {seed}");
            }
            for ((pid, _), fd, so) in before.intersection(&held(world)) {
                let there = by_port.get(&port(world, *so));
                let has_it = there.is_some_and(|pids| pids.contains(pid));
                assert!(has_it, "{pid} held {so:x} under {fd} all the while, seed {seed}");
            }
        });
    }
}
