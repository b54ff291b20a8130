//! What a list costs, and which questions share its walk.

use std::collections::BTreeSet;

use super::asker::{Asker, connection};
use super::lists::{ALL, world};
use crate::answer::Found;
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{connected, listener, other, udp};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::{Filter, Wanted};
use crate::slice::Slice;

/// 30 processes, each with a listener, a datagram socket and others. Every third listener is also
/// held by the next process, and one listener by ten processes.
fn desktop() -> (World, usize) {
    let mut world = World::new();
    let mut further = 0;
    for nth in 0..30_u16 {
        let pid = 1000 + i32::from(nth);
        world.start(pid);
        let listening = world.open(pid, 10, listener(&format!("127.0.0.1:{}", 20_000 + nth)));
        world.open(pid, 11, udp(&format!("127.0.0.1:{}", 30_000 + nth), None));
        for fd in 12..16 {
            world.open(pid, fd, other());
        }
        if nth % 3 == 1 {
            world.share(listening, pid - 1, 50);
            further += 1;
        }
        if nth == 29 {
            (1000..1010).for_each(|holder| world.share(listening, holder, 60));
            further += 10;
        }
    }
    (world, further)
}

#[test]
fn a_list_costs_a_miss_and_at_most_two_calls_a_further_holder() {
    let (world, further) = desktop();
    let miss = world.plain_walk();
    let mut asker = Asker::in_world(world);
    asker.look(Wanted::port(1)).expect("no failure");
    for _ in 0..2 {
        calls();
        let rows = asker.list(ALL).expect("a list");

        assert_eq!(rows.len(), 60);
        let made = calls();
        assert!(made.len() <= miss + 2 * further, "{} of {miss} + 2 * {further}", made.len());
        let starts = made.iter().filter(|call| matches!(call, Call::Bsd(_))).count();
        assert_eq!(made.len() - starts, miss, "each descriptor is asked once");
    }
    change(|world| {
        let all = world.processes.iter_mut();
        all.for_each(|process| process.fds.retain(|fd, _| ![50, 60].contains(fd)));
    });
    calls();
    asker.list(ALL).expect("a list");
    assert_eq!(calls().len(), miss - further, "with nothing shared it is a miss");
}

#[test]
fn zombies_and_what_closes_meanwhile_cost_a_list_no_second_look() {
    let (mut world, _) = desktop();
    world.exit(1015);
    world.before(40, |world| world.close(1001, 12));
    let mut asker = Asker::in_world(world);

    asker.list(ALL).expect("a list");

    assert_eq!(calls().iter().filter(|call| **call == Call::ListPids).count(), 1);
}

#[test]
fn a_list_shares_its_walk_with_the_questions_that_wait() {
    let (world, further) = desktop();
    let miss = world.plain_walk();
    let mut asker = Asker::in_world(world);
    asker.look(Wanted::port(1)).expect("no failure");
    calls();
    asker.ask(Wanted::port(20_002));
    asker.ask_list(ALL);
    asker.ask(Wanted::port(1));
    asker.ask_list(Filter { port: Some(20_002), ..ALL });

    let answers = asker.finish();

    assert_eq!(answers.len(), 4);
    assert_eq!((answers[0].owner(), answers[2].owner()), (Ok(Some(1002)), Ok(None)));
    assert!(calls().len() <= miss + 2 * further);
}

#[test]
fn a_list_holds_up_nobodys_quick_question() {
    let (world, _) = desktop();
    let mut asker = Asker::in_world(world);
    assert_eq!(asker.look(Wanted::port(20_003)), Ok(Some(1003)));
    let list = asker.ask_list(ALL);
    for _ in 0..20 {
        asker.advance(&Slice::of_steps(1));
    }
    change(|world| world.open(1003, 70, connected("127.0.0.1:4000", "127.0.0.1:80")));

    let late = asker.ask(connection("127.0.0.1:4000", "127.0.0.1:80"));
    let answers = [asker.advance(&Slice::of_steps(1)), asker.advance(&Slice::of_steps(1))].concat();

    let ids: Vec<u32> = answers.iter().map(|answer| answer.id).collect();
    assert_eq!((ids, answers[0].owner()), (vec![late], Ok(Some(1003))));
    assert!(asker.finish().iter().any(|answer| answer.id == list));
}

