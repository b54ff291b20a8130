//! What is asked, what a socket is, does it match, which match wins.
//!
//! Decided here once for all systems; knows neither Node nor an operating system.

use std::net::IpAddr;

use crate::error::Error;

/// A process id, 1 to 2147483647. The same number may be another process tomorrow.
pub type Pid = i32;

/// One question under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Names the question among those under way.
    pub id: u32,
    /// Which sockets answer it.
    pub wanted: Wanted,
}

/// Which sockets answer a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Any live socket with this local port; a listening one is preferred.
    Port(u16),
    /// A listening socket with this local port.
    Listener(u16),
    /// A socket with this local port and a remote end.
    Connected(u16),
    /// The one socket with these two ends, seen from that socket's side.
    Connection {
        /// Its own end.
        local: End,
        /// The end it is connected to.
        remote: End,
    },
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Canonical: an IPv4-mapped address is its IPv4 form.
    pub address: IpAddr,
    /// The interface's index where `address` is link-local and the interface is known.
    pub scope: Option<u32>,
    /// 0 where there is no such end.
    pub port: u16,
}

/// A live TCP socket as the kernel showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its own end.
    pub local: End,
    /// The other end; without meaning unless `state` is `Connected`.
    pub remote: End,
    /// How far it has come.
    pub state: State,
}

/// The states in which a process can hold a live socket. TIME_WAIT and torn-down sockets have
/// none of them and never become a `Socket`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Has a local port, neither listens nor has a remote end.
    Bound,
    /// LISTEN.
    Listening,
    /// SYN_SENT to LAST_ACK and FIN_WAIT_2: has a remote end.
    Connected,
}

/// How well a socket answers a question; the greater one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// Answers if no better socket of this question has an owner that can be seen.
    Second,
    /// Nothing answers better.
    Best,
}

/// An answer on its way back to JavaScript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The question's.
    pub id: u32,
    /// `None`: no process that the caller may see holds such a socket.
    pub owner: Result<Option<Pid>, Error>,
    /// What found it.
    pub found_by: FoundBy,
}

/// How far a look-up had to go, for who wants to know why it took its time (`NODE_DEBUG`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FoundBy {
    /// The kernel's table of sockets: there is no such socket, or it could not be looked up.
    #[default]
    Sockets,
    /// A process that answered lately.
    Recent,
    /// The walk over processes.
    Walk,
}

impl FoundBy {
    /// Its number in `lib/queue.js`.
    pub fn number(self) -> i32 {
        match self {
            Self::Sockets => 0,
            Self::Recent => 1,
            Self::Walk => 2,
        }
    }
}

impl Wanted {
    /// The local port that a socket must have.
    pub fn local_port(&self) -> u16 {
        match self {
            Self::Port(port) | Self::Listener(port) | Self::Connected(port) => *port,
            Self::Connection { local, .. } => local.port,
        }
    }

    /// Whether `socket` answers, and how well.
    pub fn matches(&self, socket: &Socket) -> Option<Match> {
        if socket.local.port != self.local_port() {
            return None;
        }
        match (self, socket.state) {
            (Self::Port(_) | Self::Listener(_), State::Listening) => Some(Match::Best),
            (Self::Port(_), _) => Some(Match::Second),
            (Self::Connected(_), State::Connected) => Some(Match::Best),
            (Self::Connection { local, remote }, State::Connected) => {
                (local.is(&socket.local) && remote.is(&socket.remote)).then_some(Match::Best)
            }
            _ => None,
        }
    }
}

impl End {
    /// Makes an end; `scope` counts for link-local addresses only, and 0 is none.
    pub fn new(address: IpAddr, scope: u32, port: u16) -> Self {
        let address = address.to_canonical();
        let scoped = scope != 0 && is_link_local(address);
        Self { address, scope: scoped.then_some(scope), port }
    }

    /// Whether the kernel's `end` is this one. A scope that one side does not know fits any.
    fn is(&self, end: &Self) -> bool {
        let same_scope = match (self.scope, end.scope) {
            (Some(wanted), Some(seen)) => wanted == seen,
            _ => true,
        };
        self.address == end.address && self.port == end.port && same_scope
    }
}

/// fe80::/10, the only addresses whose scope tells connections apart.
pub fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    fn end_of(address: &str, scope: u32, port: u16) -> End {
        End::new(address.parse().expect("an address"), scope, port)
    }

    fn socket(local: End, remote: End, state: State) -> Socket {
        Socket { local, remote, state }
    }

    const NOWHERE: End = End { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), scope: None, port: 0 };

    #[test]
    fn a_listener_beats_its_accepted_connection_for_a_port() {
        let local = end_of("127.0.0.1", 0, 80);
        let remote = end_of("127.0.0.1", 0, 4000);
        let wanted = Wanted::Port(80);

        let listening = wanted.matches(&socket(local, NOWHERE, State::Listening));
        let accepted = wanted.matches(&socket(local, remote, State::Connected));
        let bound = wanted.matches(&socket(local, NOWHERE, State::Bound));

        assert_eq!(
            (listening, accepted, bound),
            (Some(Match::Best), Some(Match::Second), Some(Match::Second))
        );
        assert!(Match::Best > Match::Second);
    }

    #[test]
    fn a_state_is_all_or_nothing() {
        let local = end_of("::1", 0, 80);
        let states = [State::Bound, State::Listening, State::Connected];

        let of = |wanted: Wanted| {
            states.map(|state| wanted.matches(&socket(local, NOWHERE, state)).is_some())
        };

        assert_eq!(of(Wanted::Port(80)), [true, true, true]);
        assert_eq!(of(Wanted::Listener(80)), [false, true, false]);
        assert_eq!(of(Wanted::Connected(80)), [false, false, true]);
    }

    #[test]
    fn a_remote_port_that_equals_the_port_is_no_match() {
        let seen = socket(end_of("::1", 0, 4000), end_of("::1", 0, 80), State::Connected);

        assert_eq!(Wanted::Port(80).matches(&seen), None);
    }

    #[test]
    fn a_connection_is_exact_in_both_ends_and_needs_a_remote_end() {
        let (local, remote) = (end_of("127.0.0.1", 0, 4000), end_of("127.0.0.1", 0, 80));
        let wanted = Wanted::Connection { local, remote };

        let hit = |local, remote, state| wanted.matches(&socket(local, remote, state)).is_some();

        assert!(hit(local, remote, State::Connected));
        assert!(hit(end_of("::ffff:127.0.0.1", 0, 4000), remote, State::Connected));
        assert!(!hit(remote, local, State::Connected));
        assert!(!hit(end_of("127.0.0.2", 0, 4000), remote, State::Connected));
        assert!(!hit(local, end_of("127.0.0.2", 0, 80), State::Connected));
        assert!(!hit(local, end_of("127.0.0.1", 0, 81), State::Connected));
        assert!(!hit(local, remote, State::Listening));
        assert!(!hit(local, remote, State::Bound));
    }

    #[test]
    fn a_link_local_scope_counts_where_both_sides_know_it() {
        let remote = end_of("fe80::2", 3, 80);
        let with = |scope| Wanted::Connection { local: end_of("fe80::1", scope, 4000), remote };
        let seen = |scope| socket(end_of("fe80::1", scope, 4000), remote, State::Connected);

        assert!(with(3).matches(&seen(3)).is_some());
        assert!(with(3).matches(&seen(4)).is_none());
        assert!(with(0).matches(&seen(4)).is_some());
        assert!(with(3).matches(&seen(0)).is_some());
        assert_eq!(end_of("::1", 3, 1).scope, None);
    }
}
