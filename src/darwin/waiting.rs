//! The questions under way, found by their local port: a socket is compared with those few that
//! could fit it, never with all.

use std::collections::BTreeMap;

use super::recent::{Owner, Recent};
use crate::answer::{Answer, Found, FoundBy};
use crate::error::Error;
use crate::question::{Pid, Question};

/// The questions that have no answer yet, and the answers on their way out.
#[derive(Default)]
pub struct Waiting {
    by_port: BTreeMap<u16, Vec<Asked>>,
    ports: BTreeMap<u32, u16>,
    in_walk_count: usize,
    asked_count: u64,
    answers: Vec<Answer>,
    /// What is being asked.
    pub found_by: FoundBy,
}

/// One question.
#[derive(Debug)]
pub struct Asked {
    /// What was asked.
    pub question: Question,
    /// Which one it was of all that were ever asked: what began later began after it.
    pub number: u64,
    /// Whether the running walk began after it. A late one may be answered by that walk, but only
    /// one that is its own may say "nobody".
    pub in_walk: bool,
}

impl Waiting {
    /// Takes a question.
    pub fn ask(&mut self, question: Question) {
        self.forget(question.id);
        self.asked_count = self.asked_count.saturating_add(1);
        let port = question.wanted.local_port().unwrap_or_default();
        self.ports.insert(question.id, port);
        let asked = Asked { question, number: self.asked_count, in_walk: false };
        self.by_port.entry(port).or_default().push(asked);
    }

    /// Drops a question.
    pub fn forget(&mut self, id: u32) {
        self.take(id);
    }

    /// How many were ever asked: the number of the latest.
    pub fn asked_count(&self) -> u64 {
        self.asked_count
    }

    /// Whether no question waits.
    pub fn is_empty(&self) -> bool {
        self.ports.is_empty()
    }

    /// Whether a question of the running walk waits.
    pub fn has_in_walk(&self) -> bool {
        self.in_walk_count > 0
    }

    /// A walk begins: every question is in it.
    pub fn begin_walk(&mut self) {
        self.by_port.values_mut().flatten().for_each(|asked| asked.in_walk = true);
        self.in_walk_count = self.ports.len();
        self.found_by = FoundBy::Recent;
    }

    /// The questions that a socket with this local port could answer.
    pub fn at_port(&self, port: u16) -> &[Asked] {
        self.by_port.get(&port).map_or(&[], Vec::as_slice)
    }

    /// The question with this id, if it still waits.
    pub fn get(&self, id: u32) -> Option<&Asked> {
        let port = self.ports.get(&id)?;
        self.at_port(*port).iter().find(|asked| asked.question.id == id)
    }

    /// Answers a question with a process, which is a recent owner from now on.
    pub fn found(&mut self, id: u32, owner: Owner, recent: &mut Recent) {
        if self.take(id).is_some() {
            recent.hit(owner);
            let (found, found_by) = (Ok(Found::Process(owner.pid)), self.found_by);
            self.answers.push(Answer { id, found, found_by });
        }
    }

    /// The running walk ends: its questions that still wait get `owner`.
    pub fn end_walk(&mut self, owner: &Result<Option<Pid>, Error>) {
        let Self { by_port, ports, answers, found_by, .. } = self;
        by_port.retain(|_, there| {
            for asked in there.extract_if(.., |asked| asked.in_walk) {
                let id = asked.question.id;
                ports.remove(&id);
                let found = owner.clone().map(Found::from);
                answers.push(Answer { id, found, found_by: *found_by });
            }
            !there.is_empty()
        });
        self.in_walk_count = 0;
    }

    /// The look-up failed as a whole: every question gets the error.
    pub fn fail(&mut self, error: &Error) {
        self.begin_walk();
        self.end_walk(&Err(error.clone()));
    }

    /// Whether answers were found that are still here.
    pub fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Gives the answers found so far.
    pub fn drain_answers(&mut self) -> impl Iterator<Item = Answer> {
        self.answers.drain(..)
    }

    fn take(&mut self, id: u32) -> Option<Asked> {
        let port = self.ports.remove(&id)?;
        let there = self.by_port.get_mut(&port)?;
        let position = there.iter().position(|asked| asked.question.id == id)?;
        let asked = there.swap_remove(position);
        if there.is_empty() {
            self.by_port.remove(&port);
        }
        self.in_walk_count = self.in_walk_count.saturating_sub(usize::from(asked.in_walk));
        Some(asked)
    }
}
