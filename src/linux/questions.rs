//! The questions under way: each has one place here, in which it goes from stage to stage.

use std::collections::{BTreeMap, HashSet};

use super::holders::ancestors::Climb;
use super::holders::sought::Sought;
use super::socket::{Candidate, Group, Hit, INIT};
use super::sockets::candidates::Unlisted;
use crate::answer::FoundBy;
use crate::question::{Question, Wanted};
use crate::rank::Rank;

/// One question.
pub struct Pending {
    /// What was asked.
    pub question: Question,
    /// How far it has come.
    pub stage: Stage,
    /// The sockets that may answer it, as far as they are known. Their holders are being looked for,
    /// whatever the stage.
    candidates: Vec<Candidate>,
    /// When they became known, by the clock of the search.
    pub since: u64,
    /// How well the best of them answers.
    highest: Option<Rank>,
    best: Option<Best>,
    /// How often it was asked anew, since its holder went while it was looked at.
    pub repeats: u32,
}

/// The best holder that was seen for a question.
struct Best {
    /// The socket's rank, and whether the holder is another than the first process, which keeps
    /// sockets for those that it starts, and so answers only when nobody else does.
    worth: (Rank, bool),
    hit: Hit,
    is_connection: bool,
}

/// How far a question has come.
pub enum Stage {
    /// The kernel has not been asked yet.
    New,
    /// Asked quickly; it needs the kernel's whole tables of sockets too.
    Unlisted,
    /// Those tables are being read.
    Listing,
    /// The sockets that may answer are known, and no holder of the best of them.
    Seeking,
    /// A holder is known, and its ancestors are asked.
    Climbing(Climb),
}

/// All that are under way, by id.
#[derive(Default)]
pub struct Questions {
    all: BTreeMap<u32, Pending>,
    sought: Sought,
}

impl Questions {
    /// One more.
    pub fn ask(&mut self, question: Question) {
        let id = question.id;
        let (stage, candidates) = (Stage::New, Vec::new());
        let (since, highest, best, repeats) = (0, None, None, 0);
        let pending = Pending { question, stage, candidates, since, highest, best, repeats };
        self.all.insert(id, pending);
    }

    /// Answered, or nobody waits for it any more.
    pub fn remove(&mut self, id: u32) -> Option<Pending> {
        let pending = self.all.remove(&id)?;
        self.sought.remove(id, &pending.candidates);
        Some(pending)
    }

    /// One of them.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut Pending> {
        self.all.get_mut(&id)
    }

    /// The sockets whose holders are being looked for.
    pub fn sought(&self) -> &Sought {
        &self.sought
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

    /// From now on the holders of `candidates` are looked for, and of no others.
    pub fn seek(&mut self, id: u32, mut candidates: Vec<Candidate>, now: u64, stage: Stage) {
        let Some(pending) = self.all.get_mut(&id) else { return };
        let highest = candidates.iter().map(|candidate| candidate.rank).max();
        // Only one socket gets a reply: another's holder is no answer.
        if matches!(pending.question.wanted, Wanted::Reply { .. }) {
            candidates.retain(|candidate| Some(candidate.rank) == highest);
        }
        self.sought.remove(id, &pending.candidates);
        self.sought.insert(id, &candidates);
        (pending.candidates, pending.highest) = (candidates, highest);
        (pending.since, pending.best, pending.stage) = (now, None, stage);
    }

    /// Returns whether a socket is sought for a question that has no holder yet.
    pub fn is_anything_sought(&self) -> bool {
        let is_sought = |it: &Pending| !it.candidates.is_empty() && !it.is_climbing();
        self.all.values().any(is_sought)
    }

    /// Takes what was found quickly of those that need whole tables, which are being read from now
    /// on.
    pub fn begin_listing(&mut self) -> Vec<Unlisted> {
        let unlisted = self.all.values_mut().filter(|it| matches!(it.stage, Stage::Unlisted));
        unlisted.map(Pending::begin_listing).collect()
    }

    /// The whole tables must be read from their beginning.
    pub fn list_again(&mut self) {
        let listing = self.all.values_mut().filter(|pending| pending.is_listing());
        listing.for_each(|pending| pending.stage = Stage::Unlisted);
    }

    /// What was seen does not count any more.
    pub fn forget_hits(&mut self) {
        self.all.values_mut().for_each(Pending::forget_hits);
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
    /// A holder of `candidate` was seen. Returns whether that is the best that there can be.
    fn note(&mut self, hit: Hit, candidate: Candidate, found_by: FoundBy) -> bool {
        let worth = (candidate.rank, hit.pid != INIT);
        let is_better = self.best.as_ref().is_none_or(|best| best.worth < worth);
        if self.is_climbing() || !is_better {
            return false;
        }
        self.best = Some(Best { worth, hit, is_connection: candidate.is_connection });
        let is_best = worth >= (self.highest.unwrap_or(Rank::BEST), true);
        if is_best {
            self.climb(found_by);
        }
        is_best
    }

    fn begin_listing(&mut self) -> Unlisted {
        self.stage = Stage::Listing;
        Unlisted::new(self.question.clone(), self.candidates.clone())
    }

    /// Returns whether whole tables are being read for it.
    pub fn is_listing(&self) -> bool {
        matches!(self.stage, Stage::Listing)
    }

    /// Returns whether a holder is known, and its ancestors are asked.
    pub fn is_climbing(&self) -> bool {
        matches!(self.stage, Stage::Climbing(_))
    }

    /// Climbs from the best holder that was seen; `false` where none was.
    pub fn climb(&mut self, found_by: FoundBy) -> bool {
        let Some(Best { hit, is_connection, .. }) = self.best else { return false };
        self.stage = Stage::Climbing(Climb::new(hit, is_connection, found_by));
        true
    }

    fn forget_hits(&mut self) {
        self.best = None;
        if self.is_climbing() {
            self.stage = Stage::New;
        }
    }
}
