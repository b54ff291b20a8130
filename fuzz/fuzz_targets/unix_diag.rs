//! sock_diag datagrams about Unix-domain sockets, with any lengths, types, attributes and senders.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::sockets::unix_diag::peer;
use socket_owner_fuzz::{in_messages, print};

fuzz_target!(|data: &[u8]| {
    in_messages(data, |body| {
        let own =
            body.get(4..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_ne_bytes);
        let Some(Some(other)) = peer(body, own) else { return };
        assert_ne!(other, 0);
        assert_eq!(peer(body, own.wrapping_add(1)), None, "it is about another socket");
        assert_eq!(peer(&print::unix_body(own, other), own), Some(Some(other)));
    });
});
