//! Who started a process, and who started that one.
//!
//! Several processes may hold one socket (fork, descriptor passing), and Linux does not tell. The
//! answer is the one of them that started first, so a hit asks the holder's ancestors too.

use super::layout::{self, Descent};
use super::proc_dir::{Name, ProcDir};
use super::table::socket_at;
use super::waiting::{Hit, INIT};
use super::walk::Walk;
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
}

struct Climb {
    id: u32,
    hit: Hit,
    /// When the question's sockets became known, in ticks of the search.
    since: u64,
    /// The holder's ancestors that have not been asked yet, the nearest first.
    ancestors: Vec<Pid>,
}

impl Climbs {
    /// A holder was found for a question.
    pub fn begin(&mut self, proc: &ProcDir, id: u32, hit: Hit, since: u64) {
        self.0.push(Climb { id, hit, since, ancestors: ancestors(proc, hit.pid) });
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
    /// answered come back, each with its owner.
    pub fn settle(&mut self, proc: &ProcDir, walk: &mut Walk) -> Vec<Settled> {
        let mut settled = Vec::new();
        self.0.retain_mut(|climb| {
            let owner = climb.owner(proc, walk);
            let Climb { id, hit, .. } = *climb;
            settled.extend(owner.map(|owner| Settled { id, hit, owner }));
            owner.is_none()
        });
        settled
    }
}

impl Climb {
    /// The topmost holder; `None` while a table must be read first.
    fn owner(&mut self, proc: &ProcDir, walk: &mut Walk) -> Option<Pid> {
        while let Some(&ancestor) = self.ancestors.last() {
            let (inode, since) = (self.hit.inode, self.since);
            let is_init = ancestor == INIT;
            if !is_init && walk.tables.is_holder_since(inode, ancestor, since) {
                return Some(ancestor);
            }
            if walk.is_named(ancestor) {
                return None;
            }
            let is_read = walk.tables.has_read_since(ancestor, since);
            // Fork keeps the number.
            if (is_init || !is_read) && socket_at(proc, ancestor, self.hit.fd) == Ok(Some(inode)) {
                return Some(ancestor);
            }
            // The first process keeps sockets for the services that it starts, under other
            // numbers: those do not count, so its table need not be read.
            if !is_read && !is_init {
                walk.name(ancestor);
                return None;
            }
            self.ancestors.pop();
        }
        Some(self.hit.pid)
    }
}

/// The ancestors of `pid`, the nearest first. One that is hidden ends them.
fn ancestors(proc: &ProcDir, pid: Pid) -> Vec<Pid> {
    let mut ancestors = Vec::new();
    let mut child = descent(proc, pid);
    while let Some(Descent { parent, start_ticks }) = child {
        if parent == 0 || ancestors.len() == LEVELS {
            break;
        }
        // A parent that is younger than its child is another process under a reused pid.
        child = descent(proc, parent).filter(|descent| descent.start_ticks <= start_ticks);
        if child.is_some() {
            ancestors.push(parent);
        }
    }
    ancestors
}

fn descent(proc: &ProcDir, pid: Pid) -> Option<Descent> {
    let mut line = [0; 4096];
    layout::descent(proc.read(&Name::new(format_args!("{pid}/stat")), &mut line).ok()?)
}
