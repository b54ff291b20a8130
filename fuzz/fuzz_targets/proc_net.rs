//! The text tables, whole: read in pages, cut into lines, lines into sockets.

#![no_main]

use std::ffi::CString;
use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::{AsRawFd, FromRawFd};

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::proc_net::{Text, row};
use socket_owner_fuzz::print;

thread_local! {
    // SAFETY: memfd_create takes a string and a number; the descriptor is new and nobody else's.
    static TABLE: File = unsafe { File::from_raw_fd(libc::memfd_create(c"table".as_ptr(), 0)) };
}

fuzz_target!(|data: &[u8]| {
    // Rows that stand on both sides of a page's end come by repetition.
    let data = data.repeat(if data.len() > 64 { 1 + 9000 / data.len() } else { 1 });
    let mut rows = Vec::new();
    TABLE.with(|mut file| {
        file.set_len(0).expect("a file in memory");
        file.rewind().expect("a file in memory");
        file.write_all(&data).expect("a file in memory");
        let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).expect("no NUL");
        let mut text = Text::open(&path).ok().flatten().expect("it is there");
        while text.read_on(&mut |row| rows.push(row)).expect("it can be read") {}
    });

    // The last line is not complete.
    let end = data.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let lines = data[..end].split(|byte| *byte == b'\n');
    assert_eq!(rows, lines.filter_map(row).collect::<Vec<_>>());
    for read in rows {
        assert_eq!(row(print::table_line(&read).as_bytes()), Some(read));
    }
});
