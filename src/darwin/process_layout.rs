//! Parses kernel bytes into facts about a process; no system call, no unsafe.

use std::ffi::c_int;

use super::layout::bytes_at;
use crate::error::Error;
use crate::question::Pid;

/// The bytes of a `struct proc_bsdinfo`, <sys/proc_info.h>; macOS 10.7 to SDK 27, arm64 and x86_64.
pub type BsdInfo = [u8; 136];
/// The bytes of a `struct proc_bsdshortinfo`, <sys/proc_info.h>; same validity.
pub type ShortBsdInfo = [u8; 64];
/// The bytes of a `struct proc_vnodepathinfo`, <sys/proc_info.h>; same validity.
pub type VnodePathInfo = [u8; 2352];
/// The bytes of a `struct kinfo_proc`, <sys/sysctl.h>; same validity.
pub type KinfoProc = [u8; 648];

/// `sizeof(struct proc_vnodepathinfo)`.
pub const VNODE_PATH_INFO_BYTES: c_int = 2352;

// Offsets in `struct proc_bsdinfo`.

/// `pbi_pid`, u32: the process itself.
const PBI_PID: usize = 12;
/// `pbi_ppid`, u32: its parent.
const PBI_PPID: usize = 16;
/// `pbi_uid`, u32: its effective user.
const PBI_UID: usize = 20;
/// `pbi_comm`, 16 bytes with a NUL: its name, truncated.
const PBI_COMM: usize = 48;
/// `pbi_name`, 32 bytes with a NUL: its name, truncated less; may be empty.
const PBI_NAME: usize = 64;
/// `pbi_start_tvsec`, u64: when it started, in seconds.
const PBI_START_TVSEC: usize = 120;
/// `pbi_start_tvusec`, u64: the microseconds part.
const PBI_START_TVUSEC: usize = 128;

// Offsets in `struct proc_bsdshortinfo`.

/// `pbsi_pid`, u32: the process itself.
const PBSI_PID: usize = 0;
/// `pbsi_ppid`, u32: its parent.
const PBSI_PPID: usize = 4;
/// `pbsi_comm`, 16 bytes with a NUL: its name, truncated.
const PBSI_COMM: usize = 16;
/// `pbsi_uid`, u32: its effective user.
const PBSI_UID: usize = 36;

/// In `struct proc_vnodepathinfo`: `pvi_cdir.vip_path`, 1,024 bytes with a NUL: the working
/// directory.
const VIP_PATH: usize = 152;

// Offsets in `struct kinfo_proc`, all of them in its `kp_proc`.

/// `p_starttime.tv_sec`, i64: when it started, in seconds.
const P_STARTTIME_SEC: usize = 0;
/// `p_starttime.tv_usec`, i32: the microseconds part.
const P_STARTTIME_USEC: usize = 8;
/// `p_pid`, i32: the process itself.
const P_PID: usize = 40;

/// What the kernel reports about any user's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// 0 for the first process.
    pub parent: Pid,
    /// Its effective user.
    pub uid: u32,
    /// The name that its parent or itself gave it. Bytes that are not UTF-8 become U+FFFD.
    pub name: String,
}

/// What the kernel reports about the caller's own processes, and to root about every process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFacts {
    /// The same as for any process, with a longer name.
    pub facts: Facts,
    /// When it started.
    pub started: Started,
}

/// When a process started. Together with the pid it distinguishes the process from every other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Started {
    /// Seconds since 1970.
    pub seconds: u64,
    /// And this many microseconds.
    pub microseconds: u64,
}

impl Started {
    /// Returns milliseconds since 1970, rounded down.
    pub fn milliseconds(self) -> Option<i64> {
        let whole = self.seconds.checked_mul(1000)?;
        whole.checked_add(self.microseconds.checked_div(1000)?)?.try_into().ok()
    }
}

/// Parses what the kernel reports about `pid` to its own user or to root.
pub fn own_facts(pid: Pid, info: &BsdInfo) -> Result<OwnFacts, Error> {
    must(i32::from_ne_bytes(bytes_at(info, PBI_PID)) == pid, "pbi_pid is another process")?;
    let long: [u8; 32] = bytes_at(info, PBI_NAME);
    let short: [u8; 16] = bytes_at(info, PBI_COMM);
    let facts = Facts {
        parent: i32::from_ne_bytes(bytes_at(info, PBI_PPID)),
        uid: u32::from_ne_bytes(bytes_at(info, PBI_UID)),
        name: if long[0] == 0 { text(&short) } else { text(&long) },
    };
    let started = Started {
        seconds: u64::from_ne_bytes(bytes_at(info, PBI_START_TVSEC)),
        microseconds: u64::from_ne_bytes(bytes_at(info, PBI_START_TVUSEC)),
    };
    Ok(OwnFacts { facts, started })
}

/// Parses what the kernel reports about any user's process.
pub fn facts(pid: Pid, info: &ShortBsdInfo) -> Result<Facts, Error> {
    must(i32::from_ne_bytes(bytes_at(info, PBSI_PID)) == pid, "pbsi_pid is another process")?;
    Ok(Facts {
        parent: i32::from_ne_bytes(bytes_at(info, PBSI_PPID)),
        uid: u32::from_ne_bytes(bytes_at(info, PBSI_UID)),
        name: text(&bytes_at::<16>(info, PBSI_COMM)),
    })
}

/// Parses a working directory. `None`: the kernel could not find its path.
pub fn working_directory(info: &VnodePathInfo) -> Option<String> {
    Some(text(&bytes_at::<1024>(info, VIP_PATH))).filter(|path| !path.is_empty())
}

/// Parses when `pid` started, for any user's process.
pub fn started(pid: Pid, info: &KinfoProc) -> Result<Started, Error> {
    let is_it = i32::from_ne_bytes(bytes_at(info, P_PID)) == pid;
    let seconds = u64::try_from(i64::from_ne_bytes(bytes_at(info, P_STARTTIME_SEC)));
    let microseconds = u64::try_from(i32::from_ne_bytes(bytes_at(info, P_STARTTIME_USEC)));
    match (seconds, microseconds) {
        (Ok(seconds), Ok(microseconds)) if is_it => Ok(Started { seconds, microseconds }),
        _ => Err(Error::outside_manual("sysctl", "p_pid is another process, or has no start")),
    }
}

/// Returns the text up to the first NUL.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

fn must(holds: bool, else_what: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::outside_manual("proc_pidinfo", else_what)) }
}
