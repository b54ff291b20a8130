//! How long one piece of work may occupy a worker thread.
//!
//! A walk over all processes takes a tenth of a second or more on a busy machine. It is done in
//! slices, each its own libuv work item, so that the pool is free for files and DNS in between and
//! a quick question never waits for a long one. The clock decides only when a slice ends, never
//! what the answer is.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Long enough that the hand-over between threads (some 20 µs) does not count, short enough that
/// nobody waits for it.
const SLICE: Duration = Duration::from_millis(2);

/// With an answer to deliver a slice ends earlier: one that was found at once should not wait for a
/// walk that has nothing to do with it. Not at each answer, since the hand-over has its price.
const SLICE_WITH_ANSWER: Duration = Duration::from_micros(200);

/// What long work gets of each slice, whoever else comes with quick questions all the time.
const SHARE: Duration = Duration::from_micros(500);

/// One slice under way.
pub struct Slice {
    ends: Cell<Instant>,
    ends_with_answer: Instant,
    #[cfg(test)]
    steps_left: Option<Cell<u32>>,
    #[cfg(test)]
    share_steps: u32,
}

impl Slice {
    /// Begins a slice now.
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

    /// The share of the long work, which begins now. Answers do not end it.
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

    /// There is an answer to deliver.
    pub fn hurry(&self) {
        self.ends.set(self.ends_with_answer);
    }

    /// Whether the work should stop at the next place where it can be taken up again.
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

    /// A slice that is over after it was asked `steps` times: a test's way to stop everywhere.
    #[cfg(test)]
    pub fn of_steps(steps: u32) -> Self {
        Self { steps_left: Some(Cell::new(steps)), ..Self::begin() }
    }

    /// The same with a share of so many steps, not of one.
    #[cfg(test)]
    pub fn with_share(self, steps: u32) -> Self {
        Self { share_steps: steps, ..self }
    }
}
