//! The package's files that parse foreign bytes, and the opposite direction: each `print` function
//! makes bytes that parse to the same value. None of these files makes a system call, except
//! macOS's wrapper of libproc: its checks of what libproc claims to have written are part of the
//! parsing.

#![allow(dead_code, reason = "the files are whole, the targets use what reads bytes")]

#[path = "../../src/answer.rs"]
pub mod answer;
#[path = "../../src/error.rs"]
pub mod error;
#[path = "../../src/question.rs"]
pub mod question;
#[path = "../../src/socket.rs"]
pub mod socket;

#[path = "../../src/node"]
pub mod node {
    pub mod wire;
}

/// The files under the paths by which they refer to each other.
pub mod platform {
    pub use crate::{darwin, linux};
}

#[path = "../../src/linux"]
pub mod linux {
    pub mod socket;

    pub mod proc {
        pub mod layout;
    }

    pub mod sockets {
        pub mod ifaddr;
        pub mod inet_diag;
        pub mod netlink;
        pub mod proc_net;
        pub mod states;
        pub mod unix_diag;
    }
}

#[path = "../../src/darwin"]
pub mod darwin {
    pub mod kernel;
    pub mod layout;
    pub mod libproc;
    pub mod listing;
    pub mod procargs;
    pub mod process_layout;
    pub mod sysctl;
}

#[path = "../../src/windows"]
pub mod windows {
    pub mod command_line;
    pub mod layout;
}

pub mod libproc;
pub mod print;
pub mod socket_bytes;

/// Passes the body of each netlink message in `data` to `each`. The first message counts as an
/// answer to our request, except for one length in eight, for which most messages are foreign.
pub fn in_messages(data: &[u8], mut each: impl FnMut(&[u8])) {
    use linux::sockets::netlink::{Message, message};
    let number = |at: usize| {
        data.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(7, u32::from_ne_bytes)
    };
    let (sequence, port_id) =
        if data.len() % 8 == 7 { (7, 24196) } else { (number(8), number(12)) };
    let mut rest = data;
    while let Some((read, taken)) = message(rest, sequence, port_id) {
        assert!((16..=rest.len()).contains(&taken), "{taken} of {}", rest.len());
        rest = &rest[taken..];
        if let Message::Body(body) = read {
            each(body);
        }
    }
}
