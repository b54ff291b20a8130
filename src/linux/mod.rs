//! Linux: sock_diag tells which socket, `/proc/*/fd` tells whose.
//!
//! | room | holds |
//! | --- | --- |
//! | `search` | the questions of one environment, from the question to the answer |
//! | `hunt` | the part of it after the sockets are known: who holds them |
//! | `questions`, `clock` | where each question stands; what came before what |
//! | `sockets` | which sockets answer: sock_diag, and the text tables where it is refused |
//! | `holders` | who holds them: the walk over descriptor tables, its order, a holder's ancestors |
//! | `proc` | names and text in `/proc`; what is told of one process |
//! | `socket` | what the wings say to each other: inodes, rows, candidates, hits |
//! | `kernel`, `kept` | the system calls; descriptors that stay open between slices |

mod clock;
pub mod holders;
mod hunt;
mod kept;
mod kernel;
pub mod proc;
mod questions;
mod search;
mod socket;
pub mod sockets;
#[cfg(test)]
mod tests;

pub use proc::info::process_info;
pub use proc::path::process_path;
pub use search::Search;
pub use sockets::addresses::interface_index;
pub use sockets::kernel::interface_name;
pub use sockets::unix_peer::local_peer;
