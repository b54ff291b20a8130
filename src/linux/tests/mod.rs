//! The search as a whole, on real processes and sockets.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails may panic"
)]

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::answer::Found;
use crate::platform::linux::Search;
use crate::question::{Gives, Question, Wanted};
use crate::slice::Slice;
use crate::socket::End;

mod headless;
mod holder;
mod lists;
mod memory;
mod peers;
mod ports;
mod sharing;

/// Runs one test at a time: connections to two servers may share a local port, and then the owner
/// of either answers for it.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the answer to one question, asked in slices of `steps` steps.
fn look(search: &mut Search, wanted: Wanted, gives: Gives, steps: u32) -> Found {
    let mut answers = Vec::new();
    search.ask(Question { id: 1, wanted, gives });
    while answers.is_empty() {
        search.advance(&Slice::of_steps(steps), &mut answers);
    }
    answers.pop().expect("there is one").found.expect("nothing fails")
}

fn end(address: SocketAddr) -> End {
    End { address: address.ip(), scope: None, port: address.port() }
}
