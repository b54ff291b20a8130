//! Finds out who holds the sockets that are sought: recent owners first, then the walk, and then the
//! ancestors of the holder found.

use super::holders::ancestors::{Climbed, is_process};
use super::holders::recent::Recent;
use super::holders::walk::{Known, Step, Walk};
use super::proc::info::holder_info;
use super::proc::names::descriptors;
use super::proc::namespace::Numbers;
use super::questions::{Pending, Questions, Stage, is_climbing, is_new};
use super::socket::Hit;
use super::sockets::candidates::Unlisted;
use crate::answer::{Found, FoundBy};
use crate::error::Error;
use crate::question::{Gives, Question, Wanted};
use crate::slice::Slice;

/// How often a question starts over because its holder exited before it could be reported.
const REPEATS: u32 = 3;

/// The walk under way, and what earlier ones left behind.
#[derive(Default)]
pub struct Hunt {
    pub walk: Option<Walk>,
    pub recent: Recent,
    pub known: Known,
}

impl Hunt {
    /// Must be called at the start of each slice.
    pub fn resume(&mut self, questions: &mut Questions) {
        if !self.walk.as_mut().is_none_or(Walk::resume) {
            // Nothing that was seen counts: the pids in `/proc` mean other processes now.
            self.end_walk();
            questions.forget_hits();
        }
    }

    /// Must be called at the end of each slice.
    pub fn pause(&mut self) {
        self.walk.iter_mut().for_each(|walk| walk.tables.pause());
    }

    /// Checks the recent owners for everything that is sought.
    pub fn glance(&mut self, questions: &mut Questions) -> Result<(), Error> {
        if questions.is_anything_sought() {
            self.recent.glance(|hit| {
                questions.note(hit, FoundBy::Recent);
                !questions.is_anything_sought()
            });
        }
        self.settle(questions)
    }

    /// Takes one step. `sockets` is the device of sockfs, if known. After a failure that was cured, the
    /// same step is taken again.
    pub fn step(
        &mut self,
        questions: &mut Questions,
        sockets: Option<u64>,
        slice: &Slice,
    ) -> Result<(), Error> {
        self.begin(questions, sockets);
        let Some(walk) = &mut self.walk else { return Ok(()) };
        let (is_narrow, now) = (walk.is_narrow(), questions.tick());
        match walk.step(&mut self.known, &questions.sought, now, slice)? {
            Step::Hit(hit) => self.note(hit, questions),
            Step::Over if !is_narrow => return self.end_of_walk(questions),
            Step::More | Step::Over => {}
        }
        self.settle(questions)
    }

    /// Ends the walk. What it counted sets the order of the next one.
    pub fn end_walk(&mut self) {
        let Some(walk) = self.walk.take() else { return };
        self.recent.count(|pid| walk.tables.shown(pid));
        if let Some(counts) = walk.into_counts() {
            self.known.counts = counts;
        }
    }

    /// Begins a walk if there is none, and widens it to every process once the first tables are read
    /// and somebody needs more.
    fn begin(&mut self, questions: &mut Questions, sockets: Option<u64>) {
        let late = questions.late_hints();
        let first = late.map(|hints| hints.into_iter().chain(self.recent.first(descriptors)));
        // A remembered pid may be a thread's id by now.
        let mut first = first.into_iter().flatten().filter(|pid| is_process(*pid));
        let walk = match &mut self.walk {
            Some(walk) => {
                first.for_each(|pid| walk.name(pid));
                walk
            }
            none => none.insert(Walk::new(questions.tick(), sockets, &mut first)),
        };
        let needs_everybody = || !questions.ids(needs_everybody).is_empty();
        // One walk serves every question asked so far.
        if walk.may_widen() && needs_everybody() && !questions.is_any(is_new) {
            // What has been read counts, unless a question came in after it was.
            let is_younger = |pending: &Pending| pending.since > walk.began;
            let is_late = !questions.ids(is_younger).is_empty();
            let began = if is_late { questions.tick() } else { walk.began };
            walk.widen(began, questions.groups());
        }
    }

    fn note(&mut self, hit: Hit, questions: &mut Questions) {
        let Some(walk) = &mut self.walk else { return };
        let found_by = if walk.is_narrow() { FoundBy::Recent } else { FoundBy::Walk };
        let found = questions.note(hit, found_by);
        // If no other question has found a holder, nobody needs the rest of this table. Otherwise it
        // may be an ancestor's, and those must be read to the end.
        let is_waiting = |stage: &Stage| matches!(stage, Stage::Seeking | Stage::Gathering);
        let is_enough = found == questions.ids(|it| is_climbing(&it.stage)).len();
        if is_enough && !questions.is_any(is_waiting) {
            walk.tables.leave();
        }
    }

