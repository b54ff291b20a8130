//! The calls to libproc; all the unsafe there is.
//!
//! libproc hides the kernel's -1: each of its calls answers 0 for a failure *and* for an empty
//! result, and only errno tells them apart. So errno is cleared before each call and read straight
//! after it. What the errnos mean here is in `bsd/kern/proc_info.c` of XNU.
#![expect(unsafe_code, reason = "libproc is a C library; everything above this file is safe")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem::size_of;

use super::layout::{BsdInfo, SOCKET_INFO_BYTES, ShortBsdInfo, SocketInfo};
use crate::error::Error;
use crate::question::Pid;

/// A descriptor's number in its process.
pub type Fd = c_int;

/// `struct proc_fdinfo`, <sys/proc_info.h>: one descriptor as `PROC_PIDLISTFDS` lists it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FdInfo {
    /// `proc_fd`: the number.
    pub fd: Fd,
    /// `proc_fdtype`: what it is; a guarded socket is still a socket.
    pub kind: u32,
}
const _: () = assert!(size_of::<FdInfo>() == 8);

/// `PROX_FDTYPE_SOCKET`, <sys/proc_info.h>.
pub const FD_IS_SOCKET: u32 = 2;

/// How a question about one process or descriptor ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The kernel answered.
    Told(T),
    /// ESRCH: no such process any more, or it is a zombie.
    ProcessGone,
    /// EPERM: the process is another user's, as after an exec of a setuid program.
    Refused,
    /// EBADF: the descriptor was closed since it was listed.
    Closed,
    /// ENOTSOCK: its number is something else by now.
    NotSocket,
    /// Any other errno.
    Failed(Error),
}

// <sys/errno.h> of darwin. The numbers up to 34 are everybody's; ENOTSOCK is not.
const EPERM: c_int = 1;
const ENOENT: c_int = 2;
const ESRCH: c_int = 3;
const ENXIO: c_int = 6;
const EBADF: c_int = 9;
const ENOMEM: c_int = 12;
const EACCES: c_int = 13;
const ENODEV: c_int = 19;
const ENOTSOCK: c_int = 38;

// <sys/proc_info.h>.
const PROC_ALL_PIDS: u32 = 1;
const PROC_UID_ONLY: u32 = 4;
const PROC_PIDLISTFDS: c_int = 1;
const PROC_PIDTBSDINFO: c_int = 3;
const PROC_PIDT_SHORTBSDINFO: c_int = 13;
const PROC_PIDFDSOCKETINFO: c_int = 3;

/// `PROC_PIDPATHINFO_MAXSIZE`, <sys/proc_info.h>. The kernel writes all of it, not only the path.
const PATH_BYTES: usize = 4096;

// `errno` itself is a macro around `__error`, <sys/errno.h>; the others are of <libproc.h>,
// <net/if.h> and <unistd.h>. All are in libSystem.
unsafe extern "C" {
    pub fn __error() -> *mut c_int;
    pub fn proc_listpids(kind: u32, of: u32, buffer: *mut c_void, bytes: c_int) -> c_int;
    pub fn proc_pidinfo(
        pid: c_int,
        flavor: c_int,
        arg: u64,
        buffer: *mut c_void,
        bytes: c_int,
    ) -> c_int;
    pub fn proc_pidfdinfo(
        pid: c_int,
        fd: c_int,
        flavor: c_int,
        buffer: *mut c_void,
        bytes: c_int,
    ) -> c_int;
    pub fn proc_pidpath(pid: c_int, buffer: *mut c_void, bytes: u32) -> c_int;
    pub fn if_nametoindex(name: *const c_char) -> c_uint;
    pub fn geteuid() -> u32;
}

/// `proc_listpids`: how many pids it wrote to the front of `pids`. As many as `pids` has room for
/// means that there may be more.
///
/// An ordinary user gets the processes of the same effective user, which are the ones that would
/// not answer EPERM later; root gets all. Newest first, zombies last. Zombies and, for root, pid 0
/// are among them.
pub fn list_pids(everybody: bool, pids: &mut [Pid]) -> Result<usize, Error> {
    let (kind, of) = if everybody { (PROC_ALL_PIDS, 0) } else { (PROC_UID_ONLY, effective_user()) };
    let (buffer, bytes) = (pids.as_mut_ptr().cast(), room_bytes(pids));
    clear_errno();
    // SAFETY: libproc writes at most `bytes` bytes to `buffer` and keeps no pointer; both describe
    // `pids`, borrowed until the call is over. If it lies about what it wrote, `pids` holds stale
    // numbers, never foreign memory.
    let filled_bytes = unsafe { proc_listpids(kind, of, buffer, bytes) };
    match (usize::try_from(filled_bytes), errno()) {
        (Ok(0), 0) => Err(outside("proc_listpids", "it lists no process, not even this one")),
        (Ok(0), errno) => Err(Error::system("proc_listpids", errno, "")),
        (Ok(filled), _) if filled <= size_of_val(pids) => {
            Ok(filled.checked_div(size_of::<Pid>()).unwrap_or(0))
        }
        _ => Err(outside("proc_listpids", &format!("it answered {filled_bytes} bytes"))),
    }
}

