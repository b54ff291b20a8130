//! The questions that a walk answers, each kept together with what was found for it so far. They
//! are indexed by local port, so that a socket is compared only with the few that could match it.

use std::collections::BTreeMap;

use super::hit::{Hit, Owner};
use crate::answer::{Answer, Found, FoundBy};
use crate::error::Error;
use crate::question::{Pid, Question, Rank, Wanted};
use crate::socket::{Protocol, Socket};

/// No socket that counts has this port, so the questions for any port are kept here.
const ANY_PORT: u16 = 0;

/// The questions that have no answer yet, and the answers not yet delivered.
#[derive(Default)]
pub struct Waiting {
    by_id: BTreeMap<u32, Asked>,
    by_port: BTreeMap<u16, Vec<u32>>,
    in_walk_count: usize,
    asked_count: u64,
    answers: Vec<Answer>,
}

/// One question.
#[derive(Debug)]
pub struct Asked {
    /// The question itself.
    pub question: Question,
    /// Its position among all questions ever asked. It shows whether something began before or
    /// after the question.
    pub number: u64,
    /// Whether the running walk began after it was asked. A late question may be answered by that
    /// walk, but only a walk that began after it may answer "nobody".
    pub in_walk: bool,
    /// What could answer it, but does not yet because a better hit, or an older holder, may come.
    pub hits: Vec<Hit>,
    /// UDP sockets with its port that were connected elsewhere when they were read. A sending
    /// socket is connected for a moment, so they are read once more before they are ruled out.
    pub elsewhere: Vec<Owner>,
}

impl Asked {
    /// Returns whether the question wants a list.
    pub fn is_list(&self) -> bool {
        matches!(self.question.wanted, Wanted::All(_))
    }

    /// Returns whether a hit that could be beaten has to wait for all processes, not only for the
    /// rest of its own.
    pub fn needs_every_process(&self) -> bool {
        match &self.question.wanted {
            Wanted::Port(port) => port.address.is_some() || port.protocol == Protocol::Udp,
            _ => true,
        }
    }

    fn is_contested(&self) -> bool {
        self.in_walk && !(self.hits.is_empty() && self.elsewhere.is_empty())
    }
}

impl Waiting {
    /// Takes a question.
    pub fn ask(&mut self, question: Question) {
        self.asked_count = self.asked_count.saturating_add(1);
        let (id, port) = (question.id, port_of(&question.wanted));
        let number = self.asked_count;
        let (hits, elsewhere) = (Vec::new(), Vec::new());
        self.by_id.insert(id, Asked { question, number, in_walk: false, hits, elsewhere });
        self.by_port.entry(port).or_default().push(id);
    }

    /// Drops a question.
    pub fn forget(&mut self, id: u32) {
        self.take(id);
    }

    /// Returns how many questions were ever asked, which is the number of the latest.
    pub fn asked_count(&self) -> u64 {
        self.asked_count
    }

    /// Returns whether no question is waiting.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Returns whether a question of the running walk is waiting.
    pub fn has_in_walk(&self) -> bool {
        self.in_walk_count > 0
    }

    /// Returns whether one of these wants a process, not a list.
    pub fn has_seeker_in_walk(&self) -> bool {
        self.by_id.values().any(|asked| asked.in_walk && !asked.is_list())
    }

    /// Returns whether a question is waiting that was asked after the running walk began.
    pub fn has_late(&self) -> bool {
        self.in_walk_count < self.by_id.len()
    }

    /// Begins a walk, in which every question takes part.
    pub fn begin_walk(&mut self) {
        self.by_id.values_mut().for_each(|asked| asked.in_walk = true);
        self.in_walk_count = self.by_id.len();
        self.clear_hits();
    }

    /// Discards what was found so far.
    pub fn clear_hits(&mut self) {
        for asked in self.by_id.values_mut() {
            asked.hits.clear();
            asked.elsewhere.clear();
        }
    }

    /// Returns the questions whose port `socket` has, and how well it answers each. `None`: it does
    /// not match as it is.
    pub fn fitting(&self, socket: &Socket) -> Vec<(u32, Option<Rank>)> {
        let at = |port: u16| self.by_port.get(&port).map_or(&[][..], Vec::as_slice);
        let ids = at(socket.local.port).iter().chain(at(ANY_PORT));
        ids.filter_map(|id| Some((*id, self.by_id.get(id)?.question.wanted.rank(socket)))).collect()
    }

    /// Returns the question with this id, if it is still waiting.
    pub fn get(&mut self, id: u32) -> Option<&mut Asked> {
        self.by_id.get_mut(&id)
    }

    /// Returns one of the walk's questions for which something was found.
    pub fn contested(&self) -> Option<u32> {
        let mut all = self.by_id.iter();
        all.find(|(_, asked)| asked.is_contested()).map(|(id, _)| *id)
    }

    /// Returns the questions of the walk that want a list.
    pub fn lists(&self) -> Vec<Question> {
        let lists = self.by_id.values().filter(|asked| asked.in_walk && asked.is_list());
        lists.map(|asked| asked.question.clone()).collect()
    }

    /// Discards what `pid` showed, because it has gone.
    pub fn drop_hits(&mut self, pid: Pid) {
        for asked in self.by_id.values_mut() {
            asked.hits.retain(|hit| hit.owner.pid != pid);
            asked.elsewhere.retain(|owner| owner.pid != pid);
        }
    }

    /// Answers a question.
    pub fn answer(&mut self, id: u32, found: Result<Found, Error>, found_by: FoundBy) {
        if self.take(id).is_some() {
            self.answers.push(Answer { id, found, found_by });
        }
    }

    /// Answers `nobody` to those of the walk's questions for a process that are still waiting.
    /// Everything has been read.
    pub fn end_seekers(&mut self, nobody: &Result<Found, Error>, found_by: FoundBy) {
        let seekers = self.by_id.values().filter(|asked| asked.in_walk && !asked.is_list());
        for id in seekers.map(|asked| asked.question.id).collect::<Vec<_>>() {
            self.answer(id, nobody.clone(), found_by);
        }
    }

    /// Fails the lookup as a whole: every question gets the error.
    pub fn fail(&mut self, error: &Error, found_by: FoundBy) {
        for id in self.by_id.keys().copied().collect::<Vec<_>>() {
            self.answer(id, Err(error.clone()), found_by);
        }
    }

    /// Returns whether answers are waiting to be taken.
    pub fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Removes and returns the answers found so far.
    pub fn drain_answers(&mut self) -> impl Iterator<Item = Answer> {
        self.answers.drain(..)
    }

    fn take(&mut self, id: u32) -> Option<Asked> {
        let asked = self.by_id.remove(&id)?;
        self.in_walk_count = self.in_walk_count.saturating_sub(usize::from(asked.in_walk));
        let port = port_of(&asked.question.wanted);
        let there = self.by_port.get_mut(&port)?;
        there.swap_remove(there.iter().position(|each| *each == id)?);
        if there.is_empty() {
            self.by_port.remove(&port);
        }
        Some(asked)
    }
}

fn port_of(wanted: &Wanted) -> u16 {
    wanted.local_port().unwrap_or(ANY_PORT)
}
