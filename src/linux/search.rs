//! The search of one environment, from question to answer.
//!
//! A lookup has two halves: `sockets` asks the kernel which sockets match, and `hunt` finds out who
//! holds them.

use super::holders::roster::Roster;
use super::hunt::Hunt;
use super::kernel;
use super::proc::namespace::Numbers;
use super::questions::{Questions, Stage, is_hunting, is_listing, is_new};
use super::socket::Row;
use super::sockets::candidates::Unlisted;
use super::sockets::listing::Listing;
use super::sockets::sock_diag::SockDiag;
use crate::answer::{Answer, Found, FoundBy};
use crate::error::Error;
use crate::question::{Gives, Pid, Question, Wanted};
use crate::slice::Slice;

/// One environment's questions, and what is remembered between them.
#[derive(Default)]
pub struct Search {
    diag: SockDiag,
    questions: Questions,
    pub listing: Option<Listing>,
    /// Whether a step was retried for want of a descriptor since the last answer.
    has_tried_again: bool,
    pub hunt: Hunt,
}

impl Search {
    /// See `platform.rs`, here and below.
    pub fn ask(&mut self, question: Question) {
        self.questions.ask(question);
    }

    /// Drops a question.
    pub fn forget(&mut self, id: u32) {
        self.questions.forget(id);
    }

    /// Quick questions come first. Then long work gets its share, so that a steady stream of quick
    /// questions cannot starve it, and after that whatever is left of the slice.
    pub fn advance(&mut self, slice: &Slice, answers: &mut Vec<Answer>) {
        self.hunt.resume(&mut self.questions);
        self.ask_kernel(slice);
        let share = slice.share();
        while self.step(&share) && !share.is_over() {}
        while !slice.is_over_with(!self.questions.answers.is_empty()) && self.step(slice) {}
        if self.questions.is_any(is_hunting) {
            self.hunt.pause();
        } else {
            self.hunt.end_walk();
        }
        self.has_tried_again &= self.questions.answers.is_empty();
        answers.append(&mut self.questions.answers);
    }

    /// Does a piece of each kind of work. Returns `false` when nothing is left to do.
    fn step(&mut self, slice: &Slice) -> bool {
        let asks = self.ask_kernel(slice);
        let lists = self.list();
        let hunts = self.find_holders(slice);
        let orders = self.order(slice);
        if !self.questions.answers.is_empty() {
            slice.hurry();
        }
        asks || lists || hunts || orders
    }

    /// Asks the kernel what it can answer quickly, then checks the recent owners for all of it at once.
    fn ask_kernel(&mut self, slice: &Slice) -> bool {
        let new = self.questions.ids(|pending| is_new(&pending.stage));
        for id in &new {
            let Some(pending) = self.questions.get_mut(*id) else { continue };
            let unlisted = Unlisted::quick(&mut self.diag, pending.question.clone(), new.len());
            if unlisted.needs_tables() {
                self.questions.seek_first(unlisted);
            } else {
                self.seek(unlisted);
            }
            if slice.is_over() {
                break;
            }
        }
        if !new.is_empty() {
            self.glance();
        }
        !new.is_empty()
    }

    /// Reads one more piece of the kernel's socket tables.
    fn list(&mut self) -> bool {
        let is_awaited = self.questions.is_any(is_listing);
        let Some(mut listing) = self.listing.take().filter(|_| is_awaited) else {
            // New questions may need the tables too.
            if self.questions.is_any(is_new) {
                return false;
            }
            let unlisted = self.questions.begin_listing();
            self.listing = (!unlisted.is_empty()).then(|| Listing::new(unlisted));
            return self.listing.is_some();
        };
        match listing.advance(&mut self.diag) {
            Ok(None) => self.listing = Some(listing),
            Ok(Some(listed)) => self.seek_listed(listed, &listing),
            Err(error) if self.can_cure(&error) => {
                self.questions.list_again(listing.take_questions());
            }
            Err(error) => self.questions.fail(is_listing, &error, FoundBy::Sockets),
        }
        true
    }

