//! Questions, which sockets answer them, and how well each matches: decided here for all systems,
//! independently of Node and of the operating system.

use crate::socket::{End, Protocol, Reach, Socket, State};

/// A process id, 1 to 2147483647. It may be reused for another process later.
pub type Pid = i32;

/// One question that is being looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Identifies the question among those being looked up.
    pub id: u32,
    /// Which sockets answer it.
    pub wanted: Wanted,
    /// What the answer should contain.
    pub gives: Gives,
}

/// What an answer should contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// The holder's pid.
    Pid,
    /// What is known about the holder, read while it holds the socket.
    Record,
    /// The sockets themselves, each with its holders.
    Rows,
}

/// Which sockets answer a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Any live socket with this local port.
    Port(Port),
    /// The one TCP socket with these two ends, seen from that socket's side.
    Connection {
        /// Its own end.
        local: End,
        /// The end it is connected to.
        remote: End,
    },
    /// The one UDP socket that would receive what is sent from `own` to `peer`.
    Reply {
        /// The destination: the wanted socket's own end.
        peer: End,
        /// The source; a wildcard address stands for any of this machine's.
        own: End,
    },
    /// The other end of a Unix-domain socket.
    LocalPeer(LocalPeer),
    /// Every socket that passes the filter.
    All(Filter),
}

/// A local port, and which of its sockets may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The port number.
    pub port: u16,
    /// Only sockets in this state, `Listening` or `Connected`. `None`: any state, but listening TCP
    /// sockets and unconnected UDP sockets are preferred.
    pub state: Option<State>,
    /// Only sockets that a packet to this address could reach; its port is ignored.
    pub address: Option<End>,
}

/// What the system said about a Unix-domain socket when the function was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalPeer {
    /// Linux: the inode of our end. macOS: our own descriptor for it, or 0 for none.
    pub socket: u32,
    /// The process that the system names for the other end: the first place to look.
    pub pid: Pid,
}

/// Which sockets a list contains; a field that is `None` excludes none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only sockets of this protocol.
    pub protocol: Option<Protocol>,
    /// Only sockets in this state.
    pub state: Option<State>,
    /// Only sockets with this local port.
    pub port: Option<u16>,
    /// Only sockets that this process holds: no other process's table is read.
    pub pid: Option<Pid>,
}

/// How well a socket answers a question; the greater rank wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(u8);

impl Rank {
    /// No socket answers better.
    pub const BEST: Self = Self(u8::MAX);

    /// The rank of an accepted connection if a question names only its port.
    #[cfg(test)]
    pub const SECOND: Self = Self(2);

    /// Ranks by preference first, then by how exactly the address matches. A `reach` of `None`
    /// means that the question names no address.
    fn new(is_preferred: bool, reach: Option<Reach>) -> Self {
        let exactness = match reach {
            None | Some(Reach::Exact) => 2,
            Some(Reach::Wildcard) => 1,
            Some(Reach::DualStack) => 0,
        };
        match (is_preferred, exactness) {
            (true, 2) => Self::BEST,
            (true, exactness) => Self(exactness | 4),
            (false, exactness) => Self(exactness),
        }
    }
}

impl Wanted {
    /// Returns how well `socket` answers, or `None` if it does not.
    pub fn rank(&self, socket: &Socket) -> Option<Rank> {
        let is_protocol = self.protocol().is_none_or(|protocol| protocol == socket.protocol());
        let is_port = self.local_port().is_none_or(|port| port == socket.local.port);
        if !is_protocol || !is_port {
            return None;
        }
        match self {
            Self::Port(port) => port.rank(socket),
            Self::Connection { local, remote } => {
                let is_connected = socket.state() == State::Connected;
                let is_it = local.is(&socket.local) && remote.is(&socket.remote);
                (is_connected && is_it).then_some(Rank::BEST)
            }
            Self::Reply { peer, own } => reply_rank(socket, peer, own),
            Self::LocalPeer(_) => None,
            Self::All(filter) => {
                let is_state = filter.state.is_none_or(|state| state == socket.state());
                (is_state && socket.local.port != 0).then_some(Rank::BEST)
            }
        }
    }

    /// Returns the protocol that a socket must have, or `None` if either will do.
    pub fn protocol(&self) -> Option<Protocol> {
        match self {
            Self::Port(Port { protocol, .. }) => Some(*protocol),
            Self::Connection { .. } => Some(Protocol::Tcp),
            Self::Reply { .. } => Some(Protocol::Udp),
            Self::LocalPeer(_) => None,
            Self::All(filter) => filter.protocol,
        }
    }

    /// Returns the local port that a socket must have, or `None` if any will do.
    pub fn local_port(&self) -> Option<u16> {
        match self {
            Self::Port(Port { port, .. }) => Some(*port),
            Self::Connection { local: End { port, .. }, .. }
            | Self::Reply { peer: End { port, .. }, .. } => Some(*port),
            Self::LocalPeer(_) => None,
            Self::All(filter) => filter.port,
        }
    }
}

impl Port {
    fn rank(&self, socket: &Socket) -> Option<Rank> {
        if self.state.is_some_and(|state| state != socket.state()) {
            return None;
        }
        let is_preferred = match self.protocol {
            Protocol::Tcp => self.state.is_some() || socket.state() == State::Listening,
            Protocol::Udp => socket.state() != State::Connected,
        };
        match &self.address {
            None => Some(Rank::new(is_preferred, None)),
            Some(address) => Some(Rank::new(is_preferred, Some(socket.reach(address)?))),
        }
    }
}

/// Connected to us, bound to that address, the wildcard, a dual-stack wildcard: the order in which
/// the kernels choose which socket receives a datagram. A socket that is connected elsewhere
/// receives none.
fn reply_rank(socket: &Socket, peer: &End, own: &End) -> Option<Rank> {
    let reach = socket.reach(peer)?;
    if socket.state() != State::Connected {
        return Some(Rank::new(false, Some(reach)));
    }
    let is_ours = own.address.is_unspecified() || socket.remote.is_at(own);
    (is_ours && socket.remote.port == own.port).then(|| Rank::new(true, Some(reach)))
}

/// The question that tests ask most.
#[cfg(test)]
impl Question {
    /// Asks for a pid.
    pub fn pid(id: u32, wanted: Wanted) -> Self {
        Self { id, wanted, gives: Gives::Pid }
    }
}

#[cfg(test)]
impl Wanted {
    /// Any socket with this local TCP port.
    pub const fn port(port: u16) -> Self {
        Self::Port(Port { protocol: Protocol::Tcp, port, state: None, address: None })
    }

    /// A listening TCP socket with this local port.
    pub const fn listener(port: u16) -> Self {
        let state = Some(State::Listening);
        Self::Port(Port { protocol: Protocol::Tcp, port, state, address: None })
    }

    /// A connected TCP socket with this local port.
    pub const fn connected(port: u16) -> Self {
        let state = Some(State::Connected);
        Self::Port(Port { protocol: Protocol::Tcp, port, state, address: None })
    }
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;
