//! Which sockets may answer a question, as far as that can be asked for quickly.
//!
//! A quick question costs some ten microseconds whatever the machine does: one connection, the
//! listeners of a port, the UDP sockets of a port. What it leaves open is settled by whole tables
//! (`listing`).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv4Addr};

use super::addresses::{self, Destination, LOOPBACK};
use super::diag_request::{Dump, Exact, Families};
use super::dumps::{FILTERED_QUESTIONS, is_udp_port};
use super::sock_diag::{SockDiag, Unavailable};
use super::states::{self, LISTENING};
use super::unix_peer::unix_peer;
use crate::error::Error;
use crate::platform::linux::socket::{Candidate, Inode, Row};
use crate::question::{LocalPeer, Port, Question, Rank, Wanted};
use crate::socket::{End, Protocol, Socket, State};

/// How often a dump is read that may lack a socket which moved meanwhile.
const READINGS: u32 = 2;

/// A question whose sockets are being looked for, with what was found so far.
pub struct Unlisted {
    /// The question.
    pub question: Question,
    /// The sockets that answer it. Of a `Reply` there is one at most.
    pub candidates: Vec<Candidate>,
    /// The sockets of a list, which has no candidates.
    pub rows: Vec<Row>,
    /// Where each socket stands in `candidates` or `rows`.
    places: HashMap<Inode, usize>,
    /// Where a packet to its address goes; `None`: not asked yet.
    destination: Option<Destination>,
    /// A connection that answers for its port alone.
    connection: Option<Socket>,
    /// Whether nothing else can answer.
    is_complete: bool,
    /// Whether nothing else answers better.
    pub has_best: bool,
    /// Whether it cannot be told which socket is the other end of a Unix-domain one.
    pub is_untold: bool,
}

impl Unlisted {
    /// Asks what can be asked for quickly, one of so `many`: UDP ports in a crowd have one dump together.
    /// What fails comes again when the whole tables are read, and is told then.
    pub fn quick(diag: &mut SockDiag, question: Question, many: usize) -> Self {
        let is_dumped = many > FILTERED_QUESTIONS && is_udp_port(&question.wanted);
        let mut unlisted = Self::new(question, Vec::new());
        if unlisted.resolve().is_ok() && !is_dumped && unlisted.ask(diag).is_err() {
            let anew = Self::new(unlisted.question, Vec::new());
            unlisted = Self { destination: unlisted.destination, ..anew };
        }
        unlisted
    }

    /// Returns a question with what was found quickly.
    pub fn new(question: Question, candidates: Vec<Candidate>) -> Self {
        let numbered = candidates.iter().enumerate();
        let places = numbered.map(|(place, candidate)| (candidate.inode, place)).collect();
        Self {
            question,
            candidates,
            rows: Vec::new(),
            places,
            destination: None,
            connection: None,
            is_complete: false,
            has_best: false,
            is_untold: false,
        }
    }

    /// Returns whether what was found quickly may not be all that can answer. Where it is all, and
    /// there is no candidate, nobody has such a socket.
    pub fn needs_tables(&self) -> bool {
        !self.is_complete
    }

    /// Returns a connection that was found for its port alone.
    pub fn connection(&self) -> Option<&Socket> {
        self.connection.as_ref()
    }

    /// Finds out whether the address that is asked about is one of this machine.
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

