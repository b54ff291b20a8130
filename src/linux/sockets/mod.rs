//! Which sockets answer a question: asked of sock_diag, or read in the text tables.

pub mod candidates;
pub mod diag_reply;
pub mod diag_request;
pub mod proc_net;
pub mod sock_diag;
mod tcp_state;
