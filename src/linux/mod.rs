//! Linux: sock_diag says which socket, `/proc/*/fd` says who holds it.
//!
//! | module | contents |
//! | --- | --- |
//! | `search` | one environment's questions, from question to answer |
//! | `hunt` | who holds the sockets, once they are known |
//! | `questions` | where each question stands |
//! | `sockets` | which sockets match: sock_diag, and the text tables where it is refused |
//! | `holders` | who holds them: the walk over descriptor tables, its order, a holder's ancestors |
//! | `proc` | names and text in `/proc`; facts about one process |
//! | `socket` | the values that these modules exchange: inodes, rows, candidates, hits |
//! | `kernel`, `kept` | the system calls; descriptors that stay open between slices |

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

pub use proc::info::{process_info, process_path};
pub use search::Search;
pub use sockets::addresses::interface_index;
pub use sockets::kernel::interface_name;
pub use sockets::unix_peer::local_peer;
