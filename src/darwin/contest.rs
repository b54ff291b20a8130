//! Several hits for one question: which of them answers.
//!
//! The best socket does, and of its holders the one that started first. Only a walk to its end shows
//! all of them. Each is then asked when it started, and whether it still holds the socket: a pid that
//! became another process in between cannot answer yes.

use super::context::Context;
use super::gathered::Gathered;
use super::hit::{Hit, Owner, Seniority};
use super::layout::Identity;
use super::libproc;
use super::settle::{settle, shows_again};
use crate::error::Error;
use crate::question::Pid;

/// What was asked at the end of a walk.
#[derive(Default)]
pub struct Contest(Vec<Holder>);

/// A holder that was asked.
struct Holder {
    owner: Owner,
    identity: Identity,
    /// `None`: it does not hold the socket any more.
    seniority: Option<Seniority>,
}

impl Contest {
    /// Asks one descriptor or holder, or settles one question. Returns whether none is left for which
    /// something was found. `listed` is every process in the kernel's order.
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
            // The next socket counts then: it was there all the time.
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

    /// Returns whether its process was shown to hold the socket under another number.
    fn holds(&self, hit: &Hit) -> bool {
        let is_it =
            |holder: &Holder| holder.owner.pid == hit.owner.pid && holder.identity == hit.identity;
        self.0.iter().any(|holder| is_it(holder) && holder.seniority.is_some())
    }
}

/// `None`: the process does not hold the socket any more.
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

/// A UDP socket that was connected elsewhere may have been sending: it counts as it is now.
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
