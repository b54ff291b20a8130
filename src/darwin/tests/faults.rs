//! Each call to libproc fails, with each errno that it may have, at each place where a look-up makes
//! it: what comes of it stands in one table. The next look-up is always right.

use super::asker::Asker;
use crate::error::Error;
use crate::platform::darwin::fake_libproc::{calls, change, install};
use crate::platform::darwin::fake_sockets::{connected, listener, other};
use crate::platform::darwin::fake_world::{Call, World};
use crate::platform::darwin::{process_info, process_path};
use crate::process::ProcessInfo;
use crate::question::{Pid, Wanted};

/// EPERM, ENOENT, ESRCH, EINTR, EIO, EBADF, ENOMEM, EACCES, EFAULT, ENODEV, EINVAL, EMFILE, and
/// darwin's ENOTSOCK. 0: it fails and does not say why.
const ERRNOS: [i32; 14] = [0, 1, 2, 3, 4, 5, 9, 12, 13, 14, 19, 22, 24, 38];

/// What a failure may make of an answer that is known. Any errno that is not here is an error, or
/// else the answer.
struct Row {
    call: &'static str,
    /// As if that process or descriptor were not to be seen: nothing, or less.
    hidden: &'static [i32],
    /// With any errno another holder may answer: "the first" is among those who could be asked.
    passes_over: bool,
}

/// EBADF and ENOTSOCK are not a process's, and are believed all the same. A list of descriptors that
/// fails without an errno is an empty one.
const TABLE: [Row; 12] = [
    Row { call: "probe", hidden: &[], passes_over: false },
    Row { call: "listpids", hidden: &[], passes_over: false },
    Row { call: "pidinfo fds", hidden: &[0, 1, 3, 9, 38], passes_over: true },
    Row { call: "pidfdinfo", hidden: &[1, 3, 9, 38], passes_over: true },
    Row { call: "pidinfo bsd", hidden: &[1, 3, 9, 38], passes_over: true },
    Row { call: "pidinfo short", hidden: &[1, 3, 9, 38], passes_over: false },
    Row { call: "pidinfo cwd", hidden: &[1, 2, 3, 13], passes_over: false },
    Row { call: "sysctl start", hidden: &[1, 2, 3, 13], passes_over: false },
    Row { call: "sysctl args", hidden: &[1, 3, 5, 13, 22], passes_over: false },
    Row { call: "getsockopt", hidden: &[9, 22, 38, 42, 57], passes_over: false },
    Row { call: "getifaddrs", hidden: &[], passes_over: false },
    Row { call: "pidpath", hidden: &[1, 2, 3, 13, 19], passes_over: false },
];

fn name(call: Call) -> &'static str {
    match call {
        Call::Probe(_) => "probe",
        Call::ListPids => "listpids",
        Call::ListFds(_) => "pidinfo fds",
        Call::Socket(..) => "pidfdinfo",
        Call::Bsd(_) => "pidinfo bsd",
        Call::ShortBsd(_) => "pidinfo short",
        Call::Path(_) => "pidpath",
        Call::Cwd(_) => "pidinfo cwd",
        Call::Start(_) => "sysctl start",
        Call::Args(_) => "sysctl args",
        Call::PeerPid(_) => "getsockopt",
        Call::Addresses => "getifaddrs",
    }
}

/// 100, a child of 7, has a listener, one that 300 and 400 have too, and one end of a connection.
fn world() -> World {
    let mut world = World::new();
    world.start(7);
    world.start(100);
    let process = world.process(100);
    (process.parent, process.name) = (7, b"A Name Of More Than Fifteen Bytes");
    process.args = vec![b"A".to_vec(), b"--quiet".to_vec()];
    world.open(100, 5, listener("127.0.0.1:80"));
    let shared = world.open(100, 6, listener("127.0.0.1:90"));
    world.open(100, 7, connected("127.0.0.1:4000", "127.0.0.1:80"));
    world.start(200);
    world.open(200, 6, other());
    world.open_file(200, 7);
    world.fork(100, 300);
    world.close(300, 5);
    world.close(300, 7);
    world.start(400);
    world.share(shared, 400, 40);
    world.paths.insert(100, b"/Applications/A.app/Contents/MacOS/A".to_vec());
    world
}

