//! Everything that the kernel reports about one process.

use super::libproc::{self, Unread};
use super::process_layout::{Facts, Started};
use super::sysctl;
use crate::answer::ProcessInfo;
use crate::error::Error;
use crate::question::Pid;

/// Returns what the kernel reports about `pid`. It reports the command line and working directory
/// of another user's process to root only, but a process's start to every user, if the system
/// reports it at all.
///
/// `None`: there is no such process, it has exited, or the caller may not see it at all.
pub fn process_info(pid: Pid) -> Result<Option<ProcessInfo>, Error> {
    let Some((facts, started)) = read(pid)? else { return Ok(None) };
    let info = ProcessInfo {
        pid,
        parent: parent(facts.parent, started)?,
        uid: Some(facts.uid),
        name: Some(facts.name).filter(|name| !name.is_empty()),
        path: libproc::process_path(pid)?,
        args: sysctl::arguments(pid)?,
        cwd: libproc::working_directory(pid)?,
        start_ms: started.and_then(Started::milliseconds),
        ..ProcessInfo::default()
    };
    // All of this describes another process if the pid was reused in between.
    let is_the_same = read(pid)?.is_some_and(|(_, again)| again == started);
    Ok(is_the_same.then_some(info))
}

fn read(pid: Pid) -> Result<Option<(Facts, Option<Started>)>, Error> {
    match libproc::own_facts(pid) {
        Ok(own) => return Ok(Some((own.facts, Some(own.started)))),
        Err(Unread::Refused) => {}
        Err(unread) => return none_or_failure(unread),
    }
    // The start is read first: what is read after it describes the same process, or one that
    // started later.
    let started = sysctl::started(pid)?;
    match libproc::facts(pid) {
        Ok(facts) => Ok(Some((facts, started))),
        Err(unread) => none_or_failure(unread),
    }
}

fn none_or_failure<T>(unread: Unread) -> Result<Option<T>, Error> {
    match unread {
        Unread::Gone | Unread::Refused | Unread::Closed => Ok(None),
        Unread::Failed(error) | Unread::OutsideManual(error) => Err(error),
    }
}

/// Returns the parent. `None`: it has none, or a younger process has that pid now.
fn parent(parent: Pid, started: Option<Started>) -> Result<Option<Pid>, Error> {
    if parent <= 0 {
        return Ok(None);
    }
    let is_younger = match started {
        Some(started) => sysctl::started(parent)?.is_some_and(|parents| parents > started),
        None => false,
    };
    Ok((!is_younger).then_some(parent))
}
