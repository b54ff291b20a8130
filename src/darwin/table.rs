//! Reads one process's descriptors one by one. What they show settles questions.
//!
//! New descriptors come first. The old ones can wait until the new ones of all processes have been
//! read, unless a hit needs the whole table: a better hit may follow it.

use std::collections::VecDeque;

use super::context::{Context, Gathered};
use super::hit::{Hit, Owner};
use super::kernel::Fd;
use super::layout::Sighting;
use super::libproc::{self, Unread};
use super::settle::settle;
use crate::error::Error;
use crate::question::{Pid, Rank};
use crate::socket::{Kind, Protocol};

/// A table being read.
pub struct Table {
    pid: Pid,
    /// The number of the latest question when the table was listed. Part of the table may have been
    /// read before a later question was asked.
    begun_after: u64,
    now: VecDeque<Fd>,
    old: Vec<Fd>,
    /// The questions that a socket here could answer.
    hit_ids: Vec<u32>,
    /// Whether one of them waits for the rest of this table.
    is_needed_whole: bool,
}

/// How far a table has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There are descriptors to read now.
    UnderWay,
    /// The descriptors that are left can wait.
    OldOnesLeft,
    /// The table is read, and what it showed is settled.
    Over,
}

impl Table {
    /// Lists the sockets of `pid`. The new ones are to be read now.
    pub fn list(context: &mut Context, pid: Pid) -> Result<Self, Unread> {
        let sockets = context.buffers.list_sockets(pid)?;
        let (new, old) = context.seen.sort(pid, sockets.into_iter());
        let begun_after = context.waiting.asked_count();
        let (now, hit_ids) = (VecDeque::from(new), Vec::new());
        Ok(Self { pid, begun_after, now, old, hit_ids, is_needed_whole: false })
    }

    /// Returns the process whose table it is.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Takes up those of `fds` that are among the old descriptors, at most `count_max` of them, to
    /// be read now. Returns how many.
    pub fn take_up(&mut self, fds: impl IntoIterator<Item = Fd>, count_max: usize) -> usize {
        let before = self.now.len();
        let old = &mut self.old;
        let places = fds.into_iter().filter_map(|fd| {
            let place = old.iter().position(|each| *each == fd)?;
            Some(old.remove(place))
        });
        self.now.extend(places.take(count_max));
        self.now.len().saturating_sub(before)
    }

    /// Takes up all old descriptors, to be read now.
    pub fn take_up_old(&mut self) {
        self.now.extend(self.old.drain(..));
    }

    /// Returns the old descriptors, in ascending order.
    pub fn old(&self) -> &[Fd] {
        &self.old
    }

    /// Reads one descriptor, if one should be read now.
    pub fn step(
        &mut self,
        context: &mut Context,
        gathered: &mut Gathered,
    ) -> Result<Progress, Error> {
        if let Some(fd) = self.now.pop_front() {
            self.ask(context, fd, gathered)?;
        }
        if !self.now.is_empty() {
            return Ok(Progress::UnderWay);
        }
        if self.old.is_empty() {
            self.end(context, gathered)?;
            return Ok(Progress::Over);
        }
        if !self.is_needed_whole {
            return Ok(Progress::OldOnesLeft);
        }
        self.take_up_old();
        Ok(Progress::UnderWay)
    }

    fn ask(&mut self, context: &mut Context, fd: Fd, gathered: &mut Gathered) -> Result<(), Error> {
        let pid = self.pid;
        match libproc::socket(pid, fd) {
            Ok(seen) => {
                context.seen.ask(pid, fd);
                seen.map_or(Ok(()), |seen| self.consider(context, fd, &seen, gathered))
            }
            Err(unread) => {
                if matches!(unread, Unread::Gone | Unread::Refused) {
                    context.recent.forget(pid);
                    self.abandon(context);
                }
                gathered.doubts.note(pid, unread)
            }
        }
    }

    /// Gives up: the process cannot be read to its end, so what it showed does not count.
    fn abandon(&mut self, context: &mut Context) {
        self.now.clear();
        self.old.clear();
        if !std::mem::take(&mut self.hit_ids).is_empty() {
            context.waiting.drop_hits(self.pid);
        }
    }

    fn consider(
        &mut self,
        context: &mut Context,
        fd: Fd,
        seen: &Sighting,
        gathered: &mut Gathered,
    ) -> Result<(), Error> {
        let owner = Owner { pid: self.pid, fd };
        for (id, rank) in context.waiting.fitting(&seen.socket) {
            let Some(asked) = context.waiting.get(id) else { continue };
            let Some(rank) = rank else {
                let is_connected_udp = seen.socket.kind == Kind::Udp { is_connected: true };
                let is_udp = asked.question.wanted.protocol() != Some(Protocol::Tcp);
                let has_port = asked.question.wanted.local_port().is_some();
                if is_connected_udp && is_udp && has_port && asked.in_walk {
                    asked.elsewhere.push(owner);
                    self.hit_ids.push(id);
                }
                continue;
            };
            if asked.is_list() {
                if asked.in_walk {
                    gathered.rows.add(seen, self.pid);
                }
                continue;
            }
            let hit = Hit { rank, identity: seen.identity, shared: seen.shared, owner };
            let needs_every_process = asked.needs_every_process();
            let is_open = |other: &Hit| other.rank == Rank::BEST && !other.is_launchds();
            if rank == Rank::BEST && hit.is_sole() && !asked.hits.iter().any(is_open) {
                settle(context, gathered, id, &hit)?;
            } else if asked.in_walk || asked.number <= self.begun_after && !needs_every_process {
                self.is_needed_whole |= !needs_every_process;
                asked.hits.push(hit);
                self.hit_ids.push(id);
            }
        }
        Ok(())
    }

    /// Settles what the whole table showed. A hit that no other process holds is an answer, unless
    /// its question waits for all processes.
    fn end(&mut self, context: &mut Context, gathered: &mut Gathered) -> Result<(), Error> {
        for id in std::mem::take(&mut self.hit_ids) {
            let Some(asked) = context.waiting.get(id) else { continue };
            let is_own = |hit: &&Hit| hit.owner.pid == self.pid;
            let is_alone = asked.hits.iter().all(|hit| is_own(&hit));
            let own = asked.hits.iter().filter(is_own);
            // Among equal hits, a socket that is not shared costs less.
            let best = own.max_by_key(|hit| (hit.rank, !hit.shared)).copied();
            let is_final = is_alone && !asked.needs_every_process();
            let Some(best) = best.filter(|best| best.is_sole() && is_final) else { continue };
            if !settle(context, gathered, id, &best)?
                && let Some(asked) = context.waiting.get(id)
            {
                asked.hits.retain(|hit| hit.owner != best.owner);
            }
        }
        Ok(())
    }
}
