//! One netlink socket to the kernel, and the replies that arrive on it.

use std::ffi::c_int;

use super::kernel;
use super::netlink::{self, Message};
use crate::platform::linux::kept::Kept;
use crate::platform::linux::kernel::{Errno, Failure};

/// The most that the kernel puts into one datagram of a dump (`netlink_dump` in af_netlink.c).
const DATAGRAM_BYTES: usize = 32 * 1024;
/// How long to wait for a reply. The kernel has it ready before `send` returns, so only something
/// that stands in for the kernel and stays silent takes this long.
const REPLY_SECONDS: libc::time_t = 2;

/// How many attempts are made at a request that fails for a passing reason, such as lack of memory.
pub const ATTEMPTS: u32 = 3;

/// A netlink socket with at most one request under way.
pub struct Channel {
    socket: Kept,
    /// The socket's address, assigned when its first message is sent; 0 before.
    port_id: u32,
    /// The sequence number of the last request.
    sequence: u32,
}

/// What one datagram contained.
#[derive(Default)]
pub struct Received {
    /// How many bodies it had.
    pub bodies: u32,
    /// If the reply ends in this datagram, the errno it ends with, or 0.
    pub done: Option<Errno>,
}

impl Channel {
    /// Opens a channel to a part of the kernel: `NETLINK_SOCK_DIAG` or `NETLINK_ROUTE`.
    pub fn open(part: c_int) -> Result<Self, Failure> {
        let open = || {
            let socket = kernel::netlink_socket(part)?;
            kernel::limit_waiting(&socket, REPLY_SECONDS)?;
            Kept::new(socket)
        };
        let socket = open().map_err(|errno| ("socket", errno))?;
        Ok(Self { socket, port_id: 0, sequence: 0 })
    }

    /// Returns whether the descriptor is still what was opened.
    pub fn is_ours(&self) -> bool {
        self.socket.checked().is_some()
    }

    /// Returns the device number of sockfs, which differs from boot to boot.
    pub fn sockets_device(&self) -> u64 {
        self.socket.object().0
    }

    /// Sends the request that `bytes` builds from its sequence number. This and `receive` may only
    /// be called in the slice in which the channel was opened or checked.
    pub fn send(&mut self, bytes: impl FnOnce(u32) -> Vec<u8>) -> Result<(), Failure> {
        self.sequence = self.sequence.wrapping_add(1);
        let Some(descriptor) = self.socket.unchecked() else { return Err(("socket", libc::EBADF)) };
        kernel::send(descriptor, &bytes(self.sequence)).map_err(|errno| ("send", errno))?;
        if self.port_id == 0 {
            self.port_id = kernel::port_id(descriptor).map_err(|errno| ("getsockname", errno))?;
        }
        Ok(())
    }

    /// Waits for one datagram and passes each body in it that answers the last request to `each`.
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
            // Not from the kernel. Only a process with CAP_NET_ADMIN can send here.
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

/// Asks, and asks again a few times if it fails for a passing reason.
pub fn attempted<T>(mut ask: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    for _ in 1..ATTEMPTS {
        match ask() {
            Err((_, errno)) if !is_absent(errno) => {}
            outcome => return outcome,
        }
    }
    ask()
}

/// Returns whether an errno means that this part of netlink is missing from the kernel, or refused
/// to the process: by seccomp, SELinux, systemd's RestrictAddressFamilies, WSL1 or gVisor.
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
