//! Which process owns a socket, and what program is it: the native part of `socket-owner`.
//!
//! `node` is what JavaScript calls; `question` and `socket` say what is asked and what matches, for
//! all systems; `platform` chooses the back end that asks the kernel.

mod answer;
mod error;
pub mod node;
mod platform;
mod question;
mod slice;
mod socket;
