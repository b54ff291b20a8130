//! The system calls for netlink, sockets and interfaces, and all the unsafe code of this module.
//!
//! As in the other `kernel.rs`, a failure is the bare errno. A call is retried only after EINTR.

#![expect(unsafe_code, reason = "system calls; one foreign call per block")]

use std::ffi::{CStr, c_int};
use std::mem::offset_of;

use crate::platform::linux::kernel::{Descriptor, Errno, last_errno, succeeded};
use crate::question::Pid;

/// `socket(AF_NETLINK)` to a part of the kernel, close-on-exec.
pub fn netlink_socket(part: c_int) -> Result<Descriptor, Errno> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: takes integers only.
    let number = unsafe { libc::socket(libc::AF_NETLINK, kind, part) };
    Descriptor::opened(number)
}

/// `setsockopt(SO_RCVTIMEO)`, so that a kernel that never replies causes an error, not a hang.
pub fn limit_waiting(socket: &Descriptor, seconds: libc::time_t) -> Result<(), Errno> {
    let timeout = libc::timeval { tv_sec: seconds, tv_usec: 0 };
    let bytes = libc::socklen_t::try_from(size_of::<libc::timeval>()).map_err(|_| libc::EINVAL)?;
    // SAFETY: `timeout` is a whole `struct timeval` and `bytes` its size; the kernel copies it.
    succeeded(unsafe {
        libc::setsockopt(
            socket.number(),
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
    // SAFETY: the kernel writes at most `bytes` bytes at `address`, which is that long, and then
    // the address's full length into `bytes`.
    succeeded(unsafe {
        libc::getsockname(socket.number(), (&raw mut address).cast(), &raw mut bytes)
    })?;
    Ok(address.port_id)
}

/// `send(2)` to the kernel, which is a netlink socket's default destination.
pub fn send(socket: &Descriptor, message: &[u8]) -> Result<(), Errno> {
    let (bytes, length) = (message.as_ptr().cast(), message.len());
    retried(|| {
        // SAFETY: the kernel reads `length` bytes at `bytes`, both taken from `message`. If the
        // number has become someone else's closed stream, MSG_NOSIGNAL prevents a SIGPIPE.
        let sent = unsafe { libc::send(socket.number(), bytes, length, libc::MSG_NOSIGNAL) };
        succeeded(sent)
    })
    .map(drop)
}

/// `recvfrom(2)`: one datagram, its sender's port id (0 is the kernel), and its real length. If
/// that is more than `buffer` holds, the rest is lost.
pub fn receive<'a>(
    socket: &Descriptor,
    buffer: &'a mut [u8],
) -> Result<(&'a [u8], u32, usize), Errno> {
    let mut address = NetlinkAddress::default();
    let mut address_bytes = NetlinkAddress::BYTES;
    let (bytes, room) = (buffer.as_mut_ptr().cast(), buffer.len());
    let length = retried(|| {
        // SAFETY: the kernel writes at most `room` bytes at `bytes` and at most `address_bytes`
        // bytes at `address`; each pair belongs to one object that outlives the call.
        succeeded(unsafe {
            libc::recvfrom(
                socket.number(),
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

/// `getsockopt(SO_DOMAIN)` of any number: the socket's address family. ENOTSOCK: not a socket.
pub fn socket_domain(number: c_int) -> Result<c_int, Errno> {
    socket_option(number, libc::SO_DOMAIN).map(|[domain]| domain)
}

/// `getsockopt(SO_PEERCRED)` of any number: the process that connected or listened at the other end
/// of a Unix-domain socket; 0 if it is outside our pid namespace or there is none.
pub fn peer_pid(number: c_int) -> Result<Pid, Errno> {
    const _: () = assert!(size_of::<libc::ucred>() == size_of::<[c_int; 3]>());
    const _: () = assert!(offset_of!(libc::ucred, pid) == 0);
    socket_option(number, libc::SO_PEERCRED).map(|[pid, _uid, _gid]| pid)
}

fn socket_option<const N: usize>(number: c_int, option: c_int) -> Result<[c_int; N], Errno> {
    let mut value = [0; N];
    let mut bytes = libc::socklen_t::try_from(size_of_val(&value)).map_err(|_| libc::EINVAL)?;
    let (at, length) = (value.as_mut_ptr().cast(), &raw mut bytes);
    // SAFETY: the kernel writes at most `bytes` bytes at `value`, which is that long and valid with
    // any contents, and then the length of what it wrote into `bytes`.
    succeeded(unsafe { libc::getsockopt(number, libc::SOL_SOCKET, option, at, length) })?;
    Ok(value)
}

/// `getpeername(2)` of any number, for its errno alone: ENOTCONN if a socket has no other end.
pub fn check_connected(number: c_int) -> Result<(), Errno> {
    let mut bytes: libc::socklen_t = 0;
    let mut nothing = [0_u8; size_of::<libc::sockaddr>()];
    // SAFETY: there is room for 0 bytes, so nothing is written at `nothing`; the address's real
    // length goes into `bytes`.
    let answer = unsafe { libc::getpeername(number, nothing.as_mut_ptr().cast(), &raw mut bytes) };
    succeeded(answer).map(drop)
}

/// `if_nametoindex(3)`: `None` if no interface has that name.
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

/// `if_indextoname(3)`: `None` if no interface has that index or its name is not UTF-8.
pub fn interface_name(index: u32) -> Option<String> {
    let mut name = [0_u8; libc::IF_NAMESIZE];
    // SAFETY: writes at most IF_NAMESIZE bytes, including the NUL, at `name`, which is that long.
    let written = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if written.is_null() {
        return None;
    }
    CStr::from_bytes_until_nul(&name).ok()?.to_str().ok().map(str::to_owned)
}

/// `struct sockaddr_nl`, <linux/netlink.h>. libc's own cannot be constructed in safe code.
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

fn retried<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    // Bounded, so that a host that is interrupted without end doesn't hang.
    for _ in 0..100 {
        match call() {
            Err(libc::EINTR) => {}
            outcome => return outcome,
        }
    }
    Err(libc::EINTR)
}
