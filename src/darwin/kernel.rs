//! The system's calls, one function each and nothing more; all the unsafe code of this back end.
//!
//! The callers interpret the results. errno is cleared before each call and read immediately after
//! it, because libproc hides the kernel's -1: it returns 0 for a failure *and* for an empty result,
//! and only errno distinguishes the two.
#![expect(unsafe_code, reason = "the system is a C library; everything above this file is safe")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};
use std::{ptr, slice};

use crate::question::Pid;

/// A descriptor's number in its process.
pub type Fd = c_int;

// <sys/errno.h>. Up to 34, all systems agree on these numbers. Above that they differ, and `libc`'s
// would be those of the system on which the tests run.
pub const EPERM: c_int = 1;
pub const ENOENT: c_int = 2;
pub const ESRCH: c_int = 3;
pub const EIO: c_int = 5;
pub const ENXIO: c_int = 6;
pub const EBADF: c_int = 9;
pub const ENOMEM: c_int = 12;
pub const EACCES: c_int = 13;
pub const ENODEV: c_int = 19;
pub const EINVAL: c_int = 22;
pub const ENOTSOCK: c_int = 38;
pub const ENOPROTOOPT: c_int = 42;
pub const ENOTCONN: c_int = 57;

/// What a call returned, and errno straight after it, which is 0 if the call left it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The call's value: a number of bytes, or 0 or -1 for a failure.
    pub value: c_int,
    /// Meaningful only if the value may be a failure.
    pub errno: c_int,
}

/// `struct proc_fdinfo`, <sys/proc_info.h>: one descriptor as `PROC_PIDLISTFDS` lists it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FdInfo {
    /// `proc_fd`: the number.
    pub fd: Fd,
    /// `proc_fdtype`: what kind of descriptor it is. A guarded socket is still a socket.
    pub kind: u32,
}
const _: () = assert!(size_of::<FdInfo>() == 8);

/// `struct ifaddrs`, <ifaddrs.h>, up to the field that is read.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Interface {
    pub next: *mut Self,
    pub _name: *const c_char,
    pub _flags: c_uint,
    /// `ifa_addr`: a `struct sockaddr`, whose first byte is its length. May be null.
    pub address: *const u8,
}

/// The part of an address that is read: `sizeof(struct sockaddr_in6)`. A shorter address is padded
/// with zeros.
pub type SocketAddress = [u8; 28];

/// More interfaces than any machine has. It ends the loop over a list that does not end.
const INTERFACES_MAX: usize = 65_536;

// `errno` is a macro around `__error`, <sys/errno.h>. The other functions are declared in
// <libproc.h>, <sys/sysctl.h>, <sys/socket.h>, <ifaddrs.h>, <net/if.h> and <unistd.h>. All are in
// libSystem.
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
    pub fn sysctl(
        name: *mut c_int,
        names: c_uint,
        value: *mut c_void,
        bytes: *mut usize,
        new: *mut c_void,
        new_bytes: usize,
    ) -> c_int;
    pub fn getsockopt(
        fd: c_int,
        level: c_int,
        option: c_int,
        value: *mut c_void,
        bytes: *mut u32,
    ) -> c_int;
    pub fn getifaddrs(first: *mut *mut Interface) -> c_int;
    pub fn freeifaddrs(first: *mut Interface);
    pub fn if_nametoindex(name: *const c_char) -> c_uint;
    pub fn if_indextoname(index: c_uint, name: *mut c_char) -> *mut c_char;
    pub fn geteuid() -> u32;
}

/// `proc_listpids`: returns how many bytes of pids it wrote to the front of `pids`.
pub fn list_pids(kind: u32, of: u32, pids: &mut [Pid]) -> Returned {
    let (buffer, bytes) = room(pids);
    // SAFETY: libproc writes at most `bytes` bytes to `buffer` and keeps no pointer; both describe
    // `pids`, which is borrowed until the call is over. If it lies about what it wrote, `pids`
    // holds stale numbers, never foreign memory.
    returned(|| unsafe { proc_listpids(kind, of, buffer, bytes) })
}

