//! What is remembered of earlier lookups. It decides only the order, and whether a zombie is worth a
//! second look: a pid here may be another process by now, and a number another descriptor.

use std::collections::{BTreeMap, BTreeSet};

use super::hit::Owner;
use super::kernel::Fd;
use crate::question::Pid;

/// Enough for a desktop's browsers and tools; each costs a miss nothing and a late question three
/// calls.
const RECENT_MAX: usize = 16;
/// As many connections as a browser has to one host, and two more.
const FDS_MAX: usize = 8;

/// The processes that answered last, the latest first, and where they held the socket: the first places
/// to look.
#[derive(Default)]
pub struct Recent(Vec<RecentOwner>);

/// A process that answered lately.
#[derive(Clone, Debug)]
pub struct RecentOwner {
    /// The process.
    pub pid: Pid,
    /// The numbers under which it held what was asked for, the latest first; at least one.
    pub fds: Vec<Fd>,
}

impl Recent {
    /// Notes a hit.
    pub fn hit(&mut self, owner: Owner) {
        let position = self.0.iter().position(|known| known.pid == owner.pid);
        let mut fds = position.map(|position| self.0.remove(position).fds).unwrap_or_default();
        fds.retain(|fd| *fd != owner.fd);
        fds.insert(0, owner.fd);
        fds.truncate(FDS_MAX);
        self.0.insert(0, RecentOwner { pid: owner.pid, fds });
        self.0.truncate(RECENT_MAX);
    }

    /// Drops a process that has gone or may not be seen any more.
    pub fn forget(&mut self, pid: Pid) {
        self.0.retain(|owner| owner.pid != pid);
    }

    /// The owners, the latest first.
    pub fn owners(&self) -> impl Iterator<Item = &RecentOwner> {
        self.0.iter()
    }
}

/// Which socket descriptors each process had when they were last asked, and which pids were zombies:
/// what is not here is new, and new ones are asked first. Only of processes in the last listing, and of
/// recent owners.
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