const QUESTIONS: [(Wanted, Option<Pid>); 4] = [
    (Wanted::port(80), Some(100)),
    (Wanted::listener(90), Some(100)),
    (Wanted::connected(4000), Some(100)),
    (Wanted::port(81), None),
];

/// Whether `told` may come of that failure.
fn is_allowed<T: PartialEq>(
    call: Call,
    errno: i32,
    told: &Result<Option<T>, Error>,
    truth: &Option<T>,
    lesser: &[T],
) -> bool {
    let row = TABLE.iter().find(|row| row.call == name(call)).expect("every call has a row");
    let is_hidden = row.hidden.contains(&errno);
    match told {
        Ok(told) if told == truth => true,
        Ok(None) => is_hidden,
        Ok(Some(told)) => (is_hidden || row.passes_over) && lesser.contains(told),
        Err(error) => !is_hidden && error.message.starts_with(&format!("{}: ", error.code)),
    }
}

/// The call at that place fails once, or that call from there on.
fn fail(world: &mut World, at: usize, call: Call, errno: i32, stays: bool) {
    let place = world.calls.len() + at;
    world.before(place, move |world| {
        world.errnos.insert(call, errno);
    });
    if !stays {
        world.before(place + 1, heal);
    }
}

fn heal(world: &mut World) {
    world.errnos.clear();
}

#[test]
fn a_call_that_fails_makes_no_wrong_answer_and_the_next_look_up_is_right() {
    let mut outcomes = 0;
    for (wanted, truth) in QUESTIONS {
        for is_warm in [false, true] {
            let asker = || {
                let mut asker = Asker::in_world(world());
                if is_warm {
                    assert_eq!(asker.look(wanted.clone()), Ok(truth));
                }
                calls();
                asker
            };
            let made = asker().cost(wanted.clone()).0;
            for (at, call) in made.into_iter().enumerate() {
                for (errno, stays) in
                    ERRNOS.iter().flat_map(|errno| [(*errno, false), (*errno, true)])
                {
                    let mut asker = asker();
                    change(|world| fail(world, at, call, errno, stays));

                    let told = asker.look(wanted.clone());
                    change(heal);
                    change(|world| world.events.clear());
                    let next = asker.look(wanted.clone());

                    let what = format!("{call:?} {errno} {stays} {is_warm} {wanted:?}: {told:?}");
                    assert!(is_allowed(call, errno, &told, &truth, &[300, 400]), "{what}");
                    assert_eq!(next, Ok(truth), "{what}");
                    outcomes += 1;
                }
            }
        }
    }
    assert!(outcomes > 1_000, "{outcomes}");
}

#[test]
fn what_is_told_of_a_process_is_right_or_an_error_too() {
    install(world());
    let truth = process_info(100).expect("no failure");
    let path = process_path(100).expect("no failure");
    let made = calls();
    // Refused, the name is shorter, and each of these may be missing.
    let told = || truth.clone().expect("a process");
    let nameless = ProcessInfo { name: told().name.map(|name| name[..15].to_owned()), ..told() };
    let lesser = [
        nameless,
        ProcessInfo { path: None, ..told() },
        ProcessInfo { args: None, ..told() },
        ProcessInfo { cwd: None, ..told() },
    ];
    for (at, call) in made.into_iter().enumerate() {
        for (errno, stays) in ERRNOS.iter().flat_map(|errno| [(*errno, false), (*errno, true)]) {
            install(world());
            change(|world| fail(world, at, call, errno, stays));

            let told = process_info(100);
            let its_path = process_path(100);
            change(heal);

            let what = format!("{call:?} {errno} {stays}: {told:?} {its_path:?}");
            assert!(is_allowed(call, errno, &told, &truth, &lesser), "{what}");
            assert!(is_allowed(call, errno, &its_path, &path, &[]), "{what}");
            assert_eq!(
                (process_info(100), process_path(100)),
                (Ok(truth.clone()), Ok(path.clone()))
            );
        }
    }
}
