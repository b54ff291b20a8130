//! What a walk has read: the table under way, who holds what, and what got lost meanwhile.

use std::collections::{HashMap, HashSet};
use std::ffi::c_int;
use std::sync::Arc;

use super::sought::Sought;
use super::table::{Ended, Next, Table, Visit};
use crate::error::Error;
use crate::platform::linux::proc::names::{failure, is_gone_or_hidden};
use crate::platform::linux::socket::{Hit, Inode};
use crate::question::Pid;
use crate::slice::Slice;

/// This process, whose table is read faster than others.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// Its number, as `/proc` lists it.
    pub pid: Pid,
    /// The device of sockfs.
    pub sockets: u64,
}

/// Who was seen to hold which of the wanted sockets. Lists take it with them at the end of a walk.
pub type Holders = Arc<HashMap<Inode, Vec<Holder>>>;

/// The tables of one walk.
pub struct Tables {
    own: Option<Own>,
    table: Table,
    reading: Option<(Visit, u64)>,
    /// Each process's last reading that came to its end.
    read: HashMap<Pid, Reading>,
    /// Who holds which of the wanted sockets.
    holders: Holders,
    has_lost: HashSet<Pid>,
    /// Tables that could not be read, for reasons that are none of their processes' own; by process
    /// and thread.
    unread: HashMap<(Pid, Option<Pid>), Error>,
}

/// A holder of a wanted socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who holds it.
    pub pid: Pid,
    /// Under which number.
    pub fd: c_int,
    /// When the reading that saw it began.
    pub began: u64,
}

/// A table that was read, or could not be read.
#[derive(Clone, Copy)]
struct Reading {
    began: u64,
    shown: Shown,
}

/// What a table showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// So many descriptors.
    Descriptors(u64),
    /// Nothing, since it is hidden, or since the first thread has exited: then its threads' may be seen.
    Hidden,
    /// Nothing, since it has gone or cannot be read.
    Nothing,
}

/// What reading on came to.
pub enum Progress {
    /// A socket that may answer a question, and who holds it.
    Hit(Hit),
    /// The slice is over or the table has ended.
    Stopped,
}

impl Tables {
    /// Nothing read yet. `own`: where it is known.
    pub fn new(own: Option<Own>) -> Self {
        Self {
            own,
            table: Table::default(),
            reading: None,
            read: HashMap::new(),
            holders: Holders::default(),
            has_lost: HashSet::new(),
            unread: HashMap::new(),
        }
    }

    /// Begins to read a table at `tick`. One that cannot be read counts as read. A failure means
    /// that no descriptor is left to read it with.
    pub fn visit(&mut self, visit: Visit, tick: u64) -> Result<(), Error> {
        let pid = visit.pid;
        let name = visit.name();
        let own_sockets = self.own.filter(|own| own.pid == pid).map(|own| own.sockets);
        match self.table.open(&name, own_sockets) {
            Ok(()) => self.reading = Some((visit, tick)),
            Err(errno @ (libc::EMFILE | libc::ENFILE)) => {
                return Err(failure("open", errno, &name));
            }
            Err(libc::EACCES | libc::EPERM) => self.note(pid, tick, Shown::Hidden),
            Err(errno) if is_gone_or_hidden(errno) => {
                self.has_lost.insert(pid);
                self.note(pid, tick, Shown::Nothing);
            }
            Err(errno) => self.fail(visit, tick, failure("open", errno, &name)),
        }
        Ok(())
    }

    /// Reads on in the table that is open.
    pub fn read_on(&mut self, sought: &Sought, slice: &Slice) -> Progress {
        let Some((visit, began)) = self.reading else { return Progress::Stopped };
        loop {
            match self.table.next(slice) {
                Next::Socket(inode, fd) => {
                    let Visit { pid, .. } = visit;
                    let has_askers = sought.has_askers(inode);
                    if has_askers || sought.is_listed(inode) {
                        let holders = Arc::make_mut(&mut self.holders);
                        holders.entry(inode).or_default().push(Holder { pid, fd, began });
                    }
                    // A list is told when everything is read.
                    if has_askers {
                        return Progress::Hit(Hit { inode, pid, fd });
                    }
                    if slice.is_over() {
                        return Progress::Stopped;
                    }
                }
                Next::Paused => return Progress::Stopped,
                Next::End(ended) => {
                    self.end(visit, began, ended);
                    return Progress::Stopped;
                }
            }
        }
    }

