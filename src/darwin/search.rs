//! The questions of one environment. Quick questions come first, then the walk, which gets its
//! share of each slice.

use std::collections::VecDeque;

use super::context::{Context, Gathered};
use super::glance::Glance;
use super::interfaces::{OwnAddresses, is_always_own};
use super::libproc;
use super::lists::PidList;
use super::local_peer::Peer;
use super::walk::Walk;
use crate::answer::{Answer, Found, FoundBy};
use crate::error::Error;
use crate::question::{Filter, Question, Wanted};
use crate::slice::Slice;
use crate::socket::End;

/// The questions under way, the walk that looks for them, and what is remembered.
#[derive(Default)]
pub struct Search {
    pub context: Context,
    /// Whether the kernel's structure is known to have the expected size. This is checked only
    /// until it succeeds once; a failed check is an error of that lookup only.
    layout_proved: bool,
    /// Work that takes only a few calls, one item at a time.
    quick: VecDeque<Quick>,
    walk: Option<Walk>,
    answers: Vec<Answer>,
}

enum Quick {
    /// Which process holds the other end of a Unix-domain socket?
    Peer(u32, Peer),
    /// Does this reply stay on the machine?
    Reply(Question, End),
    /// Which sockets does this process have?
    PidList(u32, PidList),
    /// Does a recent owner hold what was asked for after the walk began? `None`: not begun.
    Glance(Option<Box<(Glance, Gathered)>>),
}

impl Search {
    /// Takes a question.
    pub fn ask(&mut self, question: Question) {
        self.forget(question.id);
        match &question.wanted {
            Wanted::LocalPeer(peer) => {
                self.quick.push_back(Quick::Peer(question.id, Peer::new(*peer, question.gives)));
            }
            Wanted::All(Filter { pid: Some(pid), .. }) => {
                let list = PidList::new(question.wanted.clone(), *pid);
                self.quick.push_back(Quick::PidList(question.id, list));
            }
            Wanted::Reply { peer, .. } if !is_always_own(peer) => {
                let peer = *peer;
                self.quick.push_back(Quick::Reply(question, peer));
            }
            _ => self.ask_processes(question),
        }
    }

    /// Drops a question.
    pub fn forget(&mut self, id: u32) {
        self.context.waiting.forget(id);
        self.quick.retain(|quick| quick.id() != Some(id));
    }

    /// Works until the slice is over or no question is left: quick questions first, then the walk,
    /// which gets its share however many quick ones there are.
    pub fn advance(&mut self, slice: &Slice, answers: &mut Vec<Answer>) {
        while self.step(Self::step_quick) && !slice.is_over_with(self.has_answers()) {}
        let share = slice.share();
        while self.step(Self::step_walk)
            && !(slice.is_over_with(self.has_answers()) && share.is_over())
        {}
        if self.is_idle() {
            self.walk = None;
            self.context.buffers.shrink();
        }
        answers.append(&mut self.answers);
        answers.extend(self.context.waiting.drain_answers());
    }

    /// Returns whether no caller waits for an answer.
    pub fn is_idle(&self) -> bool {
        self.context.waiting.is_empty() && self.quick.iter().all(|quick| quick.id().is_none())
    }

    fn has_answers(&self) -> bool {
        !self.answers.is_empty() || self.context.waiting.has_answers()
    }

    fn ask_processes(&mut self, question: Question) {
        self.context.waiting.ask(question);
        let is_due = |quick: &Quick| matches!(quick, Quick::Glance(None));
        if self.walk.is_some() && !self.quick.iter().any(is_due) {
            self.quick.push_back(Quick::Glance(None));
        }
    }

    /// Takes a step. A failure is the answer to every question that processes were to answer.
    fn step(&mut self, step: impl Fn(&mut Self) -> Result<bool, Error>) -> bool {
        step(self).unwrap_or_else(|error| {
            self.walk = None;
            self.context.waiting.fail(&error, FoundBy::Walk);
            true
        })
    }

    /// Does a piece of quick work. Returns whether there was any.
    fn step_quick(&mut self) -> Result<bool, Error> {
        let Some(quick) = self.quick.pop_front() else { return Ok(false) };
        match quick {
            Quick::Peer(id, peer) => self.answer(id, peer.answer(), FoundBy::Sockets),
            Quick::Reply(question, peer) => self.ask_reply(question, peer),
            Quick::PidList(id, mut list) => match self.prove_layout() {
                Err(error) => self.answer(id, Err(error), FoundBy::Walk),
                Ok(()) => match list.step(&mut self.context.buffers) {
                    Some(found) => self.answer(id, found, FoundBy::Walk),
                    None => self.quick.push_back(Quick::PidList(id, list)),
                },
            },
            Quick::Glance(_) if self.walk.is_none() || !self.context.waiting.has_late() => {}
            Quick::Glance(begun) => {
                self.prove_layout()?;
                let mut begun = begun.unwrap_or_else(|| {
                    let gathered = Gathered { found_by: FoundBy::Recent, ..Gathered::default() };
                    Box::new((Glance::begin(&self.context), gathered))
                });
                let (glance, gathered) = &mut *begun;
                // The walk reads these tables itself, and then notes its own doubts.
                if !glance.step(&mut self.context, gathered)? {
                    self.quick.push_back(Quick::Glance(Some(begun)));
                }
            }
        }
        Ok(true)
    }

    /// A reply that leaves the machine has no owner here, whichever wildcard socket has that port.
    fn ask_reply(&mut self, question: Question, peer: End) {
        match OwnAddresses::read() {
            Ok(own) if own.has(&peer) => self.ask_processes(question),
            Ok(_) => self.answer(question.id, Ok(Found::Nobody), FoundBy::Sockets),
            Err(error) => self.answer(question.id, Err(error), FoundBy::Sockets),
        }
    }

    /// Takes a step of the walk. Returns whether there was anything to do.
    fn step_walk(&mut self) -> Result<bool, Error> {
        if self.context.waiting.is_empty() {
            return Ok(false);
        }
        self.prove_layout()?;
        // A walk goes no further once its own questions are answered or dropped, because the late
        // ones need a walk of their own anyway.
        let under_way = self.walk.take().filter(|_| self.context.waiting.has_in_walk());
        let mut walk = under_way.unwrap_or_else(|| Walk::begin(&mut self.context));
        // The walk is kept only if the step succeeds. After a failure the next lookup starts again.
        if !walk.step(&mut self.context)? {
            self.walk = Some(walk);
        }
        Ok(true)
    }

    fn prove_layout(&mut self) -> Result<(), Error> {
        if !self.layout_proved {
            libproc::prove_layout()?;
            self.layout_proved = true;
        }
        Ok(())
    }

    fn answer(&mut self, id: u32, found: Result<Found, Error>, found_by: FoundBy) {
        self.answers.push(Answer { id, found, found_by });
    }
}

impl Quick {
    /// `None`: it belongs to no question in particular.
    fn id(&self) -> Option<u32> {
        match self {
            Self::Peer(id, _) | Self::PidList(id, _) => Some(*id),
            Self::Reply(question, _) => Some(question.id),
            Self::Glance(_) => None,
        }
    }
}
