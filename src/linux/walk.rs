//! The walk over the descriptor tables of all processes, in slices.
//!
//! 1. Tables that are asked for by name: a holder's ancestors. Often it ends there.
//! 2. Every process in the order of `order.rs`.
//! 3. Processes whose first thread has exited while others live: their own table is empty, their
//!    threads' is not.
//! 4. Once more, after a fresh listing, those that are new, whose number of descriptors changed, or
//!    that lost something while they were read: a descriptor that was passed or renumbered
//!    meanwhile may have been missed in both places.

use super::order;
use super::order::{Counts, Order};
use super::proc_dir::{Failure, Name, ProcDir, failure};
use super::tables::{Progress, Tables, Visit};
use super::waiting::{Hit, Waiting};
use crate::question::Pid;
use crate::slice::Slice;

/// A walk under way.
pub struct Walk {
    /// When it began, in ticks of the search: a question that came later needs the next walk for
    /// its `None`.
    pub began: u64,
    /// What was read.
    pub tables: Tables,
    /// Tables to read before all others.
    urgent: Vec<Visit>,
    stage: Stage,
    order: Option<Order>,
    /// The counts of the first listing, once there is a second one.
    first_counts: Counts,
    /// Threads whose tables stand for their processes'.
    threads: Vec<Visit>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Named,
    Counting,
    Everybody,
    Threads,
    CountingAgain,
    Again,
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
            stage: Stage::Named,
            order: None,
            first_counts: Counts::new(),
            threads: Vec::new(),
        }
    }

    /// Whether it reads no more than what is named.
    pub fn is_narrow(&self) -> bool {
        self.stage == Stage::Named
    }

    /// Goes on to read everybody's table.
    pub fn widen(&mut self) {
        self.stage = Stage::Counting;
    }

    /// Reads that process's table next.
    pub fn name(&mut self, pid: Pid) {
        self.urgent.push(Visit { pid, thread: None });
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
        known: &Counts,
        waiting: &Waiting,
        (ticks, slice): (&mut u64, &Slice),
    ) -> Result<Step, Failure> {
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
        } else if self.stage == Stage::Again && self.order.as_ref().is_some_and(Order::is_over) {
            return Ok(Step::Over);
        }
        Ok(Step::More)
    }

    /// Whom to visit next; `None` where something else was done to find out.
    fn next_visit(
        &mut self,
        proc: &ProcDir,
        known: &Counts,
        slice: &Slice,
    ) -> Result<Option<Visit>, Failure> {
        let process = |pid| Visit { pid, thread: None };
        match self.stage {
            Stage::Named => Ok(None),
            Stage::Counting => {
                if self.count(proc, known, slice)? {
                    self.stage = Stage::Everybody;
                }
                Ok(None)
            }
            Stage::Everybody => match self.order.as_mut().and_then(Order::next) {
                // Named and read since this walk began.
                Some(pid) if self.tables.has_read_since(pid, self.began) => Ok(None),
                Some(pid) => Ok(Some(process(pid))),
                None => {
                    self.find_threads(proc)?;
                    self.stage = Stage::Threads;
                    Ok(None)
                }
            },
            Stage::Threads => match self.threads.pop() {
                Some(visit) => Ok(Some(visit)),
                None => {
                    let order = self.order.take();
                    self.first_counts = order.map(Order::into_counts).unwrap_or_default();
                    self.stage = Stage::CountingAgain;
                    Ok(None)
                }
            },
            Stage::CountingAgain => {
                if self.count_again(proc, slice)? {
                    self.stage = Stage::Again;
                }
                Ok(None)
            }
            Stage::Again => Ok(self.order.as_mut().and_then(Order::next).map(process)),
        }
    }

    /// Lists and counts everybody; `true` when that is done.
    fn count(&mut self, proc: &ProcDir, known: &Counts, slice: &Slice) -> Result<bool, Failure> {
        let order = match self.order.take() {
            Some(order) => order,
            None => Order::list(proc)?,
        };
        let order = self.order.insert(order);
        Ok(order.count(proc, known, slice))
    }

    fn count_again(&mut self, proc: &ProcDir, slice: &Slice) -> Result<bool, Failure> {
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

    /// The threads of processes that seem to hold nothing but have more than the one thread that
    /// can be a zombie. A kernel thread has one.
    fn find_threads(&mut self, proc: &ProcDir) -> Result<(), Failure> {
        const LINKS_OF_ONE_THREAD: u64 = 3;
        let counted = self.order.as_ref().map(Order::empty).unwrap_or_default();
        let read: &[Pid] = match &self.order {
            Some(order) if order.has_counts() => &[],
            _ => self.tables.empty(),
        };
        for &pid in counted.iter().chain(read) {
            let tasks = Name::new(format_args!("{pid}/task"));
            let links = proc.stat(&tasks).map_or(0, |stat| stat.links);
            if links > LINKS_OF_ONE_THREAD {
                let visits = threads(proc, &tasks)?;
                let visit = |thread| Visit { pid, thread: Some(thread) };
                self.threads.extend(visits.into_iter().map(visit));
            }
        }
        Ok(())
    }
}

/// The threads listed in `tasks`; none of a process that has gone.
fn threads(proc: &ProcDir, tasks: &Name) -> Result<Vec<Pid>, Failure> {
    let directory = match proc.open(tasks, libc::O_DIRECTORY) {
        Ok(directory) => directory,
        Err(errno @ (libc::EMFILE | libc::ENFILE)) => {
            return Err((errno, failure("open", errno, tasks)));
        }
        Err(_) => return Ok(Vec::new()),
    };
    Ok(order::numbers(&directory).unwrap_or_default())
}
