//! The walk over the descriptor tables of all processes, in slices.
//!
//! 1. Tables that are asked for by name: a holder's ancestors, recent owners. Often it ends there.
//!    Then those of the processes in the wanted sockets' control groups.
//! 2. Every process in the order of `order.rs`.
//! 3. Once more, after a fresh listing, those that are new, whose number of descriptors changed, or
//!    that lost something while they were read: a descriptor that was passed or renumbered
//!    meanwhile may have been missed in both places.
//! 4. Processes whose first thread has exited while others live: their own table is empty, their
//!    threads' is not.

use std::collections::VecDeque;

use super::groups::{Groups, Members};
use super::headless::Headless;
use super::order::{Counts, Order};
use super::tables::{Progress, Tables, Visit};
use super::waiting::Waiting;
use crate::error::Error;
use crate::platform::linux::proc::names::ProcDir;
use crate::platform::linux::socket::{Group, Hit};
use crate::question::Pid;
use crate::slice::Slice;

/// Groups of more questions than that are in no hurry.
const GROUPS: usize = 16;

/// What earlier walks have learned. It decides the order only.
#[derive(Default)]
pub struct Known {
    /// How many descriptors each process had.
    pub counts: Counts,
    /// The directories of control groups.
    pub groups: Groups,
}

/// A walk under way.
pub struct Walk {
    /// When it began, in ticks of the search: a question that came later needs the next walk for
    /// its `None`.
    pub began: u64,
    /// What was read.
    pub tables: Tables,
    /// Tables that are asked for by name.
    urgent: VecDeque<Visit>,
    is_urgents_turn: bool,
    /// How many of them come before the walk is widened.
    first: usize,
    /// Control groups whose members come first, and those members.
    groups: Vec<Group>,
    members: Vec<Visit>,
    stage: Stage,
    order: Option<Order>,
    /// The counts of the first listing, once there is a second one.
    first_counts: Counts,
    headless: Headless,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Named,
    Grouped,
    Counting,
    Everybody,
    CountingAgain,
    Again,
    Threads,
}

/// What a step came to.
pub enum Step {
    /// A wanted socket and who holds it.
    Hit(Hit),
    /// There is more to do, in this slice or the next.
    More,
    /// Every table that was to be read has been.
    Over,
}

impl Walk {
    /// A walk that has read nothing yet and reads only what is named, `first` to begin with.
    /// `own_sockets`: the device of sockfs, where it is known.
    pub fn new(began: u64, own_sockets: Option<u64>, first: Vec<Pid>) -> Self {
        Self {
            began,
            tables: Tables::new(own_sockets),
            first: first.len(),
            urgent: first.into_iter().map(named).collect(),
            is_urgents_turn: false,
            groups: Vec::new(),
            members: Vec::new(),
            stage: Stage::Named,
            order: None,
            first_counts: Counts::new(),
            headless: Headless::default(),
        }
    }

    /// Whether it reads no more than what is named.
    pub fn is_narrow(&self) -> bool {
        self.stage == Stage::Named
    }

    /// Whether what it began with is read.
    pub fn has_read_first(&self) -> bool {
        self.first == 0 && self.tables.reading().is_none()
    }

    /// Whether only processes without a first thread are left.
    #[cfg(test)]
    pub fn is_at_threads(&self) -> bool {
        self.stage == Stage::Threads
    }

    /// Goes on to read everybody's table, the members of `groups` first.
    pub fn widen(&mut self, groups: impl IntoIterator<Item = Group>) {
        self.groups = groups.into_iter().take(GROUPS).collect();
        self.stage = Stage::Grouped;
    }

    /// Reads that process's table soon.
    pub fn name(&mut self, pid: Pid) {
        self.urgent.push_back(named(pid));
    }

    /// Whether that process's table is being read or will be soon.
    pub fn is_named(&self, pid: Pid) -> bool {
        self.urgent.iter().chain(&self.tables.reading()).any(|visit| visit.pid == pid)
    }

    /// The counts that were taken, at the walk's end; `None` if it ended among them.
    pub fn into_counts(self) -> Option<Counts> {
        let is_counting = matches!(self.stage, Stage::Counting | Stage::CountingAgain);
        self.order.filter(|_| !is_counting).map(Order::into_counts)
    }

    /// To be called at the head of each slice but the first.
    pub fn resume(&mut self) {
        self.tables.resume().into_iter().for_each(|visit| self.urgent.push_front(visit));
    }

