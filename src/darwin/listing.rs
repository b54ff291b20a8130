//! The kernel's lists of processes and of descriptors, complete as far as that can be known.
//!
//! No call asks for the size first. An answer is only as long as its content, so a large buffer
//! costs nothing, and an answer that fills the buffer, and so may be truncated, is requested again.
//! The buffers are kept between calls.

use super::kernel::{self, Fd, FdInfo};
use super::libproc::{self, FD_IS_SOCKET, Unread};
use crate::error::Error;
use crate::question::Pid;

/// How many processes may be born while the kernel makes the list (`proc_listpids`, since at least
/// macOS 10.14).
const ROOM_FOR_NEW: usize = 20;
/// How often the list is requested if processes keep being born that fast.
const LISTINGS_MAX: usize = 4;

/// The initial length: more than the processes of a busy desktop, and more than the descriptors of
/// most of them.
const AT_FIRST: usize = 4096;
/// After twelve doublings there is room for more than a Mac can have of either.
const DOUBLINGS_MAX: usize = 12;
/// How much stays allocated between lookups: 256 KB for each.
const KEPT_PIDS_MAX: usize = 65_536;
const KEPT_FDS_MAX: usize = 32_768;

/// The buffers that the kernel writes to.
#[derive(Default)]
pub struct Buffers {
    pids: Vec<Pid>,
    fds: Vec<FdInfo>,
    /// How many entries the last listing of processes had; `None` before the first.
    listed_count: Option<usize>,
}

impl Buffers {
    /// Returns the pids of all processes that the caller may inspect, in the kernel's order: the
    /// newest first, zombies last. Also returns an error if some are known to be missing.
    ///
    /// The kernel makes room for the existing processes and 20 more, and fills it from the newest
    /// on. If more than 20 are born between the two, the *oldest* are missing, and nothing reports
    /// that. For root, the last entry, pid 0, must be there. An ordinary user's list has no such
    /// mark, but a truncated list is at least 20 entries longer than the last one, so a list that
    /// has grown that much is requested again. A known limit: truncation goes unnoticed if as many
    /// processes ended since the last listing. That requires a user who has nearly all of the
    /// machine's processes, because those of other users leave room.
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

    /// Returns the descriptors of `pid` that are sockets, in ascending order.
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

    /// Frees what one unusual lookup needed.
    pub fn shrink(&mut self) {
        shrink(&mut self.pids, KEPT_PIDS_MAX);
        shrink(&mut self.fds, KEPT_FDS_MAX);
    }

    /// Returns how many bytes are allocated now.
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
