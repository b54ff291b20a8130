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

/// The members of more groups than that are in no hurry.
const GROUPS: usize = 16;
/// What a table shows whose process has none of its own any more, or never had.
const EMPTY: Shown = Shown::Descriptors(0);

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
    /// When it began, by the clock of the questions: one that came later needs the next walk for its
    /// `None`.
    pub began: u64,
    /// What was read.
    pub tables: Tables,
    /// Whose numbers `/proc` had when it began.
    numbers: Option<Numbers>,
    /// What somebody named meanwhile.
    named: Queue,
    is_their_turn: bool,
    stage: Stage,
    /// What the stage has found to be read, before the next of `order`.
    next: Queue,
    /// Control groups whose members come next; `None` while nobody wants everybody's table.
    groups: Option<Vec<Group>>,
    order: Option<Order>,
    /// The counts of the first listing, once there is a second one.
    first_counts: Counts,
    /// Those without descriptors of their own that were looked at already.
    examined: HashSet<Pid>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    First,
    Everybody,
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

    /// Returns whether it reads only what came first and what is named.
    pub fn is_narrow(&self) -> bool {
        self.groups.is_none()
    }

    /// Returns whether only what was to be read first is read.
    pub fn may_widen(&self) -> bool {
        self.is_narrow() && self.next.is_empty() && self.tables.reading().is_none()
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
        if !self.is_named(pid) {
            self.named.extend([pid].into_iter());
        }
    }

    /// Returns whether all that shows what a process holds was read after `since`; names it if not.
    /// `has_named_threads`: what the last call left there, `false` before the first.
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

    /// Returns whether that one's table is being read, or will be soon.
    fn is_named(&self, pid: Pid) -> bool {
        self.named.contains(pid) || self.tables.reading().is_some_and(|visit| visit.pid == pid)
    }

    /// The counts that were taken, at the walk's end; `None` if it ended among them.
    pub fn into_counts(self) -> Option<Counts> {
        self.order.filter(Order::is_counted).map(Order::into_counts)
    }

    /// To be called at the head of each slice but the first. `false` where `/proc` has other
    /// numbers than before, as after a fork: then nothing that was read counts.
    pub fn resume(&mut self) -> bool {
        self.tables.resume().into_iter().for_each(|visit| self.named.add_again(visit));
        self.numbers == Numbers::current().ok()
    }

    /// Takes one step. `now`: when the reading begins that it may begin. After a failure that could be
    /// cured the same step is taken again.
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

    /// Whom to visit next; `None` where something else was done to find out. Those that are named come
    /// every other time: they may come without pause, and must not keep the walk from its end.
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

    /// The members of the groups come first, one group after the other.
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
            // The highest pid first: it is likely to be the youngest.
            self.next.extend(members.into_iter().rev().filter(unread));
        }
    }

    /// Lists and counts everybody, and then visits one after the other; the second time those only that
    /// may have been missed.
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
            // Read since this walk began.
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

/// Returns those that may live without their first thread: their own table is empty. On a kernel that
/// counts no descriptors, a hidden one may be empty too.
fn suspects(order: &Order, tables: &Tables, examined: &HashSet<Pid>) -> HashSet<Pid> {
    let hidden = tables.showing(Shown::Hidden).filter(|_| !order.has_counts());
    let suspects = order.without_descriptors().chain(tables.showing(EMPTY)).chain(hidden);
    suspects.filter(|pid| !examined.contains(pid)).collect()
}
