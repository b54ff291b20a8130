//! What a walk has read counts for some questions and not for others.

use std::net::TcpListener;
use std::os::fd::AsRawFd;

use super::*;
use crate::platform::linux::kernel::stat_of_number;
use crate::platform::linux::proc::namespace::Numbers;
use crate::platform::linux::socket::Candidate;
use crate::question::Rank;

fn listener() -> (Option<TcpListener>, Inode) {
    let listener = TcpListener::bind("127.0.0.1:0").ok();
    let number = listener.as_ref().map_or(-1, AsRawFd::as_raw_fd);
    let inode = stat_of_number(number).map(|stat| stat.object.1).unwrap_or_default();
    (listener, Inode::try_from(inode).unwrap_or_default())
}

fn begin(tables: &mut Tables, tick: u64) -> Pid {
    let pid = Numbers::current().map_or(0, |numbers| numbers.own());
    assert_eq!(tables.visit(Visit::uncounted(pid), tick), Ok(()));
    pid
}

/// Reads on for a question about `inode`. Returns whether that was a hit.
fn is_hit(tables: &mut Tables, inode: Inode) -> bool {
    let mut sought = Sought::default();
    sought.insert(1, &[Candidate { inode, rank: Rank::BEST, group: None, is_connection: false }]);
    loop {
        match tables.read_on(&sought, &Slice::begin()) {
            Progress::Hit(_) => return true,
            Progress::Stopped if tables.reading().is_none() => return false,
            Progress::Stopped => {}
        }
    }
}

#[test]
fn a_holder_counts_for_whoever_asked_before_its_table_was_read() {
    let mut tables = Tables::new(None);
    let (listener, inode) = listener();

    let own = begin(&mut tables, 5);
    assert!(is_hit(&mut tables, inode));
    assert!(tables.hit_since(inode, own, 4).is_some());
    assert!(tables.hit_since(inode, own, 5).is_none(), "it asked after the reading began");
    assert!(!tables.has_read_since(own, 4), "it was left at the hit");

    tables.leave();
    drop(listener);
    begin(&mut tables, 6);
    assert!(!is_hit(&mut tables, inode));
    assert!(tables.has_read_since(own, 5));
    assert!(!tables.has_read_since(own, 6), "it asked after the reading began");
}

#[test]
fn a_descriptor_that_is_closed_after_it_was_listed_is_a_loss() {
    let sockets = listener().0.map(|listener| stat_of_number(listener.as_raw_fd()));
    let device = sockets.and_then(Result::ok).map(|stat| stat.object.0);
    let pid = Numbers::current().map_or(0, |numbers| numbers.own());
    for own in [None, device.map(|sockets| Own { pid, sockets })] {
        let mut tables = Tables::new(own);
        // Many, since other tests may reuse the numbers of some.
        let mut listeners: Vec<_> = (0..16).map(|_| listener()).collect();
        // Tables list descriptors by number.
        listeners.sort_by_key(|(listener, _)| listener.as_ref().map(AsRawFd::as_raw_fd));
        let inode = listeners.first().map_or(0, |(_, inode)| *inode);

        let own = begin(&mut tables, 1);
        assert!(is_hit(&mut tables, inode));
        drop(listeners);
        assert!(!is_hit(&mut tables, inode));

        assert!(tables.has_lost(own), "as {own:?}");
    }
}
