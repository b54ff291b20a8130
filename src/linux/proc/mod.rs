//! `/proc`: names in it, its text as values, and what it tells of one process.
//!
//! | room | holds |
//! | --- | --- |
//! | `names`, `place` | names in `/proc` and in one process's directory, and the few ways to read them |
//! | `namespace` | whose numbers `/proc` has, and how they become ours |
//! | `layout` | text becomes values; no system call |
//! | `start` | ticks become times |
//! | `info` | what is told of one process |

pub mod info;
pub mod layout;
pub mod names;
pub mod namespace;
pub mod place;
mod start;
