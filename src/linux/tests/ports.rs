//! A port and nothing else.

use std::net::{Ipv4Addr, TcpListener};

use super::alone;
use super::holder::{ALONE, Holder};
use crate::platform::linux::Search;
use crate::question::{Question, Wanted};
use crate::slice::Slice;

#[test]
fn a_listeners_holder_is_looked_for_before_whole_tables_are_read() {
    let _alone = alone();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let holder = Holder::of(listener, ALONE);
    let mut search = Search::default();
    let mut answers = Vec::new();

    search.ask(Question::pid(1, Wanted::port(port)));
    while answers.is_empty() {
        search.advance(&Slice::of_steps(1), &mut answers);
        assert!(search.listing.is_none());
    }

    assert_eq!(answers[0].owner(), Ok(Some(holder.pid())));
}
