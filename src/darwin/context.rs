//! What every step of a look-up needs: the questions, what is remembered, room for answers.

use super::buffers::Buffers;
use super::recent::Recent;
use super::seen::Seen;
use super::waiting::Waiting;

/// Lent to each step.
#[derive(Default)]
pub struct Context {
    /// The questions under way.
    pub waiting: Waiting,
    /// Where to look first.
    pub recent: Recent,
    /// What is not new.
    pub seen: Seen,
    /// How many entries the last listing had; `None` before the first.
    pub listed_count: Option<usize>,
    /// Where the kernel writes.
    pub buffers: Buffers,
}