    /// Takes every climb further, and names the tables that the walk must read first. A failure means
    /// that no descriptor is left or that a table cannot be read; other questions are answered anyway.
    fn settle(&mut self, questions: &mut Questions) -> Result<(), Error> {
        let is_due = |it: &Pending| matches!(it.stage, Stage::Climbing(_) | Stage::Gathering);
        let mut settled = Ok(());
        for id in questions.ids(is_due) {
            settled = self.settle_one(id, questions).and(settled);
        }
        settled
    }

    fn settle_one(&mut self, id: u32, questions: &mut Questions) -> Result<(), Error> {
        let Some(pending) = questions.get_mut(id) else { return Ok(()) };
        let since = pending.since;
        if let Stage::Climbing(climb) = &mut pending.stage {
            match climb.advance(since, self.walk.as_ref().map(|walk| &walk.tables))? {
                Climbed::Owner(owner) => {
                    self.recent.remember(climb.hit);
                    let found_by = climb.found_by;
                    if let Some(found) = tell(pending, owner)? {
                        questions.answer(id, found, found_by);
                    }
                    return Ok(());
                }
                Climbed::Unread(pid) => self.walk.iter_mut().for_each(|walk| walk.name(pid)),
                Climbed::NoProcess => {
                    self.recent.forget(climb.hit.pid);
                    pending.forget_hits();
                }
            }
        }
        // A list of all processes waits for the end of the walk instead.
        if let (Some(roster), Some(walk)) = (&mut pending.roster, &mut self.walk)
            && let Some(pid) = roster.only
            && walk.has_read_all_of(pid, since, &mut roster.has_named_threads)
        {
            match walk.tables.why_unread(pid) {
                Some(error) => questions.answer(id, Err(error.clone()), FoundBy::Walk),
                None => gathered(pending, walk),
            }
        }
        Ok(())
    }

    /// Everything has been read. For questions asked before the walk began, what was not found is not
    /// there.
    fn end_of_walk(&mut self, questions: &mut Questions) -> Result<(), Error> {
        let Some(walk) = &self.walk else { return Ok(()) };
        let found_by = FoundBy::Walk;
        for id in questions.ids(|it| needs_everybody(it) && it.since <= walk.began) {
            let Some(pending) = questions.get_mut(id) else { continue };
            if pending.climb(found_by) {
                continue;
            }
            match (walk.tables.unread(), &pending.stage) {
                (Some(error), _) => questions.answer(id, Err(error.clone()), found_by),
                (None, Stage::Gathering) => gathered(pending, walk),
                (None, _) => questions.answer_nobody(id, found_by),
            }
        }
        // Climbs find all they need in this walk; a question that came too late needs another.
        self.settle(questions)?;
        self.end_walk();
        Ok(())
    }
}

/// Returns whether, short of a hit, only the end of the walk can answer it.
fn needs_everybody(pending: &Pending) -> bool {
    match pending.stage {
        Stage::Seeking => true,
        Stage::Gathering => pending.roster.as_ref().is_some_and(|roster| roster.only.is_none()),
        _ => false,
    }
}

/// Hands a list the holders that the walk has seen. A socket without one may have been closed in the
/// meantime, so the kernel is asked again for everything those sockets have in common.
fn gathered(pending: &mut Pending, walk: &Walk) {
    let Some(roster) = &mut pending.roster else { return };
    roster.note_holders(walk.tables.all_holders_since(pending.since));
    pending.stage = roster.unheld().map_or(Stage::Ordering, |unheld| {
        let question = Question { wanted: Wanted::All(unheld), ..pending.question.clone() };
        Stage::Unlisted(Box::new(Unlisted::new(question)))
    });
}

/// Returns what to report of an owner, or `None` if it exited first and the question starts over. A
/// failure means that no descriptor is left.
fn tell(pending: &mut Pending, owner: Hit) -> Result<Option<Result<Found, Error>>, Error> {
    let told = Numbers::current().and_then(|numbers| match pending.question.gives {
        Gives::Record => {
            let info = holder_info(&numbers, owner)?;
            Ok(info.map(|info| Found::Record(Box::new(info))))
        }
        Gives::Pid | Gives::Rows => Ok(numbers.holder_to_own(owner)?.map(Found::Process)),
    });
    match told {
        Err(error) if error.is_out_of_descriptors() => Err(error),
        Ok(None) if pending.repeats < REPEATS => {
            pending.repeats = pending.repeats.saturating_add(1);
            pending.stage = Stage::New;
            Ok(None)
        }
        told => Ok(Some(told.map(|found| found.unwrap_or(Found::Nobody)))),
    }
}
