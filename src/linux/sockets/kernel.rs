//! The system calls of netlink: all the unsafe code there is in this wing.
//!
//! As in the other `kernel.rs`: a failure is the bare errno, and nothing is retried but for EINTR.

#![expect(unsafe_code, reason = "system calls; one foreign call per block")]

use std::ffi::c_int;
use std::mem::offset_of;

use crate::platform::linux::kernel::{Descriptor, Errno, succeeded};

/// `socket(AF_NETLINK)` to a part of the kernel, close-on-exec.
pub fn netlink_socket(part: c_int) -> Result<Descriptor, Errno> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: takes integers only.
    let number = unsafe { libc::socket(libc::AF_NETLINK, kind, part) };
    Descriptor::opened(number)
}

/// `setsockopt(SO_RCVTIMEO)`, so that a kernel which never replies is an error and not a hang.
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
    // SAFETY: the kernel writes at most `bytes` at `address`, which is that long, and then the
    // length of the whole into `bytes`.
    succeeded(unsafe {
        libc::getsockname(socket.number(), (&raw mut address).cast(), &raw mut bytes)
    })?;
    Ok(address.port_id)
}

/// `send(2)` to the kernel, which a netlink socket talks to unless told otherwise.
pub fn send(socket: &Descriptor, message: &[u8]) -> Result<(), Errno> {
    let (bytes, length) = (message.as_ptr().cast(), message.len());
    retried(|| {
        // SAFETY: the kernel reads `length` bytes at `bytes`, both of them `message`'s own.
        // MSG_NOSIGNAL: were the number another's closed stream by now, no SIGPIPE.
        let sent = unsafe { libc::send(socket.number(), bytes, length, libc::MSG_NOSIGNAL) };
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
