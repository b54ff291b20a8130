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

use crate::socket::End;

mod headless;
mod memory;
mod sharing;

/// One test at a time: connections to two servers may share a local port, and then either's owner
/// answers for it.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end(address: SocketAddr) -> End {
    End { address: address.ip(), scope: None, port: address.port() }
}
