//! macOS: `struct socket_fdinfo`, lists of `struct proc_fdinfo`, and facts about a process, with
//! any number of bytes that the kernel claims to have written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::darwin::libproc::{self as calls, FD_IS_SOCKET};
use socket_owner_fuzz::darwin::listing::Buffers;
use socket_owner_fuzz::darwin::{layout, sysctl};
use socket_owner_fuzz::libproc;
use socket_owner_fuzz::socket_bytes::socket_info;

fuzz_target!(|data: &[u8]| {
    let Some(([kind, errno, a, b, c, d], bytes)) = data.split_first_chunk::<6>() else { return };
    let claimed = (kind % 2 == 1).then_some(i32::from_ne_bytes([*a, *b, *c, *d]));
    libproc::script(bytes, claimed, i32::from(*errno));
    let mut buffers = Buffers::default();

    if let Ok(Some(seen)) = calls::socket(1, 3) {
        let again = layout::sighting(&socket_info(&seen.socket)).ok().flatten();
        assert_eq!(again.map(|again| again.socket), Some(seen.socket));
    }
    if let Ok(listed) = buffers.list_sockets(1) {
        // Bytes that were claimed but not written are zero here.
        let written = [bytes, &[0; 7]].concat();
        let socket = |entry: &&[u8; 8]| entry[4..] == FD_IS_SOCKET.to_ne_bytes();
        assert!(listed.len() <= written.as_chunks::<8>().0.iter().filter(socket).count());
    }
    let _ = buffers.list_processes().map(|(pids, _)| pids.len());
    if let Ok(facts) = calls::own_facts(1) {
        assert!(facts.facts.name.chars().count() <= 32);
    }
    if let Ok(facts) = calls::facts(1) {
        assert!(facts.name.chars().count() <= 16);
    }
    if let Ok(Some(folder)) = calls::working_directory(1) {
        assert!((1..=1024).contains(&folder.chars().count()));
    }
    let _ = sysctl::started(1);
    let _ = sysctl::arguments(1);
    let _ = calls::process_path(1);
    let _ = calls::own_unix_socket(3);
    if let Some(address) = bytes.first_chunk() {
        let end = layout::address(address);
        assert!(end.is_none_or(|end| end.port == 0));
    }
});
