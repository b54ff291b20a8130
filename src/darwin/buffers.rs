//! The room for the kernel's answers: kept between calls, made larger when an answer fills it.
//!
//! No call asks for the size first: an answer is only as long as there is something to tell, so
//! generous room costs nothing, and a full answer, which may be a cut one, is asked again.

use super::kernel::{Fd, FdInfo};
use super::libproc::{self, FD_IS_SOCKET, Unread};
use crate::error::Error;
use crate::question::Pid;

/// More than a busy desktop's processes, and more descriptors than most of them have.
const AT_FIRST: usize = 4096;
/// Twelve doublings of that are more than a Mac can have of either.
const DOUBLINGS_MAX: usize = 12;
/// What stays allocated between look-ups: 256 KB each.
const KEPT_PIDS_MAX: usize = 65_536;
const KEPT_FDS_MAX: usize = 32_768;

/// Where the kernel writes.
#[derive(Default)]
pub struct Buffers {
    pids: Vec<Pid>,
    fds: Vec<FdInfo>,
}

impl Buffers {
    /// The pids of everybody, or of the caller's user, newest first.
    pub fn list_pids(&mut self, everybody: bool) -> Result<&[Pid], Error> {
        make_room(&mut self.pids);
        for _ in 0..DOUBLINGS_MAX {
            let count = libproc::list_pids(everybody, &mut self.pids)?;
            if count < self.pids.len() {
                return Ok(self.pids.get(..count).unwrap_or_default());
            }
            double(&mut self.pids);
        }
        Err(Error::outside_manual("proc_listpids", "the list of processes has no end"))
    }

    /// The descriptors of `pid` that are sockets, in ascending order.
    pub fn list_sockets(&mut self, pid: Pid) -> Result<Vec<Fd>, Unread> {
        make_room(&mut self.fds);
        for _ in 0..DOUBLINGS_MAX {
            let count = libproc::list_fds(pid, &mut self.fds)?;
            if count < self.fds.len() {
                let listed = self.fds.iter().take(count);
                let sockets = listed.filter(|listed| listed.kind == FD_IS_SOCKET);
                return Ok(sockets.map(|listed| listed.fd).collect());
            }
            double(&mut self.fds);
        }
        let what = "the list of descriptors has no end";
        Err(Unread::Failed(Error::outside_manual("proc_pidinfo", what)))
    }

    /// Gives back what one unusual look-up needed.
    pub fn shrink(&mut self) {
        shrink(&mut self.pids, KEPT_PIDS_MAX);
        shrink(&mut self.fds, KEPT_FDS_MAX);
    }

    /// What is allocated now.
    #[cfg(test)]
    pub fn kept_bytes(&self) -> usize {
        self.pids.capacity().saturating_mul(4).saturating_add(self.fds.capacity().saturating_mul(8))
    }
}

fn make_room<T: Clone + Default>(buffer: &mut Vec<T>) {
    if buffer.is_empty() {
        buffer.resize(AT_FIRST, T::default());
    }
}

fn double<T: Clone + Default>(buffer: &mut Vec<T>) {
    buffer.resize(buffer.len().saturating_mul(2), T::default());
}

fn shrink<T>(buffer: &mut Vec<T>, kept_max: usize) {
    if buffer.len() > kept_max {
        buffer.truncate(kept_max);
        buffer.shrink_to_fit();
    }
}
