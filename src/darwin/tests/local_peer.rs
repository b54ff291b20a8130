//! The other end of a Unix-domain socket. Descriptors are real here, because the standard library
//! duplicates and closes them. The scripted kernel says which process is at the other end.

use std::fs;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;

use super::asker::Asker;
use crate::answer::Found;
use crate::error::Error;
use crate::platform::darwin::fake_libproc::{calls, change, install};
use crate::platform::darwin::fake_sockets::{listener, other};
use crate::platform::darwin::fake_world::{Call, World};
use crate::platform::darwin::{interface_name, local_peer};
use crate::question::{Gives, LocalPeer, Question, Wanted};

fn world() -> World {
    let mut world = World::new();
    world.start(100);
    world.process(100).name = b"peer";
    world.start(200);
    world
}

/// A Unix-domain socket of this process. The kernel says that 100 has the other end.
fn socket() -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    change(|world| world.peers.insert(ours.as_raw_fd(), Ok(100)));
    (ours, theirs)
}

fn ask(asker: &mut Asker, peer: LocalPeer, gives: Gives) -> Result<Found, Error> {
    asker.search.ask(Question { id: 9, wanted: Wanted::LocalPeer(peer), gives });
    asker.finish().pop().expect("an answer").found
}

/// A second descriptor, as the question for a record gets it. The kernel knows its peer too.
fn kept(ours: &UnixStream) -> LocalPeer {
    let peer = local_peer(ours.as_raw_fd(), true).expect("no failure").expect("a peer");
    change(|world| world.peers.insert(peer.socket as i32, Ok(100)));
    peer
}

/// Identifies what a descriptor refers to. Other tests open and close descriptors at the same time,
/// so a number alone proves nothing.
fn inode(fd: u32) -> Option<u64> {
    fs::metadata(format!("/dev/fd/{fd}")).ok().map(|metadata| metadata.ino())
}

fn is_open(fd: u32, ours: &UnixStream) -> bool {
    inode(fd).is_some_and(|inode_there| Some(inode_there) == inode(ours.as_raw_fd() as u32))
}

#[test]
fn the_process_at_the_other_end_answers_if_it_lives() {
    let mut asker = Asker::in_world(world());
    let (ours, _theirs) = socket();

    let peer = local_peer(ours.as_raw_fd(), false).expect("no failure").expect("a peer");
    assert_eq!(peer, LocalPeer { socket: 0, pid: 100 });
    calls();
    assert_eq!(ask(&mut asker, peer, Gives::Pid), Ok(Found::Process(100)));
    assert_eq!(calls(), [Call::ShortBsd(100)], "no process is searched");

    change(|world| world.process(100).uid = 0);
    assert_eq!(ask(&mut asker, peer, Gives::Pid), Ok(Found::Process(100)), "another user's");
    change(|world| world.exit(100));
    assert_eq!(ask(&mut asker, peer, Gives::Pid), Ok(Found::Nobody));
}

#[test]
fn a_peer_that_may_not_be_seen_is_nobody_and_one_that_cannot_be_asked_an_error() {
    let mut asker = Asker::in_world(world());
    let peer = LocalPeer { socket: 0, pid: 100 };

    change(|world| world.errnos.insert(Call::ShortBsd(100), 1));
    assert_eq!(ask(&mut asker, peer, Gives::Pid), Ok(Found::Nobody));
    change(|world| world.errnos.insert(Call::ShortBsd(100), 14));
    let error = ask(&mut asker, peer, Gives::Pid).expect_err("a failure");
    assert_eq!((error.code, error.syscall), ("EFAULT", "proc_pidinfo"));
}

