//! The kernel's socket tables by netlink: exact questions and filtered dumps.
//!
//! One socket is kept open, which saves most of a quick question's time. It stays in the network
//! namespace that the thread had when it was opened; a later `setns` is not followed.

use super::channel::{ATTEMPTS, Channel, Received, attempted, is_absent};
use super::diag_reply;
use super::diag_request::{self, Dump, Exact, Families};
use super::kernel::NetlinkFamily;
use super::peers::Peers;
use super::states;
use super::unix_diag;
use crate::error::Error;
use crate::platform::linux::kernel::Failure;
use crate::platform::linux::socket::{Inode, Row};
use crate::socket::{Protocol, State};

/// How many datagrams may come that are no answer. The kernel sends none.
const STRAY_DATAGRAMS: u32 = 100;

/// The channel cannot be used; the text tables may still be.
pub struct Unavailable {
    /// Why.
    pub error: Error,
    /// Whether there is no sock_diag for this process at all, rather than a failure of it.
    pub is_absent: bool,
}

/// The channel to sock_diag, opened at the first question, and what is worth asking first.
#[derive(Default)]
pub struct SockDiag {
    channel: Option<Channel>,
    buffer: Vec<u8>,
    /// Whether the kernel refuses the request of old, which brings both families at one go.
    refuses_both: bool,
    /// The servers of connections that were found for their port alone.
    pub peers: Peers,
}

/// A dump under way. The kernel makes each datagram of the reply when it is received, so a long
/// reply can be left for a while. The channel is then its own; others get another.
pub struct Asking {
    dump: Dump,
    attempt: u32,
    /// Since the request was sent.
    reply: Option<Reply>,
}

struct Reply {
    channel: Channel,
    /// How far the last socket that was told had come.
    last: Option<State>,
    /// The states whose sockets it may lack.
    doubtful: u32,
}

impl From<Dump> for Asking {
    fn from(dump: Dump) -> Self {
        Self { dump, attempt: 1, reply: None }
    }
}

impl Asking {
    /// Returns what is asked for.
    pub fn dump(&self) -> &Dump {
        &self.dump
    }
}

impl SockDiag {
    /// Returns the one socket that the kernel has for `exact`, if it is a live one. Where there is no
    /// such connection the kernel answers with the listener of its local end.
    ///
    /// `None` proves little: a kernel without tcp_diag or udp_diag answers so too. A dump's miss is
    /// proof, since there such a kernel fails by name.
    pub fn exact(&mut self, exact: Exact) -> Result<Option<Row>, Unavailable> {
        let protocol = match exact {
            Exact::Connection { .. } => Protocol::Tcp,
            Exact::Reply { .. } => Protocol::Udp,
        };
        let mut row = None;
        self.one(&|sequence| diag_request::exact(&exact, sequence), &mut |body| {
            row = diag_reply::row(body, protocol);
        })?;
        Ok(row)
    }

    /// Returns the inode of a Unix-domain socket's other end, and whether the kernel knows the socket
    /// itself: it does not without unix_diag, in another network namespace, or when it has gone.
    pub fn unix_peer(&mut self, inode: Inode) -> Result<(Option<Inode>, bool), Unavailable> {
        let mut told = None;
        self.one(&|sequence| unix_diag::request(inode, sequence), &mut |body| {
            told = unix_diag::peer(body, inode);
        })?;
        Ok((told.flatten(), told.is_some()))
    }

    /// Gives the live sockets of a dump to `each`. Says whether the kernel told them at one go.
    pub fn dump(&mut self, dump: Dump, each: &mut dyn FnMut(Row)) -> Result<bool, Unavailable> {
        let mut at_one_go = true;
        for dump in self.dumps(dump) {
            let mut asking = Asking::from(dump);
            at_one_go &= loop {
                match self.dump_on(&mut asking, each) {
                    Ok(None) => {}
                    Ok(Some(doubtful)) => break doubtful.is_none(),
                    Err(unavailable) => {
                        let Some(dumps) = self.refuse_both(dump, &unavailable) else {
                            return Err(unavailable);
                        };
                        return dumps.into_iter().try_fold(at_one_go, |at_one_go, dump| {
                            Ok(self.dump(dump, each)? && at_one_go)
                        });
                    }
                }
            };
        }
        Ok(at_one_go)
    }

    /// Returns what to ask for instead: UDP's families are told apart only, and TCP's as well where
    /// the request of old is refused.
    pub fn dumps(&self, dump: Dump) -> Vec<Dump> {
        match (dump.families, dump.protocol) {
            (Families::Both, Protocol::Udp) => dump.split().into(),
            (Families::Both, Protocol::Tcp) if self.refuses_both => dump.split().into(),
            _ => vec![dump],
        }
    }

