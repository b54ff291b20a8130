//! Which process comes next in a walk.
//!
//! A process that has just connected has one descriptor more than before. So processes that are new or
//! have more descriptors than at the last walk come first; then those with fewer; then those that had
//! none (mostly kernel threads), which are not even counted; then the rest. Small tables come before
//! large ones. Counting costs one `stat` per process and only decides the order: every listed process
//! that has descriptors is visited, and its table read to the end.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::table::Visit;
use crate::error::Error;
use crate::platform::linux::kernel::{self, Failure};
use crate::platform::linux::proc::layout::{decimal, directory_entry, position_after};
use crate::platform::linux::proc::names::{
    ENTRIES_BYTES, Name, failure, fd_directory, is_gone_or_hidden,
};
use crate::platform::linux::proc::namespace::Numbers;
use crate::platform::linux::socket::INIT;
use crate::question::Pid;
use crate::slice::Slice;

/// How many descriptors each process had when it was last counted.
pub type Counts = HashMap<Pid, u64>;

/// The processes in one listing of `/proc`, in the order of their visits.
pub struct Order {
    /// Where the listing resumes; `None` when it is complete. The kernel keeps the position by pid
    /// (`proc_pid_readdir` in fs/proc/base.c).
    position: Option<i64>,
    /// As listed; counted from the end.
    uncounted: Vec<Pid>,
    /// Processes that had no descriptors before, mostly kernel threads. They are not counted.
    empty: Vec<Pid>,
    /// The visits left, the last one first.
    visits: Vec<Place>,
    /// What was counted in this listing.
    counts: Counts,
    /// Processes whose descriptors could not be counted.
    uncountable: Vec<Pid>,
    /// This process, as `/proc` lists it.
    own: Pid,
    /// Whether the kernel counts descriptors.
    has_counts: bool,
}

struct Place {
    pid: Pid,
    change: Change,
    count: u64,
}

/// How the number of a process's descriptors has changed since the last walk, the least promising
/// first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Same,
    Fewer,
    /// More, or not counted before: what a program that has just connected looks like.
    More,
}

impl Order {
    /// Begins a listing.
    pub fn new() -> Result<Self, Error> {
        let own = Numbers::current()?.own();
        // Linux 6.2 and later; `/proc/self/fd` is never empty here.
        let has_counts = fd_directory(own).stat().is_ok_and(|stat| stat.size != 0);
        Ok(Self {
            position: Some(0),
            uncounted: Vec::new(),
            empty: Vec::new(),
            visits: Vec::new(),
            counts: Counts::new(),
            uncountable: Vec::new(),
            own,
            has_counts,
        })
    }

    /// Lists `/proc` and counts descriptors until the slice is over. Returns `true` once everything is
    /// listed, counted and ordered. `known` are the counts of the last walk.
    pub fn count(&mut self, known: &Counts, slice: &Slice) -> Result<bool, Error> {
        if let Some(position) = self.position {
            let name = Name::root();
            self.list(&name, position, slice)
                .map_err(|(syscall, errno)| failure(syscall, errno, &name))?;
            return Ok(false);
        }
        while let Some(pid) = self.uncounted.pop() {
            if known.get(&pid) == Some(&0) {
                self.counts.insert(pid, 0);
                self.empty.push(pid);
            } else if self.has_counts {
                self.count_one(pid, known);
            } else {
                // Newest first: pids are handed out in ascending order.
                let count = u64::from(Pid::MAX.abs_diff(pid));
                self.visits.push(Place { pid, change: Change::Same, count });
            }
            if slice.is_over() {
                break;
            }
        }
        if !self.uncounted.is_empty() {
            return Ok(false);
        }
        let own = self.own;
        self.visits.sort_by_key(|visit| {
            // The greatest is visited first. Our own table costs next to nothing.
            (visit.pid != INIT, visit.pid == own, visit.change, Reverse(visit.count))
        });
        Ok(true)
    }

