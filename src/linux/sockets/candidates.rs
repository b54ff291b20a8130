//! Which sockets may answer a question, as far as can be found out quickly.
//!
//! A quick question takes about ten microseconds, however busy the machine is. It concerns one
//! connection, the listeners on a port, or the UDP sockets on a port. Whatever it leaves open is
//! settled by whole tables (`listing`).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::{IpAddr, Ipv4Addr};

use super::addresses::{self, Destination, LOOPBACK};
use super::inet_diag::{Dump, Exact};
use super::peers::Peers;
use super::sock_diag::{SockDiag, Unavailable};
use super::states::{self, LISTENING};
use super::unix_peer::unix_peer;
use crate::error::Error;
use crate::platform::linux::socket::{Candidate, Inode, Row};
use crate::question::{LocalPeer, Port, Question, Rank, Wanted};
use crate::socket::{End, Protocol, State};

/// Up to this many questions have dumps of their own; for more, one dump of everything is cheaper.
pub const FILTERED_QUESTIONS: usize = 4;
/// How many times to read a dump that may lack a socket that moved during the reading.
const READINGS: u32 = 2;

/// A question whose sockets are being looked for, with what has been found so far.
pub struct Unlisted {
    /// The question.
    pub question: Question,
    /// The sockets that answer it, each once. A list makes no candidates of them.
    pub rows: Vec<Row>,
    /// Each socket's index in `rows`.
    places: BTreeMap<Inode, usize>,
    /// The candidates among them, as of the last time the kernel was asked. A `Reply` has at most
    /// one.
    pub candidates: Vec<Candidate>,
    /// Where a packet to its address goes. `None`: not asked yet.
    destination: Option<Destination>,
    /// Whether nothing else can answer.
    is_complete: bool,
    /// Whether nothing else answers better.
    pub has_best: bool,
    /// Whether the kernel cannot say which socket is the other end of a Unix-domain one.
    pub is_untold: bool,
}

impl Unlisted {
    /// Asks the kernel what it can answer quickly. `many` is how many questions are asked together:
    /// in a crowd, UDP ports share one dump. A failure is not reported here, since it recurs when
    /// the whole tables are read.
    pub fn quick(diag: &mut SockDiag, question: Question, many: usize) -> Self {
        let is_dumped = many > FILTERED_QUESTIONS && is_udp_port(&question.wanted);
        let mut unlisted = Self::new(question);
        if unlisted.resolve().is_ok() && !is_dumped && unlisted.ask(diag).is_err() {
            let anew = Self::new(unlisted.question);
            unlisted = Self { destination: unlisted.destination, ..anew };
        }
        unlisted
    }

