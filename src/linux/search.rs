//! The search of one environment, from the question to the answer.
//!
//! One look-up: `sockets` asks the kernel for the sockets that answer, `hunt` finds out who holds
//! them, and `proc` tells what the answer is to be.

use super::clock::Clock;
use super::hunt::{Hunt, Outcome, Settled};
use super::proc::info::holder_info;
use super::proc::namespace::Numbers;
use super::questions::{Pending, Questions, Stage};
use super::socket::Hit;
use super::sockets::candidates::Unlisted;
use super::sockets::listing::Listing;
use super::sockets::sock_diag::SockDiag;
use crate::answer::{Answer, Found, FoundBy};
use crate::error::Error;
use crate::question::{Gives, Question};
use crate::slice::Slice;

/// How often a question is asked anew whose holder went before it could be told.
const REPEATS: u32 = 3;

/// The questions of one environment, and what is remembered between them.
#[derive(Default)]
pub struct Search {
    diag: SockDiag,
    clock: Clock,
    questions: Questions,
    pub listing: Option<Listing>,
    pub hunt: Hunt,
}

impl Search {
    /// See `platform.rs`, here and below.
    pub fn ask(&mut self, question: Question) {
        self.questions.ask(question);
    }

    /// Drops a question.
    pub fn forget(&mut self, id: u32) {
        self.questions.remove(id);
    }

    /// Quick questions come first. Then long work gets its share, so that those who ask quick
    /// questions without pause do not keep it from its end; and then what is left of the slice.
    pub fn advance(&mut self, slice: &Slice, answers: &mut Vec<Answer>) {
        self.hunt.resume(&mut self.questions);
        self.ask_kernel(slice, answers);
        let share = slice.share();
        while self.step(&share, answers) && !share.is_over() {}
        while !slice.is_over_with(!answers.is_empty()) && self.step(slice, answers) {}
        self.hunt.pause();
    }

    /// Does a piece of each kind of work; `false` where nothing is left to do.
    fn step(&mut self, slice: &Slice, answers: &mut Vec<Answer>) -> bool {
        let asks = self.ask_kernel(slice, answers);
        let lists = self.list(answers);
        let hunts = self.find_holders(slice, answers);
        asks || lists || hunts
    }

    /// Asks the kernel what it tells quickly, and the recent owners for all of it at once.
    fn ask_kernel(&mut self, slice: &Slice, answers: &mut Vec<Answer>) -> bool {
        let new = self.questions.ids(|pending| matches!(pending.stage, Stage::New));
        for id in &new {
            let Some(pending) = self.questions.get_mut(*id) else { continue };
            let question = pending.question.clone();
            let unlisted = Unlisted::quick(&mut self.diag, question);
            let stage = if unlisted.needs_tables() { Stage::Unlisted } else { Stage::Seeking };
            if !unlisted.needs_tables() && unlisted.candidates.is_empty() {
                self.answer(*id, Ok(Found::Nobody), FoundBy::Sockets, answers);
                continue;
            }
            self.questions.seek(*id, unlisted.candidates, self.clock.tick(), stage);
            if slice.is_over() {
                break;
            }
        }
        if !new.is_empty() {
            let settled = self.hunt.glance(&mut self.questions);
            self.conclude(settled, answers);
        }
        !new.is_empty()
    }

    /// Reads on in the kernel's tables of sockets, one piece.
    fn list(&mut self, answers: &mut Vec<Answer>) -> bool {
        let is_awaited = self.questions.is_any(|stage| matches!(stage, Stage::Listing));
        let Some(mut listing) = self.listing.take().filter(|_| is_awaited) else {
            let unlisted = self.questions.begin_listing();
            self.listing = (!unlisted.is_empty()).then(|| Listing::new(unlisted));
            return self.listing.is_some();
        };
        match listing.advance(&mut self.diag) {
            Ok(None) => self.listing = Some(listing),
            Ok(Some(listed)) => self.seek_listed(listed, &listing, answers),
            Err(error) if self.can_cure(&error) => self.questions.list_again(),
            Err(error) => {
                for id in self.questions.ids(Pending::is_listing) {
                    self.answer(id, Err(error.clone()), FoundBy::Sockets, answers);
                }
            }
        }
        true
    }

