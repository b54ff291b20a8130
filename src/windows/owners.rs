//! Finds the owner of a row: the process that the row names, if that pid still belongs to it.
//!
//! Windows names the process that bound or accepted a socket, even after it has exited while a
//! child continues with the inherited handle. By then its pid may belong to another process. So a
//! row's process counts only if it is alive and not younger than the socket.

use std::collections::HashMap;

use super::layout::tables::Row;
use super::process::{ProcessList, Subject};
use crate::error::Error;
use crate::question::Pid;

/// A socket's time may come from a clock that ticks 64 times a second, while a process's time is
/// exact.
const TICK: u64 = 156_250;

/// What was seen of the processes that rows name. Each process is queried once in a slice, because
/// thousands of rows may name the same one.
#[derive(Default)]
pub struct Owners {
    seen: HashMap<Pid, Seen>,
    list: ProcessList,
}

/// What was seen of a process.
#[derive(Clone, Copy)]
enum Seen {
    /// It has exited, or never existed.
    Gone,
    /// It is alive and was created at that FILETIME. 0: unknown.
    Since(u64),
}

impl Owners {
    /// Returns whether the process that `row` names holds its socket.
    pub fn holds(&mut self, row: &Row) -> Result<bool, Error> {
        let seen = match self.seen.get(&row.pid) {
            Some(seen) => *seen,
            None => {
                let subject = Subject::find(row.pid, &mut self.list)?;
                let seen = subject.map_or(Seen::Gone, |subject| Seen::Since(subject.created()));
                self.seen.insert(row.pid, seen);
                seen
            }
        };
        Ok(match seen {
            Seen::Gone => false,
            Seen::Since(created) => is_old_enough(created, row),
        })
    }

    /// Returns the process that `row` names, held open if possible, if it holds the socket.
    pub fn hold(&mut self, row: &Row) -> Result<Option<Subject>, Error> {
        let subject = Subject::find(row.pid, &mut self.list)?;
        Ok(subject.filter(|subject| is_old_enough(subject.created(), row)))
    }
}

fn is_old_enough(created: u64, row: &Row) -> bool {
    created <= row.created.saturating_add(TICK)
}
