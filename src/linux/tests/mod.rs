//! The search as a whole, on real processes and sockets.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails may panic"
)]

use std::net::SocketAddr;

use crate::question::End;

mod memory;
mod sharing;

fn end(address: SocketAddr) -> End {
    End { address: address.ip(), scope: None, port: address.port() }
}
