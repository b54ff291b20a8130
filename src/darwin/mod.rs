//! macOS: finds the processes that hold a socket by walking over processes and their descriptors
//! (libproc).
//!
//! The kernel no longer has a call that lets every user find out which process holds a port, so
//! each process is asked for its descriptors, and each socket for its ends. Nearly all of the cost
//! is in the sockets: 2,500 on a busy desktop. What is remembered decides the order in which they
//! are read.
//!
//! | file | contents |
//! | --- | --- |
//! | `search`, `waiting` | the questions, and what was found for each so far |
//! | `walk`, `glance`, `table` | which processes and sockets are read, and when |
//! | `hit`, `settle` | when a match is an answer |
//! | `lists`, `rows` | lists |
//! | `context`, `memory` | what every step borrows; what is remembered |
//! | `info`, `local_peer`, `interfaces` | one process, one Unix-domain socket, this machine |
//! | `libproc`, `listing`, `sysctl` | the meaning of the calls' results |
//! | `kernel` | the calls, and nothing more |
//! | `layout`, `process_layout`, `procargs` | parse bytes, without system calls |

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