#[test]
fn what_is_not_connected_or_no_such_socket_has_no_peer() {
    install(world());
    for errno in [57, 22, 38, 9, 42] {
        let (ours, _theirs) = socket();
        change(|world| world.peers.insert(ours.as_raw_fd(), Err(errno)));
        let before = calls().len();

        for is_kept in [false, true] {
            assert_eq!(local_peer(ours.as_raw_fd(), is_kept), Ok(None), "{errno}");
        }
        assert!(before < 100);
    }
    let (ours, _theirs) = socket();
    for pid in [0, -1] {
        change(|world| world.peers.insert(ours.as_raw_fd(), Ok(pid)));
        assert_eq!(local_peer(ours.as_raw_fd(), true), Ok(None), "pid {pid}");
    }
    calls();
    assert_eq!(local_peer(-1, true), Ok(None));
    assert_eq!(calls(), [], "a descriptor that is closed is not asked");
}

#[test]
fn only_unix_domain_sockets_are_asked_as_far_as_that_is_told() {
    let own = std::process::id() as i32;
    let (unix, tcp) = (|| Some(other()), || Some(listener("[::]:80")));
    for (socket_of_own, refused, expected) in
        [(unix(), None, true), (tcp(), None, false), (None, None, false), (tcp(), Some(1), true)]
    {
        let mut world = world();
        world.start(own);
        install(world);
        let (ours, _theirs) = socket();
        let fd = ours.as_raw_fd();
        change(|world| {
            world.open_file(own, fd);
            if let Some(socket) = socket_of_own {
                world.open(own, fd, socket);
            }
            if let Some(errno) = refused {
                world.errnos.insert(Call::Socket(own, fd), errno);
            }
        });

        let peer = local_peer(fd, false).expect("no failure");

        assert_eq!(peer.is_some(), expected);
        assert_eq!(calls().contains(&Call::PeerPid(fd)), expected);
    }
    // A process to which the kernel does not show its own descriptor: this world does not have it.
    let mut world = world();
    world.start(own);
    install(world);
    let (ours, _theirs) = socket();
    assert!(local_peer(ours.as_raw_fd(), false).expect("no failure").is_some());
}

#[test]
fn a_failure_to_ask_is_an_error() {
    install(world());
    let (ours, _theirs) = socket();
    let call = Call::PeerPid(ours.as_raw_fd());
    for (errno, code) in [(12, "ENOMEM"), (13, "EACCES"), (0, "EBADMSG")] {
        change(|world| world.errnos.insert(call, errno));
        let error = local_peer(ours.as_raw_fd(), true).expect_err("a failure");
        assert_eq!((error.code, error.syscall), (code, "getsockopt"));
    }
    change(|world| world.errnos.clear());
    change(|world| world.bytes.insert(call, 3));
    assert_eq!(local_peer(ours.as_raw_fd(), true).expect_err("a failure").code, "EBADMSG");
}

#[test]
fn a_record_is_told_if_the_same_process_is_named_once_more() {
    let mut asker = Asker::in_world(world());
    let (ours, _theirs) = socket();

    let peer = kept(&ours);
    calls();
    let found = ask(&mut asker, peer, Gives::Record).expect("no failure");
    let calls = calls();

    let Found::Record(record) = found else { panic!("a record, not {found:?}") };
    assert_eq!((record.pid, record.name.as_deref()), (100, Some("peer")));
    assert!(peer.socket >= 3 && peer.socket != ours.as_raw_fd() as u32);
    let named = calls.iter().position(|call| *call == Call::PeerPid(peer.socket as i32));
    assert!(named > calls.iter().rposition(|call| *call == Call::Bsd(100)), "{calls:?}");
    assert!(!is_open(peer.socket, &ours));
    assert!(is_open(ours.as_raw_fd() as u32, &ours));
}

#[test]
fn a_record_of_which_another_is_named_or_nobody_is_nobody() {
    for named in [Ok(200), Err(57), Err(22), Err(9)] {
        let mut asker = Asker::in_world(world());
        let (ours, _theirs) = socket();
        let peer = kept(&ours);
        change(|world| world.peers.insert(peer.socket as i32, named));

        assert_eq!(ask(&mut asker, peer, Gives::Record), Ok(Found::Nobody), "{named:?}");
        assert!(!is_open(peer.socket, &ours));
    }
    let mut asker = Asker::in_world(world());
    let (ours, _theirs) = socket();
    let peer = kept(&ours);
    change(|world| world.exit(100));
    assert_eq!(ask(&mut asker, peer, Gives::Record), Ok(Found::Nobody));
    let without = LocalPeer { socket: 0, pid: 100 };
    assert_eq!(ask(&mut asker, without, Gives::Record), Ok(Found::Nobody), "it cannot be shown");
}

