//! The search of one environment, from the question to the answer.
//!
//! One look-up: `sockets` asks the kernel for the sockets that answer, `hunt` finds out who holds
//! them, and `proc` tells what the answer is to be.

use super::holders::roster::Roster;
use super::hunt::{Hunt, Outcome, Settled};
use super::kernel;
use super::proc::info::holder_info;
use super::proc::namespace::Numbers;
use super::questions::{Questions, Stage, is_hunting, is_listing, is_new};
use super::socket::{Hit, Row};
use super::sockets::candidates::Unlisted;
use super::sockets::listing::Listing;
use super::sockets::sock_diag::SockDiag;
use crate::answer::{Answer, Found, FoundBy};
use crate::error::Error;
use crate::question::{Gives, Pid, Question, Wanted};
use crate::slice::Slice;

/// How often a question is asked anew whose holder went before it could be told.
const REPEATS: u32 = 3;

/// The questions of one environment, and what is remembered between them.
#[derive(Default)]
pub struct Search {
    diag: SockDiag,
    questions: Questions,
    pub listing: Option<Listing>,
    /// After a failure for want of a descriptor, since the last answer.
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
        if self.questions.is_any(is_hunting) {
            self.hunt.pause();
        } else {
            self.hunt.end_walk();
        }
    }

    /// Does a piece of each kind of work; `false` where nothing is left to do.
    fn step(&mut self, slice: &Slice, answers: &mut Vec<Answer>) -> bool {
        let asks = self.ask_kernel(slice, answers);
        let lists = self.list(answers);
        let hunts = self.find_holders(slice, answers);
        let orders = self.order(slice, answers);
        if !answers.is_empty() {
            slice.hurry();
        }
        asks || lists || hunts || orders
    }

    /// Asks the kernel what it tells quickly, and the recent owners for all of it at once.
    fn ask_kernel(&mut self, slice: &Slice, answers: &mut Vec<Answer>) -> bool {
        let new = self.questions.ids(|pending| is_new(&pending.stage));
        for id in &new {
            let Some(pending) = self.questions.get_mut(*id) else { continue };
            let unlisted = Unlisted::quick(&mut self.diag, pending.question.clone(), new.len());
            if unlisted.needs_tables() {
                self.questions.seek_first(unlisted);
            } else {
                self.seek(unlisted, answers);
            }
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
        let is_awaited = self.questions.is_any(is_listing);
        let Some(mut listing) = self.listing.take().filter(|_| is_awaited) else {
            // Who is still to be asked may need them too.
            if self.questions.is_any(is_new) {
                return false;
            }
            let unlisted = self.questions.begin_listing();
            self.listing = (!unlisted.is_empty()).then(|| Listing::new(unlisted));
            return self.listing.is_some();
        };
        match listing.advance(&mut self.diag) {
            Ok(None) => self.listing = Some(listing),
            Ok(Some(listed)) => self.seek_listed(listed, &listing, answers),
            Err(error) if self.can_cure(&error) => {
                self.questions.list_again(listing.take_questions());
            }
            Err(error) => {
                for id in self.questions.ids(|pending| is_listing(&pending.stage)) {
                    self.answer(id, Err(error.clone()), FoundBy::Sockets, answers);
                }
            }
        }
        true
    }

    fn seek_listed(&mut self, all: Vec<Unlisted>, listing: &Listing, answers: &mut Vec<Answer>) {
        for unlisted in all {
            let Question { id, wanted, .. } = &unlisted.question;
            // Else it was answered meanwhile, or nobody waits for it any more.
            let Some(pending) = self.questions.at(*id, is_listing) else { continue };
            match (listing.doubt(wanted), wanted) {
                (Some(doubt), _) if unlisted.candidates.is_empty() => {
                    self.answer(*id, Err(doubt.clone()), FoundBy::Sockets, answers);
                }
                (_, Wanted::All(_)) if pending.roster.is_some() => {
                    let roster = pending.roster.iter_mut();
                    roster.for_each(|roster| roster.confirm(&unlisted.rows));
                    pending.stage = Stage::Ordering;
                }
                (_, Wanted::All(filter)) => self.gather(*id, filter.pid, unlisted.rows, answers),
                _ if (1..=pending.unheld).contains(&unlisted.candidates.len()) => {
                    self.answer(*id, Ok(Found::Nobody), FoundBy::Walk, answers);
                }
                _ => self.seek(unlisted, answers),
            }
        }
        let settled = self.hunt.glance(&mut self.questions);
        self.conclude(settled, answers);
    }

    /// All sockets are known that may answer: their holders are looked for.
    fn seek(&mut self, unlisted: Unlisted, answers: &mut Vec<Answer>) {
        let Question { id, wanted, gives } = unlisted.question;
        let recorded = match wanted {
            Wanted::LocalPeer(peer) => Some(peer.pid),
            _ => None,
        };
        if unlisted.candidates.is_empty() {
            // Whose record it is cannot be shown.
            let pid = recorded.filter(|_| unlisted.is_untold && gives == Gives::Pid);
            let is_living = |pid: &Pid| *pid > 0 && kernel::is_process(*pid).unwrap_or(false);
            let found = Found::from(pid.filter(is_living));
            return self.answer(id, Ok(found), FoundBy::Sockets, answers);
        }
        self.questions.seek(id, unlisted.candidates, Stage::Seeking);
    }

    /// All sockets of a list are known: all their holders are looked for, or that `pid` alone.
    fn gather(&mut self, id: u32, pid: Option<Pid>, rows: Vec<Row>, answers: &mut Vec<Answer>) {
        let listed = pid.map(|pid| Numbers::current()?.listed_process(pid)).transpose();
        match listed {
            Err(error) => self.answer(id, Err(error), FoundBy::Sockets, answers),
            Ok(listed) if rows.is_empty() || listed == Some(None) => {
                self.answer(id, Ok(Found::Sockets(Vec::new())), FoundBy::Sockets, answers);
            }
            Ok(listed) => {
                self.questions.gather(id, Roster::new(rows, listed.flatten()));
            }
        }
    }

    /// Looks on for holders, one step.
    fn find_holders(&mut self, slice: &Slice, answers: &mut Vec<Answer>) -> bool {
        if !self.questions.is_any(is_hunting) {
            return false;
        }
        let sockets = self.diag.sockets_device();
        self.hunt.begin(&mut self.questions, sockets);
        let settled = self.hunt.step(&mut self.questions, slice);
        self.conclude(settled, answers);
        true
    }

    /// Puts the holders of lists in order.
    fn order(&mut self, slice: &Slice, answers: &mut Vec<Answer>) -> bool {
        let lists = self.questions.ids(|pending| matches!(pending.stage, Stage::Ordering));
        for id in &lists {
            let Some(pending) = self.questions.get_mut(*id) else { continue };
            let ordered = pending.roster.as_mut().map_or(Ok(None), |roster| roster.advance(slice));
            match ordered {
                Ok(None) => {}
                Err(error) if self.can_cure(&error) => {}
                ordered => {
                    let found = ordered.map(|rows| Found::Sockets(rows.unwrap_or_default()));
                    self.answer(*id, found, FoundBy::Walk, answers);
                }
            }
        }
        !lists.is_empty()
    }

    /// Answers the questions whose hunt is over; all whose hunt is not, if it failed for a reason that
    /// cannot be cured.
    fn conclude(&mut self, settled: Result<Vec<Settled>, Error>, answers: &mut Vec<Answer>) {
        let settled = match settled {
            Ok(settled) => settled,
            Err(error) if self.can_cure(&error) => return,
            Err(error) => {
                self.hunt.end_walk();
                for id in self.questions.ids(|it| is_hunting(&it.stage)) {
                    self.answer(id, Err(error.clone()), FoundBy::Walk, answers);
                }
                return;
            }
        };
        for Settled { id, outcome, found_by } in settled {
            let found = match outcome {
                Outcome::Owner(hit) => self.tell(id, hit),
                Outcome::Nobody if self.questions.turn_to_rest(id) => continue,
                Outcome::Nobody => Ok(Some(Found::Nobody)),
                Outcome::Gathered => {
                    self.confirm(id);
                    continue;
                }
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

    /// The holders of a list are known. Those sockets that have none may have gone meanwhile: the
    /// kernel is asked once more for what they have in common.
    fn confirm(&mut self, id: u32) {
        let Some(pending) = self.questions.get_mut(id) else { return };
        let unheld = pending.roster.as_ref().and_then(Roster::unheld);
        pending.stage = unheld.map_or(Stage::Ordering, |unheld| {
            let question = Question { wanted: Wanted::All(unheld), ..pending.question.clone() };
            Stage::Unlisted(Box::new(Unlisted::new(question, Vec::new())))
        });
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
        self.has_tried_again = false;
        answers.push(Answer { id, found, found_by });
    }

    /// Gives up what is kept, where the failure may come of it. Where nothing is, it is worth one more
    /// try: somebody else's descriptor may have been closed meanwhile.
    fn can_cure(&mut self, error: &Error) -> bool {
        if !error.is_out_of_descriptors() {
            return false;
        }
        self.diag.close() || !std::mem::replace(&mut self.has_tried_again, true)
    }
}
