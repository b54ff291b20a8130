//! The system calls of the Linux back end: all the unsafe code there is in it.
//!
//! One wrapper per call, named for what it brings. A failure is the bare errno; what it means is
//! the caller's to say. Nothing here retries, but for EINTR.

#![expect(unsafe_code, reason = "system calls; one foreign call per block")]

use std::ffi::{CStr, c_int};
use std::io;

use super::stat::{Stat, StatBytes};
use crate::question::Pid;

/// An error number, `<errno.h>`.
pub type Errno = c_int;

/// A call that failed and its errno.
pub type Failure = (&'static str, Errno);

/// Where a relative path begins when no directory is given.
pub const NO_DIRECTORY: c_int = libc::AT_FDCWD;

/// An open descriptor that nobody else closes; closed when it is dropped.
#[derive(Debug)]
pub struct Descriptor(c_int);

impl Descriptor {
    /// Takes over what a call has just opened.
    pub fn opened(number: c_int) -> Result<Self, Errno> {
        succeeded(number).map(Self)
    }

    /// Its number.
    pub fn number(&self) -> c_int {
        self.0
    }

    /// Lets go of it without closing: the number belongs to somebody else by now.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: close takes any integer. The number came from a call that opened it, and this is
        // its only owner; were it another's by now, that descriptor would be closed, which is why
        // whatever is kept between slices is checked first (kept.rs).
        unsafe { libc::close(self.0) };
    }
}

/// `openat(2)`, close-on-exec. `directory` may be `NO_DIRECTORY`.
pub fn open(directory: c_int, path: &CStr, flags: c_int) -> Result<Descriptor, Errno> {
    // SAFETY: `path` is a NUL-terminated string that outlives the call, and without O_CREAT no mode
    // is read. A wrong `directory` is an errno.
    let number = unsafe { libc::openat(directory, path.as_ptr(), flags | libc::O_CLOEXEC) };
    Descriptor::opened(number)
}

/// `readlinkat(2)`: the link's text; one that fills `buffer` may be cut off. It asks the file
/// system that holds the link and never the one that it points to.
pub fn read_link<'a>(
    directory: c_int,
    path: &CStr,
    buffer: &'a mut [u8],
) -> Result<&'a [u8], Errno> {
    let (text, room) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: the kernel writes at most `room` bytes at `text`, both of them `buffer`'s own, and
    // reads `path` up to its NUL.
    let filled = unsafe { libc::readlinkat(directory, path.as_ptr(), text, room) };
    filled_part(filled, buffer)
}

/// `getdents64(2)`: the next entries, whole ones only; none at the end of the directory.
pub fn directory_entries<'a>(
    directory: &Descriptor,
    buffer: &'a mut [u8],
) -> Result<&'a [u8], Errno> {
    let (entries, room) = (buffer.as_mut_ptr(), buffer.len());
    // SAFETY: getdents64(int, void *, size_t) writes at most `room` bytes at `entries`, both of
    // them `buffer`'s own. libc has no function for it under glibc 2.17.
    let filled = unsafe { libc::syscall(libc::SYS_getdents64, directory.0, entries, room) };
    filled_part(isize::try_from(filled).map_err(|_| libc::EOVERFLOW)?, buffer)
}

/// `lseek(2)` in a directory: where its listing goes on.
pub fn seek(directory: &Descriptor, position: i64) -> Result<(), Errno> {
    // SAFETY: takes integers only.
    succeeded(unsafe { libc::lseek(directory.0, position, libc::SEEK_SET) }).map(drop)
}

/// `fstatat(2)`, following links.
pub fn stat(directory: c_int, path: &CStr) -> Result<Stat, Errno> {
    let mut bytes = StatBytes::default();
    let stat = bytes.as_mut_ptr();
    // SAFETY: `stat` points to as many bytes as `struct stat` has, aligned as it must be; `path` is
    // NUL-terminated.
    succeeded(unsafe { libc::fstatat(directory, path.as_ptr(), stat, 0) })?;
    bytes.stat().ok_or(libc::EOVERFLOW)
}

