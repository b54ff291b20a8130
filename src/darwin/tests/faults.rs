//! Each call to the system fails, with each errno that it may have, at each place where a lookup
//! makes it. One table says what may come of each failure. The next lookup is always right.

use std::collections::BTreeSet;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use super::asker::{Asker, connection, reply, tcp_port_at, udp_port};
use crate::answer::{Found, ProcessInfo, SocketRow};
use crate::error::Error;
use crate::platform::darwin::fake_libproc::{calls, change, install};
use crate::platform::darwin::fake_sockets::{connected, listener, other, udp};
use crate::platform::darwin::fake_world::{Call, World};
use crate::platform::darwin::{local_peer, process_info, process_path};
use crate::question::{Filter, Gives, Question, Wanted};

/// EPERM, ENOENT, ESRCH, EINTR, EIO, EBADF, ENOMEM, EACCES, EFAULT, ENODEV, EINVAL, EMFILE, and
/// darwin's ENOTSOCK, ENOPROTOOPT and ENOTCONN. 0: the call fails without giving a reason.
const ERRNOS: [i32; 16] = [0, 1, 2, 3, 4, 5, 9, 12, 13, 14, 19, 22, 24, 38, 42, 57];

/// How a failure may change an answer that is known. With any errno that is not listed here, the
/// result is an error or the full answer.
struct Row {
    call: &'static str,
    /// As if that process or descriptor were invisible: the answer is nothing, or less.
    hidden: &'static [i32],
    /// With any errno another holder may answer: "the first" is the first among those that could be
    /// read.
    passes_over: bool,
}

/// EBADF and ENOTSOCK do not describe a process, and are believed all the same. A list of
/// descriptors that fails without an errno is an empty one.
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

/// 100, a child of 7, has a listener of its own, a listener shared with 300 and 400, and one end of
/// a connection.
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
    world.open(100, 8, udp("0.0.0.0:53", None));
    world.open(100, 9, listener("0.0.0.0:90"));
    world.start(200);
    world.open(200, 6, other());
    world.open(200, 8, udp("127.0.0.1:54", Some("127.0.0.1:9")));
    world.open_file(200, 7);
    world.fork(100, 300);
    world.close(300, 5);
    (7..10).for_each(|fd| world.close(300, fd));
    world.start(400);
    world.share(shared, 400, 40);
    world.paths.insert(100, b"/Applications/A.app/Contents/MacOS/A".to_vec());
    world
}

/// The questions, and how they are to be answered.
fn questions() -> Vec<Question> {
    let pid = |wanted| Question { id: 1, wanted, gives: Gives::Pid };
    let record = |wanted| Question { id: 1, wanted, gives: Gives::Record };
    let rows = |filter| Question { id: 1, wanted: Wanted::All(filter), gives: Gives::Rows };
    vec![
        pid(Wanted::port(80)),
        pid(Wanted::listener(90)),
        pid(Wanted::connected(4000)),
        pid(Wanted::port(81)),
        pid(tcp_port_at(90, "127.0.0.9", None)),
        pid(udp_port(53, None)),
        pid(reply("192.168.1.5:53", "192.168.1.5:5000")),
        pid(reply("127.0.0.1:54", "127.0.0.1:5000")),
        record(connection("127.0.0.1:4000", "127.0.0.1:80")),
        record(Wanted::listener(90)),
        rows(Filter::default()),
        rows(Filter { pid: Some(100), ..Filter::default() }),
    ]
}

fn ask(asker: &mut Asker, question: &Question) -> Result<Found, Error> {
    asker.search.ask(question.clone());
    let mut found = asker.finish().pop().expect("an answer").found;
    if let Ok(Found::Sockets(rows)) = &mut found {
        rows.sort_by_key(|row| (row.socket.local.port, row.pids.clone()));
    }
    found
}

/// Returns whether `told` is `truth` except for what could not be seen.
fn is_less(told: &Found, truth: &Found) -> bool {
    match (told, truth) {
        (Found::Nobody, _) => true,
        (Found::Process(pid), Found::Process(_)) => [300, 400].contains(pid),
        (Found::Record(told), Found::Record(truth)) => {
            let name = |info: &ProcessInfo| info.name.clone().map(|name| name[..1].to_owned());
            let cut = ProcessInfo {
                name: told.name.clone(),
                path: truth.path.clone().filter(|_| told.path.is_some()),
                args: truth.args.clone().filter(|_| told.args.is_some()),
                cwd: truth.cwd.clone().filter(|_| told.cwd.is_some()),
                ..(**truth).clone()
            };
            [300, 400].contains(&told.pid) || **told == cut && name(told) == name(truth)
        }
        (Found::Sockets(told), Found::Sockets(truth)) => told.iter().all(|row| {
            let is_part = |whole: &SocketRow| {
                whole.socket == row.socket && row.pids.iter().all(|pid| whole.pids.contains(pid))
            };
            !row.pids.is_empty() && truth.iter().any(is_part)
        }),
        _ => false,
    }
}