    /// Returns what to ask for instead of a dump that failed. `None`: nothing, it was not the request of
    /// old, or there are no descriptors left.
    pub fn refuse_both(&mut self, dump: Dump, failed: &Unavailable) -> Option<[Dump; 2]> {
        let is_old = dump.families == Families::Both && !failed.error.is_out_of_descriptors();
        self.refuses_both |= is_old;
        is_old.then(|| dump.split())
    }

    /// The same, one datagram on; `None` while there is more to come. At the end it returns a dump of
    /// those sockets that this one may lack, if it was not told at one go.
    ///
    /// A question that failed is asked again on a new channel, a few times.
    pub fn dump_on(
        &mut self,
        asking: &mut Asking,
        each: &mut dyn FnMut(Row),
    ) -> Result<Option<Option<Dump>>, Unavailable> {
        match self.attempt_dump(asking, each) {
            Ok(ended) => Ok(ended),
            Err((_, errno)) if asking.attempt < ATTEMPTS && !is_absent(errno) => {
                asking.attempt = asking.attempt.wrapping_add(1);
                Ok(None)
            }
            Err(failure) => Err(unavailable(failure)),
        }
    }

    /// Closes the channel, to give its descriptor back, if it is open; the next question opens it
    /// again.
    pub fn close(&mut self) -> bool {
        self.channel.take().is_some()
    }

    /// The device number of sockfs, which differs by boot, while the channel is open.
    pub fn sockets_device(&self) -> Option<u64> {
        self.channel.as_ref().map(Channel::sockets_device)
    }

    /// A channel with no request under way. It is put back only when the reply has come to its end:
    /// after a failure a rest of it may still come.
    fn channel(&mut self) -> Result<Channel, Failure> {
        match self.channel.take().filter(Channel::is_ours) {
            Some(channel) => Ok(channel),
            None => Channel::open(NetlinkFamily::SockDiag),
        }
    }

    /// Asks for one thing, which goes to `each` if the kernel knows it.
    fn one(
        &mut self,
        request: &dyn Fn(u32) -> Vec<u8>,
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Unavailable> {
        attempted(|| self.attempt_one(request, each)).map_err(unavailable)
    }

    fn attempt_one(
        &mut self,
        request: &dyn Fn(u32) -> Vec<u8>,
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Failure> {
        let mut channel = self.channel()?;
        channel.send(request)?;
        for _ in 0..STRAY_DATAGRAMS {
            match channel.receive(&mut self.buffer, each)? {
                Received { bodies: 0, done: None } => continue,
                // Unknown; a kernel without IPv6 answers EINVAL to a question about it.
                Received { bodies: 0, done: Some(libc::ENOENT | libc::EINVAL) } => {}
                Received { bodies: 0, done: Some(errno) } => return Err(("recvfrom", errno)),
                Received { .. } => {}
            }
            self.channel = Some(channel);
            return Ok(());
        }
        Err(("recvfrom", libc::EBADMSG))
    }

    fn attempt_dump(
        &mut self,
        asking: &mut Asking,
        each: &mut dyn FnMut(Row),
    ) -> Result<Option<Option<Dump>>, Failure> {
        let mut reply = match asking.reply.take().filter(|reply| reply.channel.is_ours()) {
            Some(reply) => reply,
            None => {
                let mut channel = self.channel()?;
                channel.send(|sequence| diag_request::dump(&asking.dump, sequence))?;
                Reply { channel, last: None, doubtful: 0 }
            }
        };
        let (protocol, last) = (asking.dump.protocol, reply.last);
        let Received { bodies, done } = reply.channel.receive(&mut self.buffer, &mut |body| {
            if let Some(row) = diag_reply::row(body, protocol) {
                reply.last = Some(row.socket.state());
                each(row);
            }
        })?;
        if bodies > 0 {
            reply.doubtful |= last.map_or(0, |last| states::after(protocol, last));
        }
        match done {
            None => {
                asking.reply = Some(reply);
                Ok(None)
            }
            Some(0) => {
                self.channel = Some(reply.channel);
                let states = asking.dump.states & reply.doubtful;
                Ok(Some((states != 0).then_some(Dump { states, ..asking.dump })))
            }
            Some(errno) => Err(("recvfrom", errno)),
        }
    }
}

fn unavailable((syscall, errno): Failure) -> Unavailable {
    let error = Error::system(syscall, errno, "sock_diag");
    Unavailable { error, is_absent: is_absent(errno) }
}
