//! What is asked, for all systems; knows neither Node nor an operating system.

use crate::socket::{End, Protocol, State};

/// A process id, 1 to 2147483647. The same number may be another process tomorrow.
pub type Pid = i32;

/// One question under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Names the question among those under way.
    pub id: u32,
    /// Which sockets answer it.
    pub wanted: Wanted,
    /// What the answer is to be.
    pub gives: Gives,
}

/// What an answer is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// The holder's pid.
    Pid,
    /// All that is told of the holder, read while it holds the socket.
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
    /// The one UDP socket that would get what is sent from `own` to `peer`.
    Reply {
        /// Where it is sent to: the wanted socket's own end.
        peer: End,
        /// Where it comes from; a wildcard address is any of ours.
        own: End,
    },
    /// The other end of a Unix-domain socket.
    LocalPeer(LocalPeer),
    /// Every socket that passes.
    All(Filter),
}

/// A local port, and which of its sockets may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The port.
    pub port: u16,
    /// Only sockets in this state, `Listening` or `Connected`; `None`: a listening TCP socket is
    /// preferred, an unconnected UDP socket too.
    pub state: Option<State>,
    /// Only sockets that a packet to this address could reach; its port is without meaning.
    pub address: Option<End>,
}

/// What the system told of a Unix-domain socket at the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalPeer {
    /// Linux: the inode of our end. macOS: a descriptor of our own of it, 0 for none.
    pub socket: u32,
    /// The process that the system names for the other end: where to look first.
    pub pid: Pid,
}

/// Which sockets a list has; what is `None` narrows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this protocol's.
    pub protocol: Option<Protocol>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those with this local port.
    pub port: Option<u16>,
    /// Only those that this process holds: no other table is read.
    pub pid: Option<Pid>,
}

impl Wanted {
    /// Returns the protocol that a socket must have; `None`: either will do.
    pub fn protocol(&self) -> Option<Protocol> {
        match self {
            Self::Port(Port { protocol, .. }) => Some(*protocol),
            Self::Connection { .. } => Some(Protocol::Tcp),
            Self::Reply { .. } => Some(Protocol::Udp),
            Self::LocalPeer(_) => None,
            Self::All(filter) => filter.protocol,
        }
    }

    /// Returns the local port that a socket must have; `None`: any will do.
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

/// What tests ask most.
#[cfg(test)]
impl Question {
    /// Asks for a pid.
    pub fn pid(id: u32, wanted: Wanted) -> Self {
        Self { id, wanted, gives: Gives::Pid }
    }
}

#[cfg(test)]
impl Wanted {
    /// Any socket with this TCP port.
    pub const fn port(port: u16) -> Self {
        Self::Port(Port { protocol: Protocol::Tcp, port, state: None, address: None })
    }

    /// A listening one.
    pub const fn listener(port: u16) -> Self {
        let state = Some(State::Listening);
        Self::Port(Port { protocol: Protocol::Tcp, port, state, address: None })
    }

    /// A connected one.
    pub const fn connected(port: u16) -> Self {
        let state = Some(State::Connected);
        Self::Port(Port { protocol: Protocol::Tcp, port, state, address: None })
    }
}
