//! What every step of a lookup borrows: the questions, remembered state, buffers for the kernel's
//! answers, and what a glance or a walk collects besides answers.

use std::collections::BTreeSet;

use super::libproc::Unread;
use super::listing::Buffers;
use super::memory::{Recent, Seen};
use super::rows::Rows;
use super::waiting::Waiting;
use crate::answer::FoundBy;
use crate::error::Error;
use crate::question::Pid;

/// What is kept from lookup to lookup.
#[derive(Default)]
pub struct Context {
    /// The questions under way.
    pub waiting: Waiting,
    /// The recent owners, where to look first.
    pub recent: Recent,
    /// The descriptors and zombies seen before; everything else is new.
    pub seen: Seen,
    /// The buffers that the kernel writes to.
    pub buffers: Buffers,
}

/// What a glance or a walk collects.
#[derive(Default)]
pub struct Gathered {
    /// What keeps it from answering "nobody".
    pub doubts: Doubts,
    /// The sockets from which lists are made.
    pub rows: Rows,
    /// How the answers that it gives are found.
    pub found_by: FoundBy,
}

/// Why a walk that found nothing may not answer "nobody" yet.
#[derive(Default)]
pub struct Doubts {
    /// Processes that exited or closed a socket while the walk was reading them: what they held may
    /// have passed to a process that the walk has not listed.
    pub again: BTreeSet<Pid>,
    /// The reason why a process or descriptor could not be read, if it says nothing about the
    /// process or descriptor itself.
    pub trouble: Option<Error>,
}

impl Doubts {
    /// Notes why `pid`, or one of its descriptors, could not be read. Fails if nothing that was
    /// read can be trusted.
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

    /// Keeps the first failure that says nothing about the process.
    pub fn fail(&mut self, error: Error) {
        self.trouble.get_or_insert(error);
    }
}
