//! Which socket descriptors each process had when they were last asked, and which pids were
//! zombies: what is not here is new, and new ones are asked first.
//!
//! Decides order only, and whether a zombie is worth a second look.

use std::collections::{BTreeMap, BTreeSet};

use super::kernel::Fd;
use crate::question::Pid;

/// What earlier walks saw; only of processes in the last listing, and of recent owners.
#[derive(Default)]
pub struct Seen {
    asked: BTreeMap<Pid, BTreeSet<Fd>>,
    gone: BTreeSet<Pid>,
}

impl Seen {
    /// Sorts the socket descriptors of `pid` into new and old ones, and drops the closed ones.
    pub fn sort(&mut self, pid: Pid, sockets: impl Iterator<Item = Fd>) -> (Vec<Fd>, Vec<Fd>) {
        self.gone.remove(&pid);
        let before = self.asked.remove(&pid).unwrap_or_default();
        let (old, new): (Vec<Fd>, Vec<Fd>) = sockets.partition(|fd| before.contains(fd));
        if !old.is_empty() {
            self.asked.insert(pid, old.iter().copied().collect());
        }
        (new, old)
    }

    /// Notes that a descriptor was asked. Listed alone is not enough: a walk that ends at a hit
    /// leaves the rest of that table as new as it was.
    pub fn ask(&mut self, pid: Pid, fd: Fd) {
        self.asked.entry(pid).or_default().insert(fd);
    }

    /// Notes that `pid` could not be listed for it has gone. Whether that is news: a zombie stands
    /// in every listing until it is waited for, and was the same the last time.
    pub fn lose(&mut self, pid: Pid) -> bool {
        self.asked.remove(&pid);
        self.gone.insert(pid)
    }

    /// Takes a complete listing: forgets every process that is not in it.
    pub fn keep(&mut self, listed: &BTreeSet<Pid>) {
        self.asked.retain(|pid, _| listed.contains(pid));
        self.gone.retain(|pid| listed.contains(pid));
    }

    /// How many processes are remembered.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.asked.len().saturating_add(self.gone.len())
    }
}
