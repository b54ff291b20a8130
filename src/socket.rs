//! Sockets on all systems: a protocol, two ends, a state.

use std::net::IpAddr;

/// The protocols whose sockets are looked up. UDP-Lite is a different protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// IPPROTO_TCP, 6.
    Tcp,
    /// IPPROTO_UDP, 17.
    Udp,
}

/// A live socket as the kernel reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its protocol and state.
    pub kind: Kind,
    /// Its own end.
    pub local: End,
    /// The other end; meaningless unless `state()` is `Connected`. Windows reports none for UDP.
    pub remote: End,
    /// Whether it accepts IPv4 too although its own address is the IPv6 wildcard (dual stack).
    pub takes_ipv4: bool,
}

/// A socket's protocol and state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// TCP, in this state.
    Tcp(TcpState),
    /// UDP, connected to one peer or not.
    Udp {
        /// Whether it has a remote end.
        is_connected: bool,
    },
}

/// The TCP states in which a process can hold a socket, with the numbers of the wire format
/// (`node/wire.rs`). TIME_WAIT is not one of them: no process holds such a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpState {
    /// LISTEN.
    Listen = 1,
    /// SYN_SENT.
    SynSent = 2,
    /// SYN_RECEIVED.
    SynReceived = 3,
    /// ESTABLISHED.
    Established = 4,
    /// FIN_WAIT_1.
    FinWait1 = 5,
    /// FIN_WAIT_2.
    FinWait2 = 6,
    /// CLOSE_WAIT.
    CloseWait = 7,
    /// CLOSING.
    Closing = 8,
    /// LAST_ACK.
    LastAck = 9,
    /// CLOSED; the socket is bound if it has a local port.
    Closed = 10,
}

/// The states that a caller can ask for, with the numbers of the wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Has a local port, but does not listen and has no remote end.
    Bound = 0,
    /// LISTEN.
    Listening = 1,
    /// Has a remote end: SYN_SENT to LAST_ACK, or connected UDP.
    Connected = 2,
}

/// One end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Canonical: an IPv4-mapped address is stored as IPv4.
    pub address: IpAddr,
    /// The interface's index if `address` is link-local and the interface is known.
    pub scope: Option<u32>,
    /// 0 if there is no such end.
    pub port: u16,
}

impl Socket {
    /// Returns the protocol.
    pub fn protocol(&self) -> Protocol {
        match self.kind {
            Kind::Tcp(_) => Protocol::Tcp,
            Kind::Udp { .. } => Protocol::Udp,
        }
    }

    /// Returns the state, as a caller can ask for it.
    pub fn state(&self) -> State {
        match self.kind {
            Kind::Tcp(TcpState::Listen) => State::Listening,
            Kind::Tcp(TcpState::Closed) | Kind::Udp { is_connected: false } => State::Bound,
            Kind::Tcp(_) | Kind::Udp { is_connected: true } => State::Connected,
        }
    }

    /// Returns how exactly its own address matches `wanted`, best first: bound to that very
    /// address, to the wildcard of its family, or to a dual-stack `::` if `wanted` is IPv4. `None`:
    /// a packet to `wanted` cannot reach it.
    pub fn reach(&self, wanted: &End) -> Option<Reach> {
        let local = &self.local;
        let is_same_family = local.address.is_ipv4() == wanted.address.is_ipv4();
        if local.is_at(wanted) {
            Some(Reach::Exact)
        } else if !local.address.is_unspecified() {
            None
        } else if is_same_family {
            Some(Reach::Wildcard)
        } else {
            (self.takes_ipv4 && wanted.address.is_ipv4()).then_some(Reach::DualStack)
        }
    }
}

/// How exactly a socket's own address matches a wanted one; the greater value wins, as in the
/// kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// `::`, for a socket that accepts IPv4 too.
    DualStack,
    /// The wildcard of the wanted address's family.
    Wildcard,
    /// That very address.
    Exact,
}

impl End {
    /// Makes an end. `scope` is kept for link-local addresses only; 0 means none.
    pub fn new(address: IpAddr, scope: u32, port: u16) -> Self {
        let address = address.to_canonical();
        let scoped = scope != 0 && is_link_local(address);
        Self { address, scope: scoped.then_some(scope), port }
    }

    /// Returns whether `end`, as the kernel reports it, is this one. A scope that one side lacks
    /// matches any.
    pub fn is(&self, end: &Self) -> bool {
        self.port == end.port && self.is_at(end)
    }

    /// Returns whether both have the same address, regardless of their ports.
    pub fn is_at(&self, end: &Self) -> bool {
        let is_same_scope = match (self.scope, end.scope) {
            (Some(wanted), Some(seen)) => wanted == seen,
            _ => true,
        };
        self.address == end.address && is_same_scope
    }
}

/// Returns whether an address is in fe80::/10. Only for these does the scope distinguish
/// connections.
pub fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}
