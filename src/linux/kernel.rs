//! The system calls of the Linux back end: all the unsafe code there is in it.
//!
//! One wrapper per call, named for what it brings. A failure is the bare errno; what it means is
//! the caller's to say. Nothing here retries, but for EINTR.

#![expect(unsafe_code, reason = "system calls; one foreign call per block")]

use std::ffi::{CStr, c_int};
use std::io;
use std::mem::offset_of;

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
    succeeded(number).map(Descriptor)
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
    succeeded(number).map(Descriptor)
}

/// `socket(AF_NETLINK, NETLINK_SOCK_DIAG)`.
pub fn diag_socket() -> Result<Descriptor, Errno> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: takes integers only.
    let number = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_SOCK_DIAG) };
    succeeded(number).map(Descriptor)
}

/// `setsockopt(SO_RCVTIMEO)`, so that a kernel which never replies is an error and not a hang.
pub fn limit_waiting(socket: &Descriptor, seconds: libc::time_t) -> Result<(), Errno> {
    let timeout = libc::timeval { tv_sec: seconds, tv_usec: 0 };
    let bytes = libc::socklen_t::try_from(size_of::<libc::timeval>()).map_err(|_| libc::EINVAL)?;
    // SAFETY: `timeout` is a whole `struct timeval` and `bytes` its size; the kernel copies it.
    succeeded(unsafe {
        libc::setsockopt(
            socket.0,
            libc::SOL_SOCKET,
            libc::SO_RCVTIMEO,
            (&raw const timeout).cast(),
            bytes,
        )
    })
    .map(drop)
}

/// `getsockname(2)` of a netlink socket: its port id, 0 before its first message.
pub fn port_id(socket: &Descriptor) -> Result<u32, Errno> {
    let mut address = NetlinkAddress::default();
    let mut bytes = NetlinkAddress::BYTES;
    // SAFETY: the kernel writes at most `bytes` at `address`, which is that long, and then the
    // length of the whole into `bytes`.
    succeeded(unsafe { libc::getsockname(socket.0, (&raw mut address).cast(), &raw mut bytes) })?;
    Ok(address.port_id)
}

/// `send(2)` to the kernel, which a netlink socket talks to unless told otherwise.
pub fn send(socket: &Descriptor, message: &[u8]) -> Result<(), Errno> {
    let (bytes, length) = (message.as_ptr().cast(), message.len());
    retried(|| {
        // SAFETY: the kernel reads `length` bytes at `bytes`, both of them `message`'s own.
        // MSG_NOSIGNAL: were the number another's closed stream by now, no SIGPIPE.
        let sent = unsafe { libc::send(socket.0, bytes, length, libc::MSG_NOSIGNAL) };
        succeeded(sent)
    })
    .map(drop)
}

/// `recvfrom(2)`: one datagram, the port id of its sender (0 is the kernel), and how long it really
/// was: more than `buffer` holds means that the rest is lost.
pub fn receive<'a>(
    socket: &Descriptor,
    buffer: &'a mut [u8],
) -> Result<(&'a [u8], u32, usize), Errno> {
    let mut address = NetlinkAddress::default();
    let mut address_bytes = NetlinkAddress::BYTES;
    let (bytes, room) = (buffer.as_mut_ptr().cast(), buffer.len());
    let length = retried(|| {
        // SAFETY: the kernel writes at most `room` bytes at `bytes` and `address_bytes` at
        // `address`; each pair belongs to one object that outlives the call.
        succeeded(unsafe {
            libc::recvfrom(
                socket.0,
                bytes,
                room,
                libc::MSG_TRUNC,
                (&raw mut address).cast(),
                &raw mut address_bytes,
            )
        })
    })?;
    let length = usize::try_from(length).map_err(|_| libc::EOVERFLOW)?;
    let filled = buffer.get(..length.min(room)).unwrap_or_default();
    Ok((filled, address.port_id, length))
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
    succeeded(number).map(Descriptor)
}

/// `struct sockaddr_nl`, <linux/netlink.h>. libc's own cannot be made without unsafe code.
#[repr(C)]
#[derive(Default)]
struct NetlinkAddress {
    family: u16,
    pad: u16,
    port_id: u32,
    groups: u32,
}

impl NetlinkAddress {
    const BYTES: libc::socklen_t = 12;
}

const _: () = assert!(size_of::<NetlinkAddress>() == size_of::<libc::sockaddr_nl>());
const _: () = assert!(offset_of!(NetlinkAddress, port_id) == offset_of!(libc::sockaddr_nl, nl_pid));

/// Failure is a negative number, everywhere here.
fn succeeded<N: PartialOrd + Default>(answer: N) -> Result<N, Errno> {
    if answer < N::default() { Err(last_errno()) } else { Ok(answer) }
}

fn filled_part(filled: isize, buffer: &[u8]) -> Result<&[u8], Errno> {
    let filled = usize::try_from(filled).map_err(|_| last_errno())?;
    // More than the buffer holds cannot be; if it were, nothing would be read.
    buffer.get(..filled).ok_or(libc::EOVERFLOW)
}

fn retried<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    // A host that is interrupted without end must not hang.
    for _ in 0..100 {
        match call() {
            Err(libc::EINTR) => {}
            outcome => return outcome,
        }
    }
    Err(libc::EINTR)
}

fn last_errno() -> Errno {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}
