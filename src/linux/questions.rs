//! The questions under way: each has one place here, in which it goes from stage to stage.

use std::collections::{BTreeMap, HashSet};

use super::holders::ancestors::Climb;
use super::holders::roster::Roster;
use super::holders::sought::Sought;
use super::socket::{Candidate, Group, Hit, INIT};
use super::sockets::candidates::Unlisted;
use crate::answer::{Answer, Found, FoundBy};
use crate::error::Error;
use crate::question::{Pid, Question, Rank, Wanted};

/// One question.
pub struct Pending {
    /// What was asked.
    pub question: Question,
    /// How far it has come.
    pub stage: Stage,
    /// The sockets that may answer it, as far as they are known. Their holders are being looked for,
    /// whatever the stage.
    candidates: Vec<Candidate>,
    /// When they became known, by the clock of the questions.
    pub since: u64,
    /// How well the best of them answers.
    highest: Option<Rank>,
    best: Option<Best>,
    /// How often it was asked anew, since its holder went while it was looked at.
    pub repeats: u32,
    /// A list's sockets.
    pub roster: Option<Roster>,
    /// What else may answer, where nobody holds the sockets that are sought.
    pub rest: Option<Box<Unlisted>>,
    /// How many sockets nobody was seen to hold when everybody's table was read.
    pub unheld: usize,
}

/// How far a question has come.
pub enum Stage {
    /// The kernel has not been asked yet.
    New,
    /// Asked quickly; it needs the kernel's whole tables of sockets too.
    Unlisted(Box<Unlisted>),
    /// Those tables are being read.
    Listing,
    /// The sockets that may answer are known, and no holder of the best of them.
    Seeking,
    /// A holder is known, and its ancestors are asked.
    Climbing(Climb),
    /// The sockets of a list are known, and not all of their holders.
    Gathering,
    /// They are, and are put in order.
    Ordering,
}

/// The best holder that was seen for a question.
struct Best {
    /// The socket's rank, and whether the holder is another than the first process, which keeps
    /// sockets for those that it starts, and so answers only when nobody else does.
    worth: (Rank, bool),
    hit: Hit,
    is_connection: bool,
}

/// All that are under way, by id.
#[derive(Default)]
pub struct Questions {
    all: BTreeMap<u32, Pending>,
    /// The sockets whose holders are being looked for.
    pub sought: Sought,
    /// Counts what a search does, so that "after the question" can be told.
    clock: u64,
    /// When those that had come to seek were last asked for.
    late_since: u64,
    /// Those on their way out.
    pub answers: Vec<Answer>,
}

impl Questions {
    /// One more.
    pub fn ask(&mut self, question: Question) {
        let pending = Pending {
            stage: Stage::New,
            candidates: Vec::new(),
            since: 0,
            highest: None,
            best: None,
            repeats: 0,
            roster: None,
            rest: None,
            unheld: 0,
            question,
        };
        self.all.insert(pending.question.id, pending);
    }

    /// Nobody waits for that one any more.
    pub fn forget(&mut self, id: u32) {
        if let Some(pending) = self.all.remove(&id) {
            self.sought.remove(id, &pending.candidates);
        }
    }

    /// Answers one of them.
    pub fn answer(&mut self, id: u32, found: Result<Found, Error>, found_by: FoundBy) {
        self.forget(id);
        self.answers.push(Answer { id, found, found_by });
    }

    /// Answers all that are at such a stage with that error.
    pub fn fail(&mut self, is_at: impl Fn(&Stage) -> bool, error: &Error, found_by: FoundBy) {
        for id in self.ids(|pending| is_at(&pending.stage)) {
            self.answer(id, Err(error.clone()), found_by);
        }
    }

    /// Nobody holds the sockets that were sought. Others may answer where whole tables have not been
    /// read: then they are to be read.
    pub fn answer_nobody(&mut self, id: u32, found_by: FoundBy) {
        match self.all.get_mut(&id).and_then(|pending| Some((pending.rest.take()?, pending))) {
            None => self.answer(id, Ok(Found::Nobody), found_by),
            Some((rest, pending)) => {
                (pending.unheld, pending.stage) = (rest.candidates.len(), Stage::Unlisted(rest));
            }
        }
    }

