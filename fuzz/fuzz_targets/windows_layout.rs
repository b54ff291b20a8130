//! Windows: table rows, lists of addresses, processes and services, and command lines, with any
//! counts, lengths and pointers in them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::windows::command_line::arguments;
use socket_owner_fuzz::windows::layout::addresses::own_addresses;
use socket_owner_fuzz::windows::layout::processes::{command_line, list, parent};
use socket_owner_fuzz::windows::layout::services::names_of;
use socket_owner_fuzz::windows::layout::tables::{Table, filled_bytes, rows};

/// Where the structures contain pointers: the length of a structure, and the pointer's offset in
/// it.
const POINTERS: [(usize, usize); 3] = [(16, 8), (256, 64), (56, 0)];

fuzz_target!(|data: &[u8]| {
    for table in [Table::Tcp4, Table::Tcp6, Table::Udp4, Table::Udp6] {
        let mut found = Vec::new();
        if rows(table, data, |port| port != 0, &mut found).is_ok() {
            assert!(found.len() <= data.len() / 160);
            assert!(filled_bytes(table, data).is_some_and(|filled| filled <= data.len()));
            assert!(found.iter().all(|row| row.socket.local.port != 0 && row.pid >= 0));
        }
    }
    assert!(own_addresses(data).count() <= data.len() / 80);
    let _ = parent(data);
    for (size, at) in POINTERS {
        let bytes = with_pointers(data, size, at);
        let _ = command_line(&bytes);
        assert!(list(&bytes).len() <= bytes.len());
        assert!(names_of(4, &bytes, usize::MAX).count() <= bytes.len() / 56);
    }
    let units = data.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let told = arguments(&units.collect::<Vec<_>>());
    if let Some((program, given)) = told.split_first() {
        if !program.is_empty() && !program.contains([' ', '\t', '"']) {
            let line = given.iter().map(|text| quoted(text)).collect::<String>();
            let again = arguments(&format!("{program}{line}").encode_utf16().collect::<Vec<_>>());
            assert_eq!(again, told);
        }
    }
});

/// Makes the pointers lead into the buffer or slightly past it: those that lead elsewhere are
/// refused before anything is read.
fn with_pointers(data: &[u8], size: usize, at: usize) -> Vec<u8> {
    let mut bytes = data.to_vec();
    let base = bytes.as_ptr().addr() as u64;
    for entry in bytes.chunks_exact_mut(size) {
        let place = &mut entry[at..at + 8];
        let offset = u64::from(u16::from_le_bytes([place[0], place[1]])) % (data.len() as u64 + 4);
        place.copy_from_slice(&(base + offset).to_le_bytes());
    }
    bytes
}

/// Quotes an argument as Microsoft's documentation requires.
fn quoted(text: &str) -> String {
    let mut line = String::from(" \"");
    let mut backslashes = 0;
    for character in text.chars() {
        let more = if character == '"' { backslashes + 1 } else { 0 };
        line.extend(std::iter::repeat_n('\\', more));
        line.push(character);
        backslashes = if character == '\\' { backslashes + 1 } else { 0 };
    }
    line.extend(std::iter::repeat_n('\\', backslashes));
    line.push('"');
    line
}
