//! The answers to questions.

use crate::error::Error;
use crate::question::Pid;
use crate::socket::Socket;

/// An answer on its way back to JavaScript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The question's.
    pub id: u32,
    /// What was found, or why it could not be looked up.
    pub found: Result<Found, Error>,
    /// What found it.
    pub found_by: FoundBy,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No process that the caller may see holds such a socket.
    Nobody,
    /// The holder.
    Process(Pid),
    /// What is told of the holder.
    Record(Box<ProcessInfo>),
    /// The sockets, in no order.
    Sockets(Vec<SocketRow>),
}

/// One process at one moment. `None` in a field: the system does not tell it, or not to this caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Its number.
    pub pid: Pid,
    /// Its parent; `None` where it has none, or where that pid is a younger process's by now.
    pub parent: Option<Pid>,
    /// The user in whose name it acts (its effective user id).
    pub uid: Option<u32>,
    /// Its name, as short as the kernel keeps it. Whoever started the process chose it.
    pub name: Option<String>,
    /// The program that it runs, as `process_path` tells it.
    pub path: Option<String>,
    /// Its command line, at most 256 KiB of it with the NULs; empty where it has none.
    pub args: Option<Vec<String>>,
    /// Its working directory.
    pub cwd: Option<String>,
    /// When it started, in milliseconds since 1970.
    pub start_ms: Option<i64>,
    /// Linux: the path of its control group.
    pub cgroup: Option<String>,
    /// Windows: the services that it runs.
    pub services: Option<Vec<String>>,
}

/// One socket of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketRow {
    /// What it is.
    pub socket: Socket,
    /// Its user; `None` where the system tells none, or a placeholder.
    pub uid: Option<u32>,
    /// Its holders that the caller may see, the one that started first in front.
    pub pids: Vec<Pid>,
}

impl From<Option<Pid>> for Found {
    fn from(pid: Option<Pid>) -> Self {
        pid.map_or(Self::Nobody, Self::Process)
    }
}

/// How far a lookup had to go, for who wants to know why it took its time (`NODE_DEBUG`), by the
/// wire's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FoundBy {
    /// The kernel's table of sockets: there is no such socket, or it could not be looked up.
    #[default]
    Sockets = 0,
    /// A process that answered lately.
    Recent = 1,
    /// The walk over processes.
    Walk = 2,
}

#[cfg(test)]
impl Answer {
    /// Returns the pid that answers, where one was asked for.
    pub fn owner(&self) -> Result<Option<Pid>, Error> {
        self.found.clone().map(|found| match found {
            Found::Process(pid) => Some(pid),
            Found::Record(record) => Some(record.pid),
            Found::Nobody | Found::Sockets(_) => None,
        })
    }
}
