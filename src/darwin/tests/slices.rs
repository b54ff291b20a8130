//! Slices, late questions and dropped questions.

use std::collections::BTreeMap;

use super::asker::{Asker, connection};
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{connected, listener, other};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::{Pid, Wanted};
use crate::slice::Slice;

/// Pids 100 to 119, of which 119 is the newest. Each listens on its own port, 100 on port 80.
fn twenty() -> World {
    let mut world = World::new();
    for nth in 0..20 {
        world.start(100 + nth);
        world.open(100 + nth, 5, listener(&format!("127.0.0.1:{}", 80 + nth)));
        world.open(100 + nth, 6, other());
    }
    world
}

fn one_step() -> Slice {
    Slice::of_steps(1)
}

/// Asserts that `owner` is found for port 80, at whatever moment of another question's walk it is
/// asked for.
fn assert_late_questions_find(owner: Pid, scene: fn() -> World) {
    for when in 1..2 + scene().plain_walk() {
        let mut asker = Asker::in_world(scene());
        asker.ask(Wanted::port(1));
        for _ in 0..when {
            asker.advance(&one_step());
        }
        let late = asker.ask(Wanted::port(80));

        let answers = asker.finish();

        let found = answers.iter().find(|answer| answer.id == late).map(|a| a.owner());
        assert_eq!(found, Some(Ok(Some(owner))), "asked after {when} slices");
    }
}

#[test]
fn a_slice_that_is_over_makes_about_one_call() {
    let mut asker = Asker::in_world(twenty());
    asker.ask(Wanted::port(1));

    let mut most = 0;
    while !asker.search.context.waiting.is_empty() {
        calls();
        asker.advance(&one_step());
        most = most.max(calls().len());
    }

    assert_eq!(most, 2, "the two probes");
}

#[test]
fn stopping_everywhere_changes_neither_answers_nor_calls() {
    for wanted in [Wanted::port(80), Wanted::port(119), Wanted::port(1), Wanted::connected(80)] {
        let mut whole = Asker::in_world(twenty());
        let expected = whole.cost(wanted.clone());
        for steps in 1..5 {
            let mut asker = Asker::in_world(twenty());
            asker.steps = Some(steps);

            assert_eq!(asker.cost(wanted.clone()), expected, "{wanted:?} by {steps}");
        }
    }
}

#[test]
fn an_answer_comes_with_its_slice_and_not_with_the_walks_end() {
    let mut asker = Asker::in_world(twenty());
    let young = asker.ask(Wanted::port(99));
    asker.ask(Wanted::port(1));
    let mut slices = 0;

    let answers = loop {
        slices += 1;
        let answers = asker.advance(&one_step());
        if !answers.is_empty() {
            break answers;
        }
    };

    assert_eq!((answers[0].id, answers[0].owner()), (young, Ok(Some(119))));
    assert!(slices < 10, "{slices}");
}

#[test]
fn a_late_question_gets_nobody_only_from_a_walk_that_began_after_it() {
    let calls_of_a_walk = 2 + twenty().plain_walk();
    for when in 1..calls_of_a_walk {
        let mut asker = Asker::in_world(twenty());
        asker.ask(Wanted::port(1));
        for _ in 0..when {
            asker.advance(&one_step());
        }
        // Everything so far was read before this socket and this question existed. The socket
        // belongs to the newest process, which is the first to be read.
        change(|world| world.open(119, 7, listener("127.0.0.1:7000")));
        let late = asker.ask(Wanted::port(7000));

        let answers = asker.finish();

        let owner = answers.iter().find(|answer| answer.id == late).map(|a| a.owner());
        assert_eq!(owner, Some(Ok(Some(119))), "asked after {when} slices");
    }
}

#[test]
fn a_late_question_for_a_recent_owner_does_not_wait_for_the_walk() {
    let mut asker = Asker::in_world(twenty());
    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
    asker.ask(Wanted::port(1));
    for _ in 0..8 {
        asker.advance(&one_step());
    }
    change(|world| world.open(100, 9, connected("127.0.0.1:4000", "127.0.0.1:80")));
    calls();

    let late = asker.ask(connection("127.0.0.1:4000", "127.0.0.1:80"));
    let answers = [asker.advance(&one_step()), asker.advance(&one_step())].concat();

    assert_eq!(answers.len(), 1);
    assert_eq!((answers[0].id, answers[0].owner()), (late, Ok(Some(100))));
    // The other calls are those of the walk, which continues at the same time.
    let its_own = calls().into_iter().filter(|call| match call {
        Call::ListFds(pid) | Call::Socket(pid, _) => *pid == 100,
        _ => false,
    });
    assert_eq!(its_own.collect::<Vec<_>>(), [Call::ListFds(100), Call::Socket(100, 9)]);
}

