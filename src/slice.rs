//! How long one piece of work may occupy a worker thread.
//!
//! A walk over all processes takes a tenth of a second or more on a busy machine. It is done in
//! slices, each of them a separate libuv work item, so that in between the pool is free for files
//! and DNS, and a quick question never waits for a long one. The clock decides only when a slice
//! ends, never what the answer is.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Long enough to make the hand-over between threads (about 20 µs) negligible, short enough that
/// waiting for it does not matter.
const SLICE: Duration = Duration::from_millis(2);

/// A slice ends earlier if it has an answer to deliver: an answer that was found immediately should
/// not wait for an unrelated walk. It does not end at each answer, since the hand-over takes time
/// too.
const SLICE_WITH_ANSWER: Duration = Duration::from_micros(200);

/// The part of each slice that is reserved for long work, however many quick questions arrive.
const SHARE: Duration = Duration::from_micros(500);

/// One slice in progress.
pub struct Slice {
    ends: Cell<Instant>,
    ends_with_answer: Instant,
    #[cfg(test)]
    steps_left: Option<Cell<u32>>,
    #[cfg(test)]
    share_steps: u32,
}

impl Slice {
    /// Begins a slice.
    pub fn begin() -> Self {
        let now = Instant::now();
        Self {
            ends: Cell::new(now.checked_add(SLICE).unwrap_or(now)),
            ends_with_answer: now.checked_add(SLICE_WITH_ANSWER).unwrap_or(now),
            #[cfg(test)]
            steps_left: None,
            #[cfg(test)]
            share_steps: 1,
        }
    }

    /// Begins the share of the long work. Answers do not end it.
    pub fn share(&self) -> Self {
        let now = Instant::now();
        let ends = now.checked_add(SHARE).unwrap_or(now);
        Self {
            ends: Cell::new(ends),
            ends_with_answer: ends,
            #[cfg(test)]
            steps_left: self.steps_left.as_ref().map(|_| Cell::new(self.share_steps)),
            #[cfg(test)]
            share_steps: self.share_steps,
        }
    }

    /// Ends the slice earlier, because there is an answer to deliver.
    pub fn hurry(&self) {
        self.ends.set(self.ends_with_answer);
    }

    /// Returns whether the work should stop at the next place from which it can continue later.
    pub fn is_over(&self) -> bool {
        #[cfg(test)]
        if let Some(steps_left) = &self.steps_left {
            steps_left.set(steps_left.get().saturating_sub(1));
            return steps_left.get() == 0;
        }
        Instant::now() >= self.ends.get()
    }

    /// The same, at a place where an answer may have been found.
    pub fn is_over_with(&self, has_answer: bool) -> bool {
        if has_answer {
            self.hurry();
        }
        self.is_over()
    }

    /// Returns a slice that is over after `steps` checks, so that a test can stop the work
    /// anywhere.
    #[cfg(test)]
    pub fn of_steps(steps: u32) -> Self {
        Self { steps_left: Some(Cell::new(steps)), ..Self::begin() }
    }

    /// Returns the same slice with a share of `steps` checks instead of one.
    #[cfg(test)]
    pub fn with_share(self, steps: u32) -> Self {
        Self { share_steps: steps, ..self }
    }
}
