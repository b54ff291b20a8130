//! Lists: the sockets that a walk saw become rows, each socket once with all its holders.
//!
//! Of most rows all is known when the walk is over. Only who shares a socket is asked when it started;
//! and for root, who sees other users' processes too, each holder is asked for its user.

use std::collections::BTreeMap;

use super::hit::Seniority;
use super::layout::{Identity, Sighting};
use crate::answer::SocketRow;
use crate::question::{Pid, Wanted};
use crate::socket::Socket;

/// The sockets seen.
#[derive(Default)]
pub struct Rows(Vec<Seen>);

struct Seen {
    socket: Socket,
    identity: Identity,
    pid: Pid,
}

/// What a holder was asked.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// Its user.
    pub uid: u32,
    /// Its place among others.
    pub seniority: Seniority,
}

impl Rows {
    /// Notes that a descriptor of `pid` showed a socket.
    pub fn add(&mut self, sighting: &Sighting, pid: Pid) {
        let Sighting { socket, identity, .. } = sighting;
        self.0.push(Seen { socket: socket.clone(), identity: *identity, pid });
    }

    /// Puts together what is one socket's. Returns the holders that have to be asked about: `everybody`,
    /// or those who share one.
    pub fn put_together(&mut self, everybody: bool) -> Vec<Pid> {
        self.0.sort_by_key(|seen| (seen.identity.steady(), seen.pid));
        let mut due = Vec::new();
        for of_one in self.sockets() {
            let is_shared =
                of_one.first().map(|seen| seen.pid) != of_one.last().map(|seen| seen.pid);
            if everybody || is_shared {
                due.extend(of_one.iter().map(|seen| seen.pid));
            }
        }
        due.sort_unstable();
        due.dedup();
        due
    }

    /// Makes the rows that `wanted` wants. A holder that was to be asked and is not in `holders` has
    /// gone, and so has a socket whose holders all have. `uid` is that of all who were not to be asked.
    pub fn make(
        &self,
        wanted: &Wanted,
        due: &[Pid],
        holders: &BTreeMap<Pid, Holder>,
        uid: u32,
    ) -> Vec<SocketRow> {
        let row = |of_one: &[Seen]| {
            // One that connects meanwhile was seen in two states.
            let seen = of_one.iter().find(|seen| wanted.rank(&seen.socket).is_some())?;
            let mut pids = of_one.iter().map(|seen| seen.pid).collect::<Vec<_>>();
            pids.dedup();
            pids.retain(|pid| due.binary_search(pid).is_err() || holders.contains_key(pid));
            pids.sort_by_key(|pid| holders.get(pid).map(|holder| holder.seniority));
            let first = *pids.first()?;
            let uid = holders.get(&first).map_or(uid, |holder| holder.uid);
            Some(SocketRow { socket: seen.socket.clone(), uid: Some(uid), pids })
        };
        self.sockets().filter_map(row).collect()
    }

    fn sockets(&self) -> impl Iterator<Item = &[Seen]> {
        self.0.chunk_by(|one, next| one.identity.steady() == next.identity.steady())
    }
}
