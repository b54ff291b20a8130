//! What is told of a process.

use crate::question::Pid;

/// One process at one moment. `None` in a field: the caller may not see it on that system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Its parent; `None` for the first process of all.
    pub parent: Option<Pid>,
    /// The user in whose name it acts (its effective user id).
    pub uid: Option<u32>,
    /// Its name, as short as the kernel keeps it. Whoever started the process chose it.
    pub name: Option<String>,
    /// The program that it runs, as `process_path` tells it.
    pub path: Option<String>,
    /// When it started, in milliseconds since 1970.
    pub start_ms: Option<i64>,
}
