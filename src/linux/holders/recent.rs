//! Who answered lately, and under which number: where to look first.
//!
//! A program that has connected once connects again, and its new socket takes the lowest free
//! number: that of a connection which it has closed, or the next one. Two links read for each
//! recent owner find it in microseconds. They are read by path: a kept descriptor of the directory
//! would save a microsecond and cost as much to be checked before use.

use std::ffi::c_int;

use crate::platform::linux::proc::names::{ProcDir, fd_directory, socket_at};
use crate::platform::linux::socket::{Hit, INIT};
use crate::question::Pid;

/// More would cost a stranger's look-up more than they bring.
pub const OWNERS: usize = 16;
/// A larger table is read in its turn.
const SMALL_TABLE: u64 = 512;

/// The recent owners, the newest first.
#[derive(Default)]
pub struct Recent(Vec<Owner>);

struct Owner {
    pid: Pid,
    fd: c_int,
    /// How many descriptors it had when they were last counted.
    count: u64,
}

impl Recent {
    /// What a test wants to be remembered: pid, number, number of descriptors.
    #[cfg(test)]
    pub fn of(owners: Vec<(Pid, c_int, u64)>) -> Self {
        Self(owners.into_iter().map(|(pid, fd, count)| Owner { pid, fd, count }).collect())
    }

    /// An owner was found.
    pub fn remember(&mut self, proc: &ProcDir, hit: Hit) {
        // A hit in the first process never ends a search, so it is no place to look first.
        if hit.pid == INIT {
            return;
        }
        let count = descriptors(proc, hit.pid);
        self.0.retain(|owner| owner.pid != hit.pid);
        self.0.insert(0, Owner { pid: hit.pid, fd: hit.fd, count });
        self.0.truncate(OWNERS);
    }

    /// Reads the likeliest number of each owner, then the second likeliest, and gives the sockets
    /// found there to `each`, until that says that it is enough.
    pub fn glance(&mut self, proc: &ProcDir, mut each: impl FnMut(Hit) -> bool) {
        let mut alive = Vec::with_capacity(OWNERS);
        for next in [0, 1] {
            for owner in &self.0 {
                let (pid, fd) = (owner.pid, owner.fd.saturating_add(next));
                let Ok(socket) = socket_at(proc, pid, fd) else { continue };
                if socket.is_some_and(|inode| each(Hit { inode, pid, fd })) {
                    return;
                }
                alive.push(pid);
            }
        }
        // Where neither number is open the owner may have gone.
        self.0.retain(|owner| {
            alive.contains(&owner.pid) || proc.stat(&fd_directory(owner.pid)).is_ok()
        });
    }

    /// The owners whose number of descriptors has changed since this was last asked, the newest
    /// first.
    pub fn changed(&mut self, proc: &ProcDir) -> Vec<Pid> {
        let changed = |owner: &mut Owner| {
            let count = descriptors(proc, owner.pid);
            let known = std::mem::replace(&mut owner.count, count);
            (count != known && count <= SMALL_TABLE).then_some(owner.pid)
        };
        self.0.iter_mut().filter_map(changed).collect()
    }
}

/// 0 where the process has gone, and always before Linux 6.2.
fn descriptors(proc: &ProcDir, pid: Pid) -> u64 {
    proc.stat(&fd_directory(pid)).map_or(0, |stat| stat.size)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn an_owner_that_has_changed_is_read_first_once() {
        let proc = ProcDir::default();
        let mut process = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = process.id().cast_signed();
        let mut recent = Recent::of(vec![(pid, 3, u64::MAX)]);

        let changed = [recent.changed(&proc), recent.changed(&proc)];

        process.kill().unwrap();
        process.wait().unwrap();
        assert_eq!(changed, [vec![pid], vec![]]);
    }
}
