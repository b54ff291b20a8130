//! Interprets libproc's results: bytes, nothing, or the reason why there is nothing.
//!
//! The meaning of each errno here comes from `bsd/kern/proc_info.c` of XNU.

use std::ffi::c_int;
use std::process;

use super::kernel::{
    self, EACCES, EBADF, ENODEV, ENOENT, ENOMEM, ENOTSOCK, EPERM, ESRCH, Fd, FdInfo, Returned,
};
use super::layout::{self, SOCKET_INFO_BYTES, Sighting, SocketInfo};
use super::process_layout::{self, Facts, OwnFacts, VNODE_PATH_INFO_BYTES};
use crate::error::Error;
use crate::question::Pid;

/// `PROX_FDTYPE_SOCKET`, <sys/proc_info.h>.
pub const FD_IS_SOCKET: u32 = 2;

/// Why nothing was read from a process or a descriptor.
#[derive(Debug, PartialEq, Eq)]
pub enum Unread {
    /// ESRCH: the process has gone, or is a zombie.
    Gone,
    /// EPERM: the process belongs to another user, for instance after it ran a setuid program.
    Refused,
    /// EBADF, ENOTSOCK: the descriptor was closed after it was listed, or its number now refers to
    /// something else.
    Closed,
    /// Any other errno, which says nothing about the process or the descriptor.
    Failed(Error),
    /// The structure is not the one that this code knows: nothing that was read can be trusted, and
    /// the whole lookup fails.
    OutsideManual(Error),
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::OutsideManual(error)
    }
}

// <sys/proc_info.h>.
const PROC_ALL_PIDS: u32 = 1;
const PROC_UID_ONLY: u32 = 4;
const PROC_PIDLISTFDS: c_int = 1;
const PROC_PIDTBSDINFO: c_int = 3;
const PROC_PIDVNODEPATHINFO: c_int = 9;
const PROC_PIDT_SHORTBSDINFO: c_int = 13;
const PROC_PIDFDSOCKETINFO: c_int = 3;

/// `PROC_PIDPATHINFO_MAXSIZE`, <sys/proc_info.h>. The kernel writes all of these bytes, not only
/// the path.
const PATH_BYTES: usize = 4096;

/// `proc_listpids`: returns how many pids it wrote to the front of `pids`. If they fill `pids`,
/// there may be more.
///
/// An ordinary user gets the processes of the same effective user, which are the ones that would
/// not fail with EPERM later; root gets all processes. The newest come first, zombies last. Zombies
/// are included and, for root, pid 0.
pub fn list_pids(everybody: bool, pids: &mut [Pid]) -> Result<usize, Error> {
    let own = kernel::effective_user();
    let (kind, of) = if everybody { (PROC_ALL_PIDS, 0) } else { (PROC_UID_ONLY, own) };
    let Returned { value, errno } = kernel::list_pids(kind, of, pids);
    match (usize::try_from(value), errno) {
        (Ok(0), 0) => Err(outside("proc_listpids", "it lists no process, not even this one")),
        (Ok(0), errno) => Err(Error::system("proc_listpids", errno, "")),
        (Ok(filled), _) if filled <= size_of_val(pids) => {
            Ok(filled.checked_div(size_of::<Pid>()).unwrap_or(0))
        }
        _ => Err(outside("proc_listpids", &format!("it answered {value} bytes"))),
    }
}

/// `proc_pidinfo(PROC_PIDLISTFDS)`: returns how many descriptors of `pid` it wrote to the front of
/// `fds`. If they fill `fds`, there may be more. 0 means that the process has none.
pub fn list_fds(pid: Pid, fds: &mut [FdInfo]) -> Result<usize, Unread> {
    let Returned { value, errno } = kernel::list_fds(pid, PROC_PIDLISTFDS, fds);
    match (usize::try_from(value), errno) {
        (Ok(0), 0) => Ok(0),
        (Ok(0), errno) => Err(unread("proc_pidinfo", errno, pid)),
        (Ok(filled), _) if filled <= size_of_val(fds) => {
            Ok(filled.checked_div(size_of::<FdInfo>()).unwrap_or(0))
        }
        _ => Err(Unread::Failed(outside("proc_pidinfo", &format!("it answered {value} bytes")))),
    }
}

/// `proc_pidfdinfo(PROC_PIDFDSOCKETINFO)`: returns the socket behind one descriptor of one process.
/// `None`: it is neither TCP nor UDP, or not live.
///
/// ENOMEM has only one meaning here, that the structure is not the one `layout.rs` reads, and the
/// kernel returns it before it even looks for the process. A short answer is not an answer.
pub fn socket(pid: Pid, fd: Fd) -> Result<Option<Sighting>, Unread> {
    Ok(layout::sighting(&read_socket(pid, fd)?)?)
}

fn read_socket(pid: Pid, fd: Fd) -> Result<SocketInfo, Unread> {
    let mut info = [0; 792];
    let Returned { value, errno } =
        kernel::descriptor_facts(pid, fd, PROC_PIDFDSOCKETINFO, &mut info);
    match (value, errno) {
        (SOCKET_INFO_BYTES, _) => Ok(info),
        (0, ENOMEM) => Err(Unread::OutsideManual(grown())),
        (0, 0) => Err(Unread::Failed(outside("proc_pidfdinfo", "it failed without an errno"))),
        (0, errno) => Err(unread("proc_pidfdinfo", errno, pid)),
        (bytes, _) => Err(outside("proc_pidfdinfo", &format!("it answered {bytes} bytes")).into()),
    }
}

