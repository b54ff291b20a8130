//! Turns a hit into an answer. A record must first be shown to describe the holder.
//!
//! Among several hits the best socket wins, and among its holders the one that started first. Only
//! a complete walk shows all of them. Each holder is then asked when it started and whether it
//! still holds the socket, which a pid that now belongs to another process does not.

use super::context::{Context, Gathered};
use super::hit::{Hit, Owner, Seniority};
use super::info;
use super::layout::Identity;
use super::libproc;
use crate::answer::Found;
use crate::error::Error;
use crate::question::{Gives, Pid};

/// Answers a question with the process that showed its socket. That process becomes a recent owner.
///
/// Returns `false` if a record is wanted and the process did not show the socket once more after
/// the record was read: by then the pid may belong to another process.
pub fn settle(
    context: &mut Context,
    gathered: &mut Gathered,
    id: u32,
    hit: &Hit,
) -> Result<bool, Error> {
    let Some(asked) = context.waiting.get(id) else { return Ok(true) };
    let found = match asked.question.gives {
        Gives::Record => match record(gathered, hit)? {
            None => return Ok(false),
            Some(found) => found,
        },
        Gives::Pid | Gives::Rows => Ok(Found::Process(hit.owner.pid)),
    };
    if found.is_ok() {
        context.recent.hit(hit.owner);
    }
    context.waiting.answer(id, found, gathered.found_by);
    Ok(true)
}

/// The holders that were read at the end of a walk.
#[derive(Default)]
pub struct Contest(Vec<Holder>);

/// A holder that was read.
struct Holder {
    owner: Owner,
    identity: Identity,
    /// `None`: it no longer holds the socket.
    seniority: Option<Seniority>,
}

impl Contest {
    /// Reads one descriptor or holder, or settles one question. Returns whether no question is left
    /// for which something was found. `listed` is every process in the kernel's order.
    pub fn step(
        &mut self,
        context: &mut Context,
        gathered: &mut Gathered,
        listed: &[Pid],
    ) -> Result<bool, Error> {
        let Some(id) = context.waiting.contested() else { return Ok(true) };
        let Some(asked) = context.waiting.get(id) else { return Ok(true) };
        if let Some(owner) = asked.elsewhere.pop() {
            look_again(context, gathered, id, owner)?;
            return Ok(false);
        }
        let hits = asked.hits.clone();
        let Some(best) = hits.iter().rev().max_by_key(|hit| (hit.rank, !hit.is_launchds())) else {
            return Ok(false);
        };
        let of_best = hits.iter().filter(|hit| hit.identity == best.identity);
        let mut first: Option<(Seniority, Hit)> = None;
        for hit in of_best {
            match self.asked(hit) {
                None if self.holds(hit) => {}
                None => {
                    let seniority = ask(gathered, hit, listed)?;
                    self.0.push(Holder { owner: hit.owner, identity: hit.identity, seniority });
                    return Ok(false);
                }
                Some(holder) => {
                    let earlier = holder.seniority.filter(|seniority| {
                        first.as_ref().is_none_or(|(first, _)| seniority < first)
                    });
                    first = earlier.map(|seniority| (seniority, *hit)).or(first);
                }
            }
        }
        let is_settled = match &first {
            Some((_, hit)) => settle(context, gathered, id, hit)?,
            None => false,
        };
        if let Some(asked) = context.waiting.get(id).filter(|_| !is_settled) {
            // The next socket counts now: it was there all the time.
            let of = first.map(|(_, hit)| hit.owner.pid);
            let has_gone = |hit: &Hit| of.is_none_or(|pid| pid == hit.owner.pid);
            asked.hits.retain(|hit| hit.identity != best.identity || !has_gone(hit));
        }
        Ok(false)
    }

    fn asked(&self, hit: &Hit) -> Option<&Holder> {
        let is_it = |holder: &&Holder| holder.owner == hit.owner && holder.identity == hit.identity;
        self.0.iter().find(is_it)
    }

    /// Returns whether its process was shown to hold the socket with another descriptor.
    fn holds(&self, hit: &Hit) -> bool {
        let is_it =
            |holder: &Holder| holder.owner.pid == hit.owner.pid && holder.identity == hit.identity;
        self.0.iter().any(|holder| is_it(holder) && holder.seniority.is_some())
    }
}

/// Reads the record of a hit. `None`: the process could not be shown to be the holder. A failure to
/// read the record concerns this question alone.
fn record(gathered: &mut Gathered, hit: &Hit) -> Result<Option<Result<Found, Error>>, Error> {
    match info::process_info(hit.owner.pid) {
        Err(error) => Ok(Some(Err(error))),
        Ok(record) if shows_again(gathered, hit)? => {
            Ok(record.map(|record| Ok(Found::Record(Box::new(record)))))
        }
        Ok(_) => Ok(None),
    }
}

/// Returns whether the process shows the socket once more. If it does not, the process is worth a
/// second look: what it held may have passed to a process that was not listed.
fn shows_again(gathered: &mut Gathered, hit: &Hit) -> Result<bool, Error> {
    let Owner { pid, fd } = hit.owner;
    match libproc::socket(pid, fd) {
        Ok(Some(seen)) if seen.identity == hit.identity => return Ok(true),
        Ok(_) => {}
        Err(unread) => gathered.doubts.note(pid, unread)?,
    }
    gathered.doubts.again.insert(pid);
    Ok(false)
}

/// Reads a holder's place. `None`: the process no longer holds the socket.
fn ask(gathered: &mut Gathered, hit: &Hit, listed: &[Pid]) -> Result<Option<Seniority>, Error> {
    let pid = hit.owner.pid;
    let started = match libproc::own_facts(pid) {
        Ok(told) => told.started,
        Err(unread) => {
            gathered.doubts.again.insert(pid);
            gathered.doubts.note(pid, unread)?;
            return Ok(None);
        }
    };
    let still = shows_again(gathered, hit)?;
    Ok(still.then(|| Seniority::new(pid, started, listed)))
}

/// Reads again a UDP socket that was connected elsewhere, because it may only have been sending.
/// What counts is its state now.
fn look_again(
    context: &mut Context,
    gathered: &mut Gathered,
    id: u32,
    owner: Owner,
) -> Result<(), Error> {
    let seen = match libproc::socket(owner.pid, owner.fd) {
        Ok(seen) => seen,
        Err(unread) => return gathered.doubts.note(owner.pid, unread),
    };
    let Some((seen, asked)) = seen.zip(context.waiting.get(id)) else { return Ok(()) };
    match asked.question.wanted.rank(&seen.socket) {
        Some(_) if asked.is_list() => gathered.rows.add(&seen, owner.pid),
        Some(rank) => {
            let (identity, shared) = (seen.identity, seen.shared);
            asked.hits.push(Hit { rank, identity, shared, owner });
        }
        None => {}
    }
    Ok(())
}
