//! The questions in progress. Each has one entry here, which moves from stage to stage.

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
    /// How far it has got.
    pub stage: Stage,
    /// The sockets known so far that may answer it. Their holders are sought whatever the stage.
    candidates: Vec<Candidate>,
    /// When they became known, on the clock of the questions.
    pub since: u64,
    /// The rank of the best of them.
    highest: Option<Rank>,
    best: Option<Best>,
    /// How often it has started over because its holder exited while it was looked at.
    pub repeats: u32,
    /// A list's sockets.
    pub roster: Option<Roster>,
    /// What else may answer if nobody holds the sockets that are sought.
    pub rest: Option<Box<Unlisted>>,
    /// How many sockets had no holder when every table had been read.
    pub unheld: usize,
}

/// How far a question has got.
pub enum Stage {
    /// The kernel has not been asked yet.
    New,
    /// The quick answer is in; it needs the kernel's whole socket tables too.
    Unlisted(Box<Unlisted>),
    /// Those tables are being read.
    Listing,
    /// The sockets that may answer are known, but no holder of the best of them.
    Seeking,
    /// A holder is known; its ancestors are being checked.
    Climbing(Climb),
    /// A list's sockets are known, but not all of their holders.
    Gathering,
    /// All of them are known and being put in order.
    Ordering,
}

/// The best holder seen for a question so far.
struct Best {
    /// The socket's rank, then whether the holder is not pid 1: that one keeps sockets for the
    /// services it starts, so it answers only when nobody else does.
    worth: (Rank, bool),
    hit: Hit,
    is_connection: bool,
}

/// All questions under way, by id.
#[derive(Default)]
pub struct Questions {
    all: BTreeMap<u32, Pending>,
    /// The sockets whose holders are being looked for.
    pub sought: Sought,
    /// Counts events, so that "after the question" means something.
    clock: u64,
    /// When `late_hints` was last called.
    late_since: u64,
    /// Answers on their way out.
    pub answers: Vec<Answer>,
}

impl Questions {
    /// Takes one more question.
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

    /// Drops a question that nobody waits for any more.
    pub fn forget(&mut self, id: u32) {
        if let Some(pending) = self.all.remove(&id) {
            self.sought.remove(id, &pending.candidates);
        }
    }

    /// Answers a question.
    pub fn answer(&mut self, id: u32, found: Result<Found, Error>, found_by: FoundBy) {
        self.forget(id);
        self.answers.push(Answer { id, found, found_by });
    }

    /// Answers every question at such a stage with an error.
    pub fn fail(&mut self, is_at: impl Fn(&Stage) -> bool, error: &Error, found_by: FoundBy) {
        for id in self.ids(|pending| is_at(&pending.stage)) {
            self.answer(id, Err(error.clone()), found_by);
        }
    }

    /// Nobody holds the sockets that were sought. If other sockets may answer, the whole tables are read
    /// next; otherwise the answer is nobody.
    pub fn answer_nobody(&mut self, id: u32, found_by: FoundBy) {
        match self.all.get_mut(&id).and_then(|pending| Some((pending.rest.take()?, pending))) {
            None => self.answer(id, Ok(Found::Nobody), found_by),
            Some((rest, pending)) => {
                (pending.unheld, pending.stage) = (rest.candidates.len(), Stage::Unlisted(rest));
            }
        }
    }

