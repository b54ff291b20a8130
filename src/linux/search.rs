//! The questions of one environment, from the question to the answer.
//!
//! One look-up: `sockets` asks the kernel for the sockets that answer, `holders` reads descriptor
//! tables until one of them is found, and whether one of the holder's ancestors holds it too.

use std::collections::VecDeque;
use std::process;

use super::holders::ancestors::{Climbs, Settled};
use super::holders::recent::Recent;
use super::holders::waiting::Waiting;
use super::holders::walk::{Known, Step, Walk};
use super::proc::names::ProcDir;
use super::socket::Hit;
use super::sockets::candidates::Unlisted;
use super::sockets::listing::Listing;
use super::sockets::sock_diag::SockDiag;
use crate::answer::{Answer, Found, FoundBy};
use crate::error::Error;
use crate::question::Question;
use crate::slice::Slice;

/// The questions of one environment, and how far their answers have come.
#[derive(Default)]
pub struct Search {
    diag: SockDiag,
    proc: ProcDir,
    /// Counts what is done, so that "after the question" can be told.
    ticks: u64,
    /// Asked, and the kernel not yet.
    fresh: VecDeque<Question>,
    /// Asked quickly; whether a recent owner has what was found is still to be seen.
    asked: Vec<Unlisted>,
    /// Those that need the whole tables.
    unlisted: Vec<Unlisted>,
    pub listing: Option<Listing>,
    /// Whether it is the listing's turn, not the walk's.
    lists_now: bool,
    /// Those whose sockets are known.
    waiting: Waiting,
    /// Those among them whose holder is known.
    climbs: Climbs,
    pub walk: Option<Walk>,
    pub recent: Recent,
    pub known: Known,
}

impl Search {
    /// See `platform.rs`, here and below.
    pub fn ask(&mut self, question: Question) {
        self.fresh.push_back(question);
    }

    /// Drops a question.
    pub fn forget(&mut self, id: u32) {
        self.fresh.retain(|question| question.id != id);
        self.asked.retain(|asked| asked.question.id != id);
        self.unlisted.retain(|unlisted| unlisted.question.id != id);
        self.climbs.forget(id);
        self.waiting.remove(id);
    }

    /// See `platform.rs`.
    pub fn advance(&mut self, slice: &Slice, answers: &mut Vec<Answer>) {
        if !self.proc.check() {
            self.begin_anew();
        }
        self.walk.iter_mut().for_each(Walk::resume);
        self.go_on(&slice.share(), answers);
        while self.step(slice, answers) && !slice.is_over_with(!answers.is_empty()) {}
        if self.waiting.is_empty() {
            self.end_walk();
            self.proc.keep_again(!self.has_to_list());
        }
        self.walk.iter_mut().for_each(|walk| walk.tables.pause());
    }

    /// Our descriptor's number was taken while names were looked up with it: nothing read counts.
    fn begin_anew(&mut self) {
        self.end_walk();
        self.climbs.clear();
        self.waiting.forget_hits();
    }

    /// What was left over goes on first: those who ask quick questions without pause must not keep it
    /// from its end. The whole tables and the walk take turns.
    fn go_on(&mut self, share: &Slice, answers: &mut Vec<Answer>) {
        self.lists_now = self.has_to_list() && (self.waiting.is_empty() || !self.lists_now);
        loop {
            if self.lists_now && self.has_to_list() {
                self.list(share, answers);
            } else if !self.lists_now && !self.waiting.is_empty() {
                self.find_holders(share, answers);
            } else {
                break;
            }
            if share.is_over() {
                break;
            }
        }
    }

    fn has_to_list(&self) -> bool {
        self.listing.is_some() || !self.unlisted.is_empty()
    }

    /// Does what comes next; `false` when nothing is left to do.
    fn step(&mut self, slice: &Slice, answers: &mut Vec<Answer>) -> bool {
        if let Some(question) = self.fresh.pop_front() {
            self.asked.push(Unlisted::quick(&mut self.diag, question));
        } else if !self.asked.is_empty() {
            let asked = std::mem::take(&mut self.asked);
            self.glance(asked, answers);
        } else if self.climbs.len() == 0 && self.has_to_list() {
            self.list(slice, answers);
        } else if self.waiting.is_empty() {
            return false;
        } else {
            self.find_holders(slice, answers);
        }
        true
    }

