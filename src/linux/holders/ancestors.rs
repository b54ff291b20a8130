//! A process's ancestors, and which of them holds a socket too.
//!
//! Several processes may hold one socket (fork, descriptor passing), and Linux doesn't say which. The
//! answer is the one that started first, so the ancestors of a holder are checked too.

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

/// How far up to look. Nothing that shares sockets makes a deeper tree of processes.
const LEVELS: usize = 32;

/// The way up from the holder found for a question.
pub struct Climb {
    /// The holder.
    pub hit: Hit,
    /// What found it.
    pub found_by: FoundBy,
    /// Whether an ancestor counts only under the same number.
    is_connection: bool,
    /// The holder's ancestors that are still to be checked, nearest first. `None`: not known yet.
    ancestors: Option<Vec<Pid>>,
    /// Ancestors whose first thread has exited while others live, so that their own table is empty.
    headless: Vec<Pid>,
}

/// How far a climb has got.
pub enum Climbed {
    /// It is over: the holder that started first, and the number under which it has the socket.
    Owner(Hit),
    /// The table of this process must be read to its end first.
    Unread(Pid),
    /// The holder's pid is a thread's id by now, whose directory shows its process's table.
    NoProcess,
}

impl Climb {
    /// Begins at a holder.
    pub fn new(hit: Hit, is_connection: bool, found_by: FoundBy) -> Self {
        Self { hit, found_by, is_connection, ancestors: None, headless: Vec::new() }
    }

    /// Climbs as far as `tables` allows, in which only readings that began after `since` count. A
    /// failure leaves everything as it was.
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
            // Pid 1 keeps sockets for the services it starts, under other numbers: those don't count.
            // Nor do a connection's, since a parent's whole table is not worth reading for it.
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

/// Returns whether no ancestor of a connection's holder has it too, as far as can be known without
/// reading `stat`, which takes twice as long as asking for the parent alone. `false` also if that
/// cannot be known, and if a process has it that may not be an ancestor after all.
fn is_oldest(Hit { inode, pid, fd }: Hit) -> bool {
    /// Whether the kernel reports parents: not before Linux 6.13, nor under every seccomp filter.
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
    /// Its parent; 0 if there is none that can be seen.
    pub parent: Pid,
    /// When it started, in clock ticks since boot.
    pub start_ticks: u64,
    /// Whether it is no process but a thread of one other than the first: `/proc` doesn't list those,
    /// yet has a directory for each.
    pub is_thread: bool,
    /// Whether its first thread has exited while others live.
    pub is_headless: bool,
}

/// Returns the ancestors of `child`, nearest first, up to one that is hidden.
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
        // A parent younger than its child is another process with a reused pid.
        child = descent(parent)?.filter(|parents| parents.start_ticks <= start_ticks);
        if child.is_some() {
            ancestors.push(parent);
        }
    }
    Ok(ancestors)
}

/// Returns where `pid` comes from; `None` if it has gone or is hidden.
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

/// Returns whether what was once a pid still is one, as far as can be seen.
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

    /// Ancestors in a made-up tree: (process, parent, start).
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