/// `proc_pidinfo(PROC_PIDLISTFDS)`: how many descriptors of `pid` it wrote to the front of `fds`.
/// As many as `fds` has room for means that there may be more. 0 is a process that has none.
pub fn list_fds(pid: Pid, fds: &mut [FdInfo]) -> Outcome<usize> {
    let (buffer, bytes) = (fds.as_mut_ptr().cast(), room_bytes(fds));
    clear_errno();
    // SAFETY: as in `list_pids`, with `fds`. Any bytes are a valid `FdInfo`.
    let filled_bytes = unsafe { proc_pidinfo(pid, PROC_PIDLISTFDS, 0, buffer, bytes) };
    match (usize::try_from(filled_bytes), errno()) {
        (Ok(0), 0) => Outcome::Told(0),
        (Ok(0), errno) => failure("proc_pidinfo", errno, pid),
        (Ok(filled), _) if filled <= size_of_val(fds) => {
            Outcome::Told(filled.checked_div(size_of::<FdInfo>()).unwrap_or(0))
        }
        _ => Outcome::Failed(outside("proc_pidinfo", &format!("it answered {filled_bytes} bytes"))),
    }
}

/// `proc_pidfdinfo(PROC_PIDFDSOCKETINFO)`: one descriptor of one process, read into `info`.
///
/// Fails as a whole where the structure is not the one that `layout.rs` reads: ENOMEM has this one
/// meaning here, and is told before the process is even looked for. A short answer is no answer:
/// behind it stands what the descriptor before left in `info`.
pub fn socket_info(pid: Pid, fd: Fd, info: &mut SocketInfo) -> Result<Outcome<()>, Error> {
    match fd_info(pid, fd, info) {
        (SOCKET_INFO_BYTES, _) => Ok(Outcome::Told(())),
        (0, ENOMEM) => Err(grown()),
        (0, 0) => Ok(Outcome::Failed(outside("proc_pidfdinfo", "it failed without an errno"))),
        (0, errno) => Ok(failure("proc_pidfdinfo", errno, pid)),
        (bytes, _) => Err(outside("proc_pidfdinfo", &format!("it answered {bytes} bytes"))),
    }
}

/// Shows that `struct socket_fdinfo` has the size that `layout.rs` knows. Its two calls need no
/// process: the room is checked before the pid is looked for, and no process has pid -1.
pub fn prove_layout(info: &mut SocketInfo) -> Result<(), Error> {
    match fd_info(-1, 0, info) {
        (0, ESRCH) => {}
        (0, ENOMEM) => return Err(grown()),
        (0, errno) if errno != 0 => return Err(Error::system("proc_pidfdinfo", errno, "")),
        (bytes, _) => {
            return Err(outside(
                "proc_pidfdinfo",
                &format!("pid -1 has a socket of {bytes} bytes"),
            ));
        }
    }
    match fd_info(-1, 0, info.split_last_mut().map_or(&mut [], |(_, shorter)| shorter)) {
        (0, ENOMEM) => Ok(()),
        _ => Err(outside("proc_pidfdinfo", "struct socket_fdinfo has become smaller")),
    }
}

/// The answer, and errno straight after it.
fn fd_info(pid: Pid, fd: Fd, info: &mut [u8]) -> (c_int, c_int) {
    let (buffer, bytes) = (info.as_mut_ptr().cast(), room_bytes(info));
    clear_errno();
    // SAFETY: as in `list_pids`, with `info`.
    let filled_bytes = unsafe { proc_pidfdinfo(pid, fd, PROC_PIDFDSOCKETINFO, buffer, bytes) };
    (filled_bytes, errno())
}

/// `proc_pidinfo(PROC_PIDTBSDINFO)`: when it started, its parent and more, read into `info`. Another
/// user's process is refused.
pub fn bsd_info(pid: Pid, info: &mut BsdInfo) -> Result<Outcome<()>, Error> {
    process_facts(pid, PROC_PIDTBSDINFO, info)
}

/// `proc_pidinfo(PROC_PIDT_SHORTBSDINFO)`: the same without the start, of anybody's process.
pub fn short_bsd_info(pid: Pid, info: &mut ShortBsdInfo) -> Result<Outcome<()>, Error> {
    process_facts(pid, PROC_PIDT_SHORTBSDINFO, info)
}