#[test]
fn a_pid_that_is_used_again_between_any_two_calls_gives_no_other_processs_record() {
    for when in 0..20 {
        let mut asker = Asker::in_world(world());
        let (ours, _theirs) = socket();
        let peer = kept(&ours);
        calls();
        change(|world| {
            world.before(when, move |world| {
                world.exit(100);
                world.reap(100);
                world.start(100);
                world.process(100).name = b"another";
                world.peers.insert(peer.socket as i32, Err(57)); // Its end of the socket was closed too.
            });
        });

        let found = ask(&mut asker, peer, Gives::Record).expect("no failure");

        let name = match &found {
            Found::Record(record) => record.name.as_deref(),
            _ => None,
        };
        assert!(name != Some("another"), "before call {when}: {found:?}");
    }
}

#[test]
fn the_second_descriptor_is_closed_when_the_question_ends_is_forgotten_or_asked_anew() {
    let mut asker = Asker::in_world(world());
    let (ours, _theirs) = socket();
    let question = |peer| Question { id: 9, wanted: Wanted::LocalPeer(peer), gives: Gives::Record };

    let forgotten = kept(&ours);
    asker.search.ask(question(forgotten));
    assert!(is_open(forgotten.socket, &ours));
    asker.search.forget(9);
    assert!(!is_open(forgotten.socket, &ours));

    let replaced = kept(&ours);
    asker.search.ask(question(replaced));
    let last = kept(&ours);
    asker.search.ask(question(last));
    assert!(!is_open(replaced.socket, &ours) && is_open(last.socket, &ours));

    drop(asker);
    assert!(!is_open(last.socket, &ours), "the environment ended");
}

#[test]
fn a_number_that_is_somebody_elses_by_now_is_left_alone() {
    let own = std::process::id() as i32;
    for is_taken_over_first in [true, false] {
        let mut world = world();
        world.start(own);
        let mut asker = Asker::in_world(world);
        let (ours, _theirs) = UnixStream::pair().expect("a pair");
        let number = ours.into_raw_fd();
        let before = inode(number as u32);
        let at_first = change(|world| world.open(own, number, other()));
        let becomes_another = || {
            change(|world| {
                world.process(own).fds.clear();
                world.open(
                    own,
                    number,
                    if is_taken_over_first { other() } else { listener("[::]:80") },
                )
            })
        };
        if !is_taken_over_first {
            becomes_another();
        }
        let peer = LocalPeer { socket: number as u32, pid: 100 };
        asker.search.ask(Question { id: 9, wanted: Wanted::LocalPeer(peer), gives: Gives::Record });
        if is_taken_over_first {
            assert_ne!(becomes_another(), at_first);
        }
        asker.search.forget(9);

        assert_eq!(inode(number as u32), before, "{is_taken_over_first}");
    }
    let mut asker = Asker::in_world(world());
    for standard in 0..3 {
        let peer = LocalPeer { socket: standard, pid: 100 };
        let before = inode(standard);
        ask(&mut asker, peer, Gives::Record).expect("no failure");
        assert_eq!(inode(standard), before);
    }
}

#[test]
fn an_interface_has_its_name_or_none() {
    let mut world = World::new();
    world.interfaces.insert("en0", Ok(4));
    world.interfaces.insert("utun5", Ok(260));
    install(world);

    assert_eq!(interface_name(4).as_deref(), Some("en0"));
    assert_eq!(interface_name(260).as_deref(), Some("utun5"));
    assert_eq!(interface_name(5), None);
}