    /// Returns a question about which nothing is known yet.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            rows: Vec::new(),
            places: BTreeMap::new(),
            candidates: Vec::new(),
            destination: None,
            is_complete: false,
            has_best: false,
            is_untold: false,
        }
    }

    /// Returns whether sockets other than those found quickly may answer. If none can and there is
    /// no candidate, no process has such a socket.
    pub fn needs_tables(&self) -> bool {
        !self.is_complete
    }

    /// Returns whether it would matter that a socket moved while the tables were read.
    pub fn is_doubtful(&self) -> bool {
        let wanted = &self.question.wanted;
        let wants_all = matches!(wanted, Wanted::All(_)) || is_udp_port(wanted);
        !self.is_complete && (wants_all || self.rows.is_empty())
    }

    /// Finds out whether the address in question is one of this machine's.
    pub fn resolve(&mut self) -> Result<(), Error> {
        if self.destination.is_none() {
            let address = match &self.question.wanted {
                Wanted::Port(port) => port.address.as_ref(),
                Wanted::Reply { peer, .. } => Some(peer),
                Wanted::Connection { .. } | Wanted::LocalPeer(_) | Wanted::All(_) => None,
            };
            let anywhere = Ok(Destination::Here(None));
            self.destination = Some(address.map_or(anywhere, addresses::destination)?);
            self.is_complete = self.destination == Some(Destination::Away);
        }
        Ok(())
    }

    /// Asks the kernel. `resolve` must be called first.
    pub fn ask(&mut self, diag: &mut SockDiag) -> Result<(), Unavailable> {
        if self.is_complete {
            return Ok(());
        }
        self.is_complete = match self.question.wanted {
            Wanted::Connection { local, remote } => {
                self.ask_exactly(diag, &Exact::connection(local, remote))?;
                !self.rows.is_empty()
            }
            Wanted::Port(Port { protocol: Protocol::Tcp, port, state, .. }) => {
                self.ask_tcp_port(diag, port, state)?
            }
            Wanted::Port(Port { protocol: Protocol::Udp, port, .. }) => {
                self.dump_udp_port(diag, port)?;
                true
            }
            Wanted::Reply { peer, own } => {
                self.ask_reply(diag, peer, own)?;
                true
            }
            Wanted::LocalPeer(LocalPeer { socket, .. }) => {
                self.ask_local_peer(diag, socket)?;
                true
            }
            Wanted::All(_) => false,
        };
        self.choose(&mut diag.peers);
        Ok(())
    }

    fn ask_exactly(&mut self, diag: &mut SockDiag, exact: &Exact) -> Result<(), Unavailable> {
        diag.exact(exact)?.iter().for_each(|row| self.add(row));
        Ok(())
    }

    fn ask_local_peer(&mut self, diag: &mut SockDiag, own: Inode) -> Result<(), Unavailable> {
        let peer = match unix_peer(diag, own) {
            Err(unavailable) if unavailable.is_absent => {
                self.is_untold = true;
                None
            }
            told => told?,
        };
        let (rank, group, is_connection) = (Rank::BEST, None, true);
        let candidate = |inode| Candidate { inode, rank, group, is_connection };
        self.candidates = peer.map(candidate).into_iter().collect();
        Ok(())
    }

    /// Asks for the port's listeners and then, as long as nothing is found, for connections to the
    /// servers that others were connected to lately. Returns whether nothing else can answer.
    fn ask_tcp_port(
        &mut self,
        diag: &mut SockDiag,
        port: u16,
        state: Option<State>,
    ) -> Result<bool, Unavailable> {
        let mut at_one_go = true;
        if state != Some(State::Connected) {
            let listeners = Dump::new(Protocol::Tcp, LISTENING, port);
            at_one_go = diag.dump(listeners, &mut |row| self.add(&row))?;
        }
        if state != Some(State::Listening) {
            for (local, remote) in diag.peers.connections(port) {
                if self.rows.is_empty() {
                    self.ask_exactly(diag, &Exact::connection(local, remote))?;
                }
            }
        }
        self.has_best = at_one_go && !self.rows.is_empty();
        // Without a state, the port's other sockets answer if its listener's holder is hidden.
        Ok(at_one_go && state == Some(State::Listening))
    }

    fn dump_udp_port(&mut self, diag: &mut SockDiag, port: u16) -> Result<(), Unavailable> {
        let sockets = Dump::new(Protocol::Udp, states::bits(Protocol::Udp, None), port);
        for _ in 0..READINGS {
            if diag.dump(sockets, &mut |row| self.add(&row))? {
                break;
            }
        }
        Ok(())
    }

    /// Asks which socket would get the datagram. If our own address is a wildcard, the datagram
    /// would come from the address that the kernel chooses for that destination. But then only the
    /// port is meant to count, so a socket that expects another address of ours is looked for too.
    fn ask_reply(&mut self, diag: &mut SockDiag, peer: End, own: End) -> Result<(), Unavailable> {
        let is_wildcard = own.address.is_unspecified();
        let own = if is_wildcard { End { port: own.port, ..source(&peer) } } else { own };
        let device = match self.destination {
            Some(Destination::Here(Some(device))) => device,
            _ => 0,
        };
        self.ask_exactly(diag, &Exact::receiver(peer, own, device))?;
        let is_told = |row: &Row| !is_wildcard || row.socket.state() == State::Connected;
        if self.rows.first().is_some_and(is_told) {
            return Ok(());
        }
        // The kernel's choice stays first, so it wins among equals. If it chose none, the dump
        // proves that there is none.
        self.dump_udp_port(diag, peer.port)
    }

    /// Makes candidates of what was found. A reply has only the socket that would get it: the best
    /// one, those bound to the interface before others, and among equals the first, which was bound
    /// last. A connection that answers for its port alone is remembered.
    pub fn choose(&mut self, peers: &mut Peers) {
        let wanted = &self.question.wanted;
        let candidate = |row| candidate(wanted, row);
        match wanted {
            Wanted::All(_) | Wanted::LocalPeer(_) => return,
            Wanted::Reply { .. } => {
                let worth = |row: &&Row| Reverse((wanted.rank(&row.socket), row.device != 0));
                let best = self.rows.iter().min_by_key(worth);
                self.candidates = best.and_then(candidate).into_iter().collect();
            }
            Wanted::Connection { .. } | Wanted::Port(_) => {
                self.candidates = self.rows.iter().filter_map(candidate).collect();
            }
        }
        if let Wanted::Port(Port { protocol: Protocol::Tcp, .. }) = wanted {
            let is_connection = |row: &&Row| row.socket.state() == State::Connected;
            let connection = self.rows.iter().rfind(is_connection);
            connection.iter().for_each(|row| peers.remember(&row.socket));
        }
    }

    /// Adds the row if it answers, or updates the one that is there already.
    pub fn add(&mut self, row: &Row) {
        let is_answer = row.inode != 0 && self.question.wanted.rank(&row.socket).is_some();
        if self.is_complete || !is_answer || !self.is_reached_by_device(row) {
            return;
        }
        match self.places.entry(row.inode) {
            Entry::Vacant(place) => {
                place.insert(self.rows.len());
                self.rows.push(row.clone());
            }
            Entry::Occupied(place) => {
                self.rows.get_mut(*place.get()).into_iter().for_each(|old| *old = row.clone());
            }
        }
    }

    /// Returns whether a packet to the address in question could reach a socket that is bound to an
    /// interface. A reply comes in through the interface that has the address. To a port, packets
    /// from outside may come in through any interface, except to a loopback address. Any other
    /// address that `lo` has is as reachable as if an interface of its own had it.
    fn is_reached_by_device(&self, row: &Row) -> bool {
        let through = match (self.destination, &self.question.wanted) {
            (Some(Destination::Here(device)), Wanted::Reply { .. }) => device,
            (_, Wanted::Port(Port { address: Some(End { address, .. }), .. }))
                if address.is_loopback() =>
            {
                Some(LOOPBACK)
            }
            _ => None,
        };
        through.is_none_or(|device| [0, device].contains(&row.device))
    }
}

/// Returns whether UDP sockets are asked for by their port.
pub fn is_udp_port(wanted: &Wanted) -> bool {
    matches!(wanted, Wanted::Port(Port { protocol: Protocol::Udp, .. }))
}

/// Returns the row as a candidate if it answers.
fn candidate(wanted: &Wanted, row: &Row) -> Option<Candidate> {
    let is_tcp = row.socket.protocol() == Protocol::Tcp;
    let is_connection = is_tcp && row.socket.state() == State::Connected;
    let rank = wanted.rank(&row.socket)?;
    Some(Candidate { inode: row.inode, rank, group: row.group, is_connection })
}

/// Returns the source address that the kernel gives a datagram to `peer`, an address of this
/// machine: the same address, except in 127.0.0.0/8.
fn source(peer: &End) -> End {
    match peer.address {
        IpAddr::V4(address) if address.is_loopback() => End::new(Ipv4Addr::LOCALHOST.into(), 0, 0),
        _ => *peer,
    }
}
