//! The walk over processes and their sockets, which can stop between any two calls.
//!
//! Recent owners, then the list of processes, then everybody's new descriptors, then the old ones,
//! then the holders of shared sockets. With nothing remembered everything is new, and this is the
//! plain walk. A miss costs 1 call for the list, 1 for each process and 1 for each socket.

use std::collections::{BTreeSet, VecDeque};

use super::context::Context;
use super::doubts::Doubts;
use super::glance::{self, Glance};
use super::kernel::Outcome;
use super::listing;
use super::shared::Shared;
use super::table::{Left, Table};
use crate::answer::FoundBy;
use crate::error::Error;
use crate::question::Pid;

/// A walk under way.
pub struct Walk {
    stage: Stage,
    /// Whether this is the second look at what changed under the first one's eyes.
    is_second: bool,
    /// Pids in the kernel's order, and those of them that were not listed yet.
    listed: Vec<Pid>,
    to_list: VecDeque<Pid>,
    /// Every process that was asked for its descriptors.
    asked: BTreeSet<Pid>,
    table: Option<Table>,
    /// Tables whose old descriptors wait.
    later: VecDeque<Table>,
    shared: Shared,
    doubts: Doubts,
    /// Questions came that the walk did not begin with: the recent owners are worth a look.
    has_late: bool,
    late_glance: Option<Glance>,
}

enum Stage {
    Recent(Glance),
    List,
    Tables,
    Holders,
}

impl Walk {
    /// Begins a walk for all questions that wait now.
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
            shared: Shared::default(),
            doubts: Doubts::default(),
            has_late: false,
            late_glance: None,
        }
    }

    /// A question came too late to be of this walk.
    pub fn come_late(&mut self) {
        self.has_late = true;
    }

    /// Makes about one call, for late questions first if it `glances`. Whether the walk is over; then
    /// its questions are answered.
    pub fn step(&mut self, context: &mut Context, glances: bool) -> Result<bool, Error> {
        if glances && self.has_late && self.late_glance.is_none() {
            self.has_late = false;
            self.late_glance = Some(Glance::begin(context));
        }
        if let Some(glance) = self.late_glance.as_mut().filter(|_| glances) {
            // The walk reads these tables itself, and then has its own doubts.
            if glance.step(context, &mut self.shared, &mut Doubts::default())? {
                self.late_glance = None;
            }
            return Ok(false);
        }
        match &mut self.stage {
            Stage::Recent(glance) => {
                if glance.step(context, &mut self.shared, &mut self.doubts)? {
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
                    self.stage = Stage::Holders;
                }
            }
            Stage::Holders => {
                if self.shared.step(context, &self.listed, &mut self.doubts)? {
                    return Ok(self.end(context));
                }
            }
        }
        Ok(false)
    }

    fn list(&mut self, context: &mut Context) -> Result<(), Error> {
        context.waiting.found_by = FoundBy::Walk;
        self.listed = listing::list(context, &mut self.doubts)?;
        let listed: BTreeSet<Pid> = self.listed.iter().copied().collect();
        context.seen.keep(&listed);
        let is_changed = |pid: &Pid| self.is_second && self.doubts.again.contains(pid);
        let is_due = |pid: &&Pid| !self.asked.contains(*pid) || is_changed(pid);
        self.to_list = self.listed.iter().filter(is_due).copied().collect();
        Ok(())
    }

    /// Whether all tables are read.
    fn step_tables(&mut self, context: &mut Context) -> Result<bool, Error> {
        if let Some(mut table) = self.table.take() {
            match table.step(context, &mut self.shared, &mut self.doubts)? {
                Left::Some => self.table = Some(table),
                Left::Old => self.later.push_back(table),
                Left::Nothing => {}
            }
        } else if let Some(pid) = self.to_list.pop_front() {
            self.asked.insert(pid);
            match Table::list(context, pid, glance::NO_GUESS) {
                Outcome::Told(table) => self.table = Some(table),
                Outcome::ProcessGone => {
                    if context.seen.lose(pid) {
                        self.doubts.again.insert(pid);
                    }
                }
                Outcome::Failed(error) => self.doubts.fail(error),
                Outcome::Refused | Outcome::Closed | Outcome::NotSocket => {}
            }
        } else if let Some(mut table) = self.later.pop_front() {
            table.take_up_old();
            self.table = Some(table);
        } else {
            return Ok(true);
        }
        Ok(false)
    }

    /// Everything was read: says "nobody", or looks a second time at what changed meanwhile.
    fn end(&mut self, context: &mut Context) -> bool {
        if !self.is_second && !self.doubts.again.is_empty() && context.waiting.has_in_walk() {
            self.is_second = true;
            self.shared = Shared::default();
            self.stage = Stage::List;
            return false;
        }
        let nobody = self.doubts.trouble.take().map_or(Ok(None), Err);
        context.waiting.end_walk(&nobody);
        true
    }
}
