//! The list of one process's sockets: its table and no other is read.

use std::collections::VecDeque;

use super::buffers::Buffers;
use super::kernel::{self, Fd};
use super::layout::Sighting;
use super::libproc::{self, Unread};
use super::rows::{Holders, List, Rows};
use crate::answer::{Found, SocketRow};
use crate::error::Error;
use crate::question::{Pid, Wanted};

/// A list under way.
pub struct PidList {
    wanted: Wanted,
    pid: Pid,
    /// `None`: not listed yet.
    fds: Option<VecDeque<Fd>>,
    rows: Rows,
}

impl PidList {
    /// Begins the list of those sockets of `pid` that `wanted` wants.
    pub fn new(wanted: Wanted, pid: Pid) -> Self {
        Self { wanted, pid, fds: None, rows: Rows::default() }
    }

    /// Makes one call. Returns the list when it is whole: empty where there is no such process, or one
    /// that may not be seen.
    pub fn step(&mut self, buffers: &mut Buffers) -> Option<Result<Found, Error>> {
        match self.try_step(buffers) {
            Ok(rows) => rows.map(|rows| Ok(Found::Sockets(rows))),
            Err(Unread::Gone | Unread::Refused | Unread::Closed) => {
                Some(Ok(Found::Sockets(Vec::new())))
            }
            Err(Unread::Failed(error) | Unread::OutsideManual(error)) => Some(Err(error)),
        }
    }

    fn try_step(&mut self, buffers: &mut Buffers) -> Result<Option<Vec<SocketRow>>, Unread> {
        let Some(fds) = &mut self.fds else {
            self.fds = Some(buffers.list_sockets(self.pid)?.into());
            return Ok(None);
        };
        let Some(fd) = fds.pop_front() else { return self.end().map(Some) };
        match libproc::socket(self.pid, fd) {
            Err(Unread::Closed) => {}
            seen => {
                let is_wanted = |seen: &Sighting| self.wanted.rank(&seen.socket).is_some();
                if let Some(seen) = seen?.filter(is_wanted) {
                    self.rows.add(&seen, self.pid);
                }
            }
        }
        Ok(None)
    }

    fn end(&mut self) -> Result<Vec<SocketRow>, Unread> {
        let own = kernel::effective_user();
        // Only root sees another user's table.
        let uid = if own == 0 { libproc::own_facts(self.pid)?.facts.uid } else { own };
        let mut list = List::default();
        let holders = Holders { uid, ..Holders::default() };
        self.rows.add_to(&mut list, &self.wanted, &holders, usize::MAX);
        Ok(list.into_rows())
    }
}
