//! One netlink socket to the kernel, and the replies that arrive on it.

use std::ffi::c_int;

use super::kernel;
use super::netlink::{self, Message};
use crate::platform::linux::kept::Kept;
use crate::platform::linux::kernel::{Errno, Failure};

/// As much as the kernel puts into one datagram of a dump (`netlink_dump` in af_netlink.c).
const DATAGRAM_BYTES: usize = 32 * 1024;
/// How long a reply may take. The kernel has it ready before `send` returns; only something that
/// stands in for the kernel and stays silent comes to this.
const REPLY_SECONDS: libc::time_t = 2;

/// How often a question is asked that fails for some passing reason, as for lack of memory.
pub const ATTEMPTS: u32 = 3;

/// A netlink socket with one request under way at most.
pub struct Channel {
    socket: Kept,
    /// The socket's address, which it gets with its first message; 0 before.
    port_id: u32,
    /// Of the last request.
    sequence: u32,
}

/// What one datagram brought.
#[derive(Default)]
pub struct Received {
    /// How many bodies.
    pub bodies: u32,
    /// The errno, or 0, with which the reply ends in it.
    pub done: Option<Errno>,
}

impl Channel {
    /// Opens one to a part of the kernel: `NETLINK_SOCK_DIAG`, `NETLINK_ROUTE`.
    pub fn open(part: c_int) -> Result<Self, Failure> {
        let open = || {
            let socket = kernel::netlink_socket(part)?;
            kernel::limit_waiting(&socket, REPLY_SECONDS)?;
            Kept::new(socket)
        };
        let socket = open().map_err(|errno| ("socket", errno))?;
        Ok(Self { socket, port_id: 0, sequence: 0 })
    }

    /// Returns whether the descriptor still is what was opened.
    pub fn is_ours(&self) -> bool {
        self.socket.checked().is_some()
    }

    /// Returns the device number of sockfs, which differs by boot.
    pub fn sockets_device(&self) -> u64 {
        self.socket.object().0
    }

    /// Sends the request that `bytes` makes of its sequence number. To be used in the slice in which
    /// the channel was opened or checked, here and below.
    pub fn send(&mut self, bytes: impl FnOnce(u32) -> Vec<u8>) -> Result<(), Failure> {
        self.sequence = self.sequence.wrapping_add(1);
        let Some(descriptor) = self.socket.unchecked() else { return Err(("socket", libc::EBADF)) };
        kernel::send(descriptor, &bytes(self.sequence)).map_err(|errno| ("send", errno))?;
        if self.port_id == 0 {
            self.port_id = kernel::port_id(descriptor).map_err(|errno| ("getsockname", errno))?;
        }
        Ok(())
    }

    /// Waits for one datagram and gives the bodies in it that answer the last request to `each`.
    pub fn receive(
        &mut self,
        buffer: &mut Vec<u8>,
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<Received, Failure> {
        let Some(descriptor) = self.socket.unchecked() else { return Err(("socket", libc::EBADF)) };
        buffer.resize(DATAGRAM_BYTES, 0);
        let (datagram, sender, length) =
            kernel::receive(descriptor, buffer).map_err(|errno| ("recvfrom", errno))?;
        if sender != 0 {
            // Not the kernel. Only a process with CAP_NET_ADMIN can send here.
            return Ok(Received::default());
        }
        if length > datagram.len() {
            return Err(("recvfrom", libc::EMSGSIZE));
        }
        let mut received = Received::default();
        let mut rest = datagram;
        while let Some((message, bytes)) = netlink::message(rest, self.sequence, self.port_id) {
            match message {
                Message::Body(body) => {
                    received.bodies = received.bodies.saturating_add(1);
                    each(body);
                }
                Message::Done(errno) => {
                    received.done = Some(errno);
                    break;
                }
                Message::Other => {}
            }
            rest = rest.get(bytes..).unwrap_or_default();
        }
        Ok(received)
    }
}

/// Asks again what failed for some passing reason, a few times.
pub fn attempted<T>(mut ask: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    for _ in 1..ATTEMPTS {
        match ask() {
            Err((_, errno)) if !is_absent(errno) => {}
            outcome => return outcome,
        }
    }
    ask()
}

/// Returns whether an errno is what a kernel without that part of netlink says, and one that refuses
/// it to a process: seccomp, SELinux, systemd's RestrictAddressFamilies, WSL1, gVisor.
pub fn is_absent(errno: Errno) -> bool {
    matches!(
        errno,
        libc::EACCES
            | libc::EPERM
            | libc::ENOENT
            | libc::EINVAL
            | libc::EPROTONOSUPPORT
            | libc::EAFNOSUPPORT
            | libc::ESOCKTNOSUPPORT
            | libc::ENOSYS
            | libc::EOPNOTSUPP
            | libc::ECONNREFUSED
            | libc::EPIPE
    )
}
