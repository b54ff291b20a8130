//! Who answered lately, and under which numbers: where to look first.
//!
//! A program that has connected once connects again, and its new socket takes the lowest free
//! number: that of a connection which it has closed, or the next one. Two links read for each
//! recent owner find it in microseconds. They are read by path: a kept descriptor of the directory
//! would save a microsecond and cost as much to be checked before use.
//!
//! Where that finds nothing, the newest owners' whole tables are read before anybody is counted: a
//! browser closes one connection and opens another, under any of a dozen numbers, and has as many
//! descriptors as before.

use std::ffi::c_int;

use crate::platform::linux::proc::names::{descriptors, fd_directory, socket_at};
use crate::platform::linux::socket::{Hit, INIT};
use crate::question::Pid;

/// More would cost a stranger's look-up more than they bring.
pub const OWNERS: usize = 16;
/// How many of an owner's numbers are remembered: as many as a browser's connections to one server,
/// and two more.
const NUMBERS: usize = 8;
/// How many guesses are made beside each owner's likeliest two.
const FURTHER: usize = 16;
/// How many links may be read in whole tables before anybody is counted, about a millisecond's.
const LINKS: u64 = 512;

/// The recent owners, the newest first.
#[derive(Default)]
pub struct Recent(Vec<Owner>);

/// One that is remembered.
pub struct Owner {
    /// Who it is.
    pub pid: Pid,
    /// Under which numbers it had sockets, the latest first.
    pub numbers: Vec<c_int>,
    /// How many descriptors it had when they were last counted.
    pub count: u64,
}

impl Recent {
    /// What a test wants to be remembered.
    #[cfg(test)]
    pub fn of(owners: Vec<Owner>) -> Self {
        Self(owners)
    }

    /// An owner was found.
    pub fn remember(&mut self, Hit { pid, fd, .. }: Hit) {
        // A hit in the first process never ends a search, so it is no place to look first.
        if pid == INIT {
            return;
        }
        let known = self.0.extract_if(.., |owner| owner.pid == pid).next();
        let new = || Owner { pid, numbers: Vec::new(), count: descriptors(pid) };
        let mut owner = known.unwrap_or_else(new);
        owner.numbers.retain(|number| *number != fd);
        owner.numbers.insert(0, fd);
        owner.numbers.truncate(NUMBERS);
        self.0.insert(0, owner);
        self.0.truncate(OWNERS);
    }

    /// That number is no process's any more.
    pub fn forget(&mut self, pid: Pid) {
        self.0.retain(|owner| owner.pid != pid);
    }

    /// Notes how many descriptors each owner was seen to have.
    pub fn count(&mut self, seen: impl Fn(Pid) -> Option<u64>) {
        self.0.iter_mut().for_each(|owner| owner.count = seen(owner.pid).unwrap_or(owner.count));
    }

    /// Reads the likeliest number of each owner, then the second likeliest, then others of the newest,
    /// and gives the sockets found there to `each`, until that says that it is enough.
    pub fn glance(&mut self, mut each: impl FnMut(Hit) -> bool) {
        let mut alive = Vec::with_capacity(OWNERS);
        for (owner, fd) in guesses(&self.0) {
            let Ok(socket) = socket_at(owner, fd) else { continue };
            if socket.is_some_and(|inode| each(Hit { inode, pid: owner, fd })) {
                return;
            }
            alive.push(owner);
        }
        // Where none of its numbers is open the owner may have gone.
        self.0.retain(|owner| alive.contains(&owner.pid) || fd_directory(owner.pid).stat().is_ok());
    }

    /// Returns the newest owners whose tables come to no more links than may be read before anybody
    /// is counted, small tables first.
    pub fn first(&self) -> Vec<Pid> {
        let mut left = LINKS;
        let is_affordable = |owner: &&Owner| match left.checked_sub(owner.count) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        };
        let mut owners = self.0.iter().filter(is_affordable).collect::<Vec<_>>();
        owners.sort_by_key(|owner| owner.count);
        owners.into_iter().map(|owner| owner.pid).collect()
    }
}

fn guesses(owners: &[Owner]) -> Vec<(Pid, c_int)> {
    let latest = |owner: &Owner| owner.numbers.first().copied();
    let likeliest = owners.iter().filter_map(|owner| Some((owner.pid, latest(owner)?)));
    let second = likeliest.clone().map(|(pid, fd)| (pid, fd.saturating_add(1)));
    let further = owners.iter().flat_map(|owner| {
        let next = latest(owner).map(|fd| fd.saturating_add(1));
        let others = owner.numbers.iter().skip(1).filter(move |fd| Some(**fd) != next);
        others.map(|fd| (owner.pid, *fd))
    });
    likeliest.chain(second).chain(further.take(FURTHER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(pid: Pid, numbers: &[c_int], count: u64) -> Owner {
        Owner { pid, numbers: numbers.to_vec(), count }
    }

    #[test]
    fn each_owners_latest_number_is_guessed_first_then_the_next_then_earlier_ones() {
        let owners = [owner(7, &[20, 21, 15], 0), owner(8, &[4], 0), owner(9, &[], 0)];

        assert_eq!(guesses(&owners), [(7, 20), (8, 4), (7, 21), (8, 5), (7, 15)]);
    }

    #[test]
    fn the_newest_owners_tables_are_read_first_small_ones_before_large_ones_up_to_a_limit() {
        let recent = Recent::of(vec![
            owner(7, &[], 300),
            owner(8, &[], 31),
            owner(9, &[], 200),
            owner(10, &[], 1),
        ]);

        assert_eq!(recent.first(), [10, 8, 7], "9 is too much");
        assert_eq!(Recent::of(vec![owner(7, &[], u64::MAX)]).first(), []);
    }
}
