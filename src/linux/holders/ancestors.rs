//! Who started a process, and who started that one.
//!
//! Several processes may hold one socket (fork, descriptor passing), and Linux does not tell. The
//! answer is the one of them that started first, so a hit asks the holder's ancestors too.

use std::sync::atomic::{AtomicBool, Ordering};

use super::tables::Tables;
use crate::answer::FoundBy;
use crate::error::Error;
use crate::platform::linux::kernel;
use crate::platform::linux::proc::layout;
use crate::platform::linux::proc::names::socket_at;
use crate::platform::linux::proc::namespace::Numbers;
use crate::platform::linux::proc::place::{PAGE_BYTES, Place, seen};
use crate::platform::linux::socket::{Hit, INIT};
use crate::question::Pid;

/// How far up to look. Deeper trees of processes are not made by anything that shares sockets.
const LEVELS: usize = 32;

/// The way up from the holder that was found for a question.
pub struct Climb {
    /// The holder.
    pub hit: Hit,
    /// What found it.
    pub found_by: FoundBy,
    /// Whether an ancestor counts under the same number only.
    is_connection: bool,
    /// The holder's ancestors that have not been asked yet, the nearest first. `None`: not known yet.
    ancestors: Option<Vec<Pid>>,
    /// Those of them whose first thread has exited while others live: their own table is empty.
    headless: Vec<Pid>,
}

/// What asking on came to.
pub enum Climbed {
    /// The holder that started first, and the number under which it has the socket.
    Owner(Hit),
    /// That process's table must be read to its end first.
    Unread(Pid),
    /// The holder's number is a thread's by now, whose directory shows its process's table.
    NoProcess,
}

impl Climb {
    /// Nobody has been asked yet.
    pub fn new(hit: Hit, is_connection: bool, found_by: FoundBy) -> Self {
        Self { hit, found_by, is_connection, ancestors: None, headless: Vec::new() }
    }

    /// Asks on, as far as `tables` goes, in which a reading counts that began after `since`. A failure
    /// leaves everything as it was.
    pub fn advance(&mut self, since: u64, tables: Option<&Tables>) -> Result<Climbed, Error> {
        let ancestors = match self.ancestors.take() {
            Some(ancestors) => ancestors,
            None if self.is_connection && is_oldest(self.hit) => Vec::new(),
            None => match descent(self.hit.pid)? {
                Some(Descent { is_thread: true, .. }) => return Ok(Climbed::NoProcess),
                holder => ancestors(holder, |pid| {
                    let told = descent(pid)?;
                    self.headless.extend(told.filter(|it| it.is_headless).map(|_| pid));
                    Ok(told)
                })?,
            },
        };
        let ancestors = self.ancestors.insert(ancestors);
        let Hit { inode, fd, .. } = self.hit;
        while let Some(&ancestor) = ancestors.last() {
            // The first process keeps sockets for the services that it starts, under other numbers:
            // those do not count. Nor do a connection's: nobody reads a parent's whole table for it.
            let is_by_number = self.is_connection || ancestor == INIT;
            let tables = tables.filter(|_| !is_by_number);
            let is_read = tables.is_some_and(|tables| tables.has_read_since(ancestor, since));
            let seen = tables.and_then(|tables| tables.hit_since(inode, ancestor, since));
            if let Some(hit) = seen {
                return Ok(Climbed::Owner(hit));
            }
            if let Some(failure) = tables.and_then(|it| it.why_unread(ancestor)).filter(|_| is_read)
            {
                return Err(failure.clone());
            }
            // Fork keeps the number.
            let is_there = if self.headless.contains(&ancestor) {
                Place::by_number(ancestor).holds(self.hit).is_ok()
            } else {
                !is_read && socket_at(ancestor, fd) == Ok(Some(inode))
            };
            if is_there {
                return Ok(Climbed::Owner(Hit { inode, pid: ancestor, fd }));
            }
            if !is_read && !is_by_number {
                return Ok(Climbed::Unread(ancestor));
            }
            ancestors.pop();
        }
        Ok(Climbed::Owner(self.hit))
    }
}

