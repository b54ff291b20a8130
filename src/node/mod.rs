//! The functions that JavaScript calls: text and numbers in; numbers, rows and records out.
//!
//! Arguments, aborting and Error objects are handled in `lib/`; values that arrive here are checked.

pub mod lookups;
pub mod processes;
mod task;
mod wire;