    fn seek_listed(&mut self, all: Vec<Unlisted>, listing: &Listing) {
        for unlisted in all {
            let Question { id, wanted, .. } = &unlisted.question;
            // Otherwise it was answered or abandoned in the meantime.
            let pending = self.questions.get_mut(*id).filter(|it| is_listing(&it.stage));
            let Some(pending) = pending else { continue };
            match (listing.doubt(wanted), wanted) {
                (Some(doubt), _) if unlisted.candidates.is_empty() => {
                    self.questions.answer(*id, Err(doubt.clone()), FoundBy::Sockets);
                }
                (_, Wanted::All(_)) if pending.roster.is_some() => {
                    let roster = pending.roster.iter_mut();
                    roster.for_each(|roster| roster.confirm(&unlisted.rows));
                    pending.stage = Stage::Ordering;
                }
                (_, Wanted::All(filter)) => self.gather(*id, filter.pid, unlisted.rows),
                _ if (1..=pending.unheld).contains(&unlisted.candidates.len()) => {
                    self.questions.answer(*id, Ok(Found::Nobody), FoundBy::Walk);
                }
                _ => self.seek(unlisted),
            }
        }
        self.glance();
    }

    /// Every socket that may answer is known; looks for the holders.
    fn seek(&mut self, unlisted: Unlisted) {
        let Question { id, wanted, gives } = unlisted.question;
        let recorded = match wanted {
            Wanted::LocalPeer(peer) => Some(peer.pid),
            _ => None,
        };
        if unlisted.candidates.is_empty() {
            // The recorded pid will do, but a record could not be shown to be the holder's.
            let pid = recorded.filter(|_| unlisted.is_untold && gives == Gives::Pid);
            let is_living = |pid: &Pid| *pid > 0 && kernel::is_process(*pid).unwrap_or(false);
            let found = Found::from(pid.filter(is_living));
            return self.questions.answer(id, Ok(found), FoundBy::Sockets);
        }
        self.questions.seek(id, unlisted.candidates, Stage::Seeking);
    }

    /// Every socket of a list is known; looks for all their holders, or for `pid` alone.
    fn gather(&mut self, id: u32, pid: Option<Pid>, rows: Vec<Row>) {
        let listed = pid.map(|pid| Numbers::current()?.listed_process(pid)).transpose();
        match listed {
            Err(error) => self.questions.answer(id, Err(error), FoundBy::Sockets),
            Ok(listed) if rows.is_empty() || listed == Some(None) => {
                self.questions.answer(id, Ok(Found::Sockets(Vec::new())), FoundBy::Sockets);
            }
            Ok(listed) => self.questions.gather(id, Roster::new(rows, listed.flatten())),
        }
    }

    /// Takes the hunt for holders one step further.
    fn find_holders(&mut self, slice: &Slice) -> bool {
        if !self.questions.is_any(is_hunting) {
            return false;
        }
        let sockets = self.diag.sockets_device();
        let hunted = self.hunt.step(&mut self.questions, sockets, slice);
        self.check_hunt(hunted);
        true
    }

    /// Checks the recent owners for every socket that is sought.
    fn glance(&mut self) {
        let hunted = self.hunt.glance(&mut self.questions);
        self.check_hunt(hunted);
    }

    /// A failure that cannot be cured is the answer to every question in the hunt.
    fn check_hunt(&mut self, hunted: Result<(), Error>) {
        if let Err(error) = hunted
            && !self.can_cure(&error)
        {
            self.hunt.end_walk();
            self.questions.fail(is_hunting, &error, FoundBy::Walk);
        }
    }

    /// Puts the holders of lists in order.
    fn order(&mut self, slice: &Slice) -> bool {
        let lists = self.questions.ids(|pending| matches!(pending.stage, Stage::Ordering));
        for id in &lists {
            let Some(pending) = self.questions.get_mut(*id) else { continue };
            let ordered = pending.roster.as_mut().map_or(Ok(None), |roster| roster.advance(slice));
            match ordered {
                Ok(None) => {}
                Err(error) if self.can_cure(&error) => {}
                ordered => {
                    let found = ordered.map(|rows| Found::Sockets(rows.unwrap_or_default()));
                    self.questions.answer(*id, found, FoundBy::Walk);
                }
            }
        }
        !lists.is_empty()
    }

    /// Gives up the descriptor that is kept if the failure is for want of one. If none is kept, one
    /// retry is still worth it: somebody else may have closed a descriptor in the meantime.
    fn can_cure(&mut self, error: &Error) -> bool {
        if !error.is_out_of_descriptors() {
            return false;
        }
        self.diag.close() || !std::mem::replace(&mut self.has_tried_again, true)
    }
}
