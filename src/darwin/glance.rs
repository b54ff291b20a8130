//! A look at the recent owners, before a walk or beside it.
//!
//! The list comes before the guesses, though a right guess alone would be one call: so no call is
//! made in vain, and what is read here is a part of the walk that follows, which then costs not
//! one call more than without.

use std::collections::VecDeque;

use super::context::Context;
use super::doubts::Doubts;
use super::kernel::Outcome;
use super::recent::Owner;
use super::shared::Shared;
use super::table::{Left, Table};
use crate::error::Error;

/// A look that is under way.
pub struct Glance {
    owners: VecDeque<Owner>,
    table: Option<Table>,
    /// The tables that were read, the latest owner's first; their old descriptors were not asked.
    pub read: Vec<Table>,
}

impl Glance {
    /// Begins with the latest owner.
    pub fn begin(context: &Context) -> Self {
        Self { owners: context.recent.owners().collect(), table: None, read: Vec::new() }
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
        match Table::list(context, owner.pid, Some(owner.fd)) {
            Outcome::Told(table) => self.table = Some(table),
            // The walk asks it again, and decides what that means.
            Outcome::Failed(_) => {}
            _ => context.recent.forget(owner.pid),
        }
        Ok(false)
    }
}
