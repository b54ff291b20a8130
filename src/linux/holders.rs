//! Who holds the sockets that are known: what a search does with its walk, from its beginning to its
//! end.

use std::process;

use super::Search;
use super::ancestors::Settled;
use super::waiting::Hit;
use super::walk::{Step, Walk};
use crate::error::Error;
use crate::question::{Answer, FoundBy};
use crate::slice::Slice;

impl Search {
    /// One step on in the walk, which is begun if need be. The questions that are answered by it go
    /// into `answers`.
    pub(super) fn walk_on(
        &mut self,
        slice: &Slice,
        answers: &mut Vec<Answer>,
    ) -> Result<(), Error> {
        if self.walk.is_none() {
            self.begin_walk();
        }
        self.settle(answers)?;
        if !answers.is_empty() {
            slice.hurry();
        }
        let Some(walk) = self.walk.as_mut().filter(|_| !self.waiting.is_empty()) else {
            return Ok(());
        };
        let is_climbing_only = self.climbs.len() == self.waiting.len();
        if walk.is_narrow() && !is_climbing_only && walk.has_read_first() {
            // What was read so far counts, unless somebody asked meanwhile.
            if self.waiting.is_any_younger(walk.began) {
                self.ticks = self.ticks.wrapping_add(1);
                walk.began = self.ticks;
            }
            walk.widen(self.waiting.groups());
        }
        match walk.step(&self.proc, &mut self.known, &self.waiting, (&mut self.ticks, slice))? {
            Step::Hit(hit) => self.note(hit),
            Step::More => {}
            Step::Over if walk.is_narrow() => {}
            Step::Over if !self.proc.check() => self.begin_anew(),
            Step::Over => self.end_of_walk(answers)?,
        }
        Ok(())
    }

    fn begin_walk(&mut self) {
        self.ticks = self.ticks.wrapping_add(1);
        let is_climbing_only = self.climbs.len() == self.waiting.len();
        let first = if is_climbing_only { Vec::new() } else { self.recent.changed(&self.proc) };
        self.walk = Some(Walk::new(self.ticks, self.diag.sockets_device(), first));
    }

    fn note(&mut self, hit: Hit) {
        let found = self.waiting.note(hit);
        for &id in &found {
            self.climbs.begin(id, hit, self.waiting.since(id), FoundBy::Walk);
        }
        // Nobody needs the rest of the table then, if nobody else has found a holder yet: a table
        // that is read for its ancestors' sake must come to its end.
        let is_enough = found.len() == self.climbs.len() && self.climbs.len() == self.waiting.len();
        if let Some(walk) = self.walk.as_mut().filter(|_| is_enough) {
            walk.tables.leave();
        }
    }

    /// Answers the questions whose holder's ancestors have all been asked.
    fn settle(&mut self, answers: &mut Vec<Answer>) -> Result<(), Error> {
        let Some(walk) = &mut self.walk else { return Ok(()) };
        for Settled { id, hit, owner, found_by } in self.climbs.settle(&self.proc, walk)? {
            self.waiting.remove(id);
            self.recent.remember(&self.proc, hit);
            // Own descriptors are ours under the number that this process knows itself by.
            let is_own = self.proc.own() == Some(owner);
            let owner = if is_own { process::id().cast_signed() } else { owner };
            answers.push(Answer { id, owner: Ok(Some(owner)), found_by });
        }
        Ok(())
    }

    /// Everything is read: what was not found is not there, for those who asked before the walk
    /// began.
    fn end_of_walk(&mut self, answers: &mut Vec<Answer>) -> Result<(), Error> {
        let Some(walk) = &self.walk else { return Ok(()) };
        let unread = walk.tables.unread().cloned();
        let began = walk.began;
        for id in self.waiting.ids_known_by(began) {
            match self.waiting.best(id) {
                _ if self.climbs.contains(id) => {}
                Some(hit) => {
                    self.climbs.begin(id, hit, self.waiting.since(id), FoundBy::Walk);
                }
                None => {
                    self.waiting.remove(id);
                    let owner = unread.clone().map_or(Ok(None), Err);
                    answers.push(Answer { id, owner, found_by: FoundBy::Walk });
                }
            }
        }
        self.settle(answers)?;
        if self.climbs.len() == 0 {
            self.end_walk();
        }
        Ok(())
    }

    /// Drops the walk. What it counted puts the next one in order.
    pub(super) fn end_walk(&mut self) {
        if let Some(counts) = self.walk.take().and_then(Walk::into_counts) {
            self.known.counts = counts;
        }
    }
}