/// Returns whether none of the ancestors of a connection's holder has it, as far as that can be told
/// without reading `stat`, which takes twice as long as asking for a process's parent alone. `false`
/// where that cannot be told, and where one has it that may not be an ancestor after all.
fn is_oldest(Hit { inode, pid, fd }: Hit) -> bool {
    /// Whether the kernel tells parents: not before Linux 6.13, nor under every filter of calls.
    static TELLS_PARENTS: AtomicBool = AtomicBool::new(true);
    let is_told = TELLS_PARENTS.load(Ordering::Relaxed);
    if !is_told || !Numbers::current().is_ok_and(Numbers::are_own) {
        return false;
    }
    let mut child = pid;
    for _ in 0..LEVELS {
        let process = kernel::open_process(child);
        let parent = match process.and_then(|process| kernel::parent(&process)) {
            Ok(parent) => parent,
            Err(errno) => {
                let is_lasting = matches!(errno, libc::ENOTTY | libc::ENOSYS | libc::EPERM);
                TELLS_PARENTS.fetch_and(!is_lasting, Ordering::Relaxed);
                return false;
            }
        };
        if parent != 0 && socket_at(parent, fd) == Ok(Some(inode)) {
            return false;
        }
        if parent <= INIT {
            break;
        }
        child = parent;
    }
    true
}

/// Where a process comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descent {
    /// Its parent, 0 where there is none to be seen.
    pub parent: Pid,
    /// When it started, in clock ticks since the system did.
    pub start_ticks: u64,
    /// It is no process, but one of the other threads of one: `/proc` lists none, and has a directory
    /// under the number of each.
    pub is_thread: bool,
    /// Its first thread has exited while others live.
    pub is_headless: bool,
}

/// Returns the ancestors of `child`, the nearest first. One that is hidden ends them.
pub fn ancestors(
    mut child: Option<Descent>,
    mut descent: impl FnMut(Pid) -> Result<Option<Descent>, Error>,
) -> Result<Vec<Pid>, Error> {
    let mut ancestors = Vec::new();
    while let Some(Descent { parent, start_ticks, .. }) = child {
        if parent == 0 || ancestors.len() == LEVELS {
            break;
        }
        if parent == INIT {
            ancestors.push(parent); // It has no parent here, and its pid is never another's.
            break;
        }
        // A parent that is younger than its child is another process under a reused pid.
        child = descent(parent)?.filter(|parents| parents.start_ticks <= start_ticks);
        if child.is_some() {
            ancestors.push(parent);
        }
    }
    Ok(ancestors)
}

/// Returns where `pid` comes from; `None` where it has gone or is hidden.
pub fn descent(pid: Pid) -> Result<Option<Descent>, Error> {
    let mut line = vec![0; PAGE_BYTES];
    let read = seen(Place::by_number(pid).read("stat", &mut line, 0))?;
    Ok(read.and_then(layout::process_stat).map(|stat| Descent {
        parent: stat.parent,
        start_ticks: stat.start_ticks,
        is_thread: stat.is_thread,
        is_headless: stat.has_exited && stat.threads > 1,
    }))
}

/// Returns whether a number that was a process's once still is one's, as far as can be seen.
pub fn is_process(pid: Pid) -> bool {
    if Numbers::current().is_ok_and(Numbers::are_own) {
        return kernel::is_process(pid).unwrap_or(false);
    }
    matches!(descent(pid), Ok(Some(Descent { is_thread: false, .. })))
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    /// Who started each and when: (process, parent, start).
    fn ancestors_in(all: &[(Pid, Pid, u64)], pid: Pid) -> Vec<Pid> {
        let descent = |pid| {
            let found = all.iter().find(|(process, _, _)| *process == pid);
            let descent = |(_, parent, start): &(Pid, Pid, u64)| Descent {
                parent: *parent,
                start_ticks: *start,
                is_thread: false,
                is_headless: false,
            };
            Ok(found.map(descent))
        };
        descent(pid).and_then(|child| ancestors(child, descent)).unwrap_or_default()
    }

    #[test]
    fn ancestors_are_the_nearest_first_up_to_the_first_process() {
        let all = [(40, 30, 9), (30, 20, 9), (20, 1, 5), (1, 0, 0)];

        assert_eq!(ancestors_in(&all, 40), [30, 20, INIT]);
    }

    #[test]
    fn a_parent_that_is_younger_than_its_child_is_another_process() {
        let all = [(40, 30, 9), (30, 20, 10), (20, 1, 5)];

        assert_eq!(ancestors_in(&all, 40), []);
    }

    #[test]
    fn the_kernel_tells_the_same_parent_as_stat() {
        let own = process::id().cast_signed();
        let told = kernel::open_process(own).and_then(|process| kernel::parent(&process));

        // ENOTTY before Linux 6.13.
        if told != Err(libc::ENOTTY) {
            let read = descent(own).expect("it lives").expect("it is seen");
            assert_eq!(told, Ok(read.parent));
        }
    }

    #[test]
    fn a_ring_of_reused_pids_ends() {
        let all = [(40, 30, 9), (30, 40, 9)];

        assert_eq!(ancestors_in(&all, 40).len(), LEVELS);
    }
}
