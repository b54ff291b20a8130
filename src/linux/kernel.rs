//! The system calls of the Linux back end, and all its unsafe code.
//!
//! One wrapper per call, named for its result. A failure is the bare errno, which the caller
//! interprets. Nothing here is retried.

#![expect(unsafe_code, reason = "system calls; one foreign call per block")]

use std::ffi::{CStr, c_int};
use std::io;

use crate::question::Pid;

/// An error number, `<errno.h>`.
pub type Errno = c_int;

/// The name of a call that failed, and its errno.
pub type Failure = (&'static str, Errno);

/// Where a relative path starts if no directory is given.
pub const NO_DIRECTORY: c_int = libc::AT_FDCWD;

/// An open descriptor with a single owner, closed when it is dropped.
#[derive(Debug)]
pub struct Descriptor(c_int);

impl Descriptor {
    /// Takes ownership of what a call has just opened.
    pub fn opened(number: c_int) -> Result<Self, Errno> {
        succeeded(number).map(Self)
    }

    /// Returns its number.
    pub fn number(&self) -> c_int {
        self.0
    }

    /// Gives it up without closing it, because its number now belongs to someone else.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: close takes any integer. The number came from a call that opened it, and this is
        // its only owner. If the host has reused it, the host's descriptor would be closed, so
        // whatever is kept between slices is checked first (kept.rs).
        unsafe { libc::close(self.0) };
    }
}

/// `openat(2)`, close-on-exec. `directory` may be `NO_DIRECTORY`.
pub fn open(directory: c_int, path: &CStr, flags: c_int) -> Result<Descriptor, Errno> {
    // SAFETY: `path` is a NUL-terminated string that outlives the call, and no mode is read without
    // O_CREAT. An invalid `directory` is an errno.
    let number = unsafe { libc::openat(directory, path.as_ptr(), flags | libc::O_CLOEXEC) };
    Descriptor::opened(number)
}

/// `readlinkat(2)`: the link's text, which may be cut off if it fills `buffer`. It asks the file
/// system that holds the link, never the one that it points to.
pub fn read_link<'a>(
    directory: c_int,
    path: &CStr,
    buffer: &'a mut [u8],
) -> Result<&'a [u8], Errno> {
    let (text, room) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: the kernel writes at most `room` bytes at `text`, both taken from `buffer`, and reads
    // `path` up to its NUL.
    let filled = unsafe { libc::readlinkat(directory, path.as_ptr(), text, room) };
    filled_part(filled, buffer)
}

/// `getdents64(2)`: the next whole entries; none at the end of the directory.
pub fn directory_entries<'a>(
    directory: &Descriptor,
    buffer: &'a mut [u8],
) -> Result<&'a [u8], Errno> {
    let (entries, room) = (buffer.as_mut_ptr(), buffer.len());
    // SAFETY: getdents64(int, void *, size_t) writes at most `room` bytes at `entries`, both taken
    // from `buffer`. glibc has no function for it before 2.30.
    let filled = unsafe { libc::syscall(libc::SYS_getdents64, directory.0, entries, room) };
    filled_part(isize::try_from(filled).map_err(|_| libc::EOVERFLOW)?, buffer)
}

/// `lseek(2)` in a directory: sets where its listing resumes.
pub fn seek(directory: &Descriptor, position: i64) -> Result<(), Errno> {
    // SAFETY: takes integers only.
    succeeded(unsafe { libc::lseek(directory.0, position, libc::SEEK_SET) }).map(drop)
}

/// What is needed of the result of `stat(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// `st_dev` and `st_ino`: which object it is.
    pub object: (u64, u64),
    /// `st_size`. For `/proc/PID/fd`, the number of open descriptors since Linux 6.2, 0 before.
    pub size: u64,
    /// `st_nlink`. For `/proc/PID/task`, the number of threads plus two.
    pub links: u64,
    /// `st_uid`. For `/proc/PID`, the process's effective user.
    pub user: u32,
    /// Whether it is a socket, by `st_mode`.
    pub is_socket: bool,
}

/// `fstatat(2)`, following links.
pub fn stat(directory: c_int, path: &CStr) -> Result<Stat, Errno> {
    // SAFETY: `path` is NUL-terminated, and the kernel writes one `struct stat` at `stat`.
    stat_by(|stat| unsafe { libc::fstatat(directory, path.as_ptr(), stat, 0) })
}

/// `fstat(2)` of any number, open or not.
pub fn stat_of_number(number: c_int) -> Result<Stat, Errno> {
    // SAFETY: as in `stat`; a number that is not open is EBADF.
    stat_by(|stat| unsafe { libc::fstat(number, stat) })
}

