//! Reads the recent owners, before a walk or alongside it.
//!
//! Each owner's descriptors are listed before any guess is tried, although a right guess alone
//! would be a single call. That way no call is wasted: what is read here is part of the walk that
//! follows, which makes no more calls than it would without the glance. First come the new
//! descriptors of all owners, with five guesses; then some of the old descriptors, because a client
//! that reconnects gets the lowest free number, which is often not a new one. There are so few of
//! these that they add hardly anything if the owner is not a recent one.

use std::collections::VecDeque;

use super::context::{Context, Gathered};
use super::kernel::Fd;
use super::libproc::Unread;
use super::memory::RecentOwner;
use super::table::{Progress, Table};
use crate::error::Error;

/// For how many owners the descriptor that last answered is guessed again.
const GUESSED_OWNERS: usize = 4;
/// How many old descriptors are read besides the guesses, the latest owner's first.
const OLD_ONES_MAX: usize = 9;

/// A glance under way.
pub struct Glance {
    owners: VecDeque<RecentOwner>,
    guessed_owners: usize,
    /// The table being read, and the descriptors lately used in that process.
    table: Option<(Table, Vec<Fd>)>,
    /// Tables whose old descriptors are next.
    listed: VecDeque<(Table, Vec<Fd>)>,
    old_ones_left: usize,
    are_all_listed: bool,
    /// The tables that this glance has finished with, the latest owner's first.
    pub read: Vec<Table>,
}

impl Glance {
    /// Begins a glance, which starts with the latest owner.
    pub fn begin(context: &Context) -> Self {
        Self {
            owners: context.recent.owners().cloned().collect(),
            guessed_owners: 0,
            table: None,
            listed: VecDeque::new(),
            old_ones_left: OLD_ONES_MAX,
            are_all_listed: false,
            read: Vec::new(),
        }
    }

    /// Makes one call. Returns whether all owners have been looked at.
    pub fn step(&mut self, context: &mut Context, gathered: &mut Gathered) -> Result<bool, Error> {
        if let Some((mut table, fds)) = self.table.take() {
            match table.step(context, gathered)? {
                Progress::UnderWay => self.table = Some((table, fds)),
                _ if self.are_all_listed => self.read.push(table),
                _ => self.listed.push_back((table, fds)),
            }
        } else if let Some(owner) = self.owners.pop_front() {
            self.list(context, owner);
        } else if let Some((mut table, fds)) = self.listed.pop_front() {
            self.are_all_listed = true;
            self.take_up_some(&mut table, &fds);
            self.table = Some((table, fds));
        } else {
            return Ok(true);
        }
        Ok(false)
    }

    fn list(&mut self, context: &mut Context, owner: RecentOwner) {
        let nth = self.guessed_owners;
        self.guessed_owners = nth.saturating_add(1);
        match Table::list(context, owner.pid) {
            Ok(mut table) => {
                let last = owner.fds.first().copied().filter(|_| nth < GUESSED_OWNERS);
                let next = last.map(|last| last.saturating_add(1)).filter(|_| nth == 0);
                table.take_up(last.into_iter().chain(next), usize::MAX);
                self.table = Some((table, owner.fds));
            }
            Err(Unread::Gone | Unread::Refused) => context.recent.forget(owner.pid),
            // The walk asks this process again, and decides what the failure means.
            Err(_) => {}
        }
    }

    /// Takes up the descriptors that the process used lately, then the lowest.
    fn take_up_some(&mut self, table: &mut Table, lately: &[Fd]) {
        let order = lately.iter().copied().chain(table.old().to_vec());
        let taken = table.take_up(order, self.old_ones_left);
        self.old_ones_left = self.old_ones_left.saturating_sub(taken);
    }
}
