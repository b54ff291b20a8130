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

use super::groups::{Group, Groups, Members};
use super::kernel::Errno;
use super::order;
use super::order::{Counts, Order};
use super::proc_dir::{Name, ProcDir, failure, is_gone_or_hidden};
use super::tables::{Progress, Tables, Visit};
use super::waiting::{Hit, Waiting};
use crate::error::Error;
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
    /// Tables to read before all others.
    urgent: Vec<Visit>,
    /// Control groups whose members come first.
    groups: Vec<Group>,
    stage: Stage,
    order: Option<Order>,
    /// The counts of the first listing, once there is a second one.
    first_counts: Counts,
    /// Processes whose first thread may have exited while others live.
    suspects: Vec<Pid>,
    /// Threads whose tables stand for their processes'.
    threads: Vec<Visit>,
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
    /// A walk that has read nothing yet and reads only what is named. `own_sockets`: the device of
    /// sockfs, where it is known.
    pub fn new(began: u64, own_sockets: Option<u64>) -> Self {
        Self {
            began,
            tables: Tables::new(own_sockets),
            urgent: Vec::new(),
            groups: Vec::new(),
            stage: Stage::Named,
            order: None,
            first_counts: Counts::new(),
            suspects: Vec::new(),
            threads: Vec::new(),
        }
    }

    /// Whether it reads no more than what is named.
    pub fn is_narrow(&self) -> bool {
        self.stage == Stage::Named
    }

    /// Goes on to read everybody's table, the members of `groups` first.
    pub fn widen(&mut self, groups: impl IntoIterator<Item = Group>) {
        self.groups = groups.into_iter().take(GROUPS).collect();
        self.stage = Stage::Grouped;
    }

    /// Reads that process's table next.
    pub fn name(&mut self, pid: Pid) {
        self.urgent.push(named(pid));
    }

    /// Whether that process's table is being read or will be next.
    pub fn is_named(&self, pid: Pid) -> bool {
        self.urgent.iter().chain(&self.tables.reading()).any(|visit| visit.pid == pid)
    }

    /// The counts that were taken, at the walk's end.
    pub fn into_counts(self) -> Option<Counts> {
        self.order.map(Order::into_counts)
    }

    /// To be called at the head of each slice but the first.
    pub fn resume(&mut self) {
        self.urgent.extend(self.tables.resume());
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
        let visit = match self.urgent.pop() {
            Some(visit) => Some(visit),
            None if self.stage == Stage::Named => return Ok(Step::Over),
            None => self.next_visit(proc, known, slice)?,
        };
        if let Some(visit) = visit {
            *ticks = ticks.wrapping_add(1);
            self.tables.visit(proc, visit, *ticks).inspect_err(|_| self.urgent.push(visit))?;
            return Ok(Step::More);
        }
        let is_over = self.threads.is_empty() && self.suspects.is_empty();
        Ok(if is_over && self.stage == Stage::Threads { Step::Over } else { Step::More })
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
            Stage::Grouped => match self.groups.last() {
                Some(group) => {
                    if let Members::Known(pids) = known.groups.members(*group) {
                        self.groups.pop();
                        let (tables, began) = (&self.tables, self.began);
                        let unread = |pid: &Pid| !tables.has_read_since(*pid, began);
                        self.urgent.extend(pids.into_iter().filter(unread).map(named));
                    }
                }
                None => self.stage = Stage::Counting,
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
                    let order = self.order.take();
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
                    self.suspects = self.suspects();
                    self.stage = Stage::Threads;
                }
            },
            Stage::Threads => {
                if let Some(visit) = self.threads.pop() {
                    return Ok(Some(visit));
                }
                if let Some(suspect) = self.suspects.pop() {
                    self.find_threads(proc, suspect)?;
                }
            }
        }
        Ok(None)
    }

    /// Lists and counts everybody; `true` when that is done.
    fn count(&mut self, proc: &ProcDir, known: &Counts, slice: &Slice) -> Result<bool, Error> {
        let order = match self.order.take() {
            Some(order) => order,
            None => Order::new(proc)?,
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

    /// Those that seem to hold nothing, by the latest counts where there are any.
    fn suspects(&self) -> Vec<Pid> {
        let counted = self.order.as_ref().map(Order::empty).unwrap_or_default();
        let read: &[Pid] = match &self.order {
            Some(order) if order.has_counts() => &[],
            _ => self.tables.empty(),
        };
        counted.iter().chain(read).copied().collect()
    }

    /// Puts the threads of a suspect on the list, if it has more than the one thread that can be a
    /// zombie. A kernel thread has one.
    fn find_threads(&mut self, proc: &ProcDir, pid: Pid) -> Result<(), Error> {
        const LINKS_OF_ONE_THREAD: u64 = 3;
        let tasks = Name::new(format_args!("{pid}/task"));
        let threads = match proc.stat(&tasks) {
            Ok(stat) if stat.links <= LINKS_OF_ONE_THREAD => return Ok(()),
            Ok(_) => threads(proc, &tasks),
            Err(errno) => Err(("stat", errno)),
        };
        let visit = |thread| Visit { pid, thread: Some(thread), expected: 0 };
        match threads {
            Ok(threads) => self.threads.extend(threads.into_iter().map(visit)),
            Err((_, errno)) if is_gone_or_hidden(errno) => {}
            Err((call, errno)) => {
                let failure = failure(call, errno, &tasks);
                if failure.is_out_of_descriptors() {
                    self.suspects.push(pid);
                    return Err(failure);
                }
                self.tables.fail(visit(pid), self.began, failure);
            }
        }
        Ok(())
    }
}

/// A visit by name; how large the table is was not asked.
fn named(pid: Pid) -> Visit {
    Visit { pid, thread: None, expected: 1 }
}

/// The threads listed in `tasks`.
fn threads(proc: &ProcDir, tasks: &Name) -> Result<Vec<Pid>, (&'static str, Errno)> {
    let directory = proc.open(tasks, libc::O_DIRECTORY).map_err(|errno| ("open", errno))?;
    order::numbers(&directory).map_err(|errno| ("getdents64", errno))
}
