//! The text tables of TCP and UDP: they arrive in pieces, which are cut into lines and parsed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::sockets::proc_net::{row, take_rows};
use socket_owner_fuzz::print;
use socket_owner_fuzz::socket::Protocol;

fuzz_target!(|data: &[u8]| {
    let Some((piece_bytes, text)) = data.split_first() else { return };
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let (mut rest, mut rows) = (Vec::new(), Vec::new());
        for piece in text.chunks(usize::from(*piece_bytes).max(1)) {
            take_rows(&mut rest, piece, protocol, &mut |row| rows.push(row));
        }

        // The last line is incomplete.
        let end = text.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        let lines = text[..end].split(|byte| *byte == b'\n');
        assert_eq!(rows, lines.filter_map(|line| row(line, protocol)).collect::<Vec<_>>());
        for read in rows {
            assert_eq!(row(print::table_line(&read).as_bytes(), protocol), Some(read));
        }
    }
});
