//! macOS: who holds a socket, found by a walk over processes and their descriptors (libproc).
//!
//! The kernel has no question "whose is this port" that it still answers to everybody, so each
//! process is asked for its descriptors, and each socket for its ends. Nearly all of the cost are
//! the sockets: 2,500 on a busy desktop. What is remembered decides in which order they are asked.
//!
//! | file | holds |
//! | --- | --- |
//! | `kernel`, `buffers` | the calls, and the room for their answers |
//! | `layout` | bytes become sockets |
//! | `walk`, `glance`, `listing`, `table`, `shared` | who is asked what, and when that is an answer |
//! | `waiting`, `doubts` | questions without an answer; what stands between them and "nobody" |
//! | `recent`, `seen` | what is remembered |
//! | `info` | what is told of one process |

use crate::answer::Answer;
use crate::error::Error;
use crate::question::Question;
use crate::slice::Slice;

mod buffers;
mod context;
mod doubts;
mod glance;
mod info;
mod kernel;
mod layout;
mod listing;
mod local_peer;
mod recent;
mod seen;
mod shared;
mod table;
mod waiting;
mod walk;

#[cfg(test)]
mod fake_libproc;
#[cfg(test)]
mod fake_world;
#[cfg(test)]
mod tests;

use context::Context;
use walk::Walk;

pub use info::process_info;
pub use kernel::{interface_index, process_path};
#[allow(unused_imports, reason = "only a Mac uses them")]
pub use local_peer::{interface_name, local_peer};

/// The questions under way, the walk that looks for them, and what is remembered.
#[derive(Default)]
pub struct Search {
    context: Context,
    /// Whether the kernel's structure has the size that we know. Shown once; a failure to show it
    /// is an error of that look-up only.
    layout_proved: bool,
    walk: Option<Walk>,
}

impl Search {
    /// Takes a question.
    pub fn ask(&mut self, question: Question) {
        self.context.waiting.ask(question);
        if let Some(walk) = &mut self.walk {
            walk.come_late();
        }
    }

    /// Drops a question.
    pub fn forget(&mut self, id: u32) {
        self.context.waiting.forget(id);
    }

    /// Works until the slice is over or no question is left.
    pub fn advance(&mut self, slice: &Slice, answers: &mut Vec<Answer>) {
        self.go_on(&slice.share());
        while !self.context.waiting.is_empty() {
            self.step(true);
            if slice.is_over_with(self.context.waiting.has_answers()) {
                break;
            }
        }
        if self.context.waiting.is_empty() {
            self.walk = None;
            self.context.buffers.shrink();
        }
        answers.extend(self.context.waiting.drain_answers());
    }

    /// The walk that was left over goes on first: those who ask quick questions without pause must
    /// not keep it from its end.
    fn go_on(&mut self, share: &Slice) {
        while self.walk.is_some() && self.context.waiting.has_in_walk() {
            self.step(false);
            if share.is_over() {
                break;
            }
        }
    }

    /// `glances`: whether late questions come first.
    fn step(&mut self, glances: bool) {
        if let Err(error) = self.try_step(glances) {
            self.context.waiting.fail(&error);
        }
    }

    fn try_step(&mut self, glances: bool) -> Result<(), Error> {
        if !self.layout_proved {
            kernel::prove_layout(&mut self.context.buffers.socket)?;
            self.layout_proved = true;
            return Ok(());
        }
        // A walk whose own questions are answered or dropped goes no further: the late ones need
        // one of their own anyway.
        let under_way = self.walk.take().filter(|_| self.context.waiting.has_in_walk());
        let mut walk = under_way.unwrap_or_else(|| Walk::begin(&mut self.context));
        // Kept only if all goes well: after a failure the next look-up starts anew.
        if !walk.step(&mut self.context, glances)? {
            self.walk = Some(walk);
        }
        Ok(())
    }
}
