//! What every task guarantees to JavaScript: a panic becomes a rejection, and a failure an object.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi_derive::napi;

use crate::error::Error;

/// A failed lookup, from which JavaScript makes an Error.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// The question's id; 0 if there is none.
    pub id: u32,
    /// The errno's name.
    pub code: String,
    /// The call that failed.
    pub syscall: String,
    /// What happened and what to do about it.
    pub message: String,
}

impl Failure {
    /// Makes the failure of the question `id`.
    pub fn new(id: u32, Error { code, syscall, message }: Error) -> Self {
        Self { id, code: code.to_owned(), syscall: syscall.to_owned(), message }
    }
}

/// Runs `work` so that a panic, which is a bug of ours, becomes a rejection. Unwinding out of a
/// task would abort the host's process.
pub fn guarded<T>(work: impl FnOnce() -> T) -> napi::Result<T> {
    // State that a panic left half changed is not used again: JavaScript creates new state.
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| napi::Error::from_reason("a bug in socket-owner: its native part panicked"))
}

/// Panics if a test asks for it. Does nothing in the published binary.
#[allow(clippy::panic, reason = "the tests' way to see that a panic is survived")]
pub fn panic_on_purpose(now: bool) {
    if cfg!(feature = "panic-on-purpose") && now {
        panic!("on purpose");
    }
}
