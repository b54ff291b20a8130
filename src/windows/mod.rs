//! Windows: each row of the socket tables names a process, so no walk is needed.
//!
//! In a lookup, `tables.rs` reads the tables of both families, using `kernel/` and `layout/`;
//! `answers.rs` chooses among the rows; `owners.rs` checks that a row's process is still the one
//! that opened the socket. `process.rs` reads its path and record, using `command_line.rs`,
//! `native_path.rs` and `services.rs`; `own_address.rs` decides which replies leave this machine.
//!
//! Each question is answered in its first slice, because the tables cannot be read in parts.

use std::ffi::CStr;

use crate::answer::{Answer, FoundBy};
use crate::error::Error;
use crate::question::{LocalPeer, Question};
use crate::slice::Slice;

mod answers;
mod command_line;
mod filetime;
mod kernel;
mod layout;
mod native_path;
mod own_address;
mod owners;
mod process;
mod services;
mod tables;
mod win32_error;

#[cfg(test)]
mod tests;

use answers::{find, with_known_scopes};
use owners::Owners;
use tables::Tables;

pub use process::{process_info, process_path};

/// The questions of one environment, and the sizes of the tables.
#[derive(Default)]
pub struct Search {
    questions: Vec<Question>,
    tables: Tables,
}

impl Search {
    /// Takes a question.
    pub fn ask(&mut self, question: Question) {
        self.questions.push(with_known_scopes(question));
    }

    /// Drops a question.
    pub fn forget(&mut self, id: u32) {
        self.questions.retain(|question| question.id != id);
    }

    /// Answers all questions. They share each table, and what is read about each process that rows
    /// name.
    pub fn advance(&mut self, _: &Slice, answers: &mut Vec<Answer>) {
        let questions = std::mem::take(&mut self.questions);
        let snapshot = self.tables.read(&questions);
        let mut owners = Owners::default();
        answers.extend(questions.iter().map(|question| Answer {
            id: question.id,
            found: find(question, &snapshot, &mut owners),
            found_by: FoundBy::Sockets,
        }));
    }
}

/// Always returns `None`: addresses give interfaces by number, and a number needs no call.
pub fn interface_index(_: &CStr) -> Result<Option<u32>, Error> {
    Ok(None)
}

/// Always returns `None`, so that scopes are shown by number.
pub fn interface_name(_: u32) -> Option<String> {
    None
}

/// Always returns `None`: Node's local connections are named pipes on Windows.
pub fn local_peer(_: i32, _: bool) -> Result<Option<LocalPeer>, Error> {
    Ok(None)
}
