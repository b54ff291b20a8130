//! `/proc`: the names in it, parsing its text, and what it says about one process.
//!
//! | module | contents |
//! | --- | --- |
//! | `names`, `place` | names in `/proc` and in one process's directory, and the few ways to read them |
//! | `namespace` | which namespace's pids `/proc` shows, and how they become ours |
//! | `layout` | parses text into values; no system call |
//! | `start` | converts clock ticks to wall-clock time |
//! | `info` | facts about one process |

pub mod info;
pub mod layout;
pub mod names;
pub mod namespace;
pub mod place;
mod start;
