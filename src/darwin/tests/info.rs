//! What is told of one process.

use crate::platform::darwin::fake_libproc::{change, install};
use crate::platform::darwin::fake_world::{Call, World};
use crate::platform::darwin::process_info;
use crate::process::ProcessInfo;

fn one(uid: u32) -> World {
    let mut world = World::new();
    world.start(100);
    world.paths.insert(100, b"/Applications/A.app/Contents/MacOS/A".to_vec());
    let process = world.process(100);
    process.name = b"A Name Of More Than Fifteen Bytes, And More";
    (process.uid, process.parent, process.started) = (uid, 7, (1_700_000_000, 123_999));
    world
}

#[test]
fn all_is_told_of_ones_own_process() {
    install(one(501));

    let info = process_info(100).expect("no failure");

    let expected = ProcessInfo {
        pid: 100,
        parent: Some(7),
        uid: Some(501),
        name: Some("A Name Of More Than Fifteen Byt".to_owned()),
        path: Some("/Applications/A.app/Contents/MacOS/A".to_owned()),
        start_ms: Some(1_700_000_000_123),
        ..ProcessInfo::default()
    };
    assert_eq!(info, Some(expected));
}

#[test]
fn all_but_the_start_is_told_of_another_users_process() {
    install(one(0));

    let info = process_info(100).expect("no failure").expect("a process");

    assert_eq!((info.parent, info.uid, info.start_ms), (Some(7), Some(0), None));
    assert_eq!(info.name.as_deref(), Some("A Name Of More "));
    assert!(info.path.is_some());
}

#[test]
fn the_first_process_has_no_parent() {
    let mut world = one(501);
    world.process(100).parent = 0;
    install(world);

    assert_eq!(process_info(100).expect("no failure").expect("a process").parent, None);
}

#[test]
fn a_process_without_a_long_name_has_its_short_one_or_none() {
    let mut world = one(501);
    world.process(100).name = b"";
    install(world);

    assert_eq!(process_info(100).expect("no failure").expect("a process").name, None);
}

#[test]
fn nothing_is_told_of_what_has_exited() {
    let mut world = one(501);
    world.exit(100);
    install(world);

    assert_eq!(process_info(100), Ok(None));
    assert_eq!(process_info(101), Ok(None));
}

#[test]
fn a_pid_that_is_given_away_in_between_is_nobody() {
    for when in 1..3 {
        let mut world = one(501);
        world.before(when, |world| {
            world.exit(100);
            world.reap(100);
            world.start(100);
        });
        install(world);

        assert_eq!(process_info(100), Ok(None), "before call {when}");
    }
}

#[test]
fn a_failure_to_ask_is_an_error() {
    for call in [Call::Bsd(100), Call::ShortBsd(100), Call::Path(100)] {
        install(one(0));
        change(|world| world.errnos.insert(call, 14));

        assert_eq!(process_info(100).expect_err("a failure").code, "EFAULT", "{call:?}");
    }
    install(one(0));
    change(|world| world.bytes.insert(Call::ShortBsd(100), 63));
    assert_eq!(process_info(100).expect_err("a failure").code, "EBADMSG");
}
