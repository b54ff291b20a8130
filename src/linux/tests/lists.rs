//! Lists: every socket, with every process that holds it.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process;

use super::headless::headless;
use super::holder::{ALONE, Holder, WITH_CHILD};
use super::{alone, look};
use crate::answer::{Answer, Found, SocketRow};
use crate::platform::linux::Search;
use crate::question::{Filter, Gives, Pid, Question, Wanted};
use crate::slice::Slice;
use crate::socket::{Protocol, Socket};

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, port)
}

/// Returns a connection to `server`, and the question of who holds the client's end.
fn connection(server: &TcpListener) -> (TcpStream, Wanted) {
    let address = server.local_addr().expect("it is bound");
    let client = TcpStream::connect(address).expect("it listens");
    let local = super::end(client.local_addr().expect("it is connected"));
    (client, Wanted::Connection { local, remote: super::end(address) })
}

fn list(search: &mut Search, filter: Filter, steps: u32) -> Vec<SocketRow> {
    match look(search, Wanted::All(filter), Gives::Rows, steps) {
        Found::Sockets(rows) => rows,
        found => panic!("{found:?} is no list"),
    }
}

/// Returns the holders of the one TCP socket with that local port on 127.0.0.1. Another program may
/// have the port on another address, or for UDP.
fn pids_of(rows: &[SocketRow], port: u16) -> &[Pid] {
    let with_port = |row: &&SocketRow| {
        let Socket { local, .. } = &row.socket;
        let is_tcp = row.socket.protocol() == Protocol::Tcp;
        is_tcp && local.port == port && local.address == Ipv4Addr::LOCALHOST
    };
    let found = rows.iter().filter(with_port).collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "port {port} has one socket");
    &found[0].pids
}

fn own() -> Pid {
    process::id().cast_signed()
}

#[test]
fn each_socket_is_there_once_with_all_its_holders_the_oldest_first() {
    let _alone = alone();
    let (server, port) = listener();
    let address = server.local_addr().expect("it is bound");
    let (shared, shared_port) = listener();
    let shared = Holder::of(shared, WITH_CHILD);
    let client = TcpStream::connect(address).expect("it listens");
    let client_port = client.local_addr().expect("it is connected").port();
    let client = Holder::of(client, ALONE);
    let mut search = Search::default();

    for steps in [1, 7, 100_000] {
        let rows = list(&mut search, Filter::default(), steps);

        assert_eq!(pids_of(&rows, port), [own()]);
        let child = shared.child.expect("it started one");
        assert_eq!(pids_of(&rows, shared_port), [shared.pid(), child]);
        assert_eq!(pids_of(&rows, client_port), [client.pid()]);
    }
}

#[test]
fn with_a_pid_the_list_has_that_processs_sockets_and_no_others() {
    let _alone = alone();
    let (shared, port) = listener();
    let shared = Holder::of(shared, WITH_CHILD);
    let (_other, _) = listener();
    let child = shared.child.expect("it started one");
    let mut search = Search::default();
    let of = |pid| Filter { pid: Some(pid), ..Filter::default() };

    let rows = list(&mut search, of(child), 3);

    assert_eq!(rows.len(), 1);
    assert_eq!(pids_of(&rows, port), [child]);
    assert_eq!(list(&mut search, of(Pid::MAX), 3), [], "there is no such process");
    assert!(search.hunt.known.counts.is_empty(), "nobody was counted");
}

#[test]
fn a_process_without_its_first_thread_is_in_the_list_and_has_one() {
    let _alone = alone();
    let (held, port) = listener();
    let (mut child, pid) = headless(held.into());
    let mut search = Search::default();

    let all = list(&mut search, Filter::default(), 50);
    let own = list(&mut search, Filter { pid: Some(pid), ..Filter::default() }, 1);

    child.kill().expect("it lives");
    child.wait().expect("it ends");
    assert_eq!(pids_of(&all, port), [pid]);
    assert_eq!(pids_of(&own, port), [pid]);
}

/// Starts a list of everything, and stops when every process's table is about to be read.
fn begin_list(search: &mut Search) {
    let mut answers = Vec::new();
    search.ask(Question { id: 1, wanted: Wanted::All(Filter::default()), gives: Gives::Rows });
    while search.hunt.walk.as_ref().is_none_or(|walk| walk.is_narrow()) {
        search.advance(&Slice::of_steps(1), &mut answers);
    }
    assert_eq!(answers, []);
}

