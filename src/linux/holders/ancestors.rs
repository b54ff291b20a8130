//! Who started a process, and who started that one.
//!
//! Several processes may hold one socket (fork, descriptor passing), and Linux does not tell. The
//! answer is the one of them that started first, so a hit asks the holder's ancestors too.

use super::walk::Walk;
use crate::answer::FoundBy;
use crate::error::Error;
use crate::platform::linux::proc::layout;
use crate::platform::linux::proc::names::{Name, ProcDir, failure, is_gone_or_hidden, socket_at};
use crate::platform::linux::socket::{Hit, INIT};
use crate::question::Pid;

/// How far up to look. Deeper trees of processes are not made by anything that shares sockets.
const LEVELS: usize = 32;

/// The questions whose holder is found and whose holder's ancestors are being asked.
#[derive(Default)]
pub struct Climbs(Vec<Climb>);

/// An answer.
pub struct Settled {
    /// The question's.
    pub id: u32,
    /// Who answers.
    pub owner: Pid,
    /// The holder that was found, the owner itself or a descendant of it.
    pub hit: Hit,
    /// What found it.
    pub found_by: FoundBy,
}

struct Climb {
    id: u32,
    hit: Hit,
    /// When the question's sockets became known, in ticks of the search.
    since: u64,
    found_by: FoundBy,
    /// The holder's ancestors that have not been asked yet, the nearest first. `None`: not known
    /// yet.
    ancestors: Option<Vec<Pid>>,
}

impl Climbs {
    /// A holder was found for a question.
    pub fn begin(&mut self, id: u32, hit: Hit, since: u64, found_by: FoundBy) {
        self.0.push(Climb { id, hit, since, found_by, ancestors: None });
    }

    /// Whether that question is among them.
    pub fn contains(&self, id: u32) -> bool {
        self.0.iter().any(|climb| climb.id == id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Nobody waits for that question any more.
    pub fn forget(&mut self, id: u32) {
        self.0.retain(|climb| climb.id != id);
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Asks on, and names to the walk the tables that must be read first. The questions that are
    /// answered come back, each with its owner. A failure means that no descriptor is left.
    pub fn settle(&mut self, proc: &ProcDir, walk: &mut Walk) -> Result<Vec<Settled>, Error> {
        let mut settled = Vec::new();
        let mut failure = None;
        self.0.retain_mut(|climb| match climb.owner(proc, walk) {
            Ok(Some(owner)) => {
                let Climb { id, hit, found_by, .. } = *climb;
                settled.push(Settled { id, hit, owner, found_by });
                false
            }
            Ok(None) => true,
            Err(error) => {
                failure = Some(error);
                true
            }
        });
        match failure {
            // What is settled is settled; the failure comes again.
            Some(error) if settled.is_empty() => Err(error),
            _ => Ok(settled),
        }
    }
}

impl Climb {
    /// The topmost holder; `None` while a table must be read first.
    fn owner(&mut self, proc: &ProcDir, walk: &mut Walk) -> Result<Option<Pid>, Error> {
        let asked = match self.ancestors.take() {
            Some(ancestors) => ancestors,
            None => ancestors(self.hit.pid, |pid| descent(proc, pid))?,
        };
        let ancestors = self.ancestors.insert(asked);
        while let Some(&ancestor) = ancestors.last() {
            let (inode, since) = (self.hit.inode, self.since);
            let is_init = ancestor == INIT;
            if !is_init && walk.tables.is_holder_since(inode, ancestor, since) {
                return Ok(Some(ancestor));
            }
            if walk.is_named(ancestor) {
                return Ok(None);
            }
            let is_read = walk.tables.has_read_since(ancestor, since);
            if let Some(failure) = walk.tables.why_unread(ancestor).filter(|_| is_read) {
                return Err(failure.clone());
            }
            // Fork keeps the number.
            if (is_init || !is_read) && socket_at(proc, ancestor, self.hit.fd) == Ok(Some(inode)) {
                return Ok(Some(ancestor));
            }
            // The first process keeps sockets for the services that it starts, under other
            // numbers: those do not count, so its table need not be read.
            if !is_read && !is_init {
                walk.name(ancestor);
                return Ok(None);
            }
            ancestors.pop();
        }
        Ok(Some(self.hit.pid))
    }
}

type Descent = Option<(Pid, u64)>;

/// The ancestors of `pid`, the nearest first. One that is hidden ends them.
fn ancestors(
    pid: Pid,
    mut descent: impl FnMut(Pid) -> Result<Descent, Error>,
) -> Result<Vec<Pid>, Error> {
    let mut ancestors = Vec::new();
    let mut child = descent(pid)?;
    while let Some((parent, start_ticks)) = child {
        if parent == 0 || ancestors.len() == LEVELS {
            break;
        }
        if parent == INIT {
            ancestors.push(parent); // It has no parent here, and its pid is never another's.
            break;
        }
        // A parent that is younger than its child is another process under a reused pid.
        child = descent(parent)?.filter(|(_, parents_start)| *parents_start <= start_ticks);
        if child.is_some() {
            ancestors.push(parent);
        }
    }
    Ok(ancestors)
}

/// The parent of `pid`, and when `pid` started.
fn descent(proc: &ProcDir, pid: Pid) -> Result<Descent, Error> {
    let name = Name::new(format_args!("{pid}/stat"));
    let mut line = [0; 4096];
    match proc.read(&name, &mut line) {
        Ok(line) => Ok(layout::process_stat(line).map(|stat| (stat.parent, stat.start_ticks))),
        Err(errno) if is_gone_or_hidden(errno) => Ok(None),
        Err(errno) => Err(failure("open", errno, &name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who started each and when: (process, parent, start).
    fn ancestors_in(all: &[(Pid, Pid, u64)], pid: Pid) -> Vec<Pid> {
        let descent = |pid| {
            let found = all.iter().find(|(process, _, _)| *process == pid);
            Ok(found.map(|(_, parent, start)| (*parent, *start)))
        };
        ancestors(pid, descent).unwrap_or_default()
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
    fn a_ring_of_reused_pids_ends() {
        let all = [(40, 30, 9), (30, 40, 9)];

        assert_eq!(ancestors_in(&all, 40).len(), LEVELS);
    }
}
