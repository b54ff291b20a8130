//! What every task owes to JavaScript: a panic is a rejection, a failure an object.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi_derive::napi;

use crate::error::Error;

/// A failure to look, for JavaScript to make an Error of.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// The question's; 0 where none was asked by number.
    pub id: u32,
    /// The errno's name.
    pub code: String,
    /// The call that failed.
    pub syscall: String,
    /// What happened and what to do.
    pub message: String,
}

impl Failure {
    /// Makes the failure of question `id`.
    pub fn new(id: u32, Error { code, syscall, message }: Error) -> Self {
        Self { id, code: code.to_owned(), syscall: syscall.to_owned(), message }
    }
}

/// Runs `work` so that a panic, a bug of ours, becomes a rejection. Unwinding out of a task would
/// abort the host's process.
pub fn guarded<T>(work: impl FnOnce() -> T) -> napi::Result<T> {
    // The state that a panic leaves half changed is not used again: JavaScript makes a new one.
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| napi::Error::from_reason("a bug in socket-owner: its native part panicked"))
}

/// Panics where a test asks for it; in what is shipped it does nothing.
#[allow(clippy::panic, reason = "the tests' way to see that a panic is survived")]
pub fn panic_on_purpose(now: bool) {
    if cfg!(feature = "panic-on-purpose") && now {
        panic!("on purpose");
    }
}