/// Returns the rows of question 1, whatever other questions are answered in the meantime.
fn end_list(search: &mut Search) -> Vec<SocketRow> {
    let mut answers = Vec::new();
    while answers.iter().all(|answer: &Answer| answer.id != 1) {
        search.advance(&Slice::of_steps(20), &mut answers);
    }
    let answer = answers.into_iter().find(|answer| answer.id == 1).expect("there is one");
    match answer.found {
        Ok(Found::Sockets(rows)) => rows,
        found => panic!("{found:?} is no list"),
    }
}

#[test]
fn a_socket_that_goes_meanwhile_is_not_told_as_hidden() {
    let _alone = alone();
    let (gone, gone_port) = listener();
    let (_kept, port) = listener();
    let mut search = Search::default();
    begin_list(&mut search);

    drop(gone);

    let rows = end_list(&mut search);
    let is_gone = |row: &&SocketRow| row.socket.local.port == gone_port;
    assert_eq!(rows.iter().find(is_gone), None);
    assert_eq!(pids_of(&rows, port), [own()]);
}

#[test]
fn a_list_under_way_shares_its_walk_and_holds_up_no_quick_question() {
    let _alone = alone();
    let (server, port) = listener();
    let (_client, quick) = connection(&server);
    let mut search = Search::default();
    // Makes this process a recent owner.
    look(&mut search, quick.clone(), Gives::Pid, 1000);
    begin_list(&mut search);
    let began = search.hunt.walk.as_ref().map(|walk| walk.began);

    let mut answers = Vec::new();
    search.ask(Question::pid(2, quick));
    search.advance(&Slice::of_steps(2), &mut answers);

    assert_eq!(answers[0].owner(), Ok(Some(own())));
    assert_eq!(search.hunt.walk.as_ref().map(|walk| walk.began), began, "it is the same walk");
    assert_eq!(pids_of(&end_list(&mut search), port).len(), 1);
}

#[test]
fn an_answer_takes_no_table_from_under_a_list() {
    let _alone = alone();
    let (server, port) = listener();
    let (_client, wanted) = connection(&server);
    let later = [(); 20].map(|()| listener());
    let mut search = Search::default();
    begin_list(&mut search);

    search.ask(Question::pid(2, wanted));

    let mut answers = Vec::new();
    // Many more slices than are needed.
    for _ in 0..10_000 {
        search.advance(&Slice::of_steps(50), &mut answers);
    }
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0].owner(), Ok(Some(own())));
    let Ok(Found::Sockets(rows)) = &answers[1].found else { panic!("{:?} is no list", answers[1]) };
    for (_, port) in later.iter().chain([&(server, port)]) {
        assert_eq!(pids_of(rows, *port), [own()]);
    }
}

#[test]
fn who_held_a_socket_before_the_list_was_asked_for_is_not_in_it() {
    let _alone = alone();
    // After some of these, the list of this process alone has read its table but is not answered
    // yet.
    for steps_before in (0..30).step_by(2) {
        let (passed_on, port) = listener();
        let mut search = Search::default();
        let of_own = Wanted::All(Filter { pid: Some(own()), ..Filter::default() });
        search.ask(Question { id: 2, wanted: of_own, gives: Gives::Rows });
        for _ in 0..steps_before {
            search.advance(&Slice::of_steps(1), &mut Vec::new());
        }

        let holder = Holder::of(passed_on, ALONE);
        let of_port = Wanted::All(Filter { port: Some(port), ..Filter::default() });
        search.ask(Question { id: 1, wanted: of_port, gives: Gives::Rows });

        let rows = end_list(&mut search);
        assert_eq!(pids_of(&rows, port), [holder.pid()], "after {steps_before} steps");
    }
}

#[test]
fn a_list_that_nobody_waits_for_any_more_is_dropped() {
    let _alone = alone();
    let mut search = Search::default();
    begin_list(&mut search);

    search.forget(1);
    search.advance(&Slice::of_steps(1), &mut Vec::new());

    assert!(search.hunt.walk.is_none());
}
