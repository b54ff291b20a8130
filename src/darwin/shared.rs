//! Sockets that several processes hold: who are they all, and which of them started first.
//!
//! Only a walk to its end shows all holders, so a question that hit such a socket pursues it. At
//! the end each holder is asked when it started, and then whether it still holds the socket: a pid
//! that became another process in between cannot answer yes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use super::context::Context;
use super::doubts::Doubts;
use super::kernel::{self, Outcome};
use super::layout::{self, Identity};
use super::recent::Owner;
use crate::error::Error;
use crate::question::Pid;
use crate::rank::Rank;

/// The sockets that a walk pursues, and for whom.
#[derive(Default)]
pub struct Shared {
    sockets: Vec<Pursued>,
    by_address: BTreeMap<u64, Vec<usize>>,
    /// By question: the sockets that would answer it, the best first.
    wishes: BTreeMap<u32, Vec<(Rank, usize)>>,
}

struct Pursued {
    identity: Identity,
    /// One descriptor of each process that holds it; taken out as they are asked.
    holders: VecDeque<Owner>,
    first: Option<Holder>,
}

/// A holder that was asked, ordered by start. The kernel lists the newest first, so of two that
/// started in the same microsecond the later one in the list is the older.
#[derive(Clone, Copy)]
struct Holder {
    started: (u64, u64),
    listed: Reverse<usize>,
    owner: Owner,
}

impl Shared {
    /// Whether this question waits for a shared socket.
    pub fn pursues(&self, id: u32) -> bool {
        self.wishes.contains_key(&id)
    }

    /// The question would be answered by this socket. Several may: if all holders of the one have
    /// gone at the end, the next counts, for it was there all the time.
    pub fn pursue(&mut self, id: u32, how_well: Rank, identity: Identity, owner: Owner) {
        let index = self.find(&identity).unwrap_or_else(|| self.add(identity));
        self.saw(&identity, owner);
        let wishes = self.wishes.entry(id).or_default();
        if wishes.iter().all(|(_, wished)| *wished != index) {
            wishes.push((how_well, index));
            wishes.sort_by_key(|(how_well, _)| Reverse(*how_well));
        }
    }

    /// A descriptor showed this socket: one more holder, if it is pursued.
    pub fn saw(&mut self, identity: &Identity, owner: Owner) {
        let Some(index) = self.find(identity) else { return };
        let Some(pursued) = self.sockets.get_mut(index) else { return };
        if pursued.holders.iter().all(|holder| holder.pid != owner.pid) {
            pursued.holders.push_back(owner);
        }
    }

    /// Asks one holder or answers one question. Whether no question is left that pursues anything.
    pub fn step(
        &mut self,
        context: &mut Context,
        listed: &[Pid],
        doubts: &mut Doubts,
    ) -> Result<bool, Error> {
        let Some(mut entry) = self.wishes.first_entry() else { return Ok(true) };
        let id = *entry.key();
        let wish = entry.get().first().and_then(|(_, index)| self.sockets.get_mut(*index));
        let Some(pursued) = wish.filter(|_| context.waiting.get(id).is_some()) else {
            entry.remove();
            return Ok(false);
        };
        if let Some(owner) = pursued.holders.pop_front() {
            if let Some(started) = ask_holder(context, owner, &pursued.identity, doubts)? {
                let position = listed.iter().position(|pid| *pid == owner.pid);
                let listed = Reverse(position.map_or(0, |position| position.saturating_add(1)));
                let holder = Holder { started, listed, owner };
                let is_older =
                    |first: Holder| (holder.started, holder.listed) < (first.started, first.listed);
                if pursued.first.is_none_or(is_older) {
                    pursued.first = Some(holder);
                }
            }
        } else if let Some(first) = pursued.first {
            entry.remove();
            context.waiting.found(id, first.owner, &mut context.recent);
        } else {
            entry.get_mut().remove(0);
        }
        Ok(false)
    }

    fn find(&self, identity: &Identity) -> Option<usize> {
        let indices = self.by_address.get(&identity.address())?;
        let is_it = |index: &usize| {
            self.sockets.get(*index).is_some_and(|pursued| pursued.identity == *identity)
        };
        indices.iter().copied().find(is_it)
    }

    fn add(&mut self, identity: Identity) -> usize {
        let index = self.sockets.len();
        self.by_address.entry(identity.address()).or_default().push(index);
        self.sockets.push(Pursued { identity, holders: VecDeque::new(), first: None });
        index
    }
}

/// When the process started; `None` if it does not hold the socket any more.
fn ask_holder(
    context: &mut Context,
    owner: Owner,
    identity: &Identity,
    doubts: &mut Doubts,
) -> Result<Option<(u64, u64)>, Error> {
    let Owner { pid, fd } = owner;
    let buffers = &mut context.buffers;
    let started = match kernel::bsd_info(pid, &mut buffers.process)? {
        Outcome::Told(()) => Some(layout::start_time(pid, &buffers.process)?),
        outcome => note(outcome, doubts),
    };
    let Some(started) = started else {
        doubts.again.insert(pid);
        return Ok(None);
    };
    let still = match kernel::socket_info(pid, fd, &mut buffers.socket)? {
        Outcome::Told(()) => layout::sighting(&buffers.socket)?,
        outcome => note(outcome, doubts),
    };
    if still.is_some_and(|still| still.identity == *identity) {
        return Ok(Some(started));
    }
    doubts.again.insert(pid);
    Ok(None)
}

fn note<T>(outcome: Outcome<()>, doubts: &mut Doubts) -> Option<T> {
    if let Outcome::Failed(error) = outcome {
        doubts.fail(error);
    }
    None
}
