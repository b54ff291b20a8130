//! What a walk has read: the table under way, who holds what, and what went away in the meantime.

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

/// This process, whose table is faster to read than others.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// Its pid, as `/proc` lists it.
    pub pid: Pid,
    /// The device of sockfs.
    pub sockets: u64,
}

/// Who holds which of the wanted sockets. Lists keep it when the walk ends.
pub type Holders = Arc<HashMap<Inode, Vec<Holder>>>;

/// The tables of one walk.
pub struct Tables {
    own: Option<Own>,
    table: Table,
    reading: Option<(Visit, u64)>,
    /// The last complete reading of each process.
    read: HashMap<Pid, Reading>,
    /// Who holds which of the wanted sockets.
    holders: Holders,
    has_lost: HashSet<Pid>,
    /// Tables that could not be read although their processes are not to blame, by process and thread.
    unread: HashMap<(Pid, Option<Pid>), Error>,
}

/// A holder of a wanted socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who holds it.
    pub pid: Pid,
    /// Under which number.
    pub fd: c_int,
    /// When the reading that showed it began.
    pub began: u64,
}

/// A table that was read to its end, or could not be read.
#[derive(Clone, Copy)]
struct Reading {
    began: u64,
    shown: Shown,
}

/// What a table showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// This many descriptors.
    Descriptors(u64),
    /// Nothing: it is hidden, or its first thread has exited and its threads' tables may show more.
    Hidden,
    /// Nothing: the process has gone, or the table cannot be read.
    Nothing,
}

/// What the next piece of a table came to.
pub enum Progress {
    /// A socket that may answer a question, and who holds it.
    Hit(Hit),
    /// The slice is over, or the table has ended.
    Stopped,
}

impl Tables {
    /// Makes the tables of a walk that has read nothing yet. `own` is this process, if known.
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

    /// Begins to read a table at `tick`. One that cannot be opened counts as read. A failure means that
    /// no descriptor is left.
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

    /// Reads the next piece of the open table.
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
                    // A list waits until everything is read.
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
        // A table that ends early may belong to a first thread that another thread's exec is just
        // replacing: for that moment it looks empty.
        if ended.has_lost || ended.descriptors < expected {
            self.has_lost.insert(pid);
        }
    }

    fn note(&mut self, pid: Pid, began: u64, shown: Shown) {
        self.read.insert(pid, Reading { began, shown });
    }

    /// Returns whose table is being read.
    pub fn reading(&self) -> Option<Visit> {
        self.reading.map(|(visit, _)| visit)
    }

    /// Skips the rest of the table that is being read.
    pub fn leave(&mut self) {
        self.table.close();
        self.reading = None;
    }

    /// Must be called at the end of each slice.
    pub fn pause(&mut self) {
        self.table.pause();
    }

    /// Must be called at the start of the next slice. If the table's descriptor was lost in between, the
    /// visit is returned, to be made again.
    pub fn resume(&mut self) -> Option<Visit> {
        self.table.resume();
        if self.table.is_open() { None } else { self.reading.take().map(|(visit, _)| visit) }
    }

    /// Returns where `pid` holds that socket, as a reading that began after `tick` showed.
    pub fn hit_since(&self, inode: Inode, pid: Pid, tick: u64) -> Option<Hit> {
        let holder = self.holders_since(inode, tick).find(|holder| holder.pid == pid)?;
        Some(Hit { inode, pid, fd: holder.fd })
    }

    /// Returns who holds that socket, as readings that began after `tick` showed.
    pub fn holders_since(&self, inode: Inode, tick: u64) -> impl Iterator<Item = &Holder> {
        let holders = self.holders.get(&inode).into_iter().flatten();
        holders.filter(move |holder| holder.began > tick)
    }

    /// Returns who holds what, as readings that began after `tick` showed.
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

    /// Returns whether a reading of `pid` that began after `tick` is complete, or was impossible.
    pub fn has_read_since(&self, pid: Pid, tick: u64) -> bool {
        self.read.get(&pid).is_some_and(|reading| reading.began > tick)
    }

    /// Returns whether the process, or something in its table, went away while it was read.
    pub fn has_lost(&self, pid: Pid) -> bool {
        self.has_lost.contains(&pid)
    }

    /// Returns what the table of `pid` last showed; `None` if it was not read.
    pub fn shown(&self, pid: Pid) -> Option<Shown> {
        self.read.get(&pid).map(|reading| reading.shown)
    }

    /// Returns the processes whose table last showed this.
    pub fn showing(&self, shown: Shown) -> impl Iterator<Item = Pid> {
        let readings = self.read.iter().filter(move |(_, reading)| reading.shown == shown);
        readings.map(|(pid, _)| *pid)
    }

    /// Notes that a table could not be read. The first time it is read again, the second time it counts
    /// as read.
    pub fn fail(&mut self, visit: Visit, tick: u64, failure: Error) {
        self.has_lost.insert(visit.pid);
        if self.unread.insert((visit.pid, visit.thread), failure).is_some() {
            self.note(visit.pid, tick, Shown::Nothing);
        }
    }

    /// Returns why the table of `pid` could not be read, if the process is not to blame.
    pub fn why_unread(&self, pid: Pid) -> Option<&Error> {
        self.unread.get(&(pid, None))
    }

    /// Returns the same for any process.
    pub fn unread(&self) -> Option<&Error> {
        self.unread.values().next()
    }
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
