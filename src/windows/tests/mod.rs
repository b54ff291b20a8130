//! What the Windows back end promises. Each situation is a test named after it, run against a
//! scripted Windows.
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

mod asker;
mod choice;
mod failures;
pub mod fake_machine;
pub mod fake_services;
pub mod fake_state;
pub mod fake_texts;
mod lists;
mod owners;
mod processes;
mod races;
pub mod rows;
mod services;
mod udp;