/// `proc_pidinfo` with the flavor that lists descriptors: returns how many bytes it wrote to the
/// front of `fds`.
pub fn list_fds(pid: Pid, flavor: c_int, fds: &mut [FdInfo]) -> Returned {
    let (buffer, bytes) = room(fds);
    // SAFETY: as in `list_pids`, with `fds`. Any bytes are a valid `FdInfo`.
    returned(|| unsafe { proc_pidinfo(pid, flavor, 0, buffer, bytes) })
}

/// `proc_pidinfo` with any other flavor: returns how many bytes it wrote to `facts`.
pub fn process_facts(pid: Pid, flavor: c_int, facts: &mut [u8]) -> Returned {
    let (buffer, bytes) = room(facts);
    // SAFETY: as in `list_pids`, with `facts`.
    returned(|| unsafe { proc_pidinfo(pid, flavor, 0, buffer, bytes) })
}

/// `proc_pidfdinfo`: returns how many bytes it wrote to `facts`.
pub fn descriptor_facts(pid: Pid, fd: Fd, flavor: c_int, facts: &mut [u8]) -> Returned {
    let (buffer, bytes) = room(facts);
    // SAFETY: as in `list_pids`, with `facts`.
    returned(|| unsafe { proc_pidfdinfo(pid, fd, flavor, buffer, bytes) })
}

/// `proc_pidpath`: returns the length of the path at the front of `path`. The kernel writes to all
/// of `path`.
pub fn process_path(pid: Pid, path: &mut [u8]) -> Returned {
    let (buffer, bytes) = room(path);
    // SAFETY: as in `list_pids`, with `path`.
    returned(|| unsafe { proc_pidpath(pid, buffer, bytes.unsigned_abs()) })
}

/// `sysctl`, reading a value: returns how it ended and how many bytes it wrote to `value`.
pub fn system_value(name: &[c_int], value: &mut [u8]) -> (Returned, usize) {
    // The parameter is not `const`, although nothing is written there.
    let mut name = name.to_vec();
    let (of, names) = (name.as_mut_ptr(), c_uint::try_from(name.len()).unwrap_or(0));
    let (buffer, mut bytes) = (value.as_mut_ptr().cast(), value.len());
    let size: *mut usize = &raw mut bytes;
    // SAFETY: it reads `names` numbers at `of`, writes at most `bytes` bytes to `buffer` and their
    // count to `size`, and keeps none of the three pointers, which stay valid until it returns.
    // There is no new value. If it lies, `bytes` is too large a number, and the caller compares it
    // with `value`.
    let ended = returned(|| unsafe { sysctl(of, names, buffer, size, ptr::null_mut(), 0) });
    (ended, bytes)
}

/// `getsockopt` on a descriptor of this process: returns how it ended, the number reported, and its
/// size in bytes.
pub fn socket_option(fd: Fd, level: c_int, option: c_int) -> (Returned, c_int, u32) {
    let (mut value, mut bytes): (c_int, u32) = (0, 4);
    let (to, size): (*mut c_int, *mut u32) = (&raw mut value, &raw mut bytes);
    // SAFETY: it writes at most `bytes` bytes to `to` and their count to `size`; both live until it
    // returns. If the descriptor is not open or is not a socket, it fails with an errno.
    let ended = returned(|| unsafe { getsockopt(fd, level, option, to.cast(), size) });
    (ended, value, bytes)
}

