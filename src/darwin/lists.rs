//! Lists of sockets. A list of all processes is made at the end of a walk, when the holders of the
//! sockets are known. For a list of one process, only its table is read.

use std::collections::VecDeque;

use super::context::{Context, Gathered};
use super::hit::Seniority;
use super::kernel::{self, Fd};
use super::layout::Sighting;
use super::libproc::{self, Unread};
use super::listing::Buffers;
use super::rows::{Holder, Holders, List, Rows};
use crate::answer::{Found, SocketRow};
use crate::error::Error;
use crate::question::{Pid, Question, Wanted};

/// How many rows are made in one step, which takes some tenths of a millisecond.
const ROWS_A_STEP: usize = 1000;

/// Lists being finished.
pub struct Lists {
    /// The holders that are still to be read.
    left: VecDeque<Pid>,
    holders: Holders,
    questions: VecDeque<Question>,
    /// The list for the first question.
    list: List,
}

impl Lists {
    /// Must be called after all sockets were seen.
    pub fn begin(context: &Context, gathered: &Gathered) -> Self {
        // An ordinary user does not see other users' processes.
        let uid = kernel::effective_user();
        let due = gathered.rows.due(uid == 0);
        let left = due.iter().copied().collect();
        let holders = Holders { due, uid, ..Holders::default() };
        Self { left, holders, questions: context.waiting.lists().into(), list: List::default() }
    }

    /// Reads one holder, or makes some rows. Returns whether all lists are answered.
    pub fn step(
        &mut self,
        context: &mut Context,
        gathered: &mut Gathered,
        listed: &[Pid],
    ) -> Result<bool, Error> {
        if let Some(pid) = self.left.pop_front() {
            match libproc::own_facts(pid) {
                Ok(told) => {
                    let seniority = Seniority::new(pid, told.started, listed);
                    let holder = Holder { uid: told.facts.uid, seniority };
                    self.holders.told.insert(pid, holder);
                }
                Err(unread) => gathered.doubts.note(pid, unread)?,
            }
            return Ok(false);
        }
        let Some(Question { id, wanted, .. }) = self.questions.front() else { return Ok(true) };
        // If something could not be read, a list of the rest would be incomplete.
        let found = match &gathered.doubts.trouble {
            Some(error) => Err(error.clone()),
            None => {
                let rows = &gathered.rows;
                if !rows.add_to(&mut self.list, wanted, &self.holders, ROWS_A_STEP) {
                    return Ok(false);
                }
                Ok(Found::Sockets(std::mem::take(&mut self.list).into_rows()))
            }
        };
        context.waiting.answer(*id, found, gathered.found_by);
        self.questions.pop_front();
        Ok(false)
    }
}

/// The list of one process, under way.
pub struct PidList {
    wanted: Wanted,
    pid: Pid,
    /// `None`: its descriptors are not listed yet.
    fds: Option<VecDeque<Fd>>,
    rows: Rows,
}

impl PidList {
    /// Begins a list of those sockets of `pid` that match `wanted`.
    pub fn new(wanted: Wanted, pid: Pid) -> Self {
        Self { wanted, pid, fds: None, rows: Rows::default() }
    }

    /// Makes one call. Returns the list when it is complete. It is empty if there is no such
    /// process, or if the caller may not see it.
    pub fn step(&mut self, buffers: &mut Buffers) -> Option<Result<Found, Error>> {
        match self.try_step(buffers) {
            Ok(rows) => rows.map(|rows| Ok(Found::Sockets(rows))),
            Err(Unread::Gone | Unread::Refused | Unread::Closed) => {
                Some(Ok(Found::Sockets(Vec::new())))
            }
            Err(Unread::Failed(error) | Unread::OutsideManual(error)) => Some(Err(error)),
        }
    }

    fn try_step(&mut self, buffers: &mut Buffers) -> Result<Option<Vec<SocketRow>>, Unread> {
        let Some(fds) = &mut self.fds else {
            self.fds = Some(buffers.list_sockets(self.pid)?.into());
            return Ok(None);
        };
        let Some(fd) = fds.pop_front() else { return self.end().map(Some) };
        match libproc::socket(self.pid, fd) {
            Err(Unread::Closed) => {}
            seen => {
                let is_wanted = |seen: &Sighting| self.wanted.rank(&seen.socket).is_some();
                if let Some(seen) = seen?.filter(is_wanted) {
                    self.rows.add(&seen, self.pid);
                }
            }
        }
        Ok(None)
    }

    fn end(&mut self) -> Result<Vec<SocketRow>, Unread> {
        let own = kernel::effective_user();
        // Only root can see another user's table.
        let uid = if own == 0 { libproc::own_facts(self.pid)?.facts.uid } else { own };
        let mut list = List::default();
        let holders = Holders { uid, ..Holders::default() };
        self.rows.add_to(&mut list, &self.wanted, &holders, usize::MAX);
        Ok(list.into_rows())
    }
}