/// Returns whether `told` may result from that failure.
fn is_allowed(call: Call, errno: i32, told: &Result<Found, Error>, truth: &Found) -> bool {
    let row = TABLE.iter().find(|row| row.call == name(call)).expect("every call has a row");
    let is_hidden = row.hidden.contains(&errno);
    match told {
        Ok(told) if told == truth => true,
        Ok(Found::Nobody) => is_hidden,
        Ok(Found::Sockets(_)) if !is_hidden => false,
        Ok(told) => (is_hidden || row.passes_over) && is_less(told, truth),
        Err(error) => !is_hidden && error.message.starts_with(&format!("{}: ", error.code)),
    }
}

/// Makes the call at that place fail, either once or from there on.
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
    let mut kinds = BTreeSet::new();
    for question in questions() {
        let truth = ask(&mut Asker::in_world(world()), &question).expect("no failure");
        for is_warm in [false, true] {
            let asker = || {
                let mut asker = Asker::in_world(world());
                if is_warm {
                    assert_eq!(ask(&mut asker, &question), Ok(truth.clone()));
                }
                calls();
                asker
            };
            ask(&mut asker(), &question).expect("no failure");
            for (at, call) in calls().into_iter().enumerate() {
                kinds.insert(name(call));
                for (errno, stays) in
                    ERRNOS.iter().flat_map(|errno| [(*errno, false), (*errno, true)])
                {
                    let mut asker = asker();
                    change(|world| fail(world, at, call, errno, stays));

                    let told = ask(&mut asker, &question);
                    change(heal);
                    change(|world| world.events.clear());
                    let next = ask(&mut asker, &question);

                    let what = format!("{call:?} {errno} {stays} {is_warm} {question:?}: {told:?}");
                    assert!(is_allowed(call, errno, &told, &truth), "{what}");
                    assert_eq!(next, Ok(truth.clone()), "{what}");
                    outcomes += 1;
                }
            }
        }
    }
    assert!(outcomes > 10_000, "{outcomes}");
    // Other users' processes and Unix-domain sockets have tests of their own.
    assert_eq!(kinds.len(), TABLE.len() - 2, "{kinds:?}");
}

#[test]
fn what_is_told_of_a_process_is_right_or_an_error_too() {
    for uid in [501, 0] {
        let world = || {
            let mut world = world();
            world.process(100).uid = uid;
            world
        };
        install(world());
        let truth = told(process_info(100)).expect("no failure");
        let path = process_path(100).expect("no failure");
        for (at, call) in calls().into_iter().enumerate() {
            for (errno, stays) in ERRNOS.iter().flat_map(|errno| [(*errno, false), (*errno, true)])
            {
                install(world());
                change(|world| fail(world, at, call, errno, stays));

                let info = told(process_info(100));
                let its_path = process_path(100);
                change(heal);

                let what = format!("{call:?} {errno} {stays} {uid}: {info:?} {its_path:?}");
                // A start that is hidden only at times cannot show that it is the same process.
                let is_startless =
                    matches!(&info, Ok(Found::Record(info)) if info.start_ms.is_none());
                let is_allowed_start = is_startless && name(call) == "sysctl start" && uid == 0;
                assert!(is_allowed_start || is_allowed(call, errno, &info, &truth), "{what}");
                let expected = [Ok(path.clone()), Ok(None)];
                let is_error = its_path.is_err() && name(call) == "pidpath";
                assert!(is_error || expected.contains(&its_path), "{what}");
                assert_eq!(told(process_info(100)), Ok(truth.clone()));
                assert_eq!(process_path(100), Ok(path.clone()));
            }
        }
    }
}

fn told(info: Result<Option<ProcessInfo>, Error>) -> Result<Found, Error> {
    info.map(|info| info.map_or(Found::Nobody, |info| Found::Record(Box::new(info))))
}

#[test]
fn a_unix_domain_peer_that_cannot_be_asked_for_is_nobody_or_an_error() {
    let (ours, _theirs) = UnixStream::pair().expect("a pair");
    for gives in [Gives::Pid, Gives::Record] {
        let asker = |at: Option<(usize, Call, i32, bool)>| {
            let mut asker = Asker::in_world(world());
            change(|world| world.peers.insert(ours.as_raw_fd(), Ok(100)));
            if let Some((at, call, errno, stays)) = at {
                change(|world| fail(world, at, call, errno, stays));
            }
            let peer = local_peer(ours.as_raw_fd(), gives == Gives::Record);
            let found = match peer {
                Err(error) => Err(error),
                Ok(None) => Ok(Found::Nobody),
                Ok(Some(peer)) => {
                    change(|world| world.peers.insert(peer.socket as i32, Ok(100)));
                    let wanted = Wanted::LocalPeer(peer);
                    ask(&mut asker, &Question { id: 1, wanted, gives })
                }
            };
            (found, calls())
        };
        let (truth, made) = asker(None);
        let truth = truth.expect("no failure");
        assert!(made.iter().any(|call| name(*call) == "getsockopt"), "{made:?}");
        for (at, call) in made.into_iter().enumerate() {
            for (errno, stays) in ERRNOS.iter().flat_map(|errno| [(*errno, false), (*errno, true)])
            {
                let told = asker(Some((at, call, errno, stays))).0;

                // It is not required that this process can inspect itself.
                let is_own = name(call) == "pidfdinfo";
                let is_told =
                    if is_own { told.is_ok() } else { is_allowed(call, errno, &told, &truth) };
                assert!(is_told, "{call:?} {errno} {stays} {gives:?}: {told:?}");
            }
        }
    }
}