/// Returns the obscured address of the Unix-domain socket behind a descriptor of this process.
/// `None`: it is something else. If the kernel refuses, as it may in a sandbox, nothing follows
/// from that.
pub fn own_unix_socket(fd: Fd) -> Result<Option<u64>, Unread> {
    let mut info = [0; 792];
    let own = process::id().cast_signed();
    match kernel::descriptor_facts(own, fd, PROC_PIDFDSOCKETINFO, &mut info) {
        Returned { value: SOCKET_INFO_BYTES, .. } => Ok(layout::unix_socket(&info)),
        Returned { errno: ENOTSOCK, .. } => Ok(None),
        Returned { errno, .. } => Err(unread("proc_pidfdinfo", errno, own)),
    }
}

/// Checks that `struct socket_fdinfo` has the size that `layout.rs` knows. Its two calls need no
/// process: the kernel checks the buffer's size before it looks for the pid, and no process has pid
/// -1.
pub fn prove_layout() -> Result<(), Error> {
    let probe = |info: &mut [u8]| kernel::descriptor_facts(-1, 0, PROC_PIDFDSOCKETINFO, info);
    match probe(&mut [0; 792]) {
        Returned { value: 0, errno: ESRCH } => {}
        Returned { value: 0, errno: ENOMEM } => return Err(grown()),
        Returned { value: 0, errno } if errno != 0 => {
            return Err(Error::system("proc_pidfdinfo", errno, ""));
        }
        Returned { value, .. } => {
            let what = format!("pid -1 has a socket of {value} bytes");
            return Err(outside("proc_pidfdinfo", &what));
        }
    }
    match probe(&mut [0; 791]) {
        Returned { value: 0, errno: ENOMEM } => Ok(()),
        _ => Err(outside("proc_pidfdinfo", "struct socket_fdinfo has become smaller")),
    }
}

/// `proc_pidinfo(PROC_PIDTBSDINFO)`: returns when the process started, its parent and more. Refused
/// for another user's process.
pub fn own_facts(pid: Pid) -> Result<OwnFacts, Unread> {
    let mut info = [0; 136];
    read_process(pid, PROC_PIDTBSDINFO, &mut info)?;
    Ok(process_layout::own_facts(pid, &info)?)
}

/// `proc_pidinfo(PROC_PIDT_SHORTBSDINFO)`: returns the same without the start, for any user's
/// process.
pub fn facts(pid: Pid) -> Result<Facts, Unread> {
    let mut info = [0; 64];
    read_process(pid, PROC_PIDT_SHORTBSDINFO, &mut info)?;
    Ok(process_layout::facts(pid, &info)?)
}

/// `proc_pidinfo(PROC_PIDVNODEPATHINFO)`: returns its working directory.
///
/// `None`: there is no such process (ESRCH); it is another user's (EPERM, EACCES); the directory
/// has gone (ENOENT, or an empty path, which is what the kernel returns if `vn_getpath` fails).
pub fn working_directory(pid: Pid) -> Result<Option<String>, Error> {
    let mut info = [0; 2352];
    let Returned { value, errno } = kernel::process_facts(pid, PROC_PIDVNODEPATHINFO, &mut info);
    match (value, errno) {
        (VNODE_PATH_INFO_BYTES, _) => Ok(process_layout::working_directory(&info)),
        (0, ESRCH | EPERM | EACCES | ENOENT) => Ok(None),
        (0, errno) if errno != 0 => Err(Error::system("proc_pidinfo", errno, &pid.to_string())),
        _ => Err(outside("proc_pidinfo", &format!("it answered {value} bytes"))),
    }
}

fn read_process(pid: Pid, flavor: c_int, info: &mut [u8]) -> Result<(), Unread> {
    let Returned { value, errno } = kernel::process_facts(pid, flavor, info);
    match (usize::try_from(value), errno) {
        (Ok(0), errno) if errno != 0 => Err(unread("proc_pidinfo", errno, pid)),
        (Ok(filled), _) if filled == info.len() => Ok(()),
        _ => Err(outside("proc_pidinfo", &format!("it answered {value} bytes")).into()),
    }
}

/// Returns the absolute path of the program that `pid` runs, for any user's process. Bytes that are
/// not UTF-8 become U+FFFD.
///
/// `None`: there is no such process, it is a zombie or the kernel (ESRCH); the program's file is no
/// longer at that path (ENOENT); the caller may not see it (EPERM, EACCES, and ENODEV, into which
/// the kernel turns an EACCES that it gets itself).
pub fn process_path(pid: Pid) -> Result<Option<String>, Error> {
    let mut path = [0_u8; PATH_BYTES];
    let Returned { value, errno } = kernel::process_path(pid, &mut path);
    match (usize::try_from(value), errno) {
        (Ok(0), ESRCH | ENOENT | EPERM | EACCES | ENODEV) => Ok(None),
        (Ok(0), errno) if errno != 0 => Err(Error::system("proc_pidpath", errno, &pid.to_string())),
        (Ok(filled @ 1..=PATH_BYTES), _) => {
            let bytes = path.get(..filled).unwrap_or_default();
            Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
        }
        _ => Err(outside("proc_pidpath", &format!("it answered {value} bytes"))),
    }
}

fn unread(syscall: &'static str, errno: c_int, pid: Pid) -> Unread {
    match errno {
        ESRCH => Unread::Gone,
        EPERM => Unread::Refused,
        EBADF | ENOTSOCK => Unread::Closed,
        errno => Unread::Failed(Error::system(syscall, errno, &pid.to_string())),
    }
}

fn grown() -> Error {
    let message = "ENOMEM: proc_pidfdinfo: this system's struct socket_fdinfo is larger than 792 \
                   bytes; a newer version of this package may support it";
    Error { code: "ENOMEM", syscall: "proc_pidfdinfo", message: message.to_owned() }
}

fn outside(syscall: &'static str, what: &str) -> Error {
    Error::outside_manual(syscall, what)
}
