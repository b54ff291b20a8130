//! What is told of a process.

use crate::question::Pid;

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
