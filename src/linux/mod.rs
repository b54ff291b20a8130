//! Linux: sock_diag tells which socket, `/proc/*/fd` tells whose.
//!
//! One look-up: `candidates.rs` asks the kernel for the sockets that answer, `walk.rs` reads
//! descriptor tables until one of them is found, `ancestors.rs` asks whether one of the holder's
//! ancestors holds it too. All three go on in slices; here is what comes next, and in `holders.rs`
//! what comes of a walk.

use std::collections::VecDeque;

use crate::error::Error;
use crate::question::{Answer, FoundBy, Question};
use crate::slice::Slice;

mod ancestors;
mod candidates;
mod diag_reply;
mod diag_request;
mod groups;
mod headless;
mod holders;
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

use ancestors::Climbs;
use candidates::{Listing, Unlisted};
use proc_dir::ProcDir;
use recent::Recent;
use sock_diag::SockDiag;
use waiting::Waiting;
use walk::{Known, Walk};

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
    /// Whether it is the listing's turn, not the walk's.
    lists_now: bool,
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
            let candidates = candidates::quick(&mut self.diag, &question.wanted);
            self.asked.push(Unlisted { question, candidates });
        } else if !self.asked.is_empty() {
            let asked = std::mem::take(&mut self.asked);
            self.glance(asked);
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
}
