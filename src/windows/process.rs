//! One process: its path and its record.

use super::command_line;
use super::filetime;
use super::kernel::processes::{self, Process};
use super::layout::processes::{self as layout, BASIC_BYTES, Listed};
use super::native_path;
use super::services;
use super::win32_error::{
    ERROR_ACCESS_DENIED, ERROR_GEN_FAILURE, ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER,
    failed,
};
use crate::answer::ProcessInfo;
use crate::error::Error;
use crate::question::Pid;

/// A live process.
pub enum Subject {
    /// Held open, so that no other process can get its pid.
    Open {
        /// Its pid.
        pid: Pid,
        /// The handle.
        process: Process,
        /// When it was created, as a FILETIME.
        created: u64,
    },
    /// It may not be opened. The list of all processes says a little about it.
    Refused(Listed),
}

/// The list of all processes, read when first needed.
#[derive(Default)]
pub struct ProcessList(Option<Vec<Listed>>);

/// The longest path: NT's limit in units, with a NUL.
const PATH_UNITS_MAX: usize = 32_768;
const PATH_UNITS: usize = 512;
/// A `UNICODE_STRING` and the longest text that it can describe.
const COMMAND_LINE_BYTES_MAX: usize = 16 + 0x1_0000;
const COMMAND_LINE_BYTES: usize = 2048;
const LIST_BYTES: usize = 256 * 1024;
const LIST_BYTES_MAX: usize = 64 * 1024 * 1024;
const TRIES: u32 = 8;
/// STATUS_INFO_LENGTH_MISMATCH.
const TOO_SMALL: i32 = 0xC000_0004_u32.cast_signed();

/// Programs that run services for others.
const SERVICE_HOSTS: [&str; 2] = ["svchost.exe", "lsass.exe"];

/// Returns the absolute path of the program that `pid` runs.
///
/// `None`: there is no such process, it has exited but is held open, or it is one of the system's
/// own processes, which have no program.
pub fn process_path(pid: Pid) -> Result<Option<String>, Error> {
    match Subject::find(pid, &mut ProcessList::default())? {
        Some(subject) => subject.path(),
        None => Ok(None),
    }
}

/// Returns what the system reports about `pid`. `None`: there is no such process, or it has exited.
pub fn process_info(pid: Pid) -> Result<Option<ProcessInfo>, Error> {
    let mut list = ProcessList::default();
    match Subject::find(pid, &mut list)? {
        Some(subject) => subject.info(&mut list),
        None => Ok(None),
    }
}

impl Subject {
    /// Finds the process with that pid. `None`: there is none, or it has exited.
    ///
    /// Pids are multiples of four. For any other number Windows would take the next lower pid.
    pub fn find(pid: Pid, list: &mut ProcessList) -> Result<Option<Self>, Error> {
        if pid <= 0 || pid % 4 != 0 {
            return Ok(None);
        }
        match Process::open(pid) {
            Ok(process) => match process.times() {
                Ok(times) if times.exited == 0 => {
                    Ok(Some(Self::Open { pid, process, created: times.created }))
                }
                Ok(_) => Ok(None),
                Err(code) => Err(failed("GetProcessTimes", code, &pid.to_string())),
            },
            // The process exists, or has exited but is held open. In the latter case it is not in
            // the list.
            Err(ERROR_ACCESS_DENIED) => Ok(list.entry(pid)?.map(Self::Refused)),
            Err(ERROR_INVALID_PARAMETER) => Ok(None),
            Err(code) => Err(failed("OpenProcess", code, &pid.to_string())),
        }
    }

    /// Returns when it was created, as a FILETIME.
    pub fn created(&self) -> u64 {
        match self {
            Self::Open { created, .. } => *created,
            Self::Refused(listed) => listed.created,
        }
    }

    fn pid(&self) -> Pid {
        match self {
            Self::Open { pid, .. } => *pid,
            Self::Refused(listed) => listed.pid,
        }
    }

    fn path(&self) -> Result<Option<String>, Error> {
        match self {
            Self::Open { pid, process, .. } => image_path(*pid, process),
            Self::Refused(listed) => native_path::of(listed.pid),
        }
    }