    fn seek_listed(&mut self, all: Vec<Unlisted>, listing: &Listing, answers: &mut Vec<Answer>) {
        let now = self.clock.tick();
        for Unlisted { question: Question { id, wanted, .. }, candidates, .. } in all {
            // Else it was answered meanwhile, or nobody waits for it any more.
            if !self.questions.get_mut(id).is_some_and(|pending| pending.is_listing()) {
                continue;
            }
            match listing.doubt(&wanted) {
                _ if !candidates.is_empty() => {
                    self.questions.seek(id, candidates, now, Stage::Seeking);
                }
                Some(doubt) => self.answer(id, Err(doubt.clone()), FoundBy::Sockets, answers),
                None => self.answer(id, Ok(Found::Nobody), FoundBy::Sockets, answers),
            }
        }
        let settled = self.hunt.glance(&mut self.questions);
        self.conclude(settled, answers);
    }

    /// Looks on for holders, one step.
    fn find_holders(&mut self, slice: &Slice, answers: &mut Vec<Answer>) -> bool {
        if !self.questions.is_any(is_hunting) {
            self.hunt.end_walk();
            return false;
        }
        let sockets = self.diag.sockets_device();
        let settled = self.hunt.step(&mut self.questions, &mut self.clock, sockets, slice);
        self.conclude(settled, answers);
        if !answers.is_empty() {
            slice.hurry();
        }
        true
    }

    /// Answers the questions whose hunt is over; all whose hunt is not, if it failed for a reason that
    /// cannot be cured.
    fn conclude(&mut self, settled: Result<Vec<Settled>, Error>, answers: &mut Vec<Answer>) {
        let settled = match settled {
            Ok(settled) => settled,
            Err(error) if self.can_cure(&error) => return,
            Err(error) => {
                self.hunt.end_walk();
                for id in self.questions.ids(|pending| is_hunting(&pending.stage)) {
                    self.answer(id, Err(error.clone()), FoundBy::Walk, answers);
                }
                return;
            }
        };
        for Settled { id, outcome, found_by } in settled {
            let found = match outcome {
                Outcome::Owner(hit) => self.tell(id, hit),
                Outcome::Nobody => Ok(Some(Found::Nobody)),
                Outcome::Unread(error) => Err(error),
            };
            match found {
                Ok(Some(found)) => self.answer(id, Ok(found), found_by, answers),
                Ok(None) => {}
                Err(error) if self.can_cure(&error) => {} // It is settled once more.
                Err(error) => self.answer(id, Err(error), found_by, answers),
            }
        }
    }

    /// What is to be told of an owner; `None` where it went before it could be told, and the question
    /// is asked anew.
    fn tell(&mut self, id: u32, hit: Hit) -> Result<Option<Found>, Error> {
        let Some(pending) = self.questions.get_mut(id) else { return Ok(None) };
        let numbers = Numbers::current()?;
        let told = match pending.question.gives {
            Gives::Record => holder_info(&numbers, hit)?.map(|info| Found::Record(Box::new(info))),
            Gives::Pid | Gives::Rows => numbers.holder_to_own(hit)?.map(Found::Process),
        };
        if told.is_some() || pending.repeats == REPEATS {
            return Ok(told.or(Some(Found::Nobody)));
        }
        pending.repeats = pending.repeats.saturating_add(1);
        pending.stage = Stage::New;
        Ok(None)
    }

    fn answer(
        &mut self,
        id: u32,
        found: Result<Found, Error>,
        found_by: FoundBy,
        answers: &mut Vec<Answer>,
    ) {
        self.questions.remove(id);
        answers.push(Answer { id, found, found_by });
    }

    /// Gives up what is kept, where the failure may come of it.
    fn can_cure(&mut self, error: &Error) -> bool {
        error.is_out_of_descriptors() && self.diag.close()
    }
}

fn is_hunting(stage: &Stage) -> bool {
    matches!(stage, Stage::Seeking | Stage::Climbing(_))
}