/// `getifaddrs`: returns the addresses, of any family, of this machine's interfaces, or an errno.
pub fn interface_addresses() -> Result<Vec<SocketAddress>, c_int> {
    let mut first: *mut Interface = ptr::null_mut();
    let place: *mut *mut Interface = &raw mut first;
    // SAFETY: it writes one pointer to `place`, which lives until it returns.
    let ended = returned(|| unsafe { getifaddrs(place) });
    if ended.value != 0 {
        return Err(ended.errno);
    }
    let mut addresses = Vec::new();
    let mut entry = first;
    for _ in 0..INTERFACES_MAX {
        if entry.is_null() {
            break;
        }
        // SAFETY: a list from `getifaddrs` ends with a null pointer, and each pointer before that
        // refers to an entry that lives until `freeifaddrs`, which is called below.
        let interface = unsafe { *entry };
        addresses.extend(address_at(interface.address));
        entry = interface.next;
    }
    // SAFETY: `first` is what `getifaddrs` returned, and nothing of the list is used after this.
    unsafe { freeifaddrs(first) }
    Ok(addresses)
}

/// Copies the address of an interface. `None`: that entry has none.
fn address_at(address: *const u8) -> Option<SocketAddress> {
    if address.is_null() {
        return None;
    }
    // SAFETY: a `struct sockaddr` begins with `sa_len`, its own size, <sys/socket.h>.
    let bytes = usize::from(unsafe { *address });
    // SAFETY: the entry's address has as many bytes as its first byte says, and lives as long as
    // the list, which is freed later. A size of 0 makes an empty slice, which reads nothing.
    let told = unsafe { slice::from_raw_parts(address, bytes) };
    let mut whole = [0; 28];
    whole.iter_mut().zip(told).for_each(|(to, from)| *to = *from);
    Some(whole)
}

/// `if_nametoindex`: returns the index, or 0 if there is none, and errno.
pub fn interface_index(name: &CStr) -> (u32, c_int) {
    clear_errno();
    // SAFETY: it reads `name` up to its NUL, which a `CStr` has, and keeps no pointer.
    let index = unsafe { if_nametoindex(name.as_ptr()) };
    (index, errno())
}

/// `if_indextoname`: returns whether it wrote a NUL-terminated name to `name`, which has room for
/// the longest (IF_NAMESIZE, <net/if.h>).
pub fn interface_name(index: u32, name: &mut [u8; 16]) -> bool {
    // SAFETY: it writes at most 16 bytes to `name`, borrowed until it returns, and keeps no
    // pointer.
    let written = unsafe { if_indextoname(index, name.as_mut_ptr().cast()) };
    !written.is_null()
}

/// `geteuid`: returns the user whose processes the caller may inspect; user 0 may inspect all.
pub fn effective_user() -> u32 {
    // SAFETY: it takes nothing, touches no memory of ours and cannot fail.
    unsafe { geteuid() }
}

/// `fcntl(F_DUPFD_CLOEXEC, 3)`, called through the standard library: makes a second descriptor of
/// the same file. `fd` must not be negative.
pub fn duplicate(fd: Fd) -> io::Result<OwnedFd> {
    // SAFETY: the caller excludes -1, and nothing closes `fd` during the call, because the calling
    // thread owns it. If it is closed all the same, the call fails with EBADF.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    borrowed.try_clone_to_owned()
}

/// Takes ownership of a descriptor that `duplicate` made and that was passed through JavaScript as
/// a number.
pub fn take_over(fd: Fd) -> OwnedFd {
    // SAFETY: it touches no memory. If `fd` is not ours after all, dropping the result would close
    // a file that belongs to other code, so `local_peer.rs` checks what `fd` is before taking it
    // and again before dropping it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Returns where a call may write, and how many bytes. A size that does not fit an `int` is
/// reported as a smaller one, never as a larger one.
fn room<T>(buffer: &mut [T]) -> (*mut c_void, c_int) {
    let bytes = c_int::try_from(size_of_val(buffer)).unwrap_or(c_int::MAX);
    (buffer.as_mut_ptr().cast(), bytes)
}

fn returned(call: impl FnOnce() -> c_int) -> Returned {
    clear_errno();
    let value = call();
    Returned { value, errno: errno() }
}

fn clear_errno() {
    let place = errno_place();
    // SAFETY: `__error` returns the address of this thread's errno, valid as long as the thread
    // lives.
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
