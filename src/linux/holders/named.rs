//! Tables that are named while a walk is under way: those of a holder's ancestors, those of recent
//! owners for questions that come late, that of the one process whose sockets are listed.

use std::collections::VecDeque;

use super::headless::Headless;
use super::table::Visit;
use super::tables::Tables;
use crate::error::Error;
use crate::question::Pid;

/// What is still to be read.
#[derive(Default)]
pub struct Named {
    visits: VecDeque<Visit>,
    /// Those that may live without their first thread.
    headless: Headless,
    is_their_turn: bool,
}

impl Named {
    /// One more, unless it is there or is `reading` just now.
    pub fn add(&mut self, pid: Pid, reading: Option<Visit>) {
        if !self.contains(pid, reading) {
            self.visits.push_back(Visit::uncounted(pid));
        }
    }

    /// One whose reading came to nothing.
    pub fn add_again(&mut self, visit: Visit) {
        self.visits.push_front(visit);
    }

    /// One whose own table showed nothing.
    pub fn suspect(&mut self, pid: Pid) {
        self.headless.suspect([pid]);
    }

    /// Returns whether that one is still to be read, or is `reading` just now.
    pub fn contains(&self, pid: Pid, reading: Option<Visit>) -> bool {
        let mut visits = self.visits.iter().copied().chain(reading);
        visits.any(|visit| visit.pid == pid) || self.headless.contains(pid)
    }

    /// Returns whether nothing is still to be read.
    pub fn is_empty(&self) -> bool {
        self.visits.is_empty() && self.headless.is_empty()
    }

    /// Returns the next one every other time: they may come without pause, and must not keep the walk
    /// from its end.
    pub fn next_by_turns(
        &mut self,
        tables: &mut Tables,
        began: u64,
    ) -> Result<Option<Visit>, Error> {
        self.is_their_turn = !self.is_their_turn;
        if !self.is_their_turn {
            return Ok(None);
        }
        match self.visits.pop_front() {
            Some(visit) => Ok(Some(visit)),
            None => self.headless.next(tables, began),
        }
    }
}
