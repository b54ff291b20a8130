//! What `/proc/PID` tells of a process.

use std::fs;
use std::sync::atomic::{AtomicI64, Ordering};

use super::layout::{self, ProcessStat};
use super::names::{Name, failure, is_gone_or_hidden, socket_at};
use super::namespace::Numbers;
use super::path::{proc_is_there, process_path};
use crate::error::Error;
use crate::platform::linux::kernel::{self, NO_DIRECTORY};
use crate::platform::linux::socket::Hit;
use crate::process::ProcessInfo;
use crate::question::Pid;

/// USER_HZ, in which the kernel tells times to programs: 100 on every architecture of today.
const TICKS_PER_SECOND: u64 = 100;

/// What is told of `pid`, all of it readable for everybody but the path.
///
/// `None`: no such process, one that has exited, a thread that is no process, or one that is hidden
/// (`hidepid`).
pub fn process_info(pid: Pid) -> Result<Option<ProcessInfo>, Error> {
    let stat_name = Name::new(format_args!("{pid}/stat"));
    let status_name = Name::new(format_args!("{pid}/status"));
    let (Some(line), Some(status)) = (read(&stat_name)?, read(&status_name)?) else {
        return proc_is_there().map(|()| None);
    };
    let path = process_path(pid)?;
    let Some(stat) = layout::process_stat(&line) else { return Ok(None) };
    // The pid was another process's when it was read first.
    let is_another = start_ticks(read(&stat_name)?) != Some(stat.start_ticks);
    let is_gone = stat.has_exited && stat.threads <= 1;
    if is_another || is_gone || layout::thread_group(&status) != Some(pid) {
        return Ok(None);
    }
    Ok(Some(ProcessInfo {
        pid,
        parent: Some(stat.parent).filter(|parent| *parent != 0),
        uid: layout::effective_uid(&status),
        name: Some(String::from_utf8_lossy(stat.name).into_owned()),
        path,
        start_ms: start_ms(&stat),
        ..ProcessInfo::default()
    }))
}

/// What is told of a holder that was found, if it still is one.
pub fn holder_info(numbers: &Numbers, hit: Hit) -> Result<Option<ProcessInfo>, Error> {
    let Some(pid) = numbers.holder_to_own(hit)? else { return Ok(None) };
    let info = process_info(pid)?;
    Ok(info.filter(|_| socket_at(hit.pid, hit.fd) == Ok(Some(hit.inode))))
}

/// `None`: the process has gone or is hidden.
fn read(name: &Name) -> Result<Option<Vec<u8>>, Error> {
    let mut buffer = vec![0; 4096];
    let opened = kernel::open(NO_DIRECTORY, name.text(), libc::O_RDONLY);
    let read = opened.map_err(|errno| ("open", errno)).and_then(|file| {
        kernel::read(&file, &mut buffer).map(<[u8]>::len).map_err(|errno| ("read", errno))
    });
    match read {
        Ok(filled) => {
            buffer.truncate(filled);
            Ok(Some(buffer))
        }
        Err((_, errno)) if is_gone_or_hidden(errno) => Ok(None),
        Err((call, errno)) => Err(failure(call, errno, name)),
    }
}

fn start_ticks(line: Option<Vec<u8>>) -> Option<u64> {
    layout::process_stat(&line?).map(|stat| stat.start_ticks)
}

fn start_ms(stat: &ProcessStat<'_>) -> Option<i64> {
    let ticks = i64::try_from(stat.start_ticks).ok()?;
    let ms_per_tick = i64::try_from(1000_u64.checked_div(TICKS_PER_SECOND)?).ok()?;
    boot_ms()?.checked_add(ticks.checked_mul(ms_per_tick)?)
}

/// The kernel reckons it back from the clock. The first answer stays, so that a clock which is set
/// later does not make another process of one that is known by its pid and start.
fn boot_ms() -> Option<i64> {
    static BOOT_MS: AtomicI64 = AtomicI64::new(0);
    let known = BOOT_MS.load(Ordering::Relaxed);
    if known != 0 {
        return Some(known);
    }
    let read = layout::boot_seconds(&fs::read("/proc/stat").ok()?)?.checked_mul(1000)?;
    match BOOT_MS.compare_exchange(0, read, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => Some(read),
        Err(first) => Some(first),
    }
}
