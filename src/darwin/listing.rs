//! The kernel's lists of processes and of descriptors, complete as far as that can be known.
//!
//! No call asks for the size first: an answer is only as long as its content, so a large buffer costs
//! nothing, and an answer that fills it, and may be truncated, is requested again. The buffers are kept
//! between calls.

use super::kernel::{self, Fd, FdInfo};
use super::libproc::{self, FD_IS_SOCKET, Unread};
use crate::error::Error;
use crate::question::Pid;

/// Processes that may be born while the kernel makes the list (`proc_listpids`, since macOS 10.14
/// at least).
const ROOM_FOR_NEW: usize = 20;
/// A machine that forks that fast four times in a row is not waited for any longer.
const LISTINGS_MAX: usize = 4;

/// More than a busy desktop's processes, and more descriptors than most of them have.
const AT_FIRST: usize = 4096;
/// Twelve doublings of that are more than a Mac can have of either.
const DOUBLINGS_MAX: usize = 12;
/// What stays allocated between lookups: 256 KB each.
const KEPT_PIDS_MAX: usize = 65_536;
const KEPT_FDS_MAX: usize = 32_768;

/// Where the kernel writes.
#[derive(Default)]
pub struct Buffers {
    pids: Vec<Pid>,
    fds: Vec<FdInfo>,
    /// How many entries the last listing of processes had; `None` before the first.
    listed_count: Option<usize>,
}

impl Buffers {
    /// The pids of all processes that the caller may inspect, in the kernel's order: the newest first,
    /// zombies last; and why they are not all, where that is known.
    ///
    /// The kernel makes room for the processes there are and 20 more, and fills it from the newest on.
    /// If more than 20 are born between the two, the *oldest* are missing, and nothing says so. For
    /// root the last one, pid 0, must be there. An ordinary user's list has no such mark, but a cut one
    /// is 20 longer than the last at least, so one that has grown so much is asked for again. A known
    /// limit: it escapes if as many processes ended since the last listing. It takes a user who has
    /// nearly all processes of the machine, for the others' leave room.
    pub fn list_processes(&mut self) -> Result<(Vec<Pid>, Option<Error>), Error> {
        let everybody = kernel::effective_user() == 0;
        let mut pids = Vec::new();
        for _ in 0..LISTINGS_MAX {
            let before = self.listed_count;
            let listed = self.list_pids(everybody)?;
            let has_grown =
                before.is_some_and(|before| listed.len().saturating_sub(before) >= ROOM_FOR_NEW);
            let is_whole = if everybody { listed.contains(&0) } else { !has_grown };
            pids.clear();
            // Pid 0 is the kernel itself, which has no descriptors.
            pids.extend(listed.iter().filter(|pid| **pid > 0));
            self.listed_count = Some(listed.len());
            if is_whole {
                return Ok((pids, None));
            }
        }
        let what = "the list of all processes is cut: pid 0 is missing";
        Ok((pids, everybody.then(|| Error::outside_manual("proc_listpids", what))))
    }

    fn list_pids(&mut self, everybody: bool) -> Result<&[Pid], Error> {
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

    /// Gives back what one unusual lookup needed.
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
