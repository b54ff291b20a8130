//! The sockets of a list with all their holders.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::ancestors::{ancestors, descent};
use super::tables::{Holder, Holders};
use crate::answer::SocketRow;
use crate::error::Error;
use crate::platform::linux::proc::namespace::Numbers;
use crate::platform::linux::socket::{Hit, INIT, Inode, Row};
use crate::question::{Filter, Pid};
use crate::slice::Slice;

/// A list under way.
pub struct Roster {
    /// The kernel's rows, the last one first.
    rows: Vec<Row>,
    /// If set, only this process's sockets are wanted.
    pub only: Option<Pid>,
    /// Whether its threads' tables were named because its own showed nothing.
    pub has_named_threads: bool,
    /// Who holds what.
    holders: Holders,
    done: Vec<SocketRow>,
    /// When each process that shares a socket started, in clock ticks.
    starts: HashMap<Pid, u64>,
    /// The pids in our own namespace of processes that have other pids in `/proc`.
    numbers: HashMap<Pid, Pid>,
}

impl Roster {
    /// Begins a list without holders. See the field `only`.
    pub fn new(rows: Vec<Row>, only: Option<Pid>) -> Self {
        let done = Vec::with_capacity(rows.len());
        let (holders, starts, numbers) = Default::default();
        Self { rows, only, has_named_threads: false, holders, done, starts, numbers }
    }

    /// Returns the sockets whose holders are wanted.
    pub fn inodes(&self) -> HashSet<Inode> {
        self.rows.iter().map(|row| row.inode).collect()
    }

    /// Takes what the walk has seen.
    pub fn note_holders(&mut self, holders: Holders) {
        self.holders = holders;
    }

    /// Returns what the sockets that were in no table have in common: they are hidden, or closed by now.
    /// `None` if each has a holder, or only sockets with a holder are wanted.
    pub fn unheld(&self) -> Option<Filter> {
        let is_unheld = |row: &&Row| self.only.is_none() && !self.holders.contains_key(&row.inode);
        let mut unheld = self.rows.iter().filter(is_unheld).map(|row| &row.socket);
        let first = unheld.next()?;
        let mut common = Filter {
            protocol: Some(first.protocol()),
            state: Some(first.state()),
            port: Some(first.local.port),
            pid: None,
        };
        for socket in unheld {
            common.protocol = common.protocol.filter(|protocol| *protocol == socket.protocol());
            common.state = common.state.filter(|state| *state == socket.state());
            common.port = common.port.filter(|port| *port == socket.local.port);
        }
        Some(common)
    }

    /// Drops sockets without a holder that are not among `rows`, the kernel's fresh answer.
    pub fn confirm(&mut self, rows: &[Row]) {
        let there = rows.iter().map(|row| row.inode).collect::<HashSet<_>>();
        let holders = &self.holders;
        self.rows.retain(|row| holders.contains_key(&row.inode) || there.contains(&row.inode));
    }

    /// Puts the holders of each socket in order until the slice is over. Returns `None` while there is
    /// more to do.
    pub fn advance(&mut self, slice: &Slice) -> Result<Option<Vec<SocketRow>>, Error> {
        let numbers = Numbers::current()?;
        while let Some(row) = self.rows.last() {
            let (inode, uid) = (row.inode, row.uid);
            let pids = self.pids(inode, numbers)?;
            // Last of all, so that a failure that can be cured leaves everything as it was.
            let Some(Row { socket, .. }) = self.rows.pop() else { break };
            if self.only.is_none() || !pids.is_empty() {
                self.done.push(SocketRow { socket, uid, pids });
            }
            if slice.is_over() {
                return Ok(None);
            }
        }
        Ok(Some(std::mem::take(&mut self.done)))
    }

    /// Returns a socket's holders, the one that started first in front.
    fn pids(&mut self, inode: Inode, numbers: Numbers) -> Result<Vec<Pid>, Error> {
        let all = Arc::clone(&self.holders);
        let holders = all.get(&inode).map_or(&[] as &[Holder], Vec::as_slice);
        let is_wanted = |holder: &&Holder| self.only.is_none_or(|pid| pid == holder.pid);
        let mut pids = holders.iter().filter(is_wanted).map(|it| it.pid).collect::<Vec<_>>();
        pids.sort_unstable();
        pids.dedup();
        if pids.len() > 1 {
            for &pid in &pids {
                if let Entry::Vacant(start) = self.starts.entry(pid) {
                    // One that has exited comes last.
                    start.insert(descent(pid)?.map_or(u64::MAX, |descent| descent.start_ticks));
                }
            }
            let is_inits = pids.contains(&INIT) && is_inits(holders)?;
            let start = |pid: &Pid| self.starts.get(pid).copied();
            // A fork may start in the same tick as its parent, and then has the greater pid.
            pids.sort_by_key(|pid| (*pid == INIT && !is_inits, start(pid), *pid));
        }
        // Collected in place.
        let told = |pid| self.told(pid, inode, holders, numbers).transpose();
        pids.into_iter().filter_map(told).collect()
    }

    /// Translates a holder's pid into our namespace, showing that it holds the socket meanwhile.
    fn told(
        &mut self,
        pid: Pid,
        inode: Inode,
        holders: &[Holder],
        numbers: Numbers,
    ) -> Result<Option<Pid>, Error> {
        if let Some(told) = self.numbers.get(&pid) {
            return Ok(Some(*told));
        }
        for holder in holders.iter().filter(|holder| holder.pid == pid) {
            if let Some(told) = numbers.holder_to_own(Hit { inode, pid, fd: holder.fd })? {
                self.numbers.insert(pid, told);
                return Ok(Some(told));
            }
        }
        Ok(None)
    }
}

/// Returns whether pid 1 holds the socket under the same number as one of its descendants: then it had
/// it first. Otherwise it keeps it for a service that it started.
fn is_inits(holders: &[Holder]) -> Result<bool, Error> {
    let own = holders.iter().filter(|holder| holder.pid == INIT).map(|holder| holder.fd);
    let own = own.collect::<HashSet<_>>();
    for holder in holders.iter().filter(|it| it.pid != INIT && own.contains(&it.fd)) {
        if ancestors(descent(holder.pid)?, descent)?.last() == Some(&INIT) {
            return Ok(true);
        }
    }
    Ok(false)
}