    /// Asks the kernel, after `resolve`.
    pub fn ask(&mut self, diag: &mut SockDiag) -> Result<(), Unavailable> {
        if self.is_complete {
            return Ok(());
        }
        match self.question.wanted {
            Wanted::Connection { local, remote } => {
                let row = diag.exact(Exact::Connection { local, remote })?;
                row.into_iter().for_each(|row| self.consider(&row));
                self.is_complete = !self.candidates.is_empty();
            }
            Wanted::Port(Port { protocol: Protocol::Tcp, port, state, .. }) => {
                self.ask_tcp_port(diag, port, state)?;
            }
            Wanted::Port(Port { protocol: Protocol::Udp, port, .. }) => {
                self.dump_udp_port(diag, port)?;
                self.is_complete = true;
            }
            Wanted::Reply { peer, own } => {
                self.ask_reply(diag, peer, own)?;
                self.choose_one();
                self.is_complete = true;
            }
            Wanted::LocalPeer(LocalPeer { socket, .. }) => {
                self.ask_local_peer(diag, socket)?;
                self.is_complete = true;
            }
            Wanted::All(_) => {}
        }
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

    /// The listeners; and a connection to a server to which others were connected lately.
    fn ask_tcp_port(
        &mut self,
        diag: &mut SockDiag,
        port: u16,
        state: Option<State>,
    ) -> Result<(), Unavailable> {
        let mut at_one_go = true;
        if state != Some(State::Connected) {
            let listeners = dump(Protocol::Tcp, LISTENING, port);
            at_one_go = diag.dump(listeners, &mut |row| self.consider(&row))?;
            // Without a state, the port's other sockets answer where its listener is hidden.
            self.is_complete = at_one_go && state == Some(State::Listening);
        }
        if self.candidates.is_empty() && state != Some(State::Listening) {
            for (local, remote) in diag.peers.connections(port) {
                let row = diag.exact(Exact::Connection { local, remote })?;
                row.into_iter().for_each(|row| self.consider(&row));
                if !self.candidates.is_empty() {
                    break;
                }
            }
            self.connection.iter().for_each(|connection| diag.peers.remember(connection));
        }
        self.has_best = at_one_go && !self.candidates.is_empty();
        Ok(())
    }

    fn dump_udp_port(&mut self, diag: &mut SockDiag, port: u16) -> Result<(), Unavailable> {
        let sockets = dump(Protocol::Udp, states::bits(Protocol::Udp, None), port);
        for _ in 0..READINGS {
            if diag.dump(sockets, &mut |row| self.consider(&row))? {
                break;
            }
        }
        Ok(())
    }

    /// Asks who would get the datagram. Where our own address is a wildcard it would come from the
    /// address that the kernel chooses for that destination; but then the port alone is to count, so
    /// a socket that has another idea of our address is looked for too.
    fn ask_reply(&mut self, diag: &mut SockDiag, peer: End, own: End) -> Result<(), Unavailable> {
        let is_wildcard = own.address.is_unspecified();
        let own = if is_wildcard { End { port: own.port, ..source(&peer) } } else { own };
        let device = match self.destination {
            Some(Destination::Here(Some(device))) => device,
            _ => 0,
        };
        let row = diag.exact(Exact::Reply { peer, own, device })?;
        row.into_iter().for_each(|row| self.consider(&row));
        let first = self.rows.first().map(|row| row.inode);
        let is_connected =
            self.rows.first().is_some_and(|row| row.socket.state() == State::Connected);
        if first.is_some() && (is_connected || !is_wildcard) {
            return Ok(());
        }
        // The kernel's choice stays in front, where it wins among equals. Where it chose none, the
        // dump proves that there is none.
        self.dump_udp_port(diag, peer.port)
    }

    /// Of a reply's rows keeps the one that would get it: the best, bound to the interface before
    /// others, and of equals the first, which is the one that was bound last.
    pub fn choose_one(&mut self) {
        let is_open = matches!(self.question.wanted, Wanted::Reply { .. }) && !self.is_complete;
        if !is_open {
            return;
        }
        let worth = |row: &Row| (self.question.wanted.rank(&row.socket), row.device != 0);
        let best = self.rows.iter().map(worth).max();
        let chosen = self.rows.iter().find(|row| Some(worth(row)) == best);
        self.candidates =
            chosen.and_then(|row| candidate(&self.question.wanted, row)).into_iter().collect();
        self.rows.clear();
        self.places.clear();
    }

    /// Takes the row if it answers. One that is there already is brought up to date.
    pub fn consider(&mut self, row: &Row) {
        let Some(candidate) = candidate(&self.question.wanted, row) else { return };
        if !self.is_reached_by_device(row) {
            return;
        }
        if let Wanted::Port(Port { protocol: Protocol::Tcp, .. }) = self.question.wanted
            && row.socket.state() == State::Connected
        {
            self.connection = Some(row.socket.clone());
        }
        let has_rows = matches!(self.question.wanted, Wanted::All(_) | Wanted::Reply { .. });
        match self.places.entry(row.inode) {
            Entry::Vacant(vacant) if has_rows => {
                vacant.insert(self.rows.len());
                self.rows.push(row.clone());
            }
            Entry::Vacant(vacant) => {
                vacant.insert(self.candidates.len());
                self.candidates.push(candidate);
            }
            Entry::Occupied(place) if has_rows => {
                self.rows.get_mut(*place.get()).into_iter().for_each(|old| *old = row.clone());
            }
            Entry::Occupied(place) => {
                self.candidates.get_mut(*place.get()).into_iter().for_each(|old| *old = candidate);
            }
        }
    }

    /// Returns whether a packet to the address that is asked about could come to a socket that is
    /// bound to an interface. A reply comes through the one that has the address; to a port, packets
    /// from outside may come through any other, but none comes to a loopback address. Another one
    /// that `lo` has is as reachable as if its own interface had it.
    fn is_reached_by_device(&self, row: &Row) -> bool {
        let Some(Destination::Here(device)) = self.destination else {
            return self.destination.is_none();
        };
        match (device, &self.question.wanted) {
            (Some(device), Wanted::Reply { .. }) => row.device == 0 || row.device == device,
            (_, Wanted::Port(Port { address: Some(End { address, .. }), .. }))
                if address.is_loopback() =>
            {
                row.device == 0 || row.device == LOOPBACK
            }
            _ => true,
        }
    }
}

/// Returns the row as a candidate, if it answers. Inode 0: nobody has it any more, or nobody has
/// accepted it yet.
fn candidate(wanted: &Wanted, row: &Row) -> Option<Candidate> {
    let rank: Rank = wanted.rank(&row.socket)?;
    let is_connection =
        row.socket.protocol() == Protocol::Tcp && row.socket.state() == State::Connected;
    let candidate = Candidate { inode: row.inode, rank, group: row.group, is_connection };
    (row.inode != 0).then_some(candidate)
}

fn dump(protocol: Protocol, states: u32, local_port: u16) -> Dump {
    Dump { protocol, families: Families::Both, states, local_port, remote_port: 0 }
}

/// Returns the address that the kernel gives to a datagram to `peer`, an address of this machine: the
/// same one, but for 127.0.0.0/8.
fn source(peer: &End) -> End {
    match peer.address {
        IpAddr::V4(address) if address.is_loopback() => End::new(Ipv4Addr::LOCALHOST.into(), 0, 0),
        _ => *peer,
    }
}
