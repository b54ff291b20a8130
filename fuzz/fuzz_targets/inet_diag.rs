//! sock_diag datagrams about TCP and UDP, with any lengths, types, attributes and senders.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::sockets::inet_diag::row;
use socket_owner_fuzz::socket::Protocol;
use socket_owner_fuzz::{in_messages, print};

fuzz_target!(|data: &[u8]| {
    in_messages(data, |body| {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let Some(read) = row(body, protocol) else { continue };
            assert_eq!(row(&print::diag_body(&read), protocol), Some(read));
        }
    });
});
