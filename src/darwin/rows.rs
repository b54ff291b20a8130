//! Lists: turns the sockets that a walk saw into rows, each socket once with all its holders.
//!
//! For most rows, everything is known when the walk is over. Only the holders of a shared socket
//! are asked when they started. For root, who also sees other users' processes, each holder is
//! asked for its user.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::hit::Seniority;
use super::layout::Sighting;
use crate::answer::SocketRow;
use crate::question::{Pid, Wanted};
use crate::socket::{Protocol, Socket};

/// What stays the same about a socket; see `Identity::steady`.
type Steady = (u64, u64, Protocol, u16);

/// The sockets seen.
#[derive(Default)]
pub struct Rows(BTreeMap<Steady, Seen>);

struct Seen {
    socket: Socket,
    pids: Vec<Pid>,
}

/// What was read about a holder.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// Its user.
    pub uid: u32,
    /// Its place among the other holders.
    pub seniority: Seniority,
}

/// What is known about the holders when rows are made.
#[derive(Default)]
pub struct Holders {
    /// The holders that had to be read.
    pub due: BTreeSet<Pid>,
    /// What was read about them. A process in `due` that is missing here has gone.
    pub told: BTreeMap<Pid, Holder>,
    /// The user of all other holders.
    pub uid: u32,
}

/// A list being made.
#[derive(Default)]
pub struct List {
    rows: Vec<SocketRow>,
    /// The last socket that was looked at.
    last: Option<Steady>,
}

impl Rows {
    /// Notes that a descriptor of `pid` showed a socket.
    pub fn add(&mut self, sighting: &Sighting, pid: Pid) {
        let Sighting { socket, identity, .. } = sighting;
        let new = || Seen { socket: socket.clone(), pids: Vec::new() };
        let seen = self.0.entry(identity.steady()).or_insert_with(new);
        if !seen.pids.contains(&pid) {
            seen.pids.push(pid);
        }
    }

    /// Returns the holders that have to be read: all of them if `everybody`, otherwise those who
    /// share a socket.
    pub fn due(&self, everybody: bool) -> BTreeSet<Pid> {
        let due = self.0.values().filter(|seen| everybody || seen.pids.len() > 1);
        due.flat_map(|seen| seen.pids.iter().copied()).collect()
    }

    /// Adds the rows of at most `count_max` more sockets, if they match `wanted`. Returns whether
    /// there are no more sockets.
    pub fn add_to(
        &self,
        list: &mut List,
        wanted: &Wanted,
        holders: &Holders,
        count_max: usize,
    ) -> bool {
        let from = list.last.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.0.range((from, Bound::Unbounded)).take(count_max);
        let before = list.last;
        for (steady, seen) in next {
            list.last = Some(*steady);
            if wanted.rank(&seen.socket).is_some() {
                list.rows.extend(holders.row(seen));
            }
        }
        list.last == before
    }
}

impl Holders {
    /// Returns the row of a socket. `None`: all its holders have gone, and so has the socket.
    fn row(&self, seen: &Seen) -> Option<SocketRow> {
        let is_there = |pid: &&Pid| !self.due.contains(pid) || self.told.contains_key(pid);
        let mut pids = seen.pids.iter().filter(is_there).copied().collect::<Vec<_>>();
        pids.sort_by_key(|pid| self.told.get(pid).map(|holder| holder.seniority));
        let uid = self.told.get(pids.first()?).map_or(self.uid, |holder| holder.uid);
        Some(SocketRow { socket: seen.socket.clone(), uid: Some(uid), pids })
    }
}

impl List {
    /// Returns its rows.
    pub fn into_rows(self) -> Vec<SocketRow> {
        self.rows
    }
}
