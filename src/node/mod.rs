//! The functions that JavaScript calls: text and numbers in; numbers, rows and records out.
//!
//! `lib/` handles arguments, aborts and Error objects; values have been checked before they arrive
//! here.

pub mod lookups;
pub mod processes;
mod task;
mod wire;
