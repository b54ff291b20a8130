//! What the kernel tells of one process.

use super::kernel::{self, Outcome, process_path};
use super::layout::{self, Facts};
use crate::error::Error;
use crate::process::ProcessInfo;
use crate::question::Pid;

/// What is told of `pid`. Another user's start is told to root only.
///
/// `None`: no such process, or one that has exited, or one that the caller may not see at all.
pub fn process_info(pid: Pid) -> Result<Option<ProcessInfo>, Error> {
    let Some((facts, started)) = read(pid)? else { return Ok(None) };
    let path = process_path(pid)?;
    // The path is another process's if the pid was given away in between.
    if read(pid)?.is_none_or(|(_, again)| again != started) {
        return Ok(None);
    }
    Ok(Some(ProcessInfo {
        pid,
        parent: Some(facts.parent).filter(|parent| *parent > 0),
        uid: Some(facts.uid),
        name: Some(facts.name).filter(|name| !name.is_empty()),
        path,
        start_ms: started.and_then(milliseconds),
        ..ProcessInfo::default()
    }))
}

type Started = Option<(u64, u64)>;

fn read(pid: Pid) -> Result<Option<(Facts, Started)>, Error> {
    let mut info = [0; 136];
    match kernel::bsd_info(pid, &mut info)? {
        Outcome::Told(()) => {
            let started = layout::start_time(pid, &info)?;
            return Ok(Some((layout::facts(&info), Some(started))));
        }
        Outcome::Refused => {}
        Outcome::Failed(error) => return Err(error),
        Outcome::ProcessGone | Outcome::Closed | Outcome::NotSocket => return Ok(None),
    }
    let mut info = [0; 64];
    match kernel::short_bsd_info(pid, &mut info)? {
        Outcome::Told(()) => Ok(Some((layout::short_facts(pid, &info)?, None))),
        Outcome::Failed(error) => Err(error),
        _ => Ok(None),
    }
}

fn milliseconds((seconds, microseconds): (u64, u64)) -> Option<i64> {
    let whole = seconds.checked_mul(1000)?;
    whole.checked_add(microseconds.checked_div(1000)?)?.try_into().ok()
}