    fn end(&mut self, visit: Visit, began: u64, ended: Ended) {
        let Visit { pid, expected, .. } = visit;
        self.reading = None;
        if let Some((call, errno)) = ended.failure {
            return self.fail(visit, began, failure(call, errno, &visit.name()));
        }
        self.unread.remove(&(pid, visit.thread));
        self.note(pid, began, Shown::Descriptors(ended.descriptors));
        // A table that ends early may be that of a first thread which is just being replaced, by
        // another thread's exec: for that moment it looks empty.
        if ended.has_lost || ended.descriptors < expected {
            self.has_lost.insert(pid);
        }
    }

    fn note(&mut self, pid: Pid, began: u64, shown: Shown) {
        self.read.insert(pid, Reading { began, shown });
    }

    /// Whose table is being read.
    pub fn reading(&self) -> Option<Visit> {
        self.reading.map(|(visit, _)| visit)
    }

    /// Leaves the rest of the table that is being read.
    pub fn leave(&mut self) {
        self.table.close();
        self.reading = None;
    }

    /// To be called at the end of a slice.
    pub fn pause(&mut self) {
        self.table.pause();
    }

    /// To be called at the head of the next slice. A table whose descriptor was lost meanwhile
    /// comes back, to be visited again.
    pub fn resume(&mut self) -> Option<Visit> {
        self.table.resume();
        if self.table.is_open() { None } else { self.reading.take().map(|(visit, _)| visit) }
    }

    /// Returns where that process was seen to hold that socket, in a reading that began after `tick`.
    pub fn hit_since(&self, inode: Inode, pid: Pid, tick: u64) -> Option<Hit> {
        let holder = self.holders_since(inode, tick).find(|holder| holder.pid == pid)?;
        Some(Hit { inode, pid, fd: holder.fd })
    }

    /// Returns who was seen to hold that socket, in readings that began after `tick`.
    pub fn holders_since(&self, inode: Inode, tick: u64) -> impl Iterator<Item = &Holder> {
        let holders = self.holders.get(&inode).into_iter().flatten();
        holders.filter(move |holder| holder.began > tick)
    }

    /// Returns who was seen to hold what, in readings that began after `tick`.
    pub fn all_holders_since(&self, tick: u64) -> Holders {
        let is_old = |holder: &Holder| holder.began <= tick;
        if !self.holders.values().flatten().any(is_old) {
            return Arc::clone(&self.holders);
        }
        let mut young = HashMap::clone(&self.holders);
        young.retain(|_, holders| {
            holders.retain(|holder| !is_old(holder));
            !holders.is_empty()
        });
        Arc::new(young)
    }

    /// Whether that process's table was read to its end, or could not be read, after `tick`.
    pub fn has_read_since(&self, pid: Pid, tick: u64) -> bool {
        self.read.get(&pid).is_some_and(|reading| reading.began > tick)
    }

    /// Whether the process or something in its table went while it was read.
    pub fn has_lost(&self, pid: Pid) -> bool {
        self.has_lost.contains(&pid)
    }

    /// Returns what that process's table showed last; `None` where it was not read.
    pub fn shown(&self, pid: Pid) -> Option<Shown> {
        self.read.get(&pid).map(|reading| reading.shown)
    }

    /// Returns the processes whose table showed that.
    pub fn showing(&self, shown: Shown) -> impl Iterator<Item = Pid> {
        let readings = self.read.iter().filter(move |(_, reading)| reading.shown == shown);
        readings.map(|(pid, _)| *pid)
    }

    /// A table could not be read. The first time that may pass; the second time it counts as read.
    pub fn fail(&mut self, visit: Visit, tick: u64, failure: Error) {
        self.has_lost.insert(visit.pid);
        if self.unread.insert((visit.pid, visit.thread), failure).is_some() {
            self.note(visit.pid, tick, Shown::Nothing);
        }
    }

    /// Why that process's table could not be read, where the reason is none of its own.
    pub fn why_unread(&self, pid: Pid) -> Option<&Error> {
        self.unread.get(&(pid, None))
    }

    /// The same for any process.
    pub fn unread(&self) -> Option<&Error> {
        self.unread.values().next()
    }
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
