//! The walk over the descriptor tables of all processes, in slices.
//!
//! 1. The tables of recent owners, then those of the processes in the wanted sockets' control groups.
//!    Often the walk ends there.
//! 2. Every process, in the order of `order.rs`. Those without descriptors at the last walk are
//!    checked once all that have changed are read.
//! 3. After a fresh listing, once more those that are new, whose descriptor count has changed, or that
//!    lost something while they were read: a descriptor that was passed on or renumbered may have
//!    been missed in both places.
//! 4. Processes whose first thread has exited while others live: their own table is empty, their
//!    threads' are not.
//!
//! Tables that are named meanwhile, mostly those of a holder's ancestors, are read in between.

use std::collections::HashSet;

use super::groups::Groups;
use super::order::{Counts, Order};
use super::queue::Queue;
use super::sought::Sought;
use super::table::Visit;
use super::tables::{Own, Progress, Shown, Tables};
use crate::error::Error;
use crate::platform::linux::proc::namespace::Numbers;
use crate::platform::linux::socket::{Group, Hit};
use crate::question::Pid;
use crate::slice::Slice;

/// Members of more groups than this don't come first.
const GROUPS: usize = 16;
/// What the table of a process without descriptors shows, or of one without its first thread.
const EMPTY: Shown = Shown::Descriptors(0);

/// What earlier walks have learned. It only decides the order.
#[derive(Default)]
pub struct Known {
    /// How many descriptors each process had.
    pub counts: Counts,
    /// The directories of control groups.
    pub groups: Groups,
}

/// A walk under way.
pub struct Walk {
    /// When it began, on the clock of the questions. A later question needs the next walk before its
    /// answer can be `None`.
    pub began: u64,
    /// What it has read.
    pub tables: Tables,
    /// Whose pids `/proc` had when it began.
    numbers: Option<Numbers>,
    /// Tables named while it was under way.
    named: Queue,
    is_their_turn: bool,
    stage: Stage,
    /// What the stage has found to read before the next in `order`.
    next: Queue,
    /// Control groups whose members come next; `None` while nobody needs every table.
    groups: Option<Vec<Group>>,
    order: Option<Order>,
    /// The counts of the first listing, once there is a second.
    first_counts: Counts,
    /// Processes without descriptors of their own that have been checked.
    examined: HashSet<Pid>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    First,
    Everybody,
    Again,
    Threads,
}

/// The outcome of a step.
pub enum Step {
    /// A wanted socket and who holds it.
    Hit(Hit),
    /// There is more to do, in this slice or the next.
    More,
    /// Every table that had to be read has been.
    Over,
}

impl Walk {
    /// Begins a walk that reads only the tables of `first` and what is named. `sockets` is the device
    /// of sockfs, if known.
    pub fn new(began: u64, sockets: Option<u64>, first: impl Iterator<Item = Pid>) -> Self {
        let numbers = Numbers::current().ok();
        let own = numbers.zip(sockets);
        let own = own.map(|(numbers, sockets)| Own { pid: numbers.own(), sockets });
        let mut next = Queue::default();
        next.extend(first);
        Self {
            began,
            tables: Tables::new(own),
            numbers,
            named: Queue::default(),
            is_their_turn: false,
            stage: Stage::First,
            next,
            groups: None,
            order: None,
            first_counts: Counts::new(),
            examined: HashSet::new(),
        }
    }

    /// Returns whether it reads only the first tables and what is named.
    pub fn is_narrow(&self) -> bool {
        self.groups.is_none()
    }

    /// Returns whether the first tables are read and nothing else is asked of it.
    pub fn may_widen(&self) -> bool {
        self.is_narrow() && self.next.is_empty() && self.tables.reading().is_none()
    }

    /// Returns whether only processes without a first thread are left.
    #[cfg(test)]
    pub fn is_at_threads(&self) -> bool {
        self.stage == Stage::Threads
    }

    /// Goes on to every process, members of `groups` first. What has been read counts for questions
    /// asked by `began`.
    pub fn widen(&mut self, began: u64, groups: impl IntoIterator<Item = Group>) {
        self.began = began;
        self.groups = Some(groups.into_iter().take(GROUPS).collect());
    }

    /// Reads the table of `pid` soon, unless that is already due.
    pub fn name(&mut self, pid: Pid) {
        if !self.is_named(pid) {
            self.named.extend([pid].into_iter());
        }
    }

    /// Returns whether everything that shows what a process holds was read after `since`, and names it
    /// if not. `has_named_threads` is what the last call left in it, `false` at first.
    pub fn has_read_all_of(&mut self, pid: Pid, since: u64, has_named_threads: &mut bool) -> bool {
        if !self.tables.has_read_since(pid, since) {
            self.name(pid);
        } else if matches!(self.tables.shown(pid), Some(EMPTY | Shown::Hidden))
            && !*has_named_threads
        {
            // It may live without its first thread.
            self.named.suspect([pid]);
            *has_named_threads = true;
        }
        !self.is_named(pid)
    }

