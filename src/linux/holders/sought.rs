//! The sockets whose holders are sought, and which questions seek each of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::platform::linux::socket::{Candidate, Inode};

/// All sockets that are sought.
#[derive(Default)]
pub struct Sought {
    by_inode: HashMap<Inode, Vec<(u32, Candidate)>>,
    /// The sockets of lists, by question.
    lists: BTreeMap<u32, HashSet<Inode>>,
}

impl Sought {
    /// Question `id` seeks these.
    pub fn insert(&mut self, id: u32, candidates: &[Candidate]) {
        for candidate in candidates {
            self.by_inode.entry(candidate.inode).or_default().push((id, *candidate));
        }
    }

    /// Question `id` wants all holders of each of these.
    pub fn insert_list(&mut self, id: u32, inodes: HashSet<Inode>) {
        self.lists.insert(id, inodes);
    }

    /// Question `id`, which sought `candidates` or a list's sockets, seeks nothing any more.
    pub fn remove(&mut self, id: u32, candidates: &[Candidate]) {
        self.lists.remove(&id);
        for Candidate { inode, .. } in candidates {
            if let Some(askers) = self.by_inode.get_mut(inode) {
                askers.retain(|(other, _)| *other != id);
                if askers.is_empty() {
                    self.by_inode.remove(inode);
                }
            }
        }
    }

    /// Returns whether a holder of that socket may answer a question.
    pub fn has_askers(&self, inode: Inode) -> bool {
        self.by_inode.contains_key(&inode)
    }

    /// Returns whether a list wants the holders of that socket.
    pub fn is_listed(&self, inode: Inode) -> bool {
        self.lists.values().any(|inodes| inodes.contains(&inode))
    }

    /// Returns the questions that a holder of that socket may answer, and what the socket is to each.
    pub fn askers(&self, inode: Inode) -> Vec<(u32, Candidate)> {
        self.by_inode.get(&inode).cloned().unwrap_or_default()
    }
}
