//! Netlink datagrams about this machine's addresses, with any lengths, families, attributes and
//! senders.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::sockets::ifaddr::own_address;
use socket_owner_fuzz::{in_messages, print};

fuzz_target!(|data: &[u8]| {
    in_messages(data, |body| {
        if let Some(own) = own_address(body) {
            assert_eq!(own_address(&print::address_body(&own)), Some(own));
        }
    });
});
