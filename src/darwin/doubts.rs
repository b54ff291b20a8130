//! What a walk saw that stands between it and the answer "nobody".

use std::collections::BTreeSet;

use crate::error::Error;
use crate::question::Pid;

/// Why a walk that found nobody may not say so yet.
#[derive(Default)]
pub struct Doubts {
    /// Processes that exited or closed a socket under the walk's eyes: what they held may have gone
    /// to a process that the walk has not listed.
    pub again: BTreeSet<Pid>,
    /// A process or descriptor could not be read for a reason that says nothing about it.
    pub trouble: Option<Error>,
}

impl Doubts {
    /// Remembers the first such failure.
    pub fn fail(&mut self, error: Error) {
        self.trouble.get_or_insert(error);
    }
}
