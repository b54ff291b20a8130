//! The walk over the descriptor tables of all processes, in slices.
//!
//! 1. Tables to read first: those of recent owners, then those of the processes in the wanted
//!    sockets' control groups. Often it ends there.
//! 2. Every process in the order of `order.rs`. Those that had no descriptors at the last walk are
//!    looked at when all are read that have changed.
//! 3. Once more, after a fresh listing, those that are new, whose number of descriptors changed, or
//!    that lost something while they were read: a descriptor that was passed or renumbered
//!    meanwhile may have been missed in both places.
//! 4. Processes whose first thread has exited while others live: their own table is empty, their
//!    threads' are not.
//!
//! Tables that somebody names meanwhile, a holder's ancestors' above all, are read in between.

use std::collections::VecDeque;

use super::groups::Groups;
use super::headless::Headless;
use super::named::Named;
use super::order::{Counts, Order};
use super::sought::Sought;
use super::table::Visit;
use super::tables::{Own, Progress, Tables};
use crate::error::Error;
use crate::platform::linux::clock::Clock;
use crate::platform::linux::proc::namespace::Numbers;
use crate::platform::linux::socket::{Group, Hit};
use crate::question::Pid;
use crate::slice::Slice;

/// The members of more groups than that are in no hurry.
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
    /// When it began, by the clock of the search: a question that came later needs the next walk for
    /// its `None`.
    pub began: u64,
    /// What was read.
    pub tables: Tables,
    /// Whose numbers `/proc` had when it began.
    numbers: Option<Numbers>,
    named: Named,
    stage: Stage,
    /// What is read first.
    first: VecDeque<Visit>,
    /// Control groups whose members come next; `None` while nobody wants everybody's table.
    groups: Option<Vec<Group>>,
    order: Option<Order>,
    /// The counts of the first listing, once there is a second one.
    first_counts: Counts,
    headless: Headless,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    First,
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
    /// A walk that has read nothing yet and reads only what comes `first` and what is named.
    /// `sockets`: the device of sockfs, where it is known.
    pub fn new(began: u64, sockets: Option<u64>, first: impl Iterator<Item = Pid>) -> Self {
        let numbers = Numbers::current().ok();
        let own = numbers.zip(sockets);
        let own = own.map(|(numbers, sockets)| Own { pid: numbers.own(), sockets });
        Self {
            began,
            tables: Tables::new(own),
            numbers,
            named: Named::default(),
            stage: Stage::First,
            first: first.map(Visit::uncounted).collect(),
            groups: None,
            order: None,
            first_counts: Counts::new(),
            headless: Headless::default(),
        }
    }

    /// Returns whether it reads only what came first and what is named.
    pub fn is_narrow(&self) -> bool {
        self.groups.is_none()
    }

    /// Returns whether only what was to be read first is read.
    pub fn may_widen(&self) -> bool {
        let is_reading = self.tables.reading().is_some();
        self.groups.is_none() && self.first.is_empty() && !is_reading
    }

    /// Whether only processes without a first thread are left.
    #[cfg(test)]
    pub fn is_at_threads(&self) -> bool {
        self.stage == Stage::Threads
    }

    /// Goes on to read everybody's table, the members of `groups` first. What was read already counts
    /// for those who asked by `began`.
    pub fn widen(&mut self, began: u64, groups: impl IntoIterator<Item = Group>) {
        self.began = began;
        self.groups = Some(groups.into_iter().take(GROUPS).collect());
    }

    /// Reads that process's table soon, if it is not about to.
    pub fn name(&mut self, pid: Pid) {
        self.named.add(pid, self.tables.reading());
    }

    /// Returns whether all that shows what a process holds was read after `since`; names it if not.
    /// `has_named_threads`: what the last call left there, `false` before the first.
    pub fn has_read_all_of(&mut self, pid: Pid, since: u64, has_named_threads: &mut bool) -> bool {
        if !self.tables.has_read_since(pid, since) {
            self.name(pid);
        } else if self.tables.showed_nothing(pid) && !*has_named_threads {
            // It may live without its first thread.
            self.named.suspect(pid);
            *has_named_threads = true;
        }
        !self.named.contains(pid, self.tables.reading())
    }

    /// The counts that were taken, at the walk's end; `None` if it ended among them.
    pub fn into_counts(self) -> Option<Counts> {
        let is_counting = matches!(self.stage, Stage::Counting | Stage::CountingAgain);
        self.order.filter(|_| !is_counting).map(Order::into_counts)
    }

    /// To be called at the head of each slice but the first. `false` where `/proc` has other
    /// numbers than before, as after a fork: then nothing that was read counts.
    pub fn resume(&mut self) -> bool {
        self.tables.resume().into_iter().for_each(|visit| self.named.add_again(visit));
        self.numbers == Numbers::current().ok()
    }

    /// Takes one step. After a failure that could be cured the same step is taken again.
    pub fn step(
        &mut self,
        known: &mut Known,
        sought: &Sought,
        clock: &mut Clock,
        slice: &Slice,
    ) -> Result<Step, Error> {
        if self.tables.reading().is_some() {
            return Ok(match self.tables.read_on(sought, slice) {
                Progress::Hit(hit) => Step::Hit(hit),
                Progress::Stopped => Step::More,
            });
        }
        let visit = match self.named.next_by_turns(&mut self.tables, self.began)? {
            Some(visit) => Some(visit),
            None => self.next_visit(known, slice)?,
        };
        if let Some(visit) = visit {
            let tick = clock.tick();
            self.tables.visit(visit, tick).inspect_err(|_| self.named.add_again(visit))?;
            return Ok(Step::More);
        }
        let is_over = match self.stage {
            Stage::First => self.groups.is_none() && self.first.is_empty(),
            Stage::Threads => self.headless.is_empty(),
            _ => false,
        };
        Ok(if is_over && self.named.is_empty() { Step::Over } else { Step::More })
    }

    /// Whom to visit next; `None` where something else was done to find out.
    fn next_visit(&mut self, known: &mut Known, slice: &Slice) -> Result<Option<Visit>, Error> {
        let next = |order: &mut Option<Order>| order.as_mut().and_then(Order::next);
        if self.stage == Stage::Everybody {
            self.headless.examine(self.order.as_mut().map(Order::take_empty).unwrap_or_default());
        }
        match self.stage {
            Stage::First => return Ok(self.next_of_first(&mut known.groups)),
            Stage::Counting => {
                if self.count(&known.counts, slice)? {
                    self.stage = Stage::Everybody;
                }
            }
            Stage::Everybody if !self.headless.is_empty() => {
                return self.headless.next(&mut self.tables, self.began);
            }
            Stage::Everybody => match next(&mut self.order) {
                // Read since this walk began.
                Some(visit) if self.tables.has_read_since(visit.pid, self.began) => {}
                Some(visit) => return Ok(Some(visit)),
                None => {
                    let order = self.order.take();
                    self.first_counts = order.map(Order::into_counts).unwrap_or_default();
                    self.stage = Stage::CountingAgain;
                }
            },
            Stage::CountingAgain => {
                if self.count_again(slice)? {
                    self.stage = Stage::Again;
                }
            }
            Stage::Again => match next(&mut self.order) {
                Some(visit) => return Ok(Some(visit)),
                None => {
                    self.suspect();
                    self.stage = Stage::Threads;
                }
            },
            Stage::Threads => return self.headless.next(&mut self.tables, self.began),
        }
        Ok(None)
    }

    /// What is read first, then the members of the groups, one group after the other.
    fn next_of_first(&mut self, known: &mut Groups) -> Option<Visit> {
        if let Some(visit) = self.first.pop_front() {
            return Some(visit);
        }
        let groups = self.groups.as_mut()?;
        match groups.last() {
            None => self.stage = Stage::Counting,
            Some(group) => {
                if let Some(members) = known.members(*group) {
                    groups.pop();
                    let (tables, began) = (&self.tables, self.began);
                    let unread = |pid: &Pid| !tables.has_read_since(*pid, began);
                    // The highest pid first: it is likely to be the youngest.
                    let members = members.into_iter().rev().filter(unread);
                    self.first.extend(members.map(Visit::uncounted));
                }
            }
        }
        None
    }

    /// Suspects those whose own table is empty to live without their first thread. On a kernel that
    /// counts no descriptors, a hidden one may be empty too.
    fn suspect(&mut self) {
        let Some(order) = &self.order else { return };
        let hidden = if order.has_counts() { &[] } else { self.tables.hidden() };
        let mut suspects = order.without_descriptors();
        suspects.extend(self.tables.empty().iter().chain(hidden));
        suspects.sort_unstable();
        suspects.dedup();
        self.headless.suspect(suspects);
    }

    /// Lists and counts everybody; `true` when that is done.
    fn count(&mut self, known: &Counts, slice: &Slice) -> Result<bool, Error> {
        let order = match self.order.take() {
            Some(order) => order,
            None => Order::new()?,
        };
        self.order.insert(order).count(known, slice)
    }

    fn count_again(&mut self, slice: &Slice) -> Result<bool, Error> {
        let first_counts = std::mem::take(&mut self.first_counts);
        let is_counted = self.count(&first_counts, slice);
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
