//! Datagrams of sock_diag: any lengths, types, attributes, senders.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::diag_reply::{Message, message};
use socket_owner_fuzz::print;

fuzz_target!(|data: &[u8]| {
    // Mostly the first message is taken for an answer to our request; else it is foreign.
    let number = |at: usize| {
        data.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(7, u32::from_ne_bytes)
    };
    let (sequence, port_id) = if data.len() % 8 == 7 { (7, 24196) } else { (number(8), number(12)) };
    let mut rest = data;
    while let Some((read, taken)) = message(rest, sequence, port_id) {
        assert!((16..=rest.len()).contains(&taken), "{taken} of {}", rest.len());
        rest = &rest[taken..];
        if let Message::Row(Some(row)) = read {
            let printed = print::diag_message(&row, sequence, port_id);
            let again = message(&printed, sequence, port_id);
            assert_eq!(again, Some((Message::Row(Some(row)), printed.len())));
        }
    }
});