#[test]
fn quick_questions_and_long_tables_without_pause_do_not_keep_a_list_from_its_end() {
    let (world, _) = desktop();
    let mut asker = Asker::in_world(world);
    assert_eq!(asker.look(Wanted::port(20_003)), Ok(Some(1003)));
    let list = asker.ask_list(ALL);

    let is_answered = (0..2000).any(|_| {
        asker.ask(Wanted::port(20_003));
        asker.ask_list(Filter { pid: Some(1000), ..ALL });
        asker.advance(&Slice::of_steps(1)).iter().any(|answer| answer.id == list)
    });

    assert!(is_answered);
}

#[test]
fn the_walk_has_its_share_when_a_long_table_takes_all_of_a_slice() {
    let (world, _) = desktop();
    let mut asker = Asker::in_world(world);
    let walk = asker.ask(Wanted::port(1));
    for _ in 0..10 {
        asker.advance(&Slice::of_steps(1));
    }
    asker.ask_list(Filter { pid: Some(1000), ..ALL });
    calls();

    asker.advance(&Slice::of_steps(3).with_share(5));

    let made = calls();
    let of_list = |call: &Call| matches!(call, Call::ListFds(1000) | Call::Socket(1000, _));
    let lists = made.iter().filter(|call| of_list(call)).count();
    assert_eq!((lists, made.len() - lists), (3, 5), "{made:?}");
    assert!(asker.finish().iter().any(|answer| answer.id == walk));
}

#[test]
fn a_late_list_waits_for_a_walk_of_its_own() {
    let calls_of_a_walk = 2 + world().plain_walk();
    for when in 1..calls_of_a_walk {
        let mut asker = Asker::in_world(world());
        asker.ask(Wanted::port(1));
        for _ in 0..when {
            asker.advance(&Slice::of_steps(1));
        }
        change(|world| world.open(300, 7, listener("127.0.0.1:7000")));
        let late = asker.ask_list(Filter { port: Some(7000), ..ALL });

        let answers = asker.finish();

        let rows = answers.into_iter().find(|answer| answer.id == late).expect("an answer").found;
        assert!(format!("{rows:?}").contains("pids: [300]"), "{rows:?} after {when} slices");
    }
}

#[test]
fn a_dropped_list_stops_its_walk() {
    for filter in [ALL, Filter { pid: Some(100), ..ALL }] {
        let mut asker = Asker::in_world(world());
        let dropped = asker.ask_list(filter);
        asker.advance(&Slice::of_steps(3));
        asker.search.forget(dropped);
        calls();

        assert_eq!(asker.advance(&Slice::begin()), []);
        assert_eq!(calls(), []);
    }
}

#[test]
fn many_rows_are_made_in_pieces() {
    let mut world = World::new();
    for pid in 100..105 {
        world.start(pid);
        for fd in 3..603 {
            let port = 10_000 + (pid - 100) * 600 + fd;
            world.open(pid, fd, udp(&format!("127.0.0.1:{port}"), None));
        }
    }
    let mut asker = Asker::in_world(world);
    asker.ask_list(ALL);
    let mut without_a_call = 0;

    let answer = loop {
        calls();
        let answers = asker.advance(&Slice::of_steps(1));
        without_a_call += usize::from(calls().is_empty());
        if let Some(answer) = answers.into_iter().next() {
            break answer;
        }
    };

    let Ok(Found::Sockets(rows)) = answer.found else { panic!("a list") };
    let ports: BTreeSet<u16> = rows.iter().map(|row| row.socket.local.port).collect();
    assert_eq!((rows.len(), ports.len()), (3000, 3000));
    assert!(without_a_call >= 3, "{without_a_call} steps for rows");
}
