//! The kernel's socket tables over netlink: exact requests and filtered dumps.
//!
//! One socket stays open, which saves most of a quick question's time. It stays in the network
//! namespace that the thread was in when the socket was opened; a later `setns` is not followed.

use super::channel::{ATTEMPTS, Channel, Received, attempted, is_absent};
use super::inet_diag::{self, Dump, Exact, Families};
use super::peers::Peers;
use super::states;
use super::unix_diag;
use crate::error::Error;
use crate::platform::linux::kernel::Failure;
use crate::platform::linux::socket::{Inode, Row};
use crate::socket::{Protocol, State};

/// How many datagrams may arrive that answer nothing. The kernel sends none.
const STRAY_DATAGRAMS: u32 = 100;

/// The channel cannot be used, but the text tables may be.
pub struct Unavailable {
    /// Why.
    pub error: Error,
    /// Whether this process has no sock_diag at all, as opposed to one that failed.
    pub is_absent: bool,
}

impl From<Failure> for Unavailable {
    fn from((syscall, errno): Failure) -> Self {
        let error = Error::system(syscall, errno, "sock_diag");
        Self { error, is_absent: is_absent(errno) }
    }
}

/// The channel to sock_diag, opened by the first question, and what is worth asking first.
#[derive(Default)]
pub struct SockDiag {
    channel: Option<Channel>,
    buffer: Vec<u8>,
    /// Whether the kernel refuses the older request, which brings both families in one dump.
    refuses_both: bool,
    /// The servers of connections that were found by their port alone.
    pub peers: Peers,
}

impl SockDiag {
    /// Returns the one socket that the kernel has for `exact`, if it is live. If there is no such
    /// connection, the kernel answers with the listener on its local end.
    ///
    /// `None` proves little, since a kernel without tcp_diag or udp_diag gives the same answer. A
    /// dump that finds nothing is proof, since there such a kernel reports an error.
    pub fn exact(&mut self, exact: &Exact) -> Result<Option<Row>, Unavailable> {
        let request = |sequence| inet_diag::exact(exact, sequence);
        self.one(&request, &|body| inet_diag::row(body, exact.protocol))
    }

    /// Returns the inode of a Unix-domain socket's other end, as `unix_diag::peer` does. `None`:
    /// the kernel doesn't know the socket itself, because there is no unix_diag, or because the
    /// socket is in another network namespace or has gone.
    pub fn unix_peer(&mut self, inode: Inode) -> Result<Option<Option<Inode>>, Unavailable> {
        let request = |sequence| unix_diag::request(inode, sequence);
        self.one(&request, &|body| unix_diag::peer(body, inode))
    }

    /// Passes the live sockets of a dump to `each`. Returns whether the kernel sent them in one
    /// piece.
    pub fn dump(&mut self, dump: Dump, each: &mut dyn FnMut(Row)) -> Result<bool, Unavailable> {
        let mut dumping = Dumping::from(dump);
        while dumping.advance(self, each)? {}
        Ok(dumping.doubtful.is_empty())
    }

    /// Closes the channel to give its descriptor back; the next question opens it again. Returns
    /// whether it was open.
    pub fn close(&mut self) -> bool {
        self.channel.take().is_some()
    }

    /// Returns the device number of sockfs, which differs from boot to boot, if the channel is
    /// open.
    pub fn sockets_device(&self) -> Option<u64> {
        self.channel.as_ref().map(Channel::sockets_device)
    }

    /// Returns a channel with no request under way. It is put back only after the end of the reply:
    /// after a failure, the rest of it may still arrive.
    fn channel(&mut self) -> Result<Channel, Failure> {
        match self.channel.take().filter(Channel::is_ours) {
            Some(channel) => Ok(channel),
            None => Channel::open(libc::NETLINK_SOCK_DIAG),
        }
    }

