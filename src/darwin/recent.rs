//! The processes that answered last, and where they held the socket: the first places to look.
//!
//! Decides order only. A pid here may be another process by now, and a number another descriptor.

use super::kernel::Fd;
use crate::question::Pid;

/// Enough for a desktop's browsers and tools; each costs a miss nothing and a late question three
/// calls.
const RECENT_MAX: usize = 16;

/// The owners found last, the latest first.
#[derive(Default)]
pub struct Recent(Vec<Owner>);

/// A process and a descriptor under which it holds a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The process.
    pub pid: Pid,
    /// The number.
    pub fd: Fd,
}

impl Recent {
    /// Notes a hit.
    pub fn hit(&mut self, owner: Owner) {
        self.forget(owner.pid);
        self.0.insert(0, owner);
        self.0.truncate(RECENT_MAX);
    }

    /// Drops a process that has gone or may not be seen any more.
    pub fn forget(&mut self, pid: Pid) {
        self.0.retain(|owner| owner.pid != pid);
    }

    /// The owners, the latest first.
    pub fn owners(&self) -> impl Iterator<Item = Owner> {
        self.0.iter().copied()
    }
}
