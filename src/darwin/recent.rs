//! The processes that answered last, and where they held the socket: the first places to look.
//!
//! Decides order only. A pid here may be another process by now, and a number another descriptor.

use super::hit::Owner;
use super::kernel::Fd;
use crate::question::Pid;

/// Enough for a desktop's browsers and tools; each costs a miss nothing and a late question three
/// calls.
const RECENT_MAX: usize = 16;
/// As many connections as a browser has to one host, and two more.
const FDS_MAX: usize = 8;

/// The owners found last, the latest first.
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
