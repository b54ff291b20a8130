//! Who holds the sockets that are sought: recent owners are asked first, then the walk; and then the
//! ancestors of whom they find.

use super::clock::Clock;
use super::holders::ancestors::Climbed;
use super::holders::recent::Recent;
use super::holders::walk::{Known, Step, Walk};
use super::questions::{Pending, Questions, Stage};
use super::socket::Hit;
use crate::answer::FoundBy;
use crate::error::Error;
use crate::slice::Slice;

/// The walk under way, and what is remembered of earlier ones.
#[derive(Default)]
pub struct Hunt {
    pub walk: Option<Walk>,
    pub recent: Recent,
    pub known: Known,
}

/// A question whose hunt is over.
pub struct Settled {
    /// The question's.
    pub id: u32,
    /// What was seen.
    pub outcome: Outcome,
    /// What found it.
    pub found_by: FoundBy,
}

/// How a hunt ended.
pub enum Outcome {
    /// This process answers: the holder that was seen, or an ancestor of it that holds the socket
    /// too.
    Owner(Hit),
    /// Nobody who may be seen holds it.
    Nobody,
    /// Not everybody's table could be read.
    Unread(Error),
}

impl Hunt {
    /// To be called at the head of a slice.
    pub fn resume(&mut self, questions: &mut Questions) {
        if !self.walk.as_mut().is_none_or(Walk::resume) {
            // What was seen does not count: pids in `/proc` are others' by now.
            self.end_walk();
            questions.forget_hits();
        }
    }

    /// To be called at the end of a slice.
    pub fn pause(&mut self) {
        self.walk.iter_mut().for_each(|walk| walk.tables.pause());
    }

    /// Asks the recent owners for everything that is sought.
    pub fn glance(&mut self, questions: &mut Questions) -> Result<Vec<Settled>, Error> {
        if questions.is_anything_sought() {
            self.recent.glance(|hit| {
                questions.note(hit, FoundBy::Recent);
                !questions.is_anything_sought()
            });
        }
        self.settle(questions)
    }

    /// Takes one step. `sockets`: the device of sockfs, where it is known.
    pub fn step(
        &mut self,
        questions: &mut Questions,
        clock: &mut Clock,
        sockets: Option<u64>,
        slice: &Slice,
    ) -> Result<Vec<Settled>, Error> {
        let settled = self.settle(questions)?;
        if !settled.is_empty() {
            return Ok(settled);
        }
        let is_seeking = questions.is_any(is_seeking);
        let walk = self.walk.get_or_insert_with(|| {
            let first = if is_seeking { self.recent.first() } else { Vec::new() };
            Walk::new(clock.tick(), sockets, first)
        });
        if is_seeking && walk.may_widen() {
            // What was read so far counts, unless somebody asked meanwhile.
            let is_younger = |pending: &Pending| pending.since > walk.began;
            let is_late = !questions.ids(is_younger).is_empty();
            let began = if is_late { clock.tick() } else { walk.began };
            walk.widen(began, questions.groups());
        }
        let is_narrow = walk.is_narrow();
        match walk.step(&mut self.known, questions.sought(), clock, slice)? {
            Step::Hit(hit) => self.note(hit, questions),
            Step::Over if !is_narrow => return self.end_of_walk(questions),
            Step::More | Step::Over => {}
        }
        self.settle(questions)
    }

    /// Drops the walk. What it counted puts the next one in order.
    pub fn end_walk(&mut self) {
        if let Some(counts) = self.walk.take().and_then(Walk::into_counts) {
            self.known.counts = counts;
        }
    }

    fn note(&mut self, hit: Hit, questions: &mut Questions) {
        let Some(walk) = &mut self.walk else { return };
        let found_by = if walk.is_narrow() { FoundBy::Recent } else { FoundBy::Walk };
        let found = questions.note(hit, found_by);
        // Nobody needs the rest of the table then, if nobody else has found a holder yet: a table
        // that is read for its ancestors' sake must come to its end.
        let is_enough = found == questions.ids(Pending::is_climbing).len();
        if is_enough && !questions.is_any(is_seeking) {
            walk.tables.leave();
        }
    }

    /// Asks ancestors on, and names to the walk the tables that must be read first. A failure means
    /// that no descriptor is left, or that an ancestor's table cannot be read.
    fn settle(&mut self, questions: &mut Questions) -> Result<Vec<Settled>, Error> {
        let mut settled = Vec::new();
        let mut failure = None;
        for id in questions.ids(Pending::is_climbing) {
            let Some(pending) = questions.get_mut(id) else { continue };
            let since = pending.since;
            let Stage::Climbing(climb) = &mut pending.stage else { continue };
            match climb.advance(since, self.walk.as_ref().map(|walk| &walk.tables)) {
                Ok(Climbed::Owner(owner)) => {
                    self.recent.remember(climb.hit);
                    let outcome = Outcome::Owner(owner);
                    settled.push(Settled { id, outcome, found_by: climb.found_by });
                }
                Ok(Climbed::Unread(pid)) => self.walk.iter_mut().for_each(|walk| walk.name(pid)),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            // What is settled is settled; the failure comes again.
            Some(error) if settled.is_empty() => Err(error),
            _ => Ok(settled),
        }
    }

    /// Everything is read: what was not found is not there, for those who asked before the walk
    /// began.
    fn end_of_walk(&mut self, questions: &mut Questions) -> Result<Vec<Settled>, Error> {
        let Some(walk) = &self.walk else { return Ok(Vec::new()) };
        let (began, unread) = (walk.began, walk.tables.unread().cloned());
        let found_by = FoundBy::Walk;
        let mut missed = Vec::new();
        for id in questions.ids(|it| matches!(it.stage, Stage::Seeking) && it.since <= began) {
            if !questions.get_mut(id).is_some_and(|pending| pending.climb(found_by)) {
                let outcome = unread.clone().map_or(Outcome::Nobody, Outcome::Unread);
                missed.push(Settled { id, outcome, found_by });
            }
        }
        let settled = self.settle(questions)?;
        // Others still climb, and want tables.
        if questions.ids(Pending::is_climbing).len() == settled.len() {
            self.end_walk();
        }
        missed.extend(settled);
        Ok(missed)
    }
}

fn is_seeking(stage: &Stage) -> bool {
    matches!(stage, Stage::Seeking)
}
