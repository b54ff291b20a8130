//! Questions that are under way together.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use super::end;
use crate::platform::linux::Search;
use crate::question::{Question, Wanted};
use crate::slice::Slice;

#[test]
fn a_quick_question_does_not_wait_until_the_whole_table_is_told() {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let server_address = server.local_addr().expect("it is bound");
    // Some three hundred sockets fit into one datagram of the kernel's reply.
    let clients = std::iter::repeat_with(|| {
        let client = TcpStream::connect(server_address).expect("it listens");
        (client, server.accept().expect("it was asked").0)
    });
    let clients = clients.take(400).collect::<Vec<_>>();
    let local = end(clients[0].0.local_addr().expect("it is connected"));
    let exact = Wanted::Connection { local, remote: end(server_address) };
    let mut search = Search::default();
    let mut answers = Vec::new();
    let mut advance = |search: &mut Search| {
        search.advance(&Slice::of_steps(1), &mut answers);
        answers.pop().map(|answer| answer.id)
    };
    // Makes this process a recent owner.
    search.ask(Question { id: 1, wanted: exact.clone() });
    while advance(&mut search) != Some(1) {}

    // The port of nobody, and so of five others: then the table is told without a filter.
    for id in 2..7 {
        search.ask(Question { id, wanted: Wanted::Connected(1) });
    }
    while search.listing.is_none() {
        assert_eq!(advance(&mut search), None);
    }
    search.ask(Question { id: 7, wanted: exact });
    while advance(&mut search) != Some(7) {}
    let slices = std::iter::from_fn(|| advance(&mut search).is_none().then_some(())).count();

    // What is left of the eight hundred IPv4 sockets, and the IPv6 ones.
    assert!(slices >= 3, "{slices} more slices: the table was told at one go");
}
