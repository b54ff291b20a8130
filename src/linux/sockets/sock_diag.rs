//! The kernel's socket table by netlink: exact questions and filtered dumps.
//!
//! One socket is kept open, which saves most of a quick question's time. It stays in the network
//! namespace that the thread had when it was opened; a later `setns` is not followed.

use super::diag_reply::{self, Message};
use super::diag_request::{self, Request};
use crate::error::Error;
use crate::platform::linux::kept::Kept;
use crate::platform::linux::kernel::{self, Errno};
use crate::platform::linux::socket::Row;

/// As much as the kernel puts into one datagram of a dump (`netlink_dump` in af_netlink.c).
const DATAGRAM_BYTES: usize = 32 * 1024;
/// How long a reply may take. The kernel has it ready before `send` returns; only something that
/// stands in for the kernel and stays silent comes to this.
const REPLY_SECONDS: libc::time_t = 2;
/// How often a question is asked that fails for some passing reason, as for lack of memory.
const ATTEMPTS: u32 = 3;

/// A call that failed and its errno.
type Failure = (&'static str, Errno);

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
    channel: Option<Channel>,
    sequence: u32,
    buffer: Vec<u8>,
}

struct Channel {
    socket: Kept,
    /// The socket's address, which it gets with its first message.
    port_id: Option<u32>,
}

/// A request under way. The kernel makes each datagram of the reply when it is received, so a long
/// reply can be left for a while. The channel is then its own; others get another.
pub struct Asking {
    request: Request,
    attempt: u32,
    /// Since the request was sent.
    reply: Option<Reply>,
}

struct Reply {
    channel: Channel,
    sequence: u32,
    datagrams_with_rows: u32,
}

impl From<Request> for Asking {
    fn from(request: Request) -> Self {
        Self { request, attempt: 1, reply: None }
    }
}

impl SockDiag {
    /// The sockets that the kernel has for `request`, live ones only, given to `each`. Says whether
    /// the kernel told them at one go; a longer dump can miss a socket that moves meanwhile.
    ///
    /// To `Request::Exact` the kernel answers with at most one socket, and where there is none, with
    /// the listener of that local end. That nothing came proves little: a kernel without tcp_diag
    /// answers so too. A dump's miss is proof, since there such a kernel fails by name.
    pub fn ask(
        &mut self,
        request: Request,
        each: &mut dyn FnMut(Row),
    ) -> Result<bool, Unavailable> {
        let mut asking = Asking::from(request);
        loop {
            if let Some(at_one_go) = self.ask_on(&mut asking, each)? {
                return Ok(at_one_go);
            }
        }
    }

    /// The same, one datagram on; `None` while there is more to come.
    ///
    /// A question that failed is asked again on a new channel, a few times.
    pub fn ask_on(
        &mut self,
        asking: &mut Asking,
        each: &mut dyn FnMut(Row),
    ) -> Result<Option<bool>, Unavailable> {
        match self.attempt(asking, each) {
            Ok(ended) => Ok(ended),
            Err((_, errno)) if asking.attempt < ATTEMPTS && !is_absent(errno) => {
                asking.attempt = asking.attempt.wrapping_add(1);
                Ok(None)
            }
            Err((syscall, errno)) => {
                let error = Error::system(syscall, errno, "sock_diag");
                Err(Unavailable { error, is_absent: is_absent(errno) })
            }
        }
    }

    /// Closes the channel, to give its descriptor back, if it is open; the next question opens it
    /// again.
    pub fn close(&mut self) -> bool {
        self.channel.take().is_some()
    }

    /// The device number of sockfs, which differs by boot, while the channel is open.
    pub fn sockets_device(&self) -> Option<u64> {
        self.channel.as_ref().map(|channel| channel.socket.object().0)
    }

    fn attempt(
        &mut self,
        asking: &mut Asking,
        each: &mut dyn FnMut(Row),
    ) -> Result<Option<bool>, Failure> {
        // Taken out and put back only at the end: after a failure a rest of the reply may still
        // come, so the channel is not used again.
        let mut reply = match asking.reply.take().filter(|reply| reply.channel.is_ours()) {
            Some(reply) => reply,
            None => self.send(&asking.request)?,
        };
        let Channel { socket, port_id } = &mut reply.channel;
        let Some(descriptor) = socket.unchecked() else { return Err(("socket", libc::EBADF)) };
        let port_id = match *port_id {
            Some(port_id) => port_id,
            None => *port_id
                .insert(kernel::port_id(descriptor).map_err(|errno| ("getsockname", errno))?),
        };
        self.buffer.resize(DATAGRAM_BYTES, 0);
        let (datagram, sender, length) =
            kernel::receive(descriptor, &mut self.buffer).map_err(|errno| ("recvfrom", errno))?;
        let mut ended = None;
        // Else not the kernel. Only a process with CAP_NET_ADMIN can send here.
        if sender == 0 {
            if length > datagram.len() {
                return Err(("recvfrom", libc::EMSGSIZE));
            }
            let (rows, done) = read_datagram(datagram, (reply.sequence, port_id), each);
            reply.datagrams_with_rows =
                reply.datagrams_with_rows.saturating_add(u32::from(rows > 0));
            let is_exact = matches!(asking.request, Request::Exact { .. });
            ended = match done {
                // "No such socket" to an exact question, "no such handler" to a dump. A kernel
                // without IPv6 answers EINVAL to an exact question about it.
                Some(libc::ENOENT | libc::EINVAL) if is_exact => Some(true),
                Some(0) => Some(reply.datagrams_with_rows <= 1),
                Some(errno) => return Err(("recvfrom", errno)),
                None => (is_exact && rows > 0).then_some(true),
            };
        }
        match ended {
            Some(_) => self.channel = Some(reply.channel),
            None => asking.reply = Some(reply),
        }
        Ok(ended)
    }

    fn send(&mut self, request: &Request) -> Result<Reply, Failure> {
        self.sequence = self.sequence.wrapping_add(1);
        let channel = match self.channel.take().filter(Channel::is_ours) {
            Some(channel) => channel,
            None => Channel { socket: open().map_err(|errno| ("socket", errno))?, port_id: None },
        };
        if let Some(descriptor) = channel.socket.unchecked() {
            kernel::send(descriptor, &diag_request::request(request, self.sequence))
                .map_err(|errno| ("send", errno))?;
        }
        Ok(Reply { channel, sequence: self.sequence, datagrams_with_rows: 0 })
    }
}

impl Channel {
    fn is_ours(&self) -> bool {
        self.socket.checked().is_some()
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
