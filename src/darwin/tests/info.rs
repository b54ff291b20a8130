//! What is reported about one process.

use crate::answer::ProcessInfo;
use crate::platform::darwin::fake_libproc::{calls, change, install};
use crate::platform::darwin::fake_world::{Call, World};
use crate::platform::darwin::process_info;

const PROGRAM: &[u8] = b"/Applications/A.app/Contents/MacOS/A";

/// 100 is a child of 7, which started earlier.
fn one(uid: u32) -> World {
    let mut world = World::new();
    world.start(7);
    world.process(7).started = (1_600_000_000, 0);
    world.start(100);
    world.paths.insert(100, PROGRAM.to_vec());
    let process = world.process(100);
    process.name = b"A Name Of More Than Fifteen Bytes, And More";
    (process.uid, process.parent, process.started) = (uid, 7, (1_700_000_000, 123_999));
    process.args = [&b"A"[..], b"", b"--file=\xFF", b"two\nlines"].map(Vec::from).into();
    process.environment = vec![b"SECRET=1".to_vec()];
    process.cwd = b"/Users/a b".to_vec();
    world
}

fn info() -> ProcessInfo {
    process_info(100).expect("no failure").expect("a process")
}

#[test]
fn all_is_told_of_ones_own_process() {
    install(one(501));

    let expected = ProcessInfo {
        pid: 100,
        parent: Some(7),
        uid: Some(501),
        name: Some("A Name Of More Than Fifteen Byt".to_owned()),
        path: Some("/Applications/A.app/Contents/MacOS/A".to_owned()),
        args: Some(["A", "", "--file=\u{FFFD}", "two\nlines"].map(String::from).into()),
        cwd: Some("/Users/a b".to_owned()),
        start_ms: Some(1_700_000_000_123),
        cgroup: None,
        services: None,
    };
    assert_eq!(info(), expected);
}

#[test]
fn another_users_process_has_no_command_line_and_no_folder_but_for_root() {
    install(one(0));
    let seen = info();

    let mut world = one(501);
    world.euid = 0;
    install(world);
    let seen_by_root = info();

    assert_eq!((seen.parent, seen.uid), (Some(7), Some(0)));
    assert_eq!(seen.name.as_deref(), Some("A Name Of More "));
    assert_eq!((seen.args, seen.cwd), (None, None));
    assert_eq!(seen.start_ms, Some(1_700_000_000_123));
    assert!(seen.path.is_some());
    assert!(seen_by_root.args.is_some() && seen_by_root.cwd.is_some());
    assert_eq!(seen_by_root.start_ms, seen.start_ms);
}

#[test]
fn a_start_that_the_system_does_not_tell_is_none() {
    for errno in [None, Some(1), Some(2), Some(3), Some(13)] {
        let mut world = one(0);
        match errno {
            None => world.hides_starts = true,
            Some(errno) => drop(world.errnos.insert(Call::Start(100), errno)),
        }
        install(world);

        assert_eq!(info().start_ms, None, "{errno:?}");
    }
}

#[test]
fn the_first_process_has_no_parent() {
    let mut world = one(501);
    world.process(100).parent = 0;
    install(world);

    assert_eq!(info().parent, None);
    assert!(!calls().contains(&Call::Start(0)));
}

#[test]
fn a_parent_that_is_younger_than_its_child_is_none() {
    for (started, parent) in [((1_700_000_000, 124_000), None), ((1_700_000_000, 123_999), Some(7))]
    {
        for uid in [501, 0] {
            let mut world = one(501);
            world.process(7).started = started;
            world.process(7).uid = uid;
            install(world);

            assert_eq!(info().parent, parent, "{started:?} of {uid}");
        }
    }
}

#[test]
fn a_parent_whose_start_is_not_told_is_believed() {
    let mut world = one(501);
    world.hides_starts = true;
    install(world);

    assert_eq!(info().parent, Some(7));
    // A zombie is reported, and has its old start time.
    let mut world = one(501);
    world.exit(7);
    install(world);
    assert_eq!(info().parent, Some(7));
}

