//! What a look at processes gathers beside answers.

use super::doubts::Doubts;
use super::rows::Rows;
use crate::answer::FoundBy;

/// Lent to each step of one look.
#[derive(Default)]
pub struct Gathered {
    /// What stands between it and the answer "nobody".
    pub doubts: Doubts,
    /// The sockets that lists are made of.
    pub rows: Rows,
    /// What is looking.
    pub found_by: FoundBy,
}