/// `fstat(2)` of any number, open or not.
pub fn stat_of_number(number: c_int) -> Result<Stat, Errno> {
    let mut bytes = StatBytes::default();
    let stat = bytes.as_mut_ptr();
    // SAFETY: as in `stat`; a number that is not open is EBADF.
    succeeded(unsafe { libc::fstat(number, stat) })?;
    bytes.stat().ok_or(libc::EOVERFLOW)
}

/// `read(2)`: the next bytes; none at the end.
pub fn read<'a>(file: &Descriptor, buffer: &'a mut [u8]) -> Result<&'a [u8], Errno> {
    let (bytes, room) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: the kernel writes at most `room` bytes at `bytes`, both of them `buffer`'s own.
    let filled = unsafe { libc::read(file.0, bytes, room) };
    filled_part(filled, buffer)
}

/// `fcntl(F_DUPFD_CLOEXEC)`: the same object under a number of at least 3, so that a host which
/// closes its standard streams and opens others does not find ours in their place.
pub fn above_standard_streams(descriptor: Descriptor) -> Result<Descriptor, Errno> {
    if descriptor.0 > 2 {
        return Ok(descriptor);
    }
    // SAFETY: F_DUPFD_CLOEXEC takes an integer; nothing is written.
    let number = unsafe { libc::fcntl(descriptor.0, libc::F_DUPFD_CLOEXEC, 3) };
    Descriptor::opened(number)
}

/// `if_nametoindex(3)`: `None` where no interface has that name.
pub fn interface_index(name: &CStr) -> Result<Option<u32>, Errno> {
    // SAFETY: reads `name` up to its NUL and keeps no pointer.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => match last_errno() {
            libc::ENODEV | libc::ENXIO => Ok(None),
            errno => Err(errno),
        },
        index => Ok(Some(index)),
    }
}

/// `if_indextoname(3)`: `None` where no interface has that index, or its name is no UTF-8.
pub fn interface_name(index: u32) -> Option<String> {
    let mut name = [0_u8; libc::IF_NAMESIZE];
    // SAFETY: writes at most IF_NAMESIZE bytes, the NUL among them, at `name`, which has as many.
    let written = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if written.is_null() {
        return None;
    }
    CStr::from_bytes_until_nul(&name).ok()?.to_str().ok().map(str::to_owned)
}

/// `getsockopt(SO_DOMAIN)` of any number: which family's socket it is. ENOTSOCK where it is none.
pub fn socket_domain(number: c_int) -> Result<c_int, Errno> {
    let mut domain = 0_i32;
    let mut bytes = length_of::<c_int>()?;
    // SAFETY: the kernel writes at most `bytes` at `domain`, which is that long, and then the length
    // of what it wrote into `bytes`.
    succeeded(unsafe {
        libc::getsockopt(
            number,
            libc::SOL_SOCKET,
            libc::SO_DOMAIN,
            (&raw mut domain).cast(),
            &raw mut bytes,
        )
    })?;
    Ok(domain)
}

/// `getsockopt(SO_PEERCRED)` of any number: who connected to a Unix-domain socket, or listened; pid 0
/// where that process is outside of our pid namespace or there is none.
pub fn peer_credentials(number: c_int) -> Result<libc::ucred, Errno> {
    let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut bytes = length_of::<libc::ucred>()?;
    // SAFETY: as in `socket_domain`, with a `struct ucred`.
    succeeded(unsafe {
        libc::getsockopt(
            number,
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut bytes,
        )
    })?;
    Ok(credentials)
}

/// `getpeername(2)` of any number, for its errno alone: ENOTCONN where a socket has no other end.
pub fn check_connected(number: c_int) -> Result<(), Errno> {
    let mut bytes: libc::socklen_t = 0;
    let mut nothing = [0_u8; size_of::<libc::sockaddr>()];
    // SAFETY: there is room for 0 bytes, so none is written at `nothing`; the address's real length
    // goes into `bytes`.
    let answer = unsafe { libc::getpeername(number, nothing.as_mut_ptr().cast(), &raw mut bytes) };
    succeeded(answer).map(drop)
}

