//! The native part of `socket-owner`: which process owns a socket, and which program it runs.
//!
//! JavaScript calls `node`. `question` and `socket` define, for all systems, what can be asked and
//! what matches. `platform` selects the back end that asks the kernel.

mod answer;
mod error;
pub mod node;
mod platform;
mod question;
mod slice;
mod socket;
