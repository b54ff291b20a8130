//! The answers to questions.

use crate::error::Error;
use crate::question::Pid;
use crate::socket::Socket;

/// An answer on its way back to JavaScript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The question's id.
    pub id: u32,
    /// What was found, or why the lookup failed.
    pub found: Result<Found, Error>,
    /// Which step of the lookup found it.
    pub found_by: FoundBy,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No process that the caller may see holds such a socket.
    Nobody,
    /// The holder.
    Process(Pid),
    /// What is known about the holder.
    Record(Box<ProcessInfo>),
    /// The sockets, in no particular order.
    Sockets(Vec<SocketRow>),
}

/// One process at one moment. A field is `None` if the system does not provide it, or not to this
/// caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessInfo {
    /// The process id.
    pub pid: Pid,
    /// The parent; `None` if there is none, or if its pid has been reused by a younger process.
    pub parent: Option<Pid>,
    /// The effective user id.
    pub uid: Option<u32>,
    /// The name, possibly cut short by the kernel. Whoever started the process chose it.
    pub name: Option<String>,
    /// The program that it runs, as `process_path` returns it.
    pub path: Option<String>,
    /// The command line, at most 256 KiB including the NULs; empty if it has none.
    pub args: Option<Vec<String>>,
    /// The working directory.
    pub cwd: Option<String>,
    /// When it started, in milliseconds since 1970.
    pub start_ms: Option<i64>,
    /// Linux: the path of the control group.
    pub cgroup: Option<String>,
    /// Windows: the services that it runs.
    pub services: Option<Vec<String>>,
}

/// One socket of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketRow {
    /// The socket itself.
    pub socket: Socket,
    /// The socket's user; `None` if the system reports none, or only a placeholder.
    pub uid: Option<u32>,
    /// The holders that the caller may see, oldest process first.
    pub pids: Vec<Pid>,
}

impl From<Option<Pid>> for Found {
    fn from(pid: Option<Pid>) -> Self {
        pid.map_or(Self::Nobody, Self::Process)
    }
}

/// How far a lookup had to go, with the numbers of the wire format. `NODE_DEBUG` shows it, to
/// explain why a lookup was slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FoundBy {
    /// The kernel's socket tables: there is no such socket, or the lookup failed.
    #[default]
    Sockets = 0,
    /// A process that answered recently.
    Recent = 1,
    /// The walk over processes.
    Walk = 2,
}

#[cfg(test)]
impl Answer {
    /// Returns the pid in the answer, if it has one.
    pub fn owner(&self) -> Result<Option<Pid>, Error> {
        self.found.clone().map(|found| match found {
            Found::Process(pid) => Some(pid),
            Found::Record(record) => Some(record.pid),
            Found::Nobody | Found::Sockets(_) => None,
        })
    }
}