    /// One of them.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut Pending> {
        self.all.get_mut(&id)
    }

    /// Returns whether one of them is at such a stage.
    pub fn is_any(&self, is_at: impl Fn(&Stage) -> bool) -> bool {
        self.all.values().any(|pending| is_at(&pending.stage))
    }

    /// Returns the ids of those for which `is_wanted`.
    pub fn ids(&self, is_wanted: impl Fn(&Pending) -> bool) -> Vec<u32> {
        let wanted = self.all.iter().filter(|(_, pending)| is_wanted(pending));
        wanted.map(|(id, _)| *id).collect()
    }

    /// Returns a moment that is later than every one before.
    pub fn tick(&mut self) -> u64 {
        self.clock = self.clock.wrapping_add(1);
        self.clock
    }

    /// From now on the holders of `candidates` are looked for, and of no others.
    pub fn seek(&mut self, id: u32, candidates: Vec<Candidate>, stage: Stage) {
        let now = self.tick();
        let Some(pending) = self.all.get_mut(&id) else { return };
        self.sought.remove(id, &pending.candidates);
        self.sought.insert(id, &candidates);
        pending.highest = candidates.iter().map(|candidate| candidate.rank).max();
        (pending.candidates, pending.best) = (candidates, None);
        (pending.rest, pending.unheld) = (None, 0);
        (pending.since, pending.stage) = (now, stage);
    }

    /// The same where other sockets may answer too. If none of them answers better, those that are known
    /// come first, whoever holds them; else recent owners alone are asked before the rest is read.
    pub fn seek_first(&mut self, unlisted: Unlisted) {
        let (id, candidates) = (unlisted.question.id, unlisted.candidates.clone());
        if !unlisted.has_best {
            return self.seek(id, candidates, Stage::Unlisted(Box::new(unlisted)));
        }
        self.seek(id, candidates, Stage::Seeking);
        if let Some(pending) = self.all.get_mut(&id) {
            pending.rest = Some(Box::new(unlisted));
        }
    }

    /// From now on all holders of a list's sockets are looked for.
    pub fn gather(&mut self, id: u32, roster: Roster) {
        let now = self.tick();
        let Some(pending) = self.all.get_mut(&id) else { return };
        self.sought.insert_list(id, roster.inodes());
        pending.roster = Some(roster);
        (pending.since, pending.stage) = (now, Stage::Gathering);
    }

    /// Returns whether a socket is sought for a question that has no holder yet.
    pub fn is_anything_sought(&self) -> bool {
        let is_sought = |it: &Pending| !it.candidates.is_empty() && !is_climbing(&it.stage);
        self.all.values().any(is_sought)
    }

    /// Takes what was found quickly of those that need whole tables, which are being read from now
    /// on.
    pub fn begin_listing(&mut self) -> Vec<Unlisted> {
        let needs_tables = |it: &&mut Pending| matches!(it.stage, Stage::Unlisted(_));
        let stages = self.all.values_mut().filter(needs_tables).map(|it| &mut it.stage);
        let taken = stages.filter_map(|stage| match std::mem::replace(stage, Stage::Listing) {
            Stage::Unlisted(unlisted) => Some(*unlisted),
            _ => None,
        });
        taken.collect()
    }

    /// The whole tables must be read from their beginning.
    pub fn list_again(&mut self, all: Vec<Unlisted>) {
        for unlisted in all {
            let pending = self.all.get_mut(&unlisted.question.id);
            if let Some(pending) = pending.filter(|it| is_listing(&it.stage)) {
                pending.stage = Stage::Unlisted(Box::new(unlisted));
            }
        }
    }

    /// What was seen does not count any more.
    pub fn forget_hits(&mut self) {
        self.all.values_mut().for_each(Pending::forget_hits);
    }

    /// Returns the processes that are recorded as the owners for those questions that came to seek since
    /// the last call: there it is looked first. `None` where no question did.
    pub fn late_hints(&mut self) -> Option<Vec<Pid>> {
        let since = std::mem::replace(&mut self.late_since, self.clock);
        let is_late = |it: &&Pending| it.since > since && matches!(it.stage, Stage::Seeking);
        let hint = |it: &Pending| match it.question.wanted {
            Wanted::LocalPeer(peer) => Some(peer.pid).filter(|pid| *pid > 0),
            _ => None,
        };
        let hints = self.all.values().filter(is_late).map(hint).collect::<Vec<_>>();
        (!hints.is_empty()).then(|| hints.into_iter().flatten().collect())
    }

    /// The control groups of the sockets that are sought.
    pub fn groups(&self) -> HashSet<Group> {
        let candidates = self.all.values().flat_map(|pending| &pending.candidates);
        candidates.filter_map(|candidate| candidate.group).collect()
    }

    /// A holder was seen. Returns how many questions need nothing better: they climb from now on.
    pub fn note(&mut self, hit: Hit, found_by: FoundBy) -> usize {
        let mut found = 0_usize;
        for (id, candidate) in self.sought.askers(hit.inode) {
            let Some(pending) = self.all.get_mut(&id) else { continue };
            if pending.note(hit, candidate, found_by) {
                found = found.saturating_add(1);
            }
        }
        found
    }
}

impl Pending {
    /// Climbs from the best holder that was seen; `false` where none was.
    pub fn climb(&mut self, found_by: FoundBy) -> bool {
        let Some(Best { hit, is_connection, .. }) = self.best else { return false };
        self.stage = Stage::Climbing(Climb::new(hit, is_connection, found_by));
        true
    }

    /// A holder of `candidate` was seen. Returns whether that is the best that there can be.
    fn note(&mut self, hit: Hit, candidate: Candidate, found_by: FoundBy) -> bool {
        let worth = (candidate.rank, hit.pid != INIT);
        let is_better = self.best.as_ref().is_none_or(|best| best.worth < worth);
        if is_climbing(&self.stage) || !is_better {
            return false;
        }
        self.best = Some(Best { worth, hit, is_connection: candidate.is_connection });
        worth >= (self.highest.unwrap_or(Rank::BEST), true) && self.climb(found_by)
    }

    /// What was seen does not count any more.
    pub fn forget_hits(&mut self) {
        (self.best, self.unheld) = (None, 0);
        if is_climbing(&self.stage) {
            self.stage = Stage::New;
        }
    }
}

/// Returns whether the kernel has not been asked yet.
pub fn is_new(stage: &Stage) -> bool {
    matches!(stage, Stage::New)
}

/// Returns whether whole tables of sockets are being read for it.
pub fn is_listing(stage: &Stage) -> bool {
    matches!(stage, Stage::Listing)
}

/// Returns whether a holder is known, and its ancestors are asked.
pub fn is_climbing(stage: &Stage) -> bool {
    matches!(stage, Stage::Climbing(_))
}

/// Returns whether holders are looked for.
pub fn is_hunting(stage: &Stage) -> bool {
    matches!(stage, Stage::Seeking | Stage::Climbing(_) | Stage::Gathering)
}