    /// Returns everything that the system reports about it. `None`: it could not be held open, and
    /// its pid may belong to another process by now.
    pub fn info(&self, list: &mut ProcessList) -> Result<Option<ProcessInfo>, Error> {
        let path = self.path()?;
        let (pid, created) = (self.pid(), self.created());
        let (name, args, parent) = match self {
            Self::Open { process, .. } => {
                (file_name(path.as_deref()), arguments(process), parent(process))
            }
            Self::Refused(listed) => (Some(listed.name.clone()), None, Some(listed.parent)),
        };
        // The system's own processes have no path, but the list names them.
        let name = match name {
            None => list.entry(pid)?.map(|listed| listed.name),
            name => name,
        };
        let name = name.filter(|name| !name.is_empty());
        let is_host =
            |name: &String| SERVICE_HOSTS.iter().any(|host| name.eq_ignore_ascii_case(host));
        let services = name.as_ref().filter(|name| is_host(name)).and_then(|_| services::of(pid));
        let info = ProcessInfo {
            pid,
            parent: parent_that_lives(parent, created, list)?,
            name,
            path,
            args,
            start_ms: filetime::milliseconds(created),
            services,
            ..ProcessInfo::default()
        };
        let is_same = match self {
            Self::Open { .. } => true,
            Self::Refused(listed) => {
                let again = ProcessList::default().entry(pid)?;
                again.is_some_and(|again| again.created == listed.created)
            }
        };
        Ok(Some(info).filter(|_| is_same))
    }
}

impl ProcessList {
    /// Returns the list's entry for a process.
    fn entry(&mut self, pid: Pid) -> Result<Option<Listed>, Error> {
        let list = match &mut self.0 {
            Some(list) => list,
            none => none.insert(read_list()?),
        };
        Ok(list.iter().find(|listed| listed.pid == pid).cloned())
    }
}

fn read_list() -> Result<Vec<Listed>, Error> {
    let mut room = LIST_BYTES;
    let mut status = TOO_SMALL;
    for _ in 0..TRIES {
        let mut buffer = vec![0; room];
        let needed;
        (status, needed) = processes::all(&mut buffer);
        if status == 0 {
            return Ok(layout::list(&buffer));
        }
        if status != TOO_SMALL {
            break;
        }
        // More processes may start before the next call.
        let needed = usize::try_from(needed).unwrap_or(0).max(room);
        room = needed.saturating_add(needed / 4).min(LIST_BYTES_MAX);
    }
    Err(failed("NtQuerySystemInformation", status.cast_unsigned(), ""))
}

/// Returns the parent, unless it has exited: a younger process may have its pid by now.
fn parent_that_lives(
    parent: Option<Pid>,
    created: u64,
    list: &mut ProcessList,
) -> Result<Option<Pid>, Error> {
    let Some(parent) = parent else { return Ok(None) };
    let found = Subject::find(parent, list)?;
    Ok(found.filter(|found| found.created() <= created).map(|_| parent))
}

fn parent(process: &Process) -> Option<Pid> {
    let mut basic = [0; BASIC_BYTES];
    (process.basic(&mut basic) == 0).then(|| layout::parent(&basic))?
}

/// Returns the command line. `None`: Windows is older than 8.1, or the command line may not be
/// read.
fn arguments(process: &Process) -> Option<Vec<String>> {
    let mut room = COMMAND_LINE_BYTES;
    loop {
        let mut buffer = vec![0; room];
        match process.command_line(&mut buffer) {
            (0, _) => {
                return layout::command_line(&buffer).map(|line| command_line::arguments(&line));
            }
            (TOO_SMALL, _) if room < COMMAND_LINE_BYTES_MAX => room = COMMAND_LINE_BYTES_MAX,
            _ => return None,
        }
    }
}

/// Returns the path of the program. The call does not say how much room it needs, so the room grows
/// fourfold up to NT's limit.
fn image_path(pid: Pid, process: &Process) -> Result<Option<String>, Error> {
    let mut units = PATH_UNITS;
    loop {
        let mut path = vec![0; units];
        match process.image_path(&mut path) {
            Ok(length) => {
                let path = String::from_utf16_lossy(path.get(..length).unwrap_or_default());
                return Ok(Some(path).filter(|path| is_absolute(path)));
            }
            Err(ERROR_INSUFFICIENT_BUFFER) if units < PATH_UNITS_MAX => {
                units = units.saturating_mul(4).min(PATH_UNITS_MAX);
            }
            // The system's own processes have no path, nor do those that have just exited.
            Err(ERROR_GEN_FAILURE | ERROR_ACCESS_DENIED | ERROR_INVALID_PARAMETER) => {
                return Ok(None);
            }
            Err(code) => {
                return Err(failed("QueryFullProcessImageNameW", code, &pid.to_string()));
            }
        }
    }
}

/// Returns whether this is a real path. For the system's own processes, the call returns a bare or
/// an empty name.
fn is_absolute(path: &str) -> bool {
    path.get(1..3) == Some(":\\") || path.starts_with("\\\\")
}

fn file_name(path: Option<&str>) -> Option<String> {
    path?.rsplit('\\').next().map(str::to_owned)
}