#[test]
fn a_process_without_a_long_name_has_its_short_one_or_none() {
    let mut world = one(501);
    world.process(100).name = b"";
    install(world);

    assert_eq!(info().name, None);
}

#[test]
fn a_process_without_arguments_has_none_of_its_environment() {
    let mut world = one(501);
    world.process(100).args.clear();
    install(world);

    assert_eq!(info().args, Some(vec![]));
}

#[test]
fn a_command_line_that_fills_its_room_or_is_written_over_is_none() {
    // Strings that have lost their beginning are the environment, and look like any other strings.
    let cut = b"SECRET=1\0\0\0\0\0\0\0\0".repeat(65_536);
    for strings in [cut, vec![b'x'; 1_048_575], vec![b'x'; 9], vec![]] {
        let mut world = one(501);
        world.process(100).strings = Some(strings);
        install(world);

        assert_eq!(info().args, None);
    }
}

#[test]
fn a_command_line_is_told_up_to_a_whole_argument() {
    let mut world = one(501);
    let long = vec![b'x'; 100_000];
    world.process(100).args = vec![b"A".to_vec(), long.clone(), long.clone(), long];
    install(world);

    let args = info().args.expect("a command line");

    assert_eq!(args.iter().map(String::len).collect::<Vec<_>>(), [1, 100_000, 100_000]);
}

#[test]
fn a_folder_that_has_gone_is_none() {
    for errno in [None, Some(1), Some(2), Some(3), Some(13)] {
        let mut world = one(501);
        match errno {
            None => world.process(100).cwd.clear(),
            Some(errno) => drop(world.errnos.insert(Call::Cwd(100), errno)),
        }
        install(world);

        assert_eq!(info().cwd, None, "{errno:?}");
    }
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
    for uid in [501, 0] {
        install(one(uid));
        info();
        let whole = calls().len();
        for when in 1..whole {
            let mut world = one(uid);
            world.before(when, move |world| {
                world.exit(100);
                world.reap(100);
                world.start_as(100, uid);
            });
            install(world);

            let told = process_info(100).expect("no failure");

            // Everything describes one process or the other, never a mixture.
            let is_whole = told.as_ref().is_none_or(|info| {
                (info.start_ms == Some(1_700_000_000_123)) == info.name.is_some()
            });
            assert!(is_whole, "before call {when} of {whole}: {told:?}");
            assert!(uid == 0 || told.is_none(), "before call {when} of {whole}: {told:?}");
        }
    }
}

#[test]
fn a_failure_to_ask_is_an_error() {
    for call in [
        Call::Bsd(100),
        Call::ShortBsd(100),
        Call::Path(100),
        Call::Cwd(100),
        Call::Start(100),
        Call::Args(100),
        Call::Start(7),
    ] {
        install(one(0));
        change(|world| world.errnos.insert(call, 14));

        assert_eq!(process_info(100).expect_err("a failure").code, "EFAULT", "{call:?}");
    }
}

#[test]
fn an_answer_of_another_size_is_an_error() {
    for (call, bytes) in [
        (Call::ShortBsd(100), 63),
        (Call::Cwd(100), 2351),
        (Call::Start(100), 647),
        (Call::Start(100), 656),
        (Call::Args(100), 3),
        (Call::Args(100), 1_048_581),
    ] {
        install(one(0));
        change(|world| world.bytes.insert(call, bytes));

        assert_eq!(process_info(100).expect_err("a failure").code, "EBADMSG", "{call:?} {bytes}");
    }
}

#[test]
fn a_structure_that_grew_is_an_error() {
    for call in [Call::Cwd(100), Call::Start(100)] {
        install(one(0));
        change(|world| world.errnos.insert(call, 12));

        assert_eq!(process_info(100).expect_err("a failure").code, "ENOMEM", "{call:?}");
    }
}