    /// Asks for one thing. Returns `None` if the kernel has none or its reply cannot be read.
    fn one<T>(
        &mut self,
        request: &dyn Fn(u32) -> Vec<u8>,
        read: &dyn Fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, Unavailable> {
        let told = attempted(|| {
            let mut told = None;
            let mut channel = self.channel()?;
            channel.send(request)?;
            for _ in 0..STRAY_DATAGRAMS {
                match channel.receive(&mut self.buffer, &mut |body| told = read(body))? {
                    Received { bodies: 0, done: None } => continue,
                    // Unknown. A kernel without IPv6 answers EINVAL to a request about it.
                    Received { bodies: 0, done: Some(libc::ENOENT | libc::EINVAL) } => {}
                    Received { bodies: 0, done: Some(errno) } => return Err(("recvfrom", errno)),
                    Received { .. } => {}
                }
                self.channel = Some(channel);
                return Ok(told);
            }
            Err(("recvfrom", libc::EBADMSG))
        });
        Ok(told?)
    }
}

/// A dump under way. The kernel builds each datagram of a reply when it is received, so a long
/// reply can be left for a while. During that time the channel is the dump's own, and other
/// requests get another.
pub struct Dumping {
    /// What is asked for.
    pub dump: Dump,
    /// The families that are still to be dumped, the last one first.
    families: Vec<Families>,
    /// The attempt at the current one, counted from 1.
    attempt: u32,
    /// Set once the request has been sent.
    reply: Option<Reply>,
    /// At the end, the sockets it may lack because the kernel didn't send them in one piece.
    pub doubtful: Vec<Dump>,
}

struct Reply {
    channel: Channel,
    /// The state of the last socket received.
    last: Option<State>,
    /// The states in which sockets may be missing.
    doubtful: u32,
}

impl From<Dump> for Dumping {
    fn from(dump: Dump) -> Self {
        let (families, doubtful) = (vec![dump.families], Vec::new());
        Self { dump, families, attempt: 1, reply: None, doubtful }
    }
}

impl Dumping {
    /// Reads one more datagram and passes the live sockets in it to `each`. Returns `false` at the
    /// end.
    ///
    /// What failed is asked for again on a new channel, a few times. UDP's families can only be
    /// dumped one by one, and so are TCP's if the older request is refused.
    pub fn advance(
        &mut self,
        diag: &mut SockDiag,
        each: &mut dyn FnMut(Row),
    ) -> Result<bool, Unavailable> {
        let Some(families) = self.families.last().copied() else { return Ok(false) };
        let is_both = families == Families::Both;
        if is_both && (diag.refuses_both || self.dump.protocol == Protocol::Udp) {
            self.families = vec![Families::Inet6, Families::Inet];
            return Ok(true);
        }
        match self.receive(diag, Dump { families, ..self.dump }, each) {
            Ok(true) => return Ok(true),
            Ok(false) => drop(self.families.pop()),
            Err((_, errno)) if self.attempt < ATTEMPTS && !is_absent(errno) => {
                self.attempt = self.attempt.wrapping_add(1);
                return Ok(true);
            }
            Err(failure) => {
                let failed = Unavailable::from(failure);
                if !is_both || failed.error.is_out_of_descriptors() {
                    return Err(failed);
                }
                diag.refuses_both = true;
            }
        }
        self.attempt = 1;
        Ok(!self.families.is_empty())
    }

    /// Receives one datagram of the reply, after sending the request if need be. Returns `false` if
    /// it was the last one.
    fn receive(
        &mut self,
        diag: &mut SockDiag,
        dump: Dump,
        each: &mut dyn FnMut(Row),
    ) -> Result<bool, Failure> {
        let mut reply = match self.reply.take().filter(|reply| reply.channel.is_ours()) {
            Some(reply) => reply,
            None => {
                let mut channel = diag.channel()?;
                channel.send(|sequence| inet_diag::dump(&dump, sequence))?;
                Reply { channel, last: None, doubtful: 0 }
            }
        };
        let last = reply.last;
        let Received { bodies, done } = reply.channel.receive(&mut diag.buffer, &mut |body| {
            if let Some(row) = inet_diag::row(body, dump.protocol) {
                reply.last = Some(row.socket.state());
                each(row);
            }
        })?;
        if bodies > 0 {
            reply.doubtful |= last.map_or(0, |last| states::after(dump.protocol, last));
        }
        match done {
            None => {
                self.reply = Some(reply);
                Ok(true)
            }
            Some(0) => {
                let states = dump.states & reply.doubtful;
                self.doubtful.extend((states != 0).then_some(Dump { states, ..dump }));
                diag.channel = Some(reply.channel);
                Ok(false)
            }
            Some(errno) => Err(("recvfrom", errno)),
        }
    }
}