    /// Returns a question.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut Pending> {
        self.all.get_mut(&id)
    }

    /// Returns whether a question is at such a stage.
    pub fn is_any(&self, is_at: impl Fn(&Stage) -> bool) -> bool {
        self.all.values().any(|pending| is_at(&pending.stage))
    }

    /// Returns the ids of the questions that `is_wanted` accepts.
    pub fn ids(&self, is_wanted: impl Fn(&Pending) -> bool) -> Vec<u32> {
        let wanted = self.all.iter().filter(|(_, pending)| is_wanted(pending));
        wanted.map(|(id, _)| *id).collect()
    }

    /// Returns a moment later than any before.
    pub fn tick(&mut self) -> u64 {
        self.clock = self.clock.wrapping_add(1);
        self.clock
    }

    /// From now on the holders of `candidates`, and only of those, are sought for a question.
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

    /// The same when other sockets may answer too. If none of those can be better, the known ones
    /// come first; otherwise only recent owners are checked before the rest is read.
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

    /// From now on all holders of a list's sockets are sought.
    pub fn gather(&mut self, id: u32, roster: Roster) {
        let now = self.tick();
        let Some(pending) = self.all.get_mut(&id) else { return };
        self.sought.insert_list(id, roster.inodes());
        pending.roster = Some(roster);
        (pending.since, pending.stage) = (now, Stage::Gathering);
    }

    /// Returns whether a question without a holder seeks a socket.
    pub fn is_anything_sought(&self) -> bool {
        let is_sought = |it: &Pending| !it.candidates.is_empty() && !is_climbing(&it.stage);
        self.all.values().any(is_sought)
    }

    /// Takes the quick findings of every question that needs whole tables, which are read from now on.
    pub fn begin_listing(&mut self) -> Vec<Unlisted> {
        let needs_tables = |it: &&mut Pending| matches!(it.stage, Stage::Unlisted(_));
        let stages = self.all.values_mut().filter(needs_tables).map(|it| &mut it.stage);
        let taken = stages.filter_map(|stage| match std::mem::replace(stage, Stage::Listing) {
            Stage::Unlisted(unlisted) => Some(*unlisted),
            _ => None,
        });
        taken.collect()
    }

    /// Puts back questions whose tables must be read from the start.
    pub fn list_again(&mut self, all: Vec<Unlisted>) {
        for unlisted in all {
            let pending = self.all.get_mut(&unlisted.question.id);
            if let Some(pending) = pending.filter(|it| is_listing(&it.stage)) {
                pending.stage = Stage::Unlisted(Box::new(unlisted));
            }
        }
    }

    /// Forgets every holder seen.
    pub fn forget_hits(&mut self) {
        self.all.values_mut().for_each(Pending::forget_hits);
    }

    /// Returns the processes recorded as owners for the questions that began to seek since the last
    /// call: good places to look first. `None` if no question did.
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

    /// Returns the control groups of the sockets that are sought.
    pub fn groups(&self) -> HashSet<Group> {
        let candidates = self.all.values().flat_map(|pending| &pending.candidates);
        candidates.filter_map(|candidate| candidate.group).collect()
    }

    /// Notes a holder. Returns how many questions need nothing better and start to climb.
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
    /// Starts to climb from the best holder seen. Returns `false` if there is none.
    pub fn climb(&mut self, found_by: FoundBy) -> bool {
        let Some(Best { hit, is_connection, .. }) = self.best else { return false };
        self.stage = Stage::Climbing(Climb::new(hit, is_connection, found_by));
        true
    }

    /// Notes a holder of `candidate`. Returns whether there can be none better.
    fn note(&mut self, hit: Hit, candidate: Candidate, found_by: FoundBy) -> bool {
        let worth = (candidate.rank, hit.pid != INIT);
        let is_better = self.best.as_ref().is_none_or(|best| best.worth < worth);
        if is_climbing(&self.stage) || !is_better {
            return false;
        }
        self.best = Some(Best { worth, hit, is_connection: candidate.is_connection });
        worth >= (self.highest.unwrap_or(Rank::BEST), true) && self.climb(found_by)
    }

    /// Forgets the holders seen.
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

/// Returns whether whole socket tables are being read for it.
pub fn is_listing(stage: &Stage) -> bool {
    matches!(stage, Stage::Listing)
}

/// Returns whether a holder is known and its ancestors are being checked.
pub fn is_climbing(stage: &Stage) -> bool {
    matches!(stage, Stage::Climbing(_))
}

/// Returns whether holders are sought.
pub fn is_hunting(stage: &Stage) -> bool {
    matches!(stage, Stage::Seeking | Stage::Climbing(_) | Stage::Gathering)
}
