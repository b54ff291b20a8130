//! What is remembered from earlier lookups. It decides only the order, and whether a zombie is
//! worth a second look: by now, a pid here may be another process, and a number another descriptor.

use std::collections::{BTreeMap, BTreeSet};

use super::hit::Owner;
use super::kernel::Fd;
use crate::question::Pid;

/// Enough for a desktop's browsers and tools. Each owner costs nothing on a miss, and three calls
/// for a late question.
const RECENT_MAX: usize = 16;
/// As many connections as a browser makes to one host, and two more.
const FDS_MAX: usize = 8;

/// The processes that answered last, the latest first, and the descriptors with which they held the
/// socket: the first places to look.
#[derive(Default)]
pub struct Recent(Vec<RecentOwner>);

/// A process that answered lately.
#[derive(Clone, Debug)]
pub struct RecentOwner {
    /// The process.
    pub pid: Pid,
    /// The descriptors with which it held what was asked for, the latest first. There is at least
    /// one.
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

    /// Drops a process that has gone or may no longer be inspected.
    pub fn forget(&mut self, pid: Pid) {
        self.0.retain(|owner| owner.pid != pid);
    }

    /// The owners, the latest first.
    pub fn owners(&self) -> impl Iterator<Item = &RecentOwner> {
        self.0.iter()
    }
}

/// Which socket descriptors each process had when they were last read, and which pids were zombies.
/// What is not here is new, and new descriptors are read first. Only processes in the last listing
/// and recent owners are kept.
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

    /// Notes that a descriptor was read. Being listed is not enough: a walk that ends at a hit
    /// leaves the rest of that table as new as it was.
    pub fn ask(&mut self, pid: Pid, fd: Fd) {
        self.asked.entry(pid).or_default().insert(fd);
    }

    /// Notes that `pid` could not be listed because it has gone. Returns whether that is new: a
    /// zombie stays in every listing until its parent waits for it, and may have been one last time
    /// too.
    pub fn lose(&mut self, pid: Pid) -> bool {
        self.asked.remove(&pid);
        self.gone.insert(pid)
    }

    /// Forgets every process that is not in a complete listing.
    pub fn keep(&mut self, listed: &BTreeSet<Pid>) {
        self.asked.retain(|pid, _| listed.contains(pid));
        self.gone.retain(|pid| listed.contains(pid));
    }

    /// Returns how many processes are remembered.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.asked.len().saturating_add(self.gone.len())
    }
}
