//! The kernel's socket table by netlink: exact questions and filtered dumps.
//!
//! One socket is kept open, which saves most of a quick question's time. It stays in the network
//! namespace that the thread had when it was opened; a later `setns` is not followed.

use super::diag_reply::{self, Message, Row};
use super::diag_request::{self, Request};
use super::kept::Kept;
use super::kernel;
use crate::error::Error;

/// As much as the kernel puts into one datagram of a dump (`netlink_dump` in af_netlink.c).
const DATAGRAM_BYTES: usize = 32 * 1024;
/// How long a reply may take. The kernel has it ready before `send` returns; only something that
/// stands in for the kernel and stays silent comes to this.
const REPLY_SECONDS: libc::time_t = 2;
/// How often a question is asked that fails for some passing reason, as for lack of memory.
const ATTEMPTS: u32 = 3;

/// The channel cannot be used; the text tables may still be.
pub struct Unavailable {
    /// Why.
    pub error: Error,
    /// Whether there is no sock_diag for this process at all, rather than a failure of it.
    pub is_absent: bool,
}

/// The channel to sock_diag, opened at the first question.
#[derive(Default)]
pub struct SockDiag {
    socket: Option<Kept>,
    /// The socket's address, which it gets with its first message.
    port_id: Option<u32>,
    sequence: u32,
    buffer: Vec<u8>,
}

impl SockDiag {
    /// The sockets that the kernel has for `request`, live ones only, given to `each`. Says whether
    /// the kernel told them at one go; a longer dump can miss a socket that moves meanwhile.
    ///
    /// To `Request::Exact` the kernel answers with at most one socket, and where there is none, with
    /// the listener of that local end. That nothing came proves little: a kernel without tcp_diag
    /// answers so too. A dump's miss is proof, since there such a kernel fails by name.
    ///
    /// A question that failed is asked again on a new channel, a few times.
    pub fn ask(
        &mut self,
        request: &Request,
        each: &mut dyn FnMut(Row),
    ) -> Result<bool, Unavailable> {
        let mut attempt = 1;
        loop {
            match self.attempt(request, each) {
                Ok(at_one_go) => return Ok(at_one_go),
                Err((_, errno)) if attempt < ATTEMPTS && !is_absent(errno) => {
                    attempt = attempt.wrapping_add(1);
                }
                Err((syscall, errno)) => {
                    let error = Error::system(syscall, errno, "sock_diag");
                    return Err(Unavailable { error, is_absent: is_absent(errno) });
                }
            }
        }
    }

    /// Closes the channel, to give its descriptor back, if it is open; the next question opens it
    /// again.
    pub fn close(&mut self) -> bool {
        self.socket.take().is_some()
    }

    /// The device number of sockfs, which differs by boot, while the channel is open.
    pub fn sockets_device(&self) -> Option<u64> {
        self.socket.as_ref().map(|kept| kept.object().0)
    }

    fn attempt(
        &mut self,
        request: &Request,
        each: &mut dyn FnMut(Row),
    ) -> Result<bool, (&'static str, i32)> {
        self.sequence = self.sequence.wrapping_add(1);
        // Taken out and put back only at the end: after a failure a rest of the reply may still
        // come, so the socket is not used again.
        let socket = self.socket.take().filter(|kept| kept.checked().is_some());
        let socket = match socket {
            Some(kept) => kept,
            None => {
                self.port_id = None;
                open().map_err(|errno| ("socket", errno))?
            }
        };
        let Some(descriptor) = socket.unchecked() else { return Err(("socket", libc::EBADF)) };
        kernel::send(descriptor, &diag_request::request(request, self.sequence))
            .map_err(|errno| ("send", errno))?;
        let port_id = match self.port_id {
            Some(port_id) => port_id,
            None => kernel::port_id(descriptor).map_err(|errno| ("getsockname", errno))?,
        };
        self.port_id = Some(port_id);
        self.buffer.resize(DATAGRAM_BYTES, 0);
        let mut datagrams_with_rows = 0_u32;
        loop {
            let (datagram, sender, length) = kernel::receive(descriptor, &mut self.buffer)
                .map_err(|errno| ("recvfrom", errno))?;
            if sender != 0 {
                continue; // Not the kernel. Only a process with CAP_NET_ADMIN can send here.
            }
            if length > datagram.len() {
                return Err(("recvfrom", libc::EMSGSIZE));
            }
            let (rows, done) = read_datagram(datagram, (self.sequence, port_id), each);
            datagrams_with_rows = datagrams_with_rows.saturating_add(u32::from(rows > 0));
            let is_exact = matches!(request, Request::Exact { .. });
            match done {
                Some(0) => break,
                // "No such socket" to an exact question, "no such handler" to a dump. A kernel
                // without IPv6 answers EINVAL to an exact question about it.
                Some(libc::ENOENT | libc::EINVAL) if is_exact => break,
                Some(errno) => return Err(("recvfrom", errno)),
                None if is_exact && rows > 0 => break,
                None => {}
            }
        }
        self.socket = Some(socket);
        Ok(datagrams_with_rows <= 1)
    }
}

fn open() -> Result<Kept, i32> {
    let socket = kernel::diag_socket()?;
    kernel::limit_waiting(&socket, REPLY_SECONDS)?;
    Kept::new(socket)
}

/// How many sockets the datagram told, and the errno (or 0) with which the reply ends in it.
fn read_datagram(
    datagram: &[u8],
    (sequence, port_id): (u32, u32),
    each: &mut dyn FnMut(Row),
) -> (u32, Option<i32>) {
    let mut rows = 0_u32;
    let mut rest = datagram;
    while let Some((message, bytes)) = diag_reply::message(rest, sequence, port_id) {
        match message {
            Message::Row(row) => {
                rows = rows.saturating_add(1);
                row.into_iter().for_each(&mut *each);
            }
            Message::Done(errno) => return (rows, Some(errno)),
            Message::Other => {}
        }
        rest = rest.get(bytes..).unwrap_or_default();
    }
    (rows, None)
}

/// What a kernel without sock_diag or tcp_diag says, and one that refuses it to a process: seccomp,
/// SELinux, systemd's RestrictAddressFamilies, WSL1, gVisor.
fn is_absent(errno: i32) -> bool {
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
