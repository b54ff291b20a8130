//! Questions that are under way together.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use super::{alone, end};
use crate::platform::linux::Search;
use crate::question::{Filter, Gives, Question, Wanted};
use crate::slice::Slice;

/// Returns a server and `count` connections to it, with both ends in this process.
fn connected(count: usize) -> (TcpListener, Vec<(TcpStream, TcpStream)>) {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = server.local_addr().expect("it is bound");
    let pairs = std::iter::repeat_with(|| {
        let client = TcpStream::connect(address).expect("it listens");
        (client, server.accept().expect("it was asked").0)
    });
    let pairs = pairs.take(count).collect();
    (server, pairs)
}

fn exact(client: SocketAddr, server: SocketAddr) -> Wanted {
    Wanted::Connection { local: end(client), remote: end(server) }
}

/// Runs one slice of `steps` steps. Returns the ids that were answered in it.
fn advance(search: &mut Search, steps: u32) -> Vec<u32> {
    let mut answers = Vec::new();
    search.advance(&Slice::of_steps(steps), &mut answers);
    answers.into_iter().map(|answer| answer.id).collect()
}

#[test]
fn a_long_table_is_told_in_many_steps() {
    let _alone = alone();
    // About three hundred sockets fit into one datagram of the kernel's reply.
    let _world = connected(400);
    let mut search = Search::default();
    search.ask(Question { id: 1, wanted: Wanted::All(Filter::default()), gives: Gives::Rows });
    let mut advance_while = |is_so: fn(&Search) -> bool| {
        let slice = || (is_so(&search) && advance(&mut search, 1).is_empty()).then_some(());
        std::iter::from_fn(slice).count()
    };
    advance_while(|search| search.listing.is_none());

    let slices = advance_while(|search| search.listing.is_some());

    assert!(slices >= 3, "{slices} more slices: the table was told at one go");
}

/// Asks for `wanted`, and then in each slice for a connection that is answered quickly; the slice
/// is over once that has been looked at. Returns whether `wanted` is answered.
fn is_answered_in_a_crowd(wanted: Wanted) -> bool {
    let (server, pairs) = connected(1);
    let client = pairs[0].0.local_addr().expect("it is connected");
    let quick = exact(client, server.local_addr().expect("it is bound"));
    let mut search = Search::default();
    // Makes this process a recent owner.
    search.ask(Question::pid(1, quick.clone()));
    while advance(&mut search, 1000).is_empty() {}

    search.ask(Question::pid(2, wanted));
    (3..10_000).any(|id| {
        search.ask(Question::pid(id, quick.clone()));
        let mut answers = Vec::new();
        search.advance(&Slice::of_steps(2).with_share(100), &mut answers);
        answers.iter().any(|answer| answer.id == 2)
    })
}

#[test]
fn quick_questions_without_pause_do_not_keep_a_walk_from_its_end() {
    let _alone = alone();
    let (server, mut pairs) = connected(1);
    let (client, _accepted) = pairs.pop().expect("there is one");
    let address = client.local_addr().expect("it is connected");
    let stdin = Stdio::from(OwnedFd::from(client));
    let mut holder = Command::new("sleep").arg("600").stdin(stdin).spawn().expect("it starts");

    let is_answered = is_answered_in_a_crowd(exact(address, server.local_addr().expect("bound")));

    holder.kill().expect("it lives");
    holder.wait().expect("it ends");
    assert!(is_answered);
}

#[test]
fn quick_questions_without_pause_do_not_keep_the_tables_from_being_told() {
    let _alone = alone();
    assert!(is_answered_in_a_crowd(Wanted::connected(1)));
}
