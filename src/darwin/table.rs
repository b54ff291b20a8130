//! One process's descriptors, asked one after another; what they show settles questions.
//!
//! The new ones come first. The old ones can wait until every process's new ones were asked, unless
//! something that was found needs the whole table: a second-best hit (a better one may stand
//! behind it) or a shared socket.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use super::context::Context;
use super::doubts::Doubts;
use super::kernel::{self, Fd, Outcome};
use super::layout::{self, Identity, Sighting};
use super::recent::Owner;
use super::shared::Shared;
use crate::error::Error;
use crate::question::Pid;
use crate::rank::Rank;

/// A table that is being read.
pub struct Table {
    pid: Pid,
    /// The latest question when it was listed. Later ones have not seen all of it.
    begun_after: u64,
    now: VecDeque<Fd>,
    later: Vec<Fd>,
    held: BTreeMap<u32, Held>,
}

/// A question's best hit so far, until the table is read to its end.
struct Held {
    how_well: Rank,
    identity: Identity,
    shared: bool,
    fd: Fd,
}

/// What is left of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Some descriptors that should be asked now.
    Some,
    /// Only such as can wait.
    Old,
    /// None: it is settled.
    Nothing,
}

impl Table {
    /// Lists the sockets of `pid`. Those that are new come first, then those whose numbers are
    /// `guesses`.
    pub fn list(context: &mut Context, pid: Pid, guesses: RangeInclusive<Fd>) -> Outcome<Self> {
        let sockets = match context.buffers.list_sockets(pid) {
            Outcome::Told(sockets) => sockets,
            Outcome::ProcessGone => return Outcome::ProcessGone,
            Outcome::Refused => return Outcome::Refused,
            Outcome::Closed => return Outcome::Closed,
            Outcome::NotSocket => return Outcome::NotSocket,
            Outcome::Failed(error) => return Outcome::Failed(error),
        };
        let (new, mut later) = context.seen.sort(pid, sockets.into_iter());
        let mut now = VecDeque::from(new);
        now.extend(later.extract_if(.., |fd| guesses.contains(fd)));
        let begun_after = context.waiting.asked_count();
        Outcome::Told(Self { pid, begun_after, now, later, held: BTreeMap::new() })
    }

    /// Whose table it is.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Asks one descriptor, if one should be asked now.
    pub fn step(
        &mut self,
        context: &mut Context,
        shared: &mut Shared,
        doubts: &mut Doubts,
    ) -> Result<Left, Error> {
        if let Some(fd) = self.now.pop_front() {
            self.ask(context, fd, shared, doubts)?;
        }
        if !self.now.is_empty() {
            return Ok(Left::Some);
        }
        if self.later.is_empty() {
            self.settle(context, shared);
            return Ok(Left::Nothing);
        }
        if self.held.is_empty() {
            return Ok(Left::Old);
        }
        self.take_up_old();
        Ok(Left::Some)
    }

    /// The time of the old descriptors has come.
    pub fn take_up_old(&mut self) {
        self.now.extend(self.later.drain(..));
    }

    fn ask(
        &mut self,
        context: &mut Context,
        fd: Fd,
        shared: &mut Shared,
        doubts: &mut Doubts,
    ) -> Result<(), Error> {
        let pid = self.pid;
        match kernel::socket_info(pid, fd, &mut context.buffers.socket)? {
            Outcome::Told(()) => {
                context.seen.ask(pid, fd);
                if let Some(sighting) = layout::sighting(&context.buffers.socket)? {
                    self.consider(context, fd, &sighting, shared);
                }
            }
            Outcome::ProcessGone => {
                doubts.again.insert(pid);
                context.recent.forget(pid);
                self.abandon();
            }
            Outcome::Refused => {
                context.recent.forget(pid);
                self.abandon();
            }
            Outcome::Closed | Outcome::NotSocket => {
                doubts.again.insert(pid);
            }
            Outcome::Failed(error) => doubts.fail(error),
        }
        Ok(())
    }

    /// The process cannot be read to its end, so what it showed does not count.
    fn abandon(&mut self) {
        self.now.clear();
        self.later.clear();
        self.held.clear();
    }

    fn consider(&mut self, context: &mut Context, fd: Fd, seen: &Sighting, shared: &mut Shared) {
        let owner = Owner { pid: self.pid, fd };
        shared.saw(&seen.identity, owner);
        let there = context.waiting.at_port(seen.socket.local.port);
        let hits: Vec<_> = there
            .iter()
            .filter_map(|asked| {
                let how_well = asked.question.wanted.rank(&seen.socket)?;
                let seen_whole = asked.number <= self.begun_after;
                Some((asked.question.id, how_well, seen_whole))
            })
            .collect();
        for (id, how_well, seen_whole) in hits {
            if how_well == Rank::BEST && !seen.shared && !shared.pursues(id) {
                context.waiting.found(id, owner, &mut context.recent);
            } else if seen_whole {
                self.hold(id, Held { how_well, identity: seen.identity, shared: seen.shared, fd });
            }
        }
    }

    /// A better hit replaces a worse one; of equal ones, one that is nobody else's costs less.
    fn hold(&mut self, id: u32, hit: Held) {
        let worth = |held: &Held| (held.how_well, !held.shared);
        if self.held.get(&id).is_none_or(|held| worth(held) < worth(&hit)) {
            self.held.insert(id, hit);
        }
    }

    fn settle(&mut self, context: &mut Context, shared: &mut Shared) {
        for (id, held) in std::mem::take(&mut self.held) {
            let owner = Owner { pid: self.pid, fd: held.fd };
            let Some(asked) = context.waiting.get(id) else { continue };
            if !held.shared && !shared.pursues(id) {
                context.waiting.found(id, owner, &mut context.recent);
            } else if asked.in_walk {
                shared.pursue(id, held.how_well, held.identity, owner);
            }
        }
    }
}
