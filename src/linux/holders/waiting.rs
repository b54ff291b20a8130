//! The questions whose sockets are known and whose owner is being looked for, by inode.

use std::collections::{HashMap, HashSet};

use crate::platform::linux::socket::{Candidate, Group, Hit, INIT, Inode};
use crate::rank::Rank;

/// How well a hit answers. The process that started all others keeps sockets for them, so it
/// answers only when nobody else does.
type Worth = (Rank, bool);

struct Asked {
    /// When its sockets became known, in ticks of the search.
    since: u64,
    best: Option<(Worth, Hit)>,
    candidates: Vec<Candidate>,
}

/// All that wait.
#[derive(Default)]
pub struct Waiting {
    asked: HashMap<u32, Asked>,
    by_inode: HashMap<Inode, Vec<(u32, Rank)>>,
}

impl Waiting {
    /// One more question; `candidates` are the sockets that may answer it.
    pub fn insert(&mut self, id: u32, candidates: Vec<Candidate>, since: u64) {
        for candidate in &candidates {
            self.by_inode.entry(candidate.inode).or_default().push((id, candidate.rank));
        }
        self.asked.insert(id, Asked { since, best: None, candidates });
    }

    /// Answered, or nobody waits for it any more.
    pub fn remove(&mut self, id: u32) {
        let Some(asked) = self.asked.remove(&id) else { return };
        for Candidate { inode, .. } in &asked.candidates {
            if let Some(questions) = self.by_inode.get_mut(inode) {
                questions.retain(|(other, _)| *other != id);
                if questions.is_empty() {
                    self.by_inode.remove(inode);
                }
            }
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.asked.len()
    }

    /// Whatever was found does not count any more.
    pub fn forget_hits(&mut self) {
        self.asked.values_mut().for_each(|asked| asked.best = None);
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Whether a question wants that socket.
    pub fn wants(&self, inode: Inode) -> bool {
        self.by_inode.contains_key(&inode)
    }

    /// The control groups of the wanted sockets.
    pub fn groups(&self) -> HashSet<Group> {
        let candidates = self.asked.values().flat_map(|asked| &asked.candidates);
        candidates.filter_map(|candidate| candidate.group).collect()
    }

    /// Takes note of a hit. The ids of the questions that need nothing better come back.
    pub fn note(&mut self, hit: Hit) -> Vec<u32> {
        let mut settled = Vec::new();
        for &(id, rank) in self.by_inode.get(&hit.inode).into_iter().flatten() {
            let Some(asked) = self.asked.get_mut(&id) else { continue };
            let worth = (rank, hit.pid != INIT);
            if asked.best.is_none_or(|(best, _)| best < worth) {
                asked.best = Some((worth, hit));
                let highest = asked.candidates.iter().map(|candidate| candidate.rank).max();
                if (highest, true) == (Some(rank), worth.1) {
                    settled.push(id);
                }
            }
        }
        settled
    }

    /// When that question's sockets became known.
    pub fn since(&self, id: u32) -> u64 {
        self.asked.get(&id).map_or(u64::MAX, |asked| asked.since)
    }

    /// The best hit for that question.
    pub fn best(&self, id: u32) -> Option<Hit> {
        self.asked.get(&id).and_then(|asked| asked.best).map(|(_, hit)| hit)
    }

    /// Every question's id.
    pub fn ids(&self) -> Vec<u32> {
        self.asked.keys().copied().collect()
    }

    /// Whether some question's sockets became known after `tick`.
    pub fn is_any_younger(&self, tick: u64) -> bool {
        self.asked.values().any(|asked| asked.since > tick)
    }

    /// The ids of the questions whose sockets were known by `tick`.
    pub fn ids_known_by(&self, tick: u64) -> Vec<u32> {
        let known = self.asked.iter().filter(|(_, asked)| asked.since <= tick);
        known.map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::Pid;

    const LISTENER: Candidate =
        Candidate { inode: 10, rank: Rank::BEST, group: None, is_connection: false };
    const ACCEPTED: Candidate =
        Candidate { inode: 20, rank: Rank::SECOND, group: None, is_connection: false };

    fn hit(inode: Inode, pid: Pid) -> Hit {
        Hit { inode, pid, fd: 3 }
    }

    #[test]
    fn a_listeners_holder_settles_at_once_and_another_holder_waits() {
        let mut waiting = Waiting::default();
        waiting.insert(1, vec![LISTENER, ACCEPTED], 0);

        assert_eq!(waiting.note(hit(20, 500)), []);
        assert_eq!(waiting.best(1), Some(hit(20, 500)));
        assert_eq!(waiting.note(hit(10, 400)), [1]);
        assert_eq!(waiting.best(1), Some(hit(10, 400)));
    }

    #[test]
    fn without_a_listener_any_holder_settles() {
        let mut waiting = Waiting::default();
        waiting.insert(1, vec![ACCEPTED], 0);

        assert_eq!(waiting.note(hit(20, 500)), [1]);
    }

    #[test]
    fn the_first_process_answers_only_for_want_of_another() {
        let mut waiting = Waiting::default();
        waiting.insert(1, vec![LISTENER, ACCEPTED], 0);

        assert_eq!(waiting.note(hit(20, 500)), []);
        assert_eq!(waiting.note(hit(10, INIT)), []);
        assert_eq!(waiting.best(1), Some(hit(10, INIT)), "it holds the better socket");
        assert_eq!(waiting.note(hit(10, 400)), [1]);
    }

    #[test]
    fn a_question_that_is_removed_wants_nothing() {
        let mut waiting = Waiting::default();
        waiting.insert(1, vec![LISTENER], 0);
        waiting.insert(2, vec![LISTENER], 0);

        waiting.remove(1);
        assert!(waiting.wants(10));
        waiting.remove(2);
        assert!(!waiting.wants(10));
        assert!(waiting.is_empty());
    }
}
