//! What two `sysctl` values say about a process.

use std::ffi::c_int;

use super::kernel::{self, EACCES, EINVAL, EIO, ENOENT, EPERM, ESRCH, Returned};
use super::procargs;
use super::process_layout::{self, Started};
use crate::error::Error;
use crate::question::Pid;

// <sys/sysctl.h>.
const CTL_KERN: c_int = 1;
const KERN_PROC: c_int = 14;
const KERN_PROC_PID: c_int = 1;
const KERN_PROCARGS2: c_int = 49;

/// ARG_MAX plus the argument count in front. With less room, the kernel returns the *end* of the
/// strings, which is the environment; it refuses more (`bsd/kern/kern_sysctl.c`).
const ARGUMENTS_BYTES: usize = 1_048_580;

/// `kern.proc.pid`: returns when `pid` started, for any user's process, including zombies.
///
/// `None`: no process has that pid, in which case the call succeeds with no bytes; or this system
/// does not report it.
pub fn started(pid: Pid) -> Result<Option<Started>, Error> {
    let mut info = [0; 648];
    let (Returned { value, errno }, filled) =
        kernel::system_value(&[CTL_KERN, KERN_PROC, KERN_PROC_PID, pid], &mut info);
    match (value, errno, filled) {
        (0, _, 0) | (-1, EPERM | EACCES | ESRCH | ENOENT, _) => Ok(None),
        (0, _, 648) => process_layout::started(pid, &info).map(Some),
        (-1, errno, _) if errno != 0 => Err(Error::system("sysctl", errno, &pid.to_string())),
        _ => Err(outside(filled)),
    }
}

/// `KERN_PROCARGS2`: returns the command line of `pid`.
///
/// `None`: the kernel refused, always with EINVAL (the process has gone, is another user's or the
/// kernel itself), or with EIO if the process gave back the memory. An answer that fills the buffer
/// has lost its beginning. A process may also have overwritten its own strings until none are left.
pub fn arguments(pid: Pid) -> Result<Option<Vec<String>>, Error> {
    let mut room = vec![0; ARGUMENTS_BYTES];
    let (Returned { value, errno }, filled) =
        kernel::system_value(&[CTL_KERN, KERN_PROCARGS2, pid], &mut room);
    match (value, errno) {
        (0, _) if filled == ARGUMENTS_BYTES => Ok(None),
        (0, _) if filled >= size_of::<c_int>() => {
            room.get(..filled).map(procargs::arguments).ok_or_else(|| outside(filled))
        }
        (-1, EINVAL | EPERM | EACCES | ESRCH | EIO) => Ok(None),
        (-1, errno) if errno != 0 => Err(Error::system("sysctl", errno, &pid.to_string())),
        _ => Err(outside(filled)),
    }
}

fn outside(bytes: usize) -> Error {
    Error::outside_manual("sysctl", &format!("it answered {bytes} bytes"))
}
