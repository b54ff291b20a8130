//! The package's files that read foreign bytes, and the way back: each `print` makes bytes that
//! read as the same value.

#![allow(dead_code, reason = "the files are whole, the targets use what reads bytes")]

#[path = "../../src/error.rs"]
pub mod error;
#[path = "../../src/question.rs"]
pub mod question;
#[path = "../../src/socket.rs"]
pub mod socket;
#[path = "../../src/words.rs"]
pub mod words;

#[path = "../../src/linux"]
pub mod linux {
    pub mod diag_reply;
    pub mod diag_request;
    pub mod groups;
    pub mod kept;
    pub mod kernel;
    pub mod layout;
    pub mod proc_net;
    pub mod stat;
    pub mod tcp_state;
}

#[path = "../../src/darwin"]
pub mod darwin {
    pub mod buffers;
    pub mod errno;
    pub mod kernel;
    pub mod layout;
    pub mod libproc;
    pub mod procargs;
    pub mod process_layout;
    pub mod sysctl;
}

pub mod libproc;
pub mod print;
pub mod socket_bytes;
