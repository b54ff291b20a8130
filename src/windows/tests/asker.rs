//! Asks one question of a scripted Windows.

use super::fake_machine::Machine;
use crate::answer::{Answer, Found};
use crate::error::Error;
use crate::platform::windows::Search;
use crate::platform::windows::kernel::imports::{change, install};
use crate::question::{Filter, Gives, Pid, Port, Question, Wanted};
use crate::slice::Slice;
use crate::socket::{End, Protocol, State};

/// A FILETIME in 2024. Everything here happens after it.
pub const THEN: u64 = 133_485_408_000_000_000;
/// A second later.
pub const LATER: u64 = THEN + 10_000_000;

pub fn end(address: &str, port: u16) -> End {
    let (address, scope) = address.split_once('%').unwrap_or((address, "0"));
    End::new(address.parse().expect("an address"), scope.parse().expect("a scope"), port)
}

pub fn connection(local: (&str, u16), remote: (&str, u16)) -> Wanted {
    Wanted::Connection { local: end(local.0, local.1), remote: end(remote.0, remote.1) }
}

pub fn port_at(protocol: Protocol, port: u16, address: &str) -> Wanted {
    let address = Some(end(address, 0));
    Wanted::Port(Port { protocol, port, state: None, address })
}

pub fn udp_port(port: u16) -> Wanted {
    Wanted::Port(Port { protocol: Protocol::Udp, port, state: None, address: None })
}

pub fn everything() -> Filter {
    Filter::default()
}

pub fn only(state: State) -> Filter {
    Filter { state: Some(state), ..Filter::default() }
}

/// Asks all questions in one slice, which must be enough. No handle may be left open.
pub fn ask_all(questions: Vec<Question>) -> Vec<Answer> {
    let mut search = Search::default();
    for question in questions {
        search.ask(question);
    }
    let mut answers = Vec::new();
    search.advance(&Slice::of_steps(1), &mut answers);
    assert_eq!(change(|machine| machine.handles.len()), 0, "handles are left open");
    answers
}

pub fn ask(wanted: Wanted, gives: Gives) -> Result<Found, Error> {
    let mut answers = ask_all(vec![Question { id: 7, wanted, gives }]);
    assert_eq!((answers.len(), answers[0].id), (1, 7));
    answers.remove(0).found
}

/// Returns the pid that answers on that machine.
pub fn owner(machine: Machine, wanted: Wanted) -> Result<Option<Pid>, Error> {
    install(machine);
    match ask(wanted, Gives::Pid)? {
        Found::Process(pid) => Ok(Some(pid)),
        Found::Nobody => Ok(None),
        other => panic!("{other:?}"),
    }
}

/// Returns the rows of a list: local address, port and holders.
pub fn list(machine: Machine, filter: Filter) -> Vec<(String, u16, Vec<Pid>)> {
    install(machine);
    let Found::Sockets(rows) = ask(Wanted::All(filter), Gives::Rows).expect("no failure") else {
        panic!("no rows");
    };
    let mut list = rows
        .into_iter()
        .map(|row| (row.socket.local.address.to_string(), row.socket.local.port, row.pids))
        .collect::<Vec<_>>();
    list.sort();
    list
}
