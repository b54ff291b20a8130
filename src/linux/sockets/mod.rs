//! Which sockets answer a question: from sock_diag, or from the text tables.
//!
//! | module | contents |
//! | --- | --- |
//! | `candidates` | a question's sockets, and what a quick question can find out |
//! | `listing` | whole tables, read once for all the questions that need them |
//! | `unix_peer` | one of our Unix-domain sockets, and its other end |
//! | `sock_diag`, `channel`, `kernel` | questions to the kernel over netlink; the system calls |
//! | `text_table` | the tables as text, where netlink is refused |
//! | `addresses`, `users`, `peers` | own addresses; a placeholder user; what to ask first |
//! | `netlink`, `inet_diag`, `unix_diag`, `ifaddr`, `proc_net`, `states` | formats, no I/O |

pub mod addresses;
pub mod candidates;
mod channel;
mod ifaddr;
mod inet_diag;
pub mod kernel;
pub mod listing;
mod netlink;
mod peers;
mod proc_net;
pub mod sock_diag;
mod states;
#[cfg(test)]
mod tests;
mod text_table;
mod unix_diag;
pub mod unix_peer;
mod users;