    /// One step on. After a failure that could be cured the same step is taken again.
    pub fn step(
        &mut self,
        proc: &ProcDir,
        known: &mut Known,
        waiting: &Waiting,
        (ticks, slice): (&mut u64, &Slice),
    ) -> Result<Step, Error> {
        if self.tables.reading().is_some() {
            return Ok(match self.tables.read_on(waiting, slice) {
                Progress::Hit(hit) => Step::Hit(hit),
                Progress::Stopped => Step::More,
            });
        }
        // Urgent ones may come without pause, and must not keep the walk from its end.
        self.is_urgents_turn = !self.is_urgents_turn || self.stage == Stage::Named;
        let urgent = if self.is_urgents_turn { self.urgent.pop_front() } else { None };
        let visit = match urgent {
            Some(visit) => {
                self.first = self.first.saturating_sub(1);
                Some(visit)
            }
            None if self.stage == Stage::Named => return Ok(Step::Over),
            None => self.next_visit(proc, known, slice)?,
        };
        if let Some(visit) = visit {
            *ticks = ticks.wrapping_add(1);
            self.tables
                .visit(proc, visit, *ticks)
                .inspect_err(|_| self.urgent.push_front(visit))?;
            return Ok(Step::More);
        }
        let is_over = self.stage == Stage::Threads && self.headless.is_empty();
        Ok(if is_over && self.urgent.is_empty() { Step::Over } else { Step::More })
    }

    /// Whom to visit next; `None` where something else was done to find out.
    fn next_visit(
        &mut self,
        proc: &ProcDir,
        known: &mut Known,
        slice: &Slice,
    ) -> Result<Option<Visit>, Error> {
        let next = |order: &mut Option<Order>| order.as_mut().and_then(Order::next);
        match self.stage {
            Stage::Named => {}
            Stage::Grouped => match (self.members.pop(), self.groups.last()) {
                (Some(member), _) => return Ok(Some(member)),
                (None, Some(group)) => {
                    if let Members::Known(pids) = known.groups.members(*group) {
                        self.groups.pop();
                        let (tables, began) = (&self.tables, self.began);
                        let unread = |pid: &Pid| !tables.has_read_since(*pid, began);
                        self.members.extend(pids.into_iter().filter(unread).map(named));
                    }
                }
                (None, None) => self.stage = Stage::Counting,
            },
            Stage::Counting => {
                if self.count(proc, &known.counts, slice)? {
                    self.stage = Stage::Everybody;
                }
            }
            Stage::Everybody => match next(&mut self.order) {
                // Named and read since this walk began.
                Some(visit) if self.tables.has_read_since(visit.pid, self.began) => {}
                Some(visit) => return Ok(Some(visit)),
                None => {
                    let mut order = self.order.take();
                    self.headless.suspect(order.iter_mut().flat_map(Order::take_headless));
                    self.first_counts = order.map(Order::into_counts).unwrap_or_default();
                    self.stage = Stage::CountingAgain;
                }
            },
            Stage::CountingAgain => {
                if self.count_again(proc, slice)? {
                    self.stage = Stage::Again;
                }
            }
            Stage::Again => match next(&mut self.order) {
                Some(visit) => return Ok(Some(visit)),
                None => {
                    self.suspect_empty();
                    self.stage = Stage::Threads;
                }
            },
            Stage::Threads => match self.headless.next(proc) {
                Ok(visit) => return Ok(visit),
                Err((pid, failure)) if failure.is_out_of_descriptors() => {
                    self.headless.suspect([pid]);
                    return Err(failure);
                }
                Err((pid, failure)) => self.tables.fail(named(pid), self.began, failure),
            },
        }
        Ok(None)
    }

    /// Adds those whose table was found empty. On a kernel that counts no descriptors, a hidden one
    /// may be empty too.
    fn suspect_empty(&mut self) {
        let Some(order) = &mut self.order else { return };
        let hidden = if order.has_counts() { &[] } else { self.tables.hidden() };
        let empty = self.tables.empty().iter().chain(hidden).copied();
        self.headless.suspect(order.take_headless().into_iter().chain(empty));
    }

    /// Lists and counts everybody; `true` when that is done.
    fn count(&mut self, proc: &ProcDir, known: &Counts, slice: &Slice) -> Result<bool, Error> {
        let order = match self.order.take() {
            Some(order) => order,
            None => Order::new(proc, self.stage == Stage::CountingAgain)?,
        };
        let order = self.order.insert(order);
        order.count(proc, known, slice)
    }

    fn count_again(&mut self, proc: &ProcDir, slice: &Slice) -> Result<bool, Error> {
        let first_counts = std::mem::take(&mut self.first_counts);
        let is_counted = self.count(proc, &first_counts, slice);
        self.first_counts = first_counts;
        if !is_counted? {
            return Ok(false);
        }
        let (tables, began, first_counts) = (&self.tables, self.began, &self.first_counts);
        let is_to_be_read_again = |pid, count: Option<u64>| {
            tables.has_lost(pid)
                || match count {
                    Some(count) => first_counts.get(&pid) != Some(&count),
                    None => !tables.has_read_since(pid, began),
                }
        };
        if let Some(order) = &mut self.order {
            order.retain(is_to_be_read_again);
        }
        Ok(true)
    }
}

/// A visit by name; how large the table is was not asked.
fn named(pid: Pid) -> Visit {
    Visit { pid, thread: None, expected: 1 }
}
