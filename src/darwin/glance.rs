//! A look at the recent owners, before a walk or beside it.
//!
//! The list comes before the guesses, though a right guess alone would be one call: so no call is
//! made in vain, and what is read here is a part of the walk that follows, which then costs not
//! one call more than without. The guesses are five at most, so that an owner who is not among the
//! recent ones costs hardly more for them; what was not guessed is asked with the old descriptors.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use super::context::Context;
use super::doubts::Doubts;
use super::kernel::{Fd, Outcome};
use super::recent::Owner;
use super::shared::Shared;
use super::table::{Left, Table};
use crate::error::Error;

/// So many owners have their last number guessed.
const GUESSED_OWNERS: usize = 4;
/// No descriptor has this number.
pub const NO_GUESS: RangeInclusive<Fd> = -1..=-1;

/// A look that is under way.
pub struct Glance {
    owners: VecDeque<Owner>,
    guessed_owners: usize,
    table: Option<Table>,
    /// The tables that were read, the latest owner's first; their old descriptors were not asked.
    pub read: Vec<Table>,
}

impl Glance {
    /// Begins with the latest owner.
    pub fn begin(context: &Context) -> Self {
        Self {
            owners: context.recent.owners().collect(),
            guessed_owners: 0,
            table: None,
            read: Vec::new(),
        }
    }

    /// Makes one call. Whether all were looked at.
    pub fn step(
        &mut self,
        context: &mut Context,
        shared: &mut Shared,
        doubts: &mut Doubts,
    ) -> Result<bool, Error> {
        if let Some(mut table) = self.table.take() {
            match table.step(context, shared, doubts)? {
                Left::Some => self.table = Some(table),
                Left::Old | Left::Nothing => self.read.push(table),
            }
            return Ok(false);
        }
        let Some(owner) = self.owners.pop_front() else { return Ok(true) };
        let guesses = self.guesses(owner.fd);
        match Table::list(context, owner.pid, guesses) {
            Outcome::Told(table) => self.table = Some(table),
            // The walk asks it again, and decides what that means.
            Outcome::Failed(_) => {}
            _ => context.recent.forget(owner.pid),
        }
        Ok(false)
    }

    /// A client that reconnects gets the lowest free number, often the one that it had, and that is
    /// not a new one; for the latest owner the number after it is worth a call too.
    fn guesses(&mut self, last: Fd) -> RangeInclusive<Fd> {
        let nth = self.guessed_owners;
        self.guessed_owners = nth.saturating_add(1);
        match nth {
            0 => last..=last.saturating_add(1),
            1..GUESSED_OWNERS => last..=last,
            _ => NO_GUESS,
        }
    }
}
