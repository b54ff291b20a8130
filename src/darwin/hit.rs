//! A process that holds a socket which could answer a question, and the order of several holders.

use std::cmp::Reverse;

use super::kernel::Fd;
use super::layout::Identity;
use super::process_layout::Started;
use crate::question::{Pid, Rank};

/// launchd keeps sockets for the services that it starts, so it answers only if no other process
/// does.
const LAUNCHD: Pid = 1;

/// A process and a descriptor with which it holds a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The process.
    pub pid: Pid,
    /// Its descriptor.
    pub fd: Fd,
}

/// A socket that could answer a question, as one descriptor showed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// How well it answers the question.
    pub rank: Rank,
    /// Which socket it is.
    pub identity: Identity,
    /// Whether other descriptors refer to the same socket.
    pub shared: bool,
    /// The process and descriptor that showed it.
    pub owner: Owner,
}

impl Hit {
    /// Returns whether no other process could answer with this socket.
    pub fn is_sole(&self) -> bool {
        !self.shared && !self.is_launchds()
    }

    /// Returns whether launchd showed it.
    pub fn is_launchds(&self) -> bool {
        self.owner.pid == LAUNCHD
    }
}

/// A holder's place among the holders of one socket; the least one answers. The kernel lists the
/// newest process first, so of two that started in the same microsecond, the one later in the list
/// is the older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seniority {
    is_launchd: bool,
    started: Started,
    listed: Reverse<usize>,
}

impl Seniority {
    /// Returns the place of `pid`. A process that is not in `listed` started after the list was
    /// made.
    pub fn new(pid: Pid, started: Started, listed: &[Pid]) -> Self {
        let position = listed.iter().position(|each| *each == pid);
        let listed = Reverse(position.map_or(0, |position| position.saturating_add(1)));
        Self { is_launchd: pid == LAUNCHD, started, listed }
    }
}
