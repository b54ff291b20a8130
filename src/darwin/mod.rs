//! macOS: who holds a socket, found by a walk over processes and their descriptors (libproc).
//!
//! The kernel has no question "whose is this port" that it still answers to everybody, so each
//! process is asked for its descriptors, and each socket for its ends. Nearly all of the cost are
//! the sockets: 2,500 on a busy desktop. What is remembered decides in which order they are asked.
//!
//! | file | holds |
//! | --- | --- |
//! | `search`, `waiting` | the questions, and what was found for each so far |
//! | `walk`, `glance`, `table` | who is asked what |
//! | `hit`, `settle` | when that is an answer |
//! | `lists`, `rows` | lists |
//! | `context`, `memory` | what every step is lent; what is remembered |
//! | `info`, `local_peer`, `interfaces` | one process, one Unix-domain socket, this machine |
//! | `libproc`, `listing`, `sysctl` | what the calls' answers mean |
//! | `kernel` | the calls, and nothing more |
//! | `layout`, `process_layout`, `procargs` | bytes become sockets and processes; no system call |

mod context;
mod glance;
mod hit;
mod info;
mod interfaces;
mod kernel;
mod layout;
mod libproc;
mod listing;
mod lists;
mod local_peer;
mod memory;
mod procargs;
mod process_layout;
mod rows;
mod search;
mod settle;
mod sysctl;
mod table;
mod waiting;
mod walk;

#[cfg(test)]
mod fake_kernel;
#[cfg(test)]
mod fake_libproc;
#[cfg(test)]
mod fake_sockets;
#[cfg(test)]
mod fake_world;
#[cfg(test)]
mod tests;

pub use info::process_info;
#[allow(unused_imports, reason = "only a Mac uses them; elsewhere only tests")]
pub use interfaces::{interface_index, interface_name};
pub use libproc::process_path;
#[allow(unused_imports, reason = "as above")]
pub use local_peer::local_peer;
pub use search::Search;
