//! The other end of a connection: by TCP and in the Unix domain, as a pid and as a record.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::{env, fs, process};

use super::holder::{ALONE, Holder, WITH_CHILD};
use super::{alone, end, look};
use crate::answer::Found;
use crate::platform::linux::{Search, local_peer};
use crate::question::{Gives, Wanted};

/// Returns the question for the other end of a Unix-domain socket.
fn other_end(socket: &UnixStream) -> Wanted {
    let told = local_peer(socket.as_raw_fd(), false).expect("no failure");
    Wanted::LocalPeer(told.expect("it is connected"))
}

#[test]
fn the_other_end_in_the_unix_domain_is_who_holds_it_not_who_made_it() {
    let _alone = alone();
    for script in [ALONE, WITH_CHILD] {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let holder = Holder::of(theirs, script);
        let mut search = Search::default();

        for _ in 0..2 {
            let found = look(&mut search, other_end(&ours), Gives::Pid, 100_000);

            assert_eq!(found, Found::Process(holder.pid()), "{script}");
        }
        let Found::Record(record) = look(&mut search, other_end(&ours), Gives::Record, 3) else {
            panic!("it holds it");
        };
        assert_eq!(record.pid, holder.pid());
    }
}

#[test]
fn the_recorded_process_is_looked_at_before_anybody_is_counted() {
    let _alone = alone();
    let (ours, _theirs) = UnixStream::pair().expect("a pair");
    let mut search = Search::default();

    let found = look(&mut search, other_end(&ours), Gives::Pid, 100_000);

    assert_eq!(found, Found::Process(process::id().cast_signed()));
    assert!(search.hunt.known.counts.is_empty(), "nobody was counted");
}

#[test]
fn an_end_that_is_closed_or_not_accepted_yet_is_nobodys() {
    let _alone = alone();
    let mut search = Search::default();
    let path = env::temp_dir().join(format!("socket-owner-unaccepted-{}", process::id()));
    let listener = UnixListener::bind(&path).expect("a socket");
    let waiting = UnixStream::connect(&path).expect("it listens");
    fs::remove_file(&path).expect("it was made");
    let (closed, theirs) = UnixStream::pair().expect("a pair");
    let closed = other_end(&closed);
    drop(theirs);

    for gives in [Gives::Pid, Gives::Record] {
        assert_eq!(look(&mut search, other_end(&waiting), gives, 100_000), Found::Nobody);
        assert_eq!(look(&mut search, closed.clone(), gives, 100_000), Found::Nobody);
    }
    drop(listener);
}

#[test]
fn a_known_clients_next_connection_takes_no_walk_and_may_be_a_record() {
    let _alone = alone();
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = server.local_addr().expect("it is bound");
    let client = TcpStream::connect(address).expect("it listens");
    let local = client.local_addr().expect("it is connected");
    let holder = Holder::of(client, WITH_CHILD);
    let wanted = Wanted::Connection { local: end(local), remote: end(address) };
    let mut search = Search::default();
    look(&mut search, wanted.clone(), Gives::Pid, 100_000);
    let mut answers = Vec::new();

    search.ask(crate::question::Question { id: 2, wanted, gives: Gives::Record });
    search.advance(&crate::slice::Slice::of_steps(1), &mut answers);

    let Ok(Found::Record(record)) = &answers[0].found else { panic!("{answers:?}") };
    assert_eq!((record.pid, record.name.as_deref()), (holder.pid(), Some("sh")));
    assert!(search.hunt.walk.is_none(), "its ancestors are asked without one");
}