    /// Resumes the listing. Opening the directory again in each slice costs less than making sure that
    /// a kept descriptor is still ours.
    fn list(&mut self, name: &Name, position: i64, slice: &Slice) -> Result<(), Failure> {
        let directory = name.open(libc::O_DIRECTORY).map_err(|errno| ("open", errno))?;
        if position != 0 {
            kernel::seek(&directory, position).map_err(|errno| ("lseek", errno))?;
        }
        let mut buffer = vec![0; ENTRIES_BYTES];
        while let Some(position) = self.position {
            let mut rest = kernel::directory_entries(&directory, &mut buffer)
                .map_err(|errno| ("getdents64", errno))?;
            self.position = if rest.is_empty() { None } else { Some(position) };
            while let Some((name, bytes)) = directory_entry(rest) {
                self.uncounted.extend(decimal::<Pid>(name.to_bytes()));
                self.position = position_after(rest);
                rest = rest.get(bytes..).unwrap_or_default();
            }
            if slice.is_over() {
                break;
            }
        }
        Ok(())
    }

    /// Returns whether everything is listed, counted and ordered.
    pub fn is_counted(&self) -> bool {
        self.position.is_none() && self.uncounted.is_empty()
    }

    /// Takes the processes that had no descriptors before, once all that have changed are visited: they
    /// may be new processes with the same pids by now.
    pub fn take_empty(&mut self) -> Vec<Pid> {
        let comes_first = |place: &Place| place.change != Change::Same || place.pid == self.own;
        let is_due = !self.visits.last().is_some_and(comes_first);
        if is_due { std::mem::take(&mut self.empty) } else { Vec::new() }
    }

    /// Returns the next visit.
    pub fn next(&mut self) -> Option<Visit> {
        let Place { pid, count, .. } = self.visits.pop()?;
        let expected = if self.has_counts { count } else { 1 };
        Some(Visit { pid, thread: None, expected })
    }

    /// Keeps the visits that `is_wanted(pid, count)` accepts. Older kernels have no count.
    pub fn retain(&mut self, is_wanted: impl Fn(Pid, Option<u64>) -> bool) {
        let has_counts = self.has_counts;
        self.visits.retain(|visit| is_wanted(visit.pid, has_counts.then_some(visit.count)));
    }

    /// Whether the kernel counts descriptors.
    pub fn has_counts(&self) -> bool {
        self.has_counts
    }

    /// Returns the counts.
    pub fn into_counts(self) -> Counts {
        self.counts
    }

    /// Returns the processes that seem to have no descriptors: kernel threads, zombies, and processes
    /// whose first thread has exited while others live.
    pub fn without_descriptors(&self) -> impl Iterator<Item = Pid> {
        let empty = self.counts.iter().filter(|(_, count)| **count == 0).map(|(pid, _)| *pid);
        empty.chain(self.uncountable.iter().copied())
    }

    fn count_one(&mut self, pid: Pid, known: &Counts) {
        match fd_directory(pid).stat() {
            Ok(stat) => {
                self.counts.insert(pid, stat.size);
                if stat.size != 0 {
                    let change = match known.get(&pid) {
                        Some(before) if *before == stat.size => Change::Same,
                        Some(before) if *before > stat.size => Change::Fewer,
                        _ => Change::More,
                    };
                    self.visits.push(Place { pid, change, count: stat.size });
                }
            }
            Err(errno) if is_gone_or_hidden(errno) => {}
            // It is visited all the same, which will show what is wrong.
            Err(_) => {
                self.visits.push(Place { pid, change: Change::More, count: 0 });
                self.uncountable.push(pid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::platform::linux::proc::names::descriptors;

    /// A process that has loaded everything it needs and opens nothing any more.
    fn child() -> Child {
        let mut cat = Command::new("cat");
        let mut child = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(b".").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        child
    }

    #[test]
    fn who_has_more_comes_before_who_has_fewer_and_who_had_none_before_who_is_as_before() {
        let mut children = [(); 4].map(|()| child());
        let [more, fewer, none, same] = children.each_ref().map(|it: &Child| it.id().cast_signed());
        let mut order = Order::new().unwrap();
        let mut known = Counts::new();
        for (pid, before) in [(more, -1), (fewer, 1), (same, 0)] {
            known.insert(pid, descriptors(pid).checked_add_signed(before).unwrap_or_default());
        }
        known.insert(none, 0);

        while !order.count(&known, &Slice::begin()).unwrap() {}
        let mut visited = Vec::new();
        loop {
            visited.extend(order.take_empty());
            let Some(visit) = order.next() else { break };
            visited.push(visit.pid);
        }
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }

        visited.retain(|pid| [more, fewer, none, same].contains(pid));
        if order.has_counts() {
            assert_eq!(visited, [more, fewer, none, same]);
        }
    }
}
