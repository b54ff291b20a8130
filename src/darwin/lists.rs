//! The end of a list: who holds its sockets.

use std::collections::{BTreeMap, VecDeque};

use super::context::Context;
use super::gathered::Gathered;
use super::hit::Seniority;
use super::kernel;
use super::libproc;
use super::rows::Holder;
use crate::answer::Found;
use crate::error::Error;
use crate::question::{Pid, Question};

/// The holders that have to be asked about, and what they said.
pub struct Holders {
    due: Vec<Pid>,
    left: VecDeque<Pid>,
    told: BTreeMap<Pid, Holder>,
    /// The user of all who need not be asked.
    uid: u32,
}

impl Holders {
    /// Begins when all sockets were seen.
    pub fn begin(gathered: &mut Gathered) -> Self {
        // An ordinary user sees no other user's processes.
        let uid = kernel::effective_user();
        let due = gathered.rows.put_together(uid == 0);
        Self { left: due.iter().copied().collect(), due, told: BTreeMap::new(), uid }
    }

    /// Asks one holder. Returns whether all were asked.
    pub fn step(&mut self, gathered: &mut Gathered, listed: &[Pid]) -> Result<bool, Error> {
        let Some(pid) = self.left.pop_front() else { return Ok(true) };
        match libproc::own_facts(pid) {
            Ok(told) => {
                let seniority = Seniority::new(pid, told.started, listed);
                self.told.insert(pid, Holder { uid: told.facts.uid, seniority });
            }
            Err(unread) => gathered.doubts.note(pid, unread)?,
        }
        Ok(false)
    }

    /// Answers lists. Where something could not be read, a list of the rest would be no list.
    pub fn answer(&self, context: &mut Context, gathered: &Gathered, lists: &[Question]) {
        for Question { id, wanted, .. } in lists {
            let found = match &gathered.doubts.trouble {
                Some(error) => Err(error.clone()),
                None => Ok(gathered.rows.make(wanted, &self.due, &self.told, self.uid)),
            };
            context.waiting.answer(*id, found.map(Found::Sockets), gathered.found_by);
        }
    }
}
