//! Tables still to be read, and suspects: processes that may live without their first thread, so that
//! their own table is empty and their threads' tables are not.

use std::collections::VecDeque;

use super::table::Visit;
use super::tables::Tables;
use crate::error::Error;
use crate::platform::linux::proc::names::{descriptors, has_one_thread};
use crate::platform::linux::proc::place::{Place, Unread};
use crate::question::Pid;

/// First come, first read; suspects after everything else.
#[derive(Default)]
pub struct Queue {
    visits: VecDeque<Visit>,
    suspects: Vec<Pid>,
}

impl Queue {
    /// Adds processes whose descriptors were not counted.
    pub fn extend(&mut self, pids: impl Iterator<Item = Pid>) {
        self.visits.extend(pids.map(Visit::uncounted));
    }

    /// Puts back a visit that came to nothing.
    pub fn add_again(&mut self, visit: Visit) {
        self.visits.push_front(visit);
    }

    /// Adds processes that seem to have no descriptors of their own.
    pub fn suspect(&mut self, pids: impl IntoIterator<Item = Pid>) {
        self.suspects.extend(pids);
    }

    /// Returns whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.visits.is_empty() && self.suspects.is_empty()
    }

    /// Returns whether a table of `pid` is still to be read.
    pub fn contains(&self, pid: Pid) -> bool {
        self.suspects.contains(&pid) || self.visits.iter().any(|visit| visit.pid == pid)
    }

    /// Returns the next table to read; `None` if nothing is left or a suspect was cleared. A suspect
    /// whose threads cannot be listed is noted in `tables`. A failure means that no descriptor is left.
    pub fn next(&mut self, tables: &mut Tables, began: u64) -> Result<Option<Visit>, Error> {
        if let Some(visit) = self.visits.pop_front() {
            return Ok(Some(visit));
        }
        let Some(pid) = self.suspects.pop() else { return Ok(None) };
        if has_one_thread(pid) {
            // Unless it is a zombie, its own table is whole again: a thread that executes another
            // program takes the place of the first one.
            return Ok((descriptors(pid) != 0).then_some(Visit::uncounted(pid)));
        }
        match Place::by_number(pid).threads() {
            Ok(threads) => {
                let visit = |thread| Visit { pid, thread: Some(thread), expected: 0 };
                self.visits.extend(threads.into_iter().map(visit));
            }
            Err(Unread::Failed(failure)) if failure.is_out_of_descriptors() => {
                self.suspects.push(pid);
                return Err(failure);
            }
            Err(Unread::Failed(failure)) => tables.fail(Visit::uncounted(pid), began, failure),
            Err(Unread::Gone | Unread::Hidden) => {}
        }
        Ok(None)
    }
}
