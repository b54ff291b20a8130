//! A record is shown to describe the holder: the process shows the socket once more after the
//! record was read.

use super::asker::{Asker, connection};
use crate::answer::Found;
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{connected, listener};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::{Pid, Wanted};

/// 100 holds one end of a connection as descriptor 5. 200 is newer.
fn scene() -> World {
    let mut world = World::new();
    world.start(50);
    world.start(100);
    world.paths.insert(100, b"/bin/holder".to_vec());
    world.process(100).name = b"holder";
    world.process(100).args = vec![b"holder".to_vec()];
    world.open(100, 5, connected("127.0.0.1:4000", "127.0.0.1:80"));
    world.start(200);
    world
}

fn wanted() -> Wanted {
    connection("127.0.0.1:4000", "127.0.0.1:80")
}

fn told(found: &Found) -> Option<(Pid, Option<&str>)> {
    match found {
        Found::Record(record) => Some((record.pid, record.name.as_deref())),
        _ => None,
    }
}

#[test]
fn a_record_is_the_holders_and_its_socket_is_seen_again_behind_it() {
    let mut asker = Asker::in_world(scene());

    let found = asker.record(wanted()).expect("no failure");
    let calls = calls();

    let Found::Record(record) = &found else { panic!("a record, not {found:?}") };
    assert_eq!((record.pid, record.path.as_deref()), (100, Some("/bin/holder")));
    assert_eq!(record.args, Some(vec!["holder".to_owned()]));
    let before_and_behind: Vec<usize> =
        (0..calls.len()).filter(|nth| calls[*nth] == Call::Socket(100, 5)).collect();
    assert_eq!(before_and_behind.len(), 2);
    assert_eq!(calls.last(), Some(&Call::Socket(100, 5)));
    assert!(calls[before_and_behind[0]..].contains(&Call::Args(100)));
}

#[test]
fn a_warm_record_costs_the_owners_two_calls_the_record_and_one_more() {
    let mut asker = Asker::in_world(scene());
    asker.record(wanted()).expect("no failure");
    calls();

    asker.record(wanted()).expect("no failure");

    let about_100 = [
        Call::Bsd(100),
        Call::Start(1),
        Call::Path(100),
        Call::Args(100),
        Call::Cwd(100),
        Call::Bsd(100),
    ];
    let found = [Call::ListFds(100), Call::Socket(100, 5)];
    assert_eq!(calls(), [&found[..], &about_100, &[Call::Socket(100, 5)]].concat());
}

/// Runs `event` before each call: the record is the holder's own, or there is none.
fn never_another(event: fn(&mut World), may_be_nobody: bool) {
    for when in 0..40 {
        let mut world = scene();
        world.before(when, event);
        let mut asker = Asker::in_world(world);

        let found = asker.record(wanted()).expect("no failure");

        match told(&found) {
            None => assert!(may_be_nobody, "before call {when}: {found:?}"),
            Some(told) => assert_eq!(told, (100, Some("holder")), "before call {when}"),
        }
        if calls().len() <= when {
            return; // The lookup ended before this call.
        }
    }
    panic!("it does not end");
}

#[test]
fn a_pid_that_is_used_again_between_any_two_calls_gives_no_other_processs_record() {
    let reuse = |world: &mut World| {
        world.exit(100);
        world.reap(100);
        world.start(100);
        world.process(100).name = b"another";
        world.open(100, 5, listener("127.0.0.1:81"));
    };
    let reuse_with_the_same_ends = |world: &mut World| {
        world.exit(100);
        world.reap(100);
        world.start(100);
        world.process(100).name = b"holder";
        world.open(100, 5, connected("127.0.0.1:4000", "127.0.0.1:80"));
    };

    never_another(reuse, true);
    never_another(reuse_with_the_same_ends, true);
}

#[test]
fn a_holder_that_goes_closes_or_becomes_another_users_has_its_record_or_none() {
    never_another(|world| world.exit(100), true);
    never_another(|world| world.close(100, 5), true);
    never_another(|world| world.process(100).uid = 0, true);
}

#[test]
fn what_others_do_hides_no_record() {
    never_another(|world| world.exit(200), false);
    never_another(|world| world.fork(100, 300), false);
    never_another(|world| (0..30).for_each(|_| world.start_any(501)), false);
    never_another(|world| world.exec(100, &[]), false);
}

#[test]
fn a_shared_sockets_record_is_that_of_the_holder_that_started_first() {
    let mut world = scene();
    world.fork(100, 300);
    let mut asker = Asker::in_world(world);

    for _ in 0..2 {
        let found = asker.record(wanted()).expect("no failure");
        assert_eq!(told(&found), Some((100, Some("holder"))));
    }
}

#[test]
fn when_the_first_holder_goes_before_its_record_is_shown_the_next_ones_is_told() {
    let with_child = || {
        let mut world = scene();
        world.fork(100, 300);
        world.process(300).name = b"child";
        world
    };
    let mut asker = Asker::in_world(with_child());
    asker.record(wanted()).expect("no failure");
    let whole = calls();
    let path = whole.iter().position(|call| *call == Call::Path(100)).expect("asked");
    for when in path..whole.len() {
        let mut world = with_child();
        world.before(when, |world| world.exit(100));
        let mut asker = Asker::in_world(world);

        let found = asker.record(wanted()).expect("no failure");

        assert_eq!(told(&found), Some((300, Some("child"))), "before call {when}");
    }
}

#[test]
fn a_socket_that_is_given_away_while_the_record_is_read_is_followed() {
    let mut asker = Asker::in_world(scene());
    asker.record(wanted()).expect("no failure");
    let whole = calls();
    let path = whole.iter().position(|call| *call == Call::Path(100)).expect("asked");
    for when in path..whole.len() {
        let mut world = scene();
        world.before(when, |world| {
            let held = world.process(100).fds.remove(&5).expect("the connection");
            world.start(300);
            world.process(300).name = b"next";
            world.process(300).fds.insert(9, held);
        });
        let mut asker = Asker::in_world(world);

        let found = asker.record(wanted()).expect("no failure");

        assert_eq!(told(&found), Some((300, Some("next"))), "before call {when}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_that_questions_error_alone() {
    for call in [Call::Args(100), Call::Cwd(100), Call::Path(100)] {
        let mut world = scene();
        world.errnos.insert(call, 14);
        let mut asker = Asker::in_world(world);
        let record = asker.ask_record(wanted());
        let pid = asker.ask(wanted());
        let nobody = asker.ask(Wanted::port(1));

        let answers = asker.finish();

        let of = |id| answers.iter().find(|answer| answer.id == id).map(|answer| answer.owner());
        assert_eq!(of(record).expect("an answer").expect_err("a failure").code, "EFAULT");
        assert_eq!((of(pid), of(nobody)), (Some(Ok(Some(100))), Some(Ok(None))));
    }
}

#[test]
fn nobodys_record_is_nobody() {
    let mut asker = Asker::in_world(scene());

    let found = asker.record(connection("127.0.0.1:4001", "127.0.0.1:80"));

    assert_eq!(found, Ok(Found::Nobody));
    change(|world| world.process(100).uid = 0);
    assert_eq!(asker.record(wanted()), Ok(Found::Nobody));
}
