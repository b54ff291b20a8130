//! What every step of a lookup borrows: the questions, remembered state, buffers for the kernel's
//! answers, and what one look yields besides answers.

use std::collections::BTreeSet;

use super::libproc::Unread;
use super::listing::Buffers;
use super::memory::{Recent, Seen};
use super::rows::Rows;
use super::waiting::Waiting;
use crate::answer::FoundBy;
use crate::error::Error;
use crate::question::Pid;

/// Kept from lookup to lookup.
#[derive(Default)]
pub struct Context {
    /// The questions under way.
    pub waiting: Waiting,
    /// Where to look first.
    pub recent: Recent,
    /// What is not new.
    pub seen: Seen,
    /// Where the kernel writes.
    pub buffers: Buffers,
}

/// What one look gathers.
#[derive(Default)]
pub struct Gathered {
    /// What stands between it and the answer "nobody".
    pub doubts: Doubts,
    /// The sockets that lists are made of.
    pub rows: Rows,
    /// What is looking.
    pub found_by: FoundBy,
}

/// Why a walk that found nobody may not say so yet.
#[derive(Default)]
pub struct Doubts {
    /// Processes that exited or closed a socket under the walk's eyes: what they held may have gone
    /// to a process that the walk has not listed.
    pub again: BTreeSet<Pid>,
    /// A process or descriptor could not be read for a reason that says nothing about it.
    pub trouble: Option<Error>,
}

impl Doubts {
    /// Notes what `pid`, or a descriptor of it, did not tell. Fails where nothing can be believed.
    pub fn note(&mut self, pid: Pid, unread: Unread) -> Result<(), Error> {
        match unread {
            Unread::Gone | Unread::Closed => {
                self.again.insert(pid);
            }
            Unread::Refused => {}
            Unread::Failed(error) => self.fail(error),
            Unread::OutsideManual(error) => return Err(error),
        }
        Ok(())
    }

    /// Remembers the first such failure.
    pub fn fail(&mut self, error: Error) {
        self.trouble.get_or_insert(error);
    }
}
