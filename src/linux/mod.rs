//! Linux: sock_diag tells which socket, `/proc/*/fd` tells whose.
//!
//! One look-up: `candidates.rs` asks the kernel for the sockets that answer, `walk.rs` reads
//! descriptor tables until one of them is found, `ancestors.rs` asks whether one of the holder's
//! ancestors holds it too. All three go on in slices; here is what comes next.

use std::collections::VecDeque;
use std::process;

use crate::error::Error;
use crate::question::{Answer, FoundBy, Question};
use crate::slice::Slice;

mod ancestors;
mod candidates;
mod diag_reply;
mod diag_request;
mod groups;
mod info;
mod interface;
mod kept;
mod kernel;
mod layout;
mod order;
mod path;
mod proc_dir;
mod proc_net;
mod recent;
mod sock_diag;
mod stat;
mod table;
mod tables;
mod tcp_state;
#[cfg(test)]
mod tests;
mod waiting;
mod walk;

use ancestors::{Climbs, Settled};
use candidates::{Listing, Unlisted};
use proc_dir::ProcDir;
use recent::Recent;
use sock_diag::SockDiag;
use waiting::{Hit, Waiting};
use walk::{Known, Step, Walk};

pub use info::process_info;
pub use interface::interface_index;
pub use path::process_path;

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
    listing: Option<Listing>,
    /// Those whose sockets are known.
    waiting: Waiting,
    /// Those among them whose holder is known.
    climbs: Climbs,
    walk: Option<Walk>,
    recent: Recent,
    known: Known,
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
        self.listing.iter_mut().for_each(|listing| listing.forget(id));
        self.climbs.forget(id);
        self.waiting.remove(id);
    }

    /// See `platform.rs`.
    pub fn advance(&mut self, slice: &Slice, answers: &mut Vec<Answer>) {
        if !self.proc.check() {
            self.begin_anew();
        }
        self.walk.iter_mut().for_each(Walk::resume);
        while self.step(slice, answers) && !slice.is_over_with(!answers.is_empty()) {}
        if self.waiting.is_empty() {
            self.end_walk();
            self.proc.keep_again(self.unlisted.is_empty() && self.listing.is_none());
        }
        self.walk.iter_mut().for_each(|walk| walk.tables.pause());
    }

    /// Our descriptor's number was taken while names were looked up with it: nothing read counts.
    fn begin_anew(&mut self) {
        self.end_walk();
        self.climbs.clear();
        self.waiting.forget_hits();
    }

    /// Does what comes next; `false` when nothing is left to do.
    fn step(&mut self, slice: &Slice, answers: &mut Vec<Answer>) -> bool {
        if let Some(question) = self.fresh.pop_front() {
            let candidates = candidates::quick(&mut self.diag, &question.wanted);
            self.asked.push(Unlisted { question, candidates });
        } else if !self.asked.is_empty() {
            let asked = std::mem::take(&mut self.asked);
            self.glance(asked);
        } else if self.climbs.len() == 0 && (self.listing.is_some() || !self.unlisted.is_empty()) {
            self.list(slice, answers);
        } else if self.waiting.is_empty() {
            return false;
        } else if let Err(error) = self.walk_on(slice, answers)
            && !self.can_try_again(&error)
        {
            self.fail(&error, answers);
        }
        true
    }

    /// Gives up what is kept, if that may cure the failure and there is something to give.
    fn can_try_again(&mut self, error: &Error) -> bool {
        error.is_out_of_descriptors() && (self.diag.close() | self.proc.give_up())
    }

    fn fail(&mut self, error: &Error, answers: &mut Vec<Answer>) {
        self.end_walk();
        self.climbs.clear();
        for id in self.waiting.ids() {
            self.waiting.remove(id);
            answers.push(Answer { id, owner: Err(error.clone()), found_by: FoundBy::Walk });
        }
    }

    /// Asks the recent owners for the sockets found quickly, all at once.
    fn glance(&mut self, asked: Vec<Unlisted>) {
        self.ticks = self.ticks.wrapping_add(1);
        for Unlisted { question, candidates } in &asked {
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
        let (listed, failure) = match listing.advance(&mut self.diag, slice) {
            Ok(None) => return self.listing = Some(listing),
            Ok(Some(listed)) => (listed, None),
            Err(error) if self.can_try_again(&error) => {
                return self.unlisted.extend(listing.take_questions());
            }
            Err(error) => (listing.take_questions(), Some(error)),
        };
        self.ticks = self.ticks.wrapping_add(1);
        let found_by = FoundBy::Sockets;
        for Unlisted { question: Question { id, wanted }, candidates } in listed {
            let doubt = listing.doubt(&wanted).filter(|_| candidates.is_empty());
            match failure.as_ref().or(doubt) {
                _ if id == 0 => {} // Forgotten.
                Some(error) => answers.push(Answer { id, owner: Err(error.clone()), found_by }),
                None if candidates.is_empty() => {
                    answers.push(Answer { id, owner: Ok(None), found_by });
                }
                None => self.waiting.insert(id, candidates, self.ticks),
            }
        }
        self.ask_recent_owners();
    }

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
        match walk.step(&self.proc, &mut self.known, &self.waiting, (&mut self.ticks, slice))? {
            Step::Hit(hit) => self.note(hit),
            Step::More => {}
            Step::Over if is_climbing_only && walk.is_narrow() => {}
            // What was read so far counts, unless somebody asked meanwhile.
            Step::Over if walk.is_narrow() && self.waiting.is_any_younger(walk.began) => {
                self.end_walk();
            }
            Step::Over if walk.is_narrow() => walk.widen(self.waiting.groups()),
            Step::Over if !self.proc.is_ours() => self.begin_anew(),
            Step::Over => self.end_of_walk(answers)?,
        }
        Ok(())
    }

    fn begin_walk(&mut self) {
        self.ticks = self.ticks.wrapping_add(1);
        let mut walk = Walk::new(self.ticks, self.diag.sockets_device());
        if self.climbs.len() < self.waiting.len() {
            self.recent.changed(&self.proc).into_iter().for_each(|pid| walk.name(pid));
        }
        self.walk = Some(walk);
    }

    fn note(&mut self, hit: Hit) {
        let found = self.waiting.note(hit);
        for &id in &found {
            self.climbs.begin(id, hit, self.waiting.since(id), FoundBy::Walk);
        }
        // Nobody needs the rest of the table then. Only where a question has just found its holder:
        // a table that is read for its ancestors' sake must come to its end.
        let is_enough = !found.is_empty() && self.climbs.len() == self.waiting.len();
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
    fn end_walk(&mut self) {
        if let Some(counts) = self.walk.take().and_then(Walk::into_counts) {
            self.known.counts = counts;
        }
    }
}
