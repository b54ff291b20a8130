//! The back end of every other system: each lookup fails with an error that says so.
//!
//! JavaScript rejects before it gets here, because no binary is published for such a system.

use std::ffi::CStr;

use crate::answer::{Answer, FoundBy, ProcessInfo};
use crate::error::Error;
use crate::question::{LocalPeer, Pid, Question};
use crate::slice::Slice;

/// Keeps the questions until `advance` can fail them.
#[derive(Default)]
pub struct Search(Vec<Question>);

impl Search {
    /// Takes a question.
    pub fn ask(&mut self, question: Question) {
        self.0.push(question);
    }

    /// Drops a question.
    pub fn forget(&mut self, id: u32) {
        self.0.retain(|question| question.id != id);
    }

    /// Fails every question.
    pub fn advance(&mut self, _: &Slice, answers: &mut Vec<Answer>) {
        let failed = |question: Question| Answer {
            id: question.id,
            found: Err(unsupported()),
            found_by: FoundBy::Sockets,
        };
        answers.extend(self.0.drain(..).map(failed));
    }
}

/// Fails.
pub fn process_path(_: Pid) -> Result<Option<String>, Error> {
    Err(unsupported())
}

/// Fails.
pub fn process_info(_: Pid) -> Result<Option<ProcessInfo>, Error> {
    Err(unsupported())
}

/// Fails.
pub fn interface_index(_: &CStr) -> Result<Option<u32>, Error> {
    Err(unsupported())
}

/// Finds none.
pub fn interface_name(_: u32) -> Option<String> {
    None
}

/// Fails.
pub fn local_peer(_: i32, _: bool) -> Result<Option<LocalPeer>, Error> {
    Err(unsupported())
}

fn unsupported() -> Error {
    Error::system("socket-owner", libc::ENOSYS, "")
}