fn process_facts(pid: Pid, flavor: c_int, info: &mut [u8]) -> Result<Outcome<()>, Error> {
    let (buffer, bytes) = (info.as_mut_ptr().cast(), room_bytes(info));
    clear_errno();
    // SAFETY: as in `list_pids`, with `info`.
    let filled_bytes = unsafe { proc_pidinfo(pid, flavor, 0, buffer, bytes) };
    match (filled_bytes, errno()) {
        (filled_bytes, _) if filled_bytes == bytes => Ok(Outcome::Told(())),
        (0, errno) if errno != 0 => Ok(failure("proc_pidinfo", errno, pid)),
        (bytes, _) => Err(outside("proc_pidinfo", &format!("it answered {bytes} bytes"))),
    }
}

/// The absolute path of the program that `pid` runs, any user's. Bytes that are no UTF-8 come as
/// U+FFFD.
///
/// `None`: no such process, a zombie, the kernel (ESRCH); its file has gone from that path
/// (ENOENT); the caller may not see it (EPERM, EACCES, and ENODEV, which is what the kernel makes
/// of an EACCES that it gets itself).
pub fn process_path(pid: Pid) -> Result<Option<String>, Error> {
    let mut path = [0_u8; PATH_BYTES];
    let (buffer, bytes) = (path.as_mut_ptr().cast(), room_bytes(&path).unsigned_abs());
    clear_errno();
    // SAFETY: as in `list_pids`, with `path`. The kernel writes all of it.
    let filled_bytes = unsafe { proc_pidpath(pid, buffer, bytes) };
    match (usize::try_from(filled_bytes), errno()) {
        (Ok(0), ESRCH | ENOENT | EPERM | EACCES | ENODEV) => Ok(None),
        (Ok(0), errno) if errno != 0 => Err(Error::system("proc_pidpath", errno, &pid.to_string())),
        (Ok(filled @ 1..=PATH_BYTES), _) => {
            let bytes = path.get(..filled).unwrap_or_default();
            Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
        }
        _ => Err(outside("proc_pidpath", &format!("it answered {filled_bytes} bytes"))),
    }
}

/// `if_nametoindex`: an interface's number. `None`: none has that name.
pub fn interface_index(name: &CStr) -> Result<Option<u32>, Error> {
    clear_errno();
    // SAFETY: it reads `name` up to its NUL, which a `CStr` has, and keeps no pointer.
    let index = unsafe { if_nametoindex(name.as_ptr()) };
    match (index, errno()) {
        (0, ENXIO) => Ok(None),
        (0, 0) => Err(outside("if_nametoindex", "it failed without an errno")),
        (0, errno) => Err(Error::system("if_nametoindex", errno, &name.to_string_lossy())),
        (index, _) => Ok(Some(index)),
    }
}

/// The user whose processes the caller may inspect; 0 may inspect all.
pub fn effective_user() -> u32 {
    // SAFETY: it takes nothing, touches no memory of ours and cannot fail.
    unsafe { geteuid() }
}

fn failure<T>(syscall: &'static str, errno: c_int, pid: Pid) -> Outcome<T> {
    match errno {
        ESRCH => Outcome::ProcessGone,
        EPERM => Outcome::Refused,
        EBADF => Outcome::Closed,
        ENOTSOCK => Outcome::NotSocket,
        errno => Outcome::Failed(Error::system(syscall, errno, &pid.to_string())),
    }
}

fn grown() -> Error {
    let message = "ENOMEM: proc_pidfdinfo: this system's struct socket_fdinfo is larger than 792 \
                   bytes; a newer version of this package may know it";
    Error { code: "ENOMEM", syscall: "proc_pidfdinfo", message: message.to_owned() }
}

fn outside(syscall: &'static str, what: &str) -> Error {
    Error::outside_manual(syscall, what)
}

/// The size of `buffer` for a call; one that no `int` can tell is told as less, never as more.
fn room_bytes<T>(buffer: &[T]) -> c_int {
    c_int::try_from(size_of_val(buffer)).unwrap_or(c_int::MAX)
}

fn clear_errno() {
    let place = errno_place();
    // SAFETY: `__error` gives the address of this thread's errno, valid as long as the thread.
    unsafe { *place = 0 }
}

fn errno() -> c_int {
    let place = errno_place();
    // SAFETY: as in `clear_errno`.
    unsafe { *place }
}

fn errno_place() -> *mut c_int {
    // SAFETY: it takes nothing and only computes an address.
    unsafe { __error() }
}