fn stat_by(call: impl FnOnce(&mut libc::stat) -> c_int) -> Result<Stat, Errno> {
    // The field types differ by architecture.
    fn wide(number: impl TryInto<u64>) -> Result<u64, Errno> {
        number.try_into().map_err(|_| libc::EOVERFLOW)
    }
    // SAFETY: a struct of integers, for which any bits are valid.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    succeeded(call(&mut stat))?;
    Ok(Stat {
        object: (wide(stat.st_dev)?, wide(stat.st_ino)?),
        size: wide(stat.st_size)?,
        links: wide(stat.st_nlink)?,
        user: stat.st_uid,
        is_socket: stat.st_mode & libc::S_IFMT == libc::S_IFSOCK,
    })
}

/// `read(2)`: the next bytes; none at the end.
pub fn read<'a>(file: &Descriptor, buffer: &'a mut [u8]) -> Result<&'a [u8], Errno> {
    let (bytes, room) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: the kernel writes at most `room` bytes at `bytes`, both taken from `buffer`.
    let filled = unsafe { libc::read(file.0, bytes, room) };
    filled_part(filled, buffer)
}

/// `fcntl(F_DUPFD_CLOEXEC)`: the same object under a number of at least 3, so that a host that
/// closes its standard streams and opens others doesn't find ours in their place.
pub fn above_standard_streams(descriptor: Descriptor) -> Result<Descriptor, Errno> {
    if descriptor.0 > 2 {
        return Ok(descriptor);
    }
    // SAFETY: F_DUPFD_CLOEXEC takes an integer and writes nothing.
    let number = unsafe { libc::fcntl(descriptor.0, libc::F_DUPFD_CLOEXEC, 3) };
    Descriptor::opened(number)
}

/// `tgkill(2)` with signal 0, which sends nothing: whether `pid` is a process rather than one of a
/// process's other threads. A process that may not be signalled exists all the same.
pub fn is_process(pid: Pid) -> Result<bool, Errno> {
    // SAFETY: takes integers only; signal 0 checks and sends nothing. glibc has no function for it
    // before 2.30.
    let answer = unsafe { libc::syscall(libc::SYS_tgkill, pid, pid, 0) };
    match (answer, last_errno()) {
        (0, _) | (_, libc::EPERM) => Ok(true),
        (_, libc::ESRCH) => Ok(false),
        (_, errno) => Err(errno),
    }
}

/// `pidfd_open(2)`, close-on-exec: refers to the process even if its number is reused. The number
/// of a thread other than a process's first is EINVAL or ENOENT. Linux 5.3 and later.
pub fn open_process(pid: Pid) -> Result<Descriptor, Errno> {
    // SAFETY: takes integers only. glibc has no function for it before 2.36.
    let number = succeeded(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    Descriptor::opened(c_int::try_from(number).map_err(|_| libc::EOVERFLOW)?)
}

/// `ioctl(PIDFD_GET_INFO)` on a process: its parent, or 0 if that is outside our pid namespace.
/// ESRCH: it has been reaped. Linux 6.13 and later.
pub fn parent(process: &Descriptor) -> Result<Pid, Errno> {
    // SAFETY: a struct of integers, for which any bits are valid.
    let mut info: libc::pidfd_info = unsafe { std::mem::zeroed() };
    info.mask = libc::PIDFD_INFO_PID.into();
    // SAFETY: the kernel reads and writes at most as many bytes as the request number encodes,
    // which is the structure's size; a file that is not a process is ENOTTY.
    succeeded(unsafe { libc::ioctl(process.0, libc::PIDFD_GET_INFO, &raw mut info) })?;
    // A field that the kernel doesn't fill is 0.
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

/// `ioctl(NS_GET_PARENT)` on a namespace's file: the namespace in which it was created. EPERM: that
/// one is neither the caller's own nor created in it. Linux 4.9 and later.
pub fn parent_namespace(namespace: &Descriptor) -> Result<Descriptor, Errno> {
    // SAFETY: the request takes no argument; a file that is not a namespace is ENOTTY.
    let number = unsafe { libc::ioctl(namespace.0, libc::NS_GET_PARENT) };
    Descriptor::opened(number)
}

/// Returns the result of a call, or the errno if it is negative.
pub fn succeeded<N: PartialOrd + Default>(answer: N) -> Result<N, Errno> {
    if answer < N::default() { Err(last_errno()) } else { Ok(answer) }
}

fn filled_part(filled: isize, buffer: &[u8]) -> Result<&[u8], Errno> {
    let filled = usize::try_from(filled).map_err(|_| last_errno())?;
    // A call cannot fill more than the buffer; if it claimed to, nothing would be read.
    buffer.get(..filled).ok_or(libc::EOVERFLOW)
}

/// Returns the errno of the last call that failed in this thread.
pub fn last_errno() -> Errno {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}
