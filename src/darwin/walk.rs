//! The walk over processes and their sockets; it can pause between any two calls.
//!
//! The order is: recent owners, the list of processes, new descriptors of all processes, old
//! descriptors, other holders of what was found, lists. If nothing is remembered, everything is
//! new, and this is the plain walk. A miss costs 1 call for the list, 1 per process and 1 per
//! socket.

use std::collections::{BTreeSet, VecDeque};

use super::context::{Context, Gathered};
use super::glance::Glance;
use super::libproc::Unread;
use super::lists::Lists;
use super::settle::Contest;
use super::table::{Progress, Table};
use crate::answer::{Found, FoundBy};
use crate::error::Error;
use crate::question::Pid;

/// A walk under way.
pub struct Walk {
    stage: Stage,
    /// Whether this is the second pass, over what changed during the first.
    is_second: bool,
    /// The pids in the kernel's order, and those whose descriptors are still to be listed.
    listed: Vec<Pid>,
    to_list: VecDeque<Pid>,
    /// Every process that was asked for its descriptors.
    asked: BTreeSet<Pid>,
    table: Option<Table>,
    /// Tables whose old descriptors are still to be read.
    later: VecDeque<Table>,
    gathered: Gathered,
}

enum Stage {
    Recent(Glance),
    List,
    Tables,
    Contest(Contest),
    Lists(Lists),
}

impl Walk {
    /// Begins a walk for all questions that are waiting now.
    pub fn begin(context: &mut Context) -> Self {
        context.waiting.begin_walk();
        Self {
            stage: Stage::Recent(Glance::begin(context)),
            is_second: false,
            listed: Vec::new(),
            to_list: VecDeque::new(),
            asked: BTreeSet::new(),
            table: None,
            later: VecDeque::new(),
            gathered: Gathered { found_by: FoundBy::Recent, ..Gathered::default() },
        }
    }

    /// Makes about one call. Returns whether the walk is over, which means that its questions are
    /// answered.
    pub fn step(&mut self, context: &mut Context) -> Result<bool, Error> {
        let gathered = &mut self.gathered;
        match &mut self.stage {
            Stage::Recent(glance) => {
                if glance.step(context, gathered)? {
                    self.asked.extend(glance.read.iter().map(Table::pid));
                    self.later.extend(glance.read.drain(..));
                    self.stage = Stage::List;
                }
            }
            Stage::List => {
                self.list(context)?;
                self.stage = Stage::Tables;
            }
            Stage::Tables => {
                if self.step_tables(context)? {
                    self.stage = Stage::Contest(Contest::default());
                }
            }
            Stage::Contest(contest) => {
                if contest.step(context, gathered, &self.listed)? {
                    return Ok(self.end_pass(context));
                }
            }
            Stage::Lists(lists) => return lists.step(context, gathered, &self.listed),
        }
        Ok(false)
    }

    fn list(&mut self, context: &mut Context) -> Result<(), Error> {
        self.gathered.found_by = FoundBy::Walk;
        let (listed, doubt) = context.buffers.list_processes()?;
        self.listed = listed;
        doubt.into_iter().for_each(|error| self.gathered.doubts.fail(error));
        let listed: BTreeSet<Pid> = self.listed.iter().copied().collect();
        context.seen.keep(&listed);
        let again = &self.gathered.doubts.again;
        let is_changed = |pid: &Pid| self.is_second && again.contains(pid);
        let is_due = |pid: &&Pid| !self.asked.contains(*pid) || is_changed(pid);
        self.to_list = self.listed.iter().filter(is_due).copied().collect();
        Ok(())
    }

    /// Returns whether all tables are read.
    fn step_tables(&mut self, context: &mut Context) -> Result<bool, Error> {
        if let Some(mut table) = self.table.take() {
            match table.step(context, &mut self.gathered)? {
                Progress::UnderWay => self.table = Some(table),
                Progress::OldOnesLeft => self.later.push_back(table),
                Progress::Over => {}
            }
        } else if let Some(pid) = self.to_list.pop_front() {
            self.asked.insert(pid);
            match Table::list(context, pid) {
                Ok(table) => self.table = Some(table),
                // A zombie stays in every list until its parent waits for it, so nothing has
                // changed here.
                Err(Unread::Gone) if !context.seen.lose(pid) => {}
                Err(Unread::Closed) => {}
                Err(unread) => self.gathered.doubts.note(pid, unread)?,
            }
        } else if let Some(mut table) = self.later.pop_front() {
            table.take_up_old();
            self.table = Some(table);
        } else {
            return Ok(true);
        }
        Ok(false)
    }

    /// Ends a pass, after everything was read: answers "nobody", or starts a second pass over what
    /// changed during the first. Lists need no second pass, and are made last. Returns whether
    /// nothing is left to do.
    fn end_pass(&mut self, context: &mut Context) -> bool {
        let Gathered { doubts, found_by, .. } = &self.gathered;
        if !self.is_second && !doubts.again.is_empty() && context.waiting.has_seeker_in_walk() {
            self.is_second = true;
            context.waiting.clear_hits();
            self.stage = Stage::List;
            return false;
        }
        let nobody = doubts.trouble.clone().map_or(Ok(Found::Nobody), Err);
        context.waiting.end_seekers(&nobody, *found_by);
        if !context.waiting.has_in_walk() {
            return true;
        }
        self.stage = Stage::Lists(Lists::begin(context, &self.gathered));
        false
    }
}
