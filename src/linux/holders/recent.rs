//! Which processes answered lately, and under which descriptor numbers: the first places to look.
//!
//! A program that has connected once connects again, and its new socket takes the lowest free number:
//! that of a connection it has closed, or the next one. Reading two links per recent owner finds it in
//! microseconds. They are read by path: keeping the directory open would save a microsecond, and
//! checking that descriptor before use would cost one.
//!
//! If that finds nothing, whole tables are read before any process is counted: those of the newest
//! owners, since a browser that closes one connection and opens another, under any of a dozen numbers,
//! has as many descriptors as before; and those of owners that have more or fewer than before.

use std::ffi::c_int;

use super::tables::Shown;
use crate::platform::linux::proc::names::{descriptors, fd_directory, socket_at};
use crate::platform::linux::socket::{Hit, INIT};
use crate::question::Pid;

/// More would slow down other lookups by more than they gain.
pub const OWNERS: usize = 16;
/// How many numbers are remembered per owner: a browser's connections to one server, and two more.
const NUMBERS: usize = 8;
/// How many guesses are made besides each owner's likeliest two.
const FURTHER: usize = 16;
/// How many links in whole tables may be read before any process is counted: about 1 ms.
const LINKS: u64 = 512;
/// How many of the newest owners have their tables read even if their counts are unchanged.
const NEWEST: usize = 2;

/// The recent owners, newest first.
#[derive(Default)]
pub struct Recent(Vec<Owner>);

/// A process that answered lately.
pub struct Owner {
    /// The process.
    pub pid: Pid,
    /// The numbers under which it held sockets, latest first.
    pub numbers: Vec<c_int>,
    /// How many descriptors it had when they were last counted.
    pub count: u64,
}

impl Recent {
    /// A memory made up by a test.
    #[cfg(test)]
    pub fn of(owners: Vec<Owner>) -> Self {
        Self(owners)
    }

    /// Remembers an owner.
    pub fn remember(&mut self, Hit { pid, fd, .. }: Hit) {
        // A hit in pid 1 never ends a search, so it is no place to look first.
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

    /// Forgets a pid that is no process any more.
    pub fn forget(&mut self, pid: Pid) {
        self.0.retain(|owner| owner.pid != pid);
    }

    /// Notes how many descriptors each owner turned out to have.
    pub fn count(&mut self, shown: impl Fn(Pid) -> Option<Shown>) {
        for owner in &mut self.0 {
            if let Some(Shown::Descriptors(count)) = shown(owner.pid) {
                owner.count = count;
            }
        }
    }

    /// Reads each owner's likeliest number, then the second likeliest, then more of the newest owners',
    /// and passes the sockets found there to `each` until it returns `true`.
    pub fn glance(&mut self, mut each: impl FnMut(Hit) -> bool) {
        let mut alive = Vec::with_capacity(OWNERS);
        for (owner, fd) in guesses(&self.0) {
            let Ok(socket) = socket_at(owner, fd) else { continue };
            if socket.is_some_and(|inode| each(Hit { inode, pid: owner, fd })) {
                return;
            }
            alive.push(owner);
        }
        // If none of its numbers is open, the owner may have exited.
        self.0.retain(|owner| alive.contains(&owner.pid) || fd_directory(owner.pid).stat().is_ok());
    }

    /// Returns the owners whose tables are read before any process is counted, small tables first: the
    /// newest owners, and those whose count has changed, up to the limit on links. `count` returns how
    /// many descriptors a process has, 0 if unknown.
    pub fn first(&mut self, count: impl Fn(Pid) -> u64) -> Vec<Pid> {
        let mut left = LINKS;
        let mut first = Vec::new();
        for (place, owner) in self.0.iter_mut().enumerate() {
            let before = owner.count;
            owner.count = Some(count(owner.pid)).filter(|count| *count != 0).unwrap_or(before);
            if place >= NEWEST && owner.count == before && before != 0 {
                continue;
            }
            if let Some(rest) = left.checked_sub(owner.count) {
                left = rest;
                first.push((owner.count, owner.pid));
            }
        }
        first.sort_by_key(|(count, _)| *count);
        first.into_iter().map(|(_, pid)| pid).collect()
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
    fn the_newest_owners_tables_are_read_first_and_those_that_changed_up_to_a_limit() {
        let counted = [(7, 300), (8, 31), (9, 200), (10, 4), (11, 5)];
        let count = |pid| counted.iter().find(|(each, _)| *each == pid).map_or(0, |(_, it)| *it);
        let counts = [300, 31, 9, 4, 4];
        let owners = counted.iter().zip(counts).map(|((pid, _), count)| owner(*pid, &[], count));
        let mut recent = Recent::of(owners.collect());

        assert_eq!(recent.first(count), [11, 8, 7], "9 is too much, 10 is as it was");
        assert_eq!(recent.first(count), [8, 7], "11 is as it was by now");
        assert_eq!(Recent::of(vec![owner(7, &[], u64::MAX)]).first(|_| 0), []);
    }

    #[test]
    fn where_descriptors_are_not_counted_every_owners_table_is_read_first() {
        let mut recent = Recent::of((7..11).map(|pid| owner(pid, &[], 0)).collect());

        assert_eq!(recent.first(|_| 0), [7, 8, 9, 10]);
    }
}
