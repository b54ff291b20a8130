//! The sockets whose holders are being looked for, and the questions that ask for each.

use std::collections::HashMap;

use crate::platform::linux::socket::{Candidate, Inode};

/// All of them, by inode.
#[derive(Default)]
pub struct Sought(HashMap<Inode, Vec<(u32, Candidate)>>);

impl Sought {
    /// Question `id` asks for these too.
    pub fn insert(&mut self, id: u32, candidates: &[Candidate]) {
        for candidate in candidates {
            self.0.entry(candidate.inode).or_default().push((id, *candidate));
        }
    }

    /// Question `id` asks for these no longer.
    pub fn remove(&mut self, id: u32, candidates: &[Candidate]) {
        for Candidate { inode, .. } in candidates {
            if let Some(askers) = self.0.get_mut(inode) {
                askers.retain(|(other, _)| *other != id);
                if askers.is_empty() {
                    self.0.remove(inode);
                }
            }
        }
    }

    /// Returns whether a question asks for that socket.
    pub fn wants(&self, inode: Inode) -> bool {
        self.0.contains_key(&inode)
    }

    /// Returns the questions that ask for that socket, and what it is to each.
    pub fn askers(&self, inode: Inode) -> Vec<(u32, Candidate)> {
        self.0.get(&inode).cloned().unwrap_or_default()
    }
}
