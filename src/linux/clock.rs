//! What came before what in a search.

/// Counts what a search does, so that "after the question" can be told.
#[derive(Default)]
pub struct Clock(u64);

impl Clock {
    /// Returns a moment that is later than every one before.
    pub fn tick(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        self.0
    }
}
