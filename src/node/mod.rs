//! What JavaScript calls: text and numbers in, numbers, rows and records out, one task each.
//!
//! Arguments, abort and Error objects are the business of `lib/`; here are only checked values.

pub mod lookups;
pub mod processes;
mod task;
mod wire;