#[test]
fn late_questions_without_pause_do_not_keep_the_walk_from_its_end() {
    let mut asker = Asker::in_world(twenty());
    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
    let slow = asker.ask(Wanted::port(1));

    let is_answered = (0..1000).any(|_| {
        asker.ask(Wanted::port(80));
        asker.advance(&one_step()).iter().any(|answer| answer.id == slow)
    });

    assert!(is_answered);
}

#[test]
fn a_late_question_takes_no_second_best_of_a_table_that_it_has_not_seen_whole() {
    // The worker's own connection comes after the listener that it inherited from its master.
    let scene = || {
        let mut world = World::new();
        world.start(100);
        world.open(100, 5, listener("127.0.0.1:80"));
        world.fork(100, 200);
        world.open(200, 6, connected("127.0.0.1:80", "127.0.0.1:4000"));
        world
    };
    assert_late_questions_find(100, scene);
}

#[test]
fn a_dropped_question_gets_no_answer_and_stops_its_walk() {
    let mut asker = Asker::in_world(twenty());
    let dropped = asker.ask(Wanted::port(80));
    for _ in 0..6 {
        asker.advance(&one_step());
    }
    asker.search.forget(dropped);
    asker.search.forget(4711);
    calls();

    assert_eq!(asker.advance(&Slice::begin()), []);
    assert_eq!(calls(), []);
    let kept = asker.ask(Wanted::port(81));
    let answers = asker.finish();

    assert_eq!(answers.iter().map(|answer| answer.id).collect::<Vec<_>>(), [kept]);
    assert_eq!(answers[0].owner(), Ok(Some(101)));
}

#[test]
fn a_dropped_question_leaves_the_others_their_walk() {
    let mut asker = Asker::in_world(twenty());
    let dropped = asker.ask(Wanted::port(80));
    let kept = asker.ask(Wanted::port(80));
    for _ in 0..6 {
        asker.advance(&one_step());
    }
    asker.search.forget(dropped);

    let answers = asker.finish();

    assert_eq!(answers.len(), 1);
    assert_eq!((answers[0].id, answers[0].owner()), (kept, Ok(Some(100))));
}

#[test]
fn a_late_question_pursues_no_shared_socket_in_a_walk_that_has_passed_its_holders() {
    // The master comes first in the list because its process structure is new.
    let scene = || {
        let mut world = World::new();
        world.start(100);
        world.open(100, 5, listener("127.0.0.1:80"));
        world.fork(100, 200);
        world.exec(100, &[]);
        world
    };
    assert_late_questions_find(100, scene);
}

#[test]
fn a_walk_whose_own_questions_are_answered_goes_no_further() {
    let mut asker = Asker::in_world(twenty());
    let own = asker.ask(Wanted::port(99));
    for _ in 0..3 {
        assert_eq!(asker.advance(&one_step()), []);
    }
    asker.ask(Wanted::port(1));
    while asker.advance(&one_step()).iter().all(|answer| answer.id != own) {
        calls();
    }

    asker.finish();

    // The call that found the first answer, and a walk for the second with five guesses.
    let most = 1 + twenty().plain_walk() + 5;
    assert!((most - 5..=most).contains(&calls().len()));
}

#[test]
fn holders_of_a_dropped_question_are_not_asked() {
    let mut world = twenty();
    let socket = world.open(119, 9, listener("127.0.0.1:7000"));
    world.in_flight.insert(socket);
    let mut asker = Asker::in_world(world);
    let dropped = asker.ask(Wanted::port(7000));
    asker.ask(Wanted::port(1));
    for _ in 0..12 {
        asker.advance(&one_step());
    }
    asker.search.forget(dropped);

    asker.finish();

    assert!(!calls().contains(&Call::Bsd(119)));
}

#[test]
fn a_question_asked_again_under_its_id_has_one_answer() {
    let mut asker = Asker::in_world(twenty());
    for wanted in [Wanted::port(81), Wanted::port(80)] {
        asker.search.ask(crate::question::Question::pid(7, wanted));
    }

    let answers = asker.finish();

    let answers = answers.into_iter().map(|answer| (answer.id, answer.owner()));
    assert_eq!(answers.collect::<Vec<_>>(), [(7, Ok(Some(100)))]);
}

#[test]
fn ten_thousand_questions_are_one_walk() {
    let mut asker = Asker::in_world(twenty());
    asker.look(Wanted::port(1)).expect("no failure");
    calls();
    let mut expected = BTreeMap::<u32, Option<Pid>>::new();
    for nth in 0..10_000_u16 {
        let wanted = Wanted::listener(nth + 1);
        let owner = (80..100).contains(&(nth + 1)).then(|| i32::from(nth) + 1 + 20);
        expected.insert(asker.ask(wanted), owner);
    }

    let answers = asker.finish();

    assert_eq!(calls().len(), twenty().plain_walk());
    let owners: BTreeMap<_, _> =
        answers.into_iter().map(|a| (a.id, a.owner().expect("no failure"))).collect();
    assert_eq!(owners, expected);
}
