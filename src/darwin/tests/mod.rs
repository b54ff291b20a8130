//! What the macOS back end promises. Each situation is a test named after it, run against the
//! scripted kernel.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod addresses;
mod asker;
mod costs;
mod errors;
mod events;
mod faults;
mod info;
mod kernel_calls;
mod known_owners;
mod launchd;
mod layout;
mod list_churn;
mod list_costs;
mod lists;
mod local_peer;
mod matching;
mod memory;
mod procargs;
mod process_layout;
mod records;
mod shared;
mod slices;
mod udp;