    /// Returns whether the table of `pid` is being read or is due.
    fn is_named(&self, pid: Pid) -> bool {
        self.named.contains(pid) || self.tables.reading().is_some_and(|visit| visit.pid == pid)
    }

    /// Returns the counts at the end of the walk; `None` if it ended before they were complete.
    pub fn into_counts(self) -> Option<Counts> {
        self.order.filter(Order::is_counted).map(Order::into_counts)
    }

    /// Must be called at the start of each slice but the first. Returns `false` if the pids in `/proc`
    /// are no longer the same, as after a fork: then nothing that was read counts.
    pub fn resume(&mut self) -> bool {
        self.tables.resume().into_iter().for_each(|visit| self.named.add_again(visit));
        self.numbers == Numbers::current().ok()
    }

    /// Takes one step. A reading that it begins has begun at `now`. After a failure that was cured, the
    /// same step is taken again.
    pub fn step(
        &mut self,
        known: &mut Known,
        sought: &Sought,
        now: u64,
        slice: &Slice,
    ) -> Result<Step, Error> {
        if self.tables.reading().is_some() {
            return Ok(match self.tables.read_on(sought, slice) {
                Progress::Hit(hit) => Step::Hit(hit),
                Progress::Stopped => Step::More,
            });
        }
        if let Some(visit) = self.next_by_turns(known, slice)? {
            self.tables.visit(visit, now).inspect_err(|_| self.named.add_again(visit))?;
            return Ok(Step::More);
        }
        let is_last = self.stage == Stage::Threads || self.is_narrow();
        let is_over = is_last && self.next.is_empty() && self.named.is_empty();
        Ok(if is_over { Step::Over } else { Step::More })
    }

    /// Returns whom to visit next; `None` if the step went into finding out. Named tables get every
    /// other turn: they may keep coming, and must not keep the walk from its end.
    fn next_by_turns(&mut self, known: &mut Known, slice: &Slice) -> Result<Option<Visit>, Error> {
        self.is_their_turn = !self.is_their_turn;
        if self.is_their_turn
            && let Some(visit) = self.named.next(&mut self.tables, self.began)?
        {
            return Ok(Some(visit));
        }
        if !self.next.is_empty() {
            return self.next.next(&mut self.tables, self.began);
        }
        match self.stage {
            Stage::First => self.take_group(&mut known.groups),
            Stage::Everybody | Stage::Again => return self.next_of_order(&known.counts, slice),
            Stage::Threads => {}
        }
        Ok(None)
    }

    /// Queues the members of the next group.
    fn take_group(&mut self, known: &mut Groups) {
        let Some(groups) = &mut self.groups else { return };
        let Some(group) = groups.last() else {
            self.stage = Stage::Everybody;
            return;
        };
        if let Some(members) = known.members(*group) {
            groups.pop();
            let (tables, began) = (&self.tables, self.began);
            let unread = |pid: &Pid| !tables.has_read_since(*pid, began);
            // Highest pid first, since it is likely to be the youngest.
            self.next.extend(members.into_iter().rev().filter(unread));
        }
    }

    /// Lists and counts every process, then returns one after the other; the second time around only
    /// those that may have been missed.
    fn next_of_order(&mut self, known: &Counts, slice: &Slice) -> Result<Option<Visit>, Error> {
        let is_again = self.stage == Stage::Again;
        let order = match &mut self.order {
            Some(order) => order,
            none => none.insert(Order::new()?),
        };
        let (tables, began, first_counts) = (&self.tables, self.began, &self.first_counts);
        if !order.is_counted() {
            if order.count(if is_again { first_counts } else { known }, slice)? && is_again {
                order.retain(|pid, count| {
                    tables.has_lost(pid)
                        || match count {
                            Some(count) => first_counts.get(&pid) != Some(&count),
                            None => !tables.has_read_since(pid, began),
                        }
                });
            }
            return Ok(None);
        }
        if !is_again {
            let empty = order.take_empty();
            if !empty.is_empty() {
                self.examined.extend(&empty);
                self.next.suspect(empty);
                return Ok(None);
            }
        }
        match order.next() {
            // It was read after this walk began.
            Some(visit) if !is_again && tables.has_read_since(visit.pid, began) => {}
            Some(visit) => return Ok(Some(visit)),
            None if is_again => {
                self.next.suspect(suspects(order, tables, &self.examined));
                self.stage = Stage::Threads;
            }
            None => {
                let order = self.order.take();
                self.first_counts = order.map(Order::into_counts).unwrap_or_default();
                self.stage = Stage::Again;
            }
        }
        Ok(None)
    }
}

/// Returns processes that may live without their first thread, since their own table is empty. On a
/// kernel that doesn't count descriptors, so may a hidden one be.
fn suspects(order: &Order, tables: &Tables, examined: &HashSet<Pid>) -> HashSet<Pid> {
    let hidden = tables.showing(Shown::Hidden).filter(|_| !order.has_counts());
    let suspects = order.without_descriptors().chain(tables.showing(EMPTY)).chain(hidden);
    suspects.filter(|pid| !examined.contains(pid)).collect()
}