    fn find_holders(&mut self, slice: &Slice, answers: &mut Vec<Answer>) {
        if let Err(error) = self.walk_on(slice, answers)
            && !self.can_try_again(&error)
        {
            self.fail(&error, answers);
        }
    }

    /// Cures the failure, if it may come of what is kept: that is not ours any more, or is to be
    /// given up.
    fn can_try_again(&mut self, error: &Error) -> bool {
        if !self.proc.check() {
            self.begin_anew();
            return true;
        }
        error.is_out_of_descriptors() && (self.diag.close() | self.proc.give_up())
    }

    fn fail(&mut self, error: &Error, answers: &mut Vec<Answer>) {
        self.end_walk();
        self.climbs.clear();
        for id in self.waiting.ids() {
            self.waiting.remove(id);
            answers.push(Answer { id, found: Err(error.clone()), found_by: FoundBy::Walk });
        }
    }

    /// Asks the recent owners for the sockets found quickly, all at once.
    fn glance(&mut self, asked: Vec<Unlisted>, answers: &mut Vec<Answer>) {
        self.ticks = self.ticks.wrapping_add(1);
        for Unlisted { question, candidates, .. } in &asked {
            if !candidates.is_empty() {
                self.waiting.insert(question.id, candidates.clone(), self.ticks);
            }
        }
        self.ask_recent_owners();
        for unlisted in asked {
            let id = unlisted.question.id;
            if unlisted.needs_tables() && !self.climbs.contains(id) {
                self.waiting.remove(id);
                self.unlisted.push(unlisted);
            } else if unlisted.candidates.is_empty() {
                let (found, found_by) = (Ok(Found::Nobody), FoundBy::Sockets);
                answers.push(Answer { id, found, found_by });
            }
        }
    }

    fn ask_recent_owners(&mut self) {
        let Self { recent, proc, waiting, climbs, .. } = self;
        if waiting.len() == climbs.len() {
            return;
        }
        recent.glance(proc, |hit| {
            for id in waiting.note(hit) {
                climbs.begin(id, hit, waiting.since(id), FoundBy::Recent);
            }
            waiting.len() == climbs.len()
        });
    }

    fn list(&mut self, slice: &Slice, answers: &mut Vec<Answer>) {
        let unlisted = &mut self.unlisted;
        let mut listing =
            self.listing.take().unwrap_or_else(|| Listing::new(std::mem::take(unlisted)));
        let (listed, failure) = loop {
            match listing.advance(&mut self.diag) {
                Ok(None) if slice.is_over() => return self.listing = Some(listing),
                Ok(None) => {}
                Ok(Some(listed)) => break (listed, None),
                Err(error) if self.can_try_again(&error) => {
                    return self.unlisted.extend(listing.take_questions());
                }
                Err(error) => break (listing.take_questions(), Some(error)),
            }
        };
        self.ticks = self.ticks.wrapping_add(1);
        let found_by = FoundBy::Sockets;
        for Unlisted { question: Question { id, wanted, .. }, candidates, .. } in listed {
            let doubt = listing.doubt(&wanted).filter(|_| candidates.is_empty());
            match failure.as_ref().or(doubt) {
                _ if id == 0 => {} // Forgotten.
                Some(error) => answers.push(Answer { id, found: Err(error.clone()), found_by }),
                None if candidates.is_empty() => {
                    answers.push(Answer { id, found: Ok(Found::Nobody), found_by });
                }
                None => self.waiting.insert(id, candidates, self.ticks),
            }
        }
        self.ask_recent_owners();
    }

    /// One step on in the walk, which is begun if need be. The questions that are answered by it go
    /// into `answers`.
    fn walk_on(&mut self, slice: &Slice, answers: &mut Vec<Answer>) -> Result<(), Error> {
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
            answers.push(Answer { id, found: Ok(Found::Process(owner)), found_by });
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
                    let found = unread.clone().map_or(Ok(Found::Nobody), Err);
                    answers.push(Answer { id, found, found_by: FoundBy::Walk });
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
    fn end_walk(&mut self) {
        if let Some(counts) = self.walk.take().and_then(Walk::into_counts) {
            self.known.counts = counts;
        }
    }
}
