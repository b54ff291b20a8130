//! The end of a walk for lists: who holds the sockets, then a row for each.

use std::collections::VecDeque;

use super::context::Context;
use super::gathered::Gathered;
use super::hit::Seniority;
use super::kernel;
use super::libproc;
use super::rows::{Holder, Holders, List};
use crate::answer::Found;
use crate::error::Error;
use crate::question::{Pid, Question};

/// So many rows are made in one step, which takes some tenths of a millisecond.
const ROWS_A_STEP: usize = 1000;

/// Lists that are being finished.
pub struct Lists {
    /// The holders that are still to be asked.
    left: VecDeque<Pid>,
    holders: Holders,
    questions: VecDeque<Question>,
    /// The first question's.
    list: List,
}

impl Lists {
    /// Begins when all sockets were seen.
    pub fn begin(context: &Context, gathered: &Gathered) -> Self {
        // An ordinary user sees no other user's processes.
        let uid = kernel::effective_user();
        let due = gathered.rows.due(uid == 0);
        let left = due.iter().copied().collect();
        let holders = Holders { due, uid, ..Holders::default() };
        Self { left, holders, questions: context.waiting.lists().into(), list: List::default() }
    }

    /// Asks one holder, or makes some rows. Returns whether all lists are answered.
    pub fn step(
        &mut self,
        context: &mut Context,
        gathered: &mut Gathered,
        listed: &[Pid],
    ) -> Result<bool, Error> {
        if let Some(pid) = self.left.pop_front() {
            match libproc::own_facts(pid) {
                Ok(told) => {
                    let seniority = Seniority::new(pid, told.started, listed);
                    let holder = Holder { uid: told.facts.uid, seniority };
                    self.holders.told.insert(pid, holder);
                }
                Err(unread) => gathered.doubts.note(pid, unread)?,
            }
            return Ok(false);
        }
        let Some(Question { id, wanted, .. }) = self.questions.front() else { return Ok(true) };
        // Where something could not be read, a list of the rest would be no list.
        let found = match &gathered.doubts.trouble {
            Some(error) => Err(error.clone()),
            None => {
                let rows = &gathered.rows;
                if !rows.add_to(&mut self.list, wanted, &self.holders, ROWS_A_STEP) {
                    return Ok(false);
                }
                Ok(Found::Sockets(std::mem::take(&mut self.list).into_rows()))
            }
        };
        context.waiting.answer(*id, found, gathered.found_by);
        self.questions.pop_front();
        Ok(false)
    }
}
