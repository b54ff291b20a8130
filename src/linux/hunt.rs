//! Who holds the sockets that are sought: recent owners are asked first, then the walk; and then the
//! ancestors of whom they find.

use super::holders::ancestors::{Climbed, is_process};
use super::holders::recent::Recent;
use super::holders::walk::{Known, Step, Walk};
use super::proc::names::descriptors;
use super::questions::{Pending, Questions, Stage, is_climbing, is_new};
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
    /// A list's holders are known.
    Gathered,
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

    /// Begins a walk if there is none, and lets it go on to everybody if that is needed and what comes
    /// first is read. `sockets`: the device of sockfs, where it is known.
    pub fn begin(&mut self, questions: &mut Questions, sockets: Option<u64>) {
        let late = questions.take_late();
        let first = late.map(|hints| hints.into_iter().chain(self.recent.first(descriptors)));
        // Such a number may be a thread's by now.
        let mut first = first.into_iter().flatten().filter(|pid| is_process(*pid));
        let walk = match &mut self.walk {
            Some(walk) => {
                first.for_each(|pid| walk.name(pid));
                walk
            }
            none => none.insert(Walk::new(questions.tick(), sockets, &mut first)),
        };
        let needs_everybody = || !questions.ids(needs_everybody).is_empty();
        // One walk is for all that have been asked by then.
        if walk.may_widen() && needs_everybody() && !questions.is_any(is_new) {
            // What was read so far counts, unless somebody asked meanwhile.
            let is_younger = |pending: &Pending| pending.since > walk.began;
            let is_late = !questions.ids(is_younger).is_empty();
            let began = if is_late { questions.tick() } else { walk.began };
            walk.widen(began, questions.groups());
        }
    }

    /// Takes one step.
    pub fn step(
        &mut self,
        questions: &mut Questions,
        slice: &Slice,
    ) -> Result<Vec<Settled>, Error> {
        let Some(walk) = &mut self.walk else { return Ok(Vec::new()) };
        let is_narrow = walk.is_narrow();
        let now = questions.tick();
        match walk.step(&mut self.known, questions.sought(), now, slice)? {
            Step::Hit(hit) => self.note(hit, questions),
            Step::Over if !is_narrow => return self.end_of_walk(questions),
            Step::More | Step::Over => {}
        }
        self.settle(questions)
    }

    /// Drops the walk. What it counted puts the next one in order.
    pub fn end_walk(&mut self) {
        let Some(walk) = self.walk.take() else { return };
        self.recent.count(|pid| walk.tables.shown(pid));
        if let Some(counts) = walk.into_counts() {
            self.known.counts = counts;
        }
    }

    fn note(&mut self, hit: Hit, questions: &mut Questions) {
        let Some(walk) = &mut self.walk else { return };
        let found_by = if walk.is_narrow() { FoundBy::Recent } else { FoundBy::Walk };
        let found = questions.note(hit, found_by);
        // Nobody needs the rest of the table then, if nobody else has found a holder yet: a table
        // that is read for its ancestors' sake must come to its end.
        let is_waiting = |stage: &Stage| matches!(stage, Stage::Seeking | Stage::Gathering);
        let is_enough = found == questions.ids(|it| is_climbing(&it.stage)).len();
        if is_enough && !questions.is_any(is_waiting) {
            walk.tables.leave();
        }
    }

    /// Asks ancestors on, and names to the walk the tables that must be read first. A failure means
    /// that no descriptor is left, or that a table cannot be read.
    fn settle(&mut self, questions: &mut Questions) -> Result<Vec<Settled>, Error> {
        let mut settled = Vec::new();
        let mut failure = None;
        for id in questions.ids(|it| matches!(it.stage, Stage::Climbing(_) | Stage::Gathering)) {
            let Some(pending) = questions.get_mut(id) else { continue };
            match self.settle_one(pending) {
                Ok(Some((outcome, found_by))) => settled.push(Settled { id, outcome, found_by }),
                Ok(None) => {}
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            // What is settled is settled; the failure comes again.
            Some(error) if settled.is_empty() => Err(error),
            _ => Ok(settled),
        }
    }

    fn settle_one(&mut self, pending: &mut Pending) -> Result<Option<(Outcome, FoundBy)>, Error> {
        let since = pending.since;
        if let Stage::Climbing(climb) = &mut pending.stage {
            match climb.advance(since, self.walk.as_ref().map(|walk| &walk.tables))? {
                Climbed::Owner(owner) => {
                    self.recent.remember(climb.hit);
                    return Ok(Some((Outcome::Owner(owner), climb.found_by)));
                }
                Climbed::Unread(pid) => self.walk.iter_mut().for_each(|walk| walk.name(pid)),
                Climbed::NoProcess => {
                    self.recent.forget(climb.hit.pid);
                    pending.forget_hits();
                }
            }
        }
        let (Some(roster), Some(walk)) = (&mut pending.roster, &mut self.walk) else {
            return Ok(None);
        };
        let Some(pid) = roster.only else { return Ok(None) };
        if !walk.has_read_all_of(pid, since, &mut roster.has_named_threads) {
            return Ok(None);
        }
        let outcome = match walk.tables.why_unread(pid) {
            Some(failure) => Outcome::Unread(failure.clone()),
            None => gathered(pending, walk),
        };
        Ok(Some((outcome, FoundBy::Walk)))
    }

    /// Everything is read: what was not found is not there, for those who asked before the walk
    /// began.
    fn end_of_walk(&mut self, questions: &mut Questions) -> Result<Vec<Settled>, Error> {
        let Some(walk) = &self.walk else { return Ok(Vec::new()) };
        let (began, unread) = (walk.began, walk.tables.unread().cloned());
        let found_by = FoundBy::Walk;
        let mut all = Vec::new();
        for id in questions.ids(|it| needs_everybody(it) && it.since <= began) {
            let Some(pending) = questions.get_mut(id) else { continue };
            if pending.climb(found_by) {
                continue;
            }
            let outcome = match (&unread, &pending.stage) {
                (Some(error), _) => Outcome::Unread(error.clone()),
                (None, Stage::Gathering) => gathered(pending, walk),
                (None, _) => Outcome::Nobody,
            };
            all.push(Settled { id, outcome, found_by });
        }
        // Those who climb have all that they need in it; who came late needs another.
        all.extend(self.settle(questions)?);
        self.end_walk();
        Ok(all)
    }
}

/// Returns whether it is not answered before everybody's table is read, but by a hit.
fn needs_everybody(pending: &Pending) -> bool {
    match pending.stage {
        Stage::Seeking => true,
        Stage::Gathering => pending.roster.as_ref().is_some_and(|roster| roster.only.is_none()),
        _ => false,
    }
}

/// A list takes its holders out of the walk.
fn gathered(pending: &mut Pending, walk: &Walk) -> Outcome {
    let holders = walk.tables.all_holders_since(pending.since);
    if let Some(roster) = &mut pending.roster {
        roster.note_holders(holders);
    }
    Outcome::Gathered
}