fn length_of<T>() -> Result<libc::socklen_t, Errno> {
    libc::socklen_t::try_from(size_of::<T>()).map_err(|_| libc::EINVAL)
}

/// `tgkill(2)` with signal 0, which sends nothing: whether `pid` is a process and not one of the
/// other threads of one. One that may not be signalled is there all the same.
pub fn is_process(pid: Pid) -> Result<bool, Errno> {
    // SAFETY: takes integers only; signal 0 checks and sends nothing. libc has no function for it
    // under glibc 2.30.
    let answer = unsafe { libc::syscall(libc::SYS_tgkill, pid, pid, 0) };
    match (answer, last_errno()) {
        (0, _) | (_, libc::EPERM) => Ok(true),
        (_, libc::ESRCH) => Ok(false),
        (_, errno) => Err(errno),
    }
}

/// `pidfd_open(2)`, close-on-exec: a process, whatever its number comes to mean. A number of another
/// thread of one is EINVAL or ENOENT. Linux 5.3 and later.
pub fn open_process(pid: Pid) -> Result<Descriptor, Errno> {
    // SAFETY: takes integers only. libc has no function for it under glibc 2.36.
    let number = succeeded(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    Descriptor::opened(c_int::try_from(number).map_err(|_| libc::EOVERFLOW)?)
}

/// `ioctl(PIDFD_GET_INFO)` of a process: its parent, 0 where that is outside of our pid namespace.
/// ESRCH: it has been reaped. Linux 6.13 and later.
pub fn parent(process: &Descriptor) -> Result<Pid, Errno> {
    // SAFETY: integers alone, of which any are valid.
    let mut info: libc::pidfd_info = unsafe { std::mem::zeroed() };
    info.mask = libc::PIDFD_INFO_PID.into();
    // SAFETY: the kernel reads and writes at most as many bytes as the request's number says, which
    // are the structure's; a file that is no process is ENOTTY.
    succeeded(unsafe { libc::ioctl(process.0, libc::PIDFD_GET_INFO, &raw mut info) })?;
    // What it does not tell is 0.
    Pid::try_from(info.ppid).map_err(|_| libc::EOVERFLOW)
}

/// `clock_gettime(2)`, in nanoseconds.
pub fn clock(clock: libc::clockid_t) -> Result<i64, Errno> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one `struct timespec` at `time`, which outlives the call.
    succeeded(unsafe { libc::clock_gettime(clock, &raw mut time) })?;
    let seconds = time.tv_sec.checked_mul(1_000_000_000);
    seconds.and_then(|seconds| seconds.checked_add(time.tv_nsec)).ok_or(libc::EOVERFLOW)
}

/// `ioctl(NS_GET_PARENT)` of a namespace's file: the namespace that it was made in. EPERM: that one
/// is none of the caller's own or of those made in it. Linux 4.9 and later.
pub fn parent_namespace(namespace: &Descriptor) -> Result<Descriptor, Errno> {
    // SAFETY: the request takes no argument; a file that is no namespace is ENOTTY.
    let number = unsafe { libc::ioctl(namespace.0, libc::NS_GET_PARENT) };
    Descriptor::opened(number)
}

/// The answer of a call whose failure is a negative number.
pub fn succeeded<N: PartialOrd + Default>(answer: N) -> Result<N, Errno> {
    if answer < N::default() { Err(last_errno()) } else { Ok(answer) }
}

fn filled_part(filled: isize, buffer: &[u8]) -> Result<&[u8], Errno> {
    let filled = usize::try_from(filled).map_err(|_| last_errno())?;
    // More than the buffer holds cannot be; if it were, nothing would be read.
    buffer.get(..filled).ok_or(libc::EOVERFLOW)
}

fn last_errno() -> Errno {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}
