//! An asker: the few lines that every test needs to ask a question.

use crate::answer::{Answer, Found, SocketRow};
use crate::error::Error;
use crate::platform::darwin::Search;
use crate::platform::darwin::fake_libproc::{calls, install};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::{Filter, Gives, Pid, Port, Question, Wanted};
use crate::slice::Slice;
use crate::socket::{End, Protocol, State};

pub type Owner = Result<Option<Pid>, Error>;

/// A search and the ids it has used.
#[derive(Default)]
pub struct Asker {
    pub search: Search,
    /// How many steps a slice has. `None`: one long slice.
    pub steps: Option<u32>,
    last_id: u32,
}

impl Asker {
    pub fn in_world(world: World) -> Self {
        install(world);
        Self::default()
    }

    pub fn ask(&mut self, wanted: Wanted) -> u32 {
        self.last_id += 1;
        self.search.ask(Question::pid(self.last_id, wanted));
        self.last_id
    }

    /// Asks for a record.
    pub fn ask_record(&mut self, wanted: Wanted) -> u32 {
        self.last_id += 1;
        self.search.ask(Question { id: self.last_id, wanted, gives: Gives::Record });
        self.last_id
    }

    /// Asks for a list.
    pub fn ask_list(&mut self, filter: Filter) -> u32 {
        self.last_id += 1;
        let wanted = Wanted::All(filter);
        self.search.ask(Question { id: self.last_id, wanted, gives: Gives::Rows });
        self.last_id
    }

    pub fn advance(&mut self, slice: &Slice) -> Vec<Answer> {
        let mut answers = Vec::new();
        self.search.advance(slice, &mut answers);
        answers
    }

    /// Runs slice after slice until all waiting questions are answered. Returns the answers by id.
    pub fn finish(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        for _ in 0..100_000 {
            let slice = self.steps.map_or_else(Slice::begin, Slice::of_steps);
            self.search.advance(&slice, &mut answers);
            if self.search.is_idle() {
                answers.sort_by_key(|answer| answer.id);
                return answers;
            }
        }
        panic!("the search does not end");
    }

    /// Asks one question and returns its one answer.
    pub fn look(&mut self, wanted: Wanted) -> Owner {
        let id = self.ask(wanted);
        let answers = self.finish();
        let [answer] = answers.as_slice() else {
            panic!("one answer, not {answers:?}");
        };
        assert_eq!(answer.id, id);
        answer.owner()
    }

    /// Asks for one record and returns the one answer.
    pub fn record(&mut self, wanted: Wanted) -> Result<Found, Error> {
        self.ask_record(wanted);
        self.finish().pop().expect("an answer").found
    }

    /// Asks for one list and returns it, sorted by port.
    pub fn list(&mut self, filter: Filter) -> Result<Vec<SocketRow>, Error> {
        self.ask_list(filter);
        self.finish().pop().expect("an answer").found.map(|found| match found {
            Found::Sockets(mut rows) => {
                rows.sort_by_key(|row| (row.socket.local.port, row.socket.remote.port));
                rows
            }
            other => panic!("a list, not {other:?}"),
        })
    }

    /// Asks one question and returns the calls made for it, and the answer.
    pub fn cost(&mut self, wanted: Wanted) -> (Vec<Call>, Owner) {
        calls();
        let owner = self.look(wanted);
        (calls(), owner)
    }
}

/// A UDP socket with this port.
pub fn udp_port(port: u16, address: Option<&str>) -> Wanted {
    let address = address.map(|address| End::new(address.parse().expect("an address"), 0, 1));
    Wanted::Port(Port { protocol: Protocol::Udp, port, state: None, address })
}

/// A TCP socket with this port that a packet to `address` could reach.
pub fn tcp_port_at(port: u16, address: &str, state: Option<State>) -> Wanted {
    let address = Some(End::new(address.parse().expect("an address"), 0, 1));
    Wanted::Port(Port { protocol: Protocol::Tcp, port, state, address })
}

/// The process that would get what is sent from `own` to `peer`.
pub fn reply(peer: &str, own: &str) -> Wanted {
    Wanted::Reply { peer: end(peer), own: end(own) }
}

/// The connection with these ends, as the process that holds it sees it.
pub fn connection(local: &str, remote: &str) -> Wanted {
    Wanted::Connection { local: end(local), remote: end(remote) }
}

pub fn end(text: &str) -> End {
    let end: std::net::SocketAddr = text.parse().expect("an address with a port");
    let scope = if let std::net::SocketAddr::V6(end) = end { end.scope_id() } else { 0 };
    End::new(end.ip(), scope, end.port())
}
