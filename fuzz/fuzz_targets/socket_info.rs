//! macOS: `struct socket_fdinfo` and lists of `struct proc_fdinfo`, with whatever number of bytes
//! the kernel claims to have written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::darwin::buffers::Buffers;
use socket_owner_fuzz::darwin::kernel::{self, FD_IS_SOCKET, Outcome};
use socket_owner_fuzz::darwin::layout::{sighting, start_time};
use socket_owner_fuzz::{libproc, print};

fuzz_target!(|data: &[u8]| {
    let Some(([kind, errno, a, b, c, d], bytes)) = data.split_first_chunk::<6>() else { return };
    let claimed = (kind % 2 == 1).then_some(i32::from_ne_bytes([*a, *b, *c, *d]));
    libproc::script(bytes, claimed, i32::from(*errno));
    let mut buffers = Buffers::default();

    if let Ok(Outcome::Told(())) = kernel::socket_info(1, 3, &mut buffers.socket)
        && let Ok(Some(seen)) = sighting(&buffers.socket)
    {
        let again = sighting(&print::socket_info(&seen.socket)).ok().flatten();
        assert_eq!(again.map(|again| again.socket), Some(seen.socket));
    }
    if let Ok(Outcome::Told(())) = kernel::bsd_info(1, &mut buffers.process) {
        let _ = start_time(1, &buffers.process);
    }
    if let Outcome::Told(listed) = buffers.list_sockets(1) {
        // What was claimed but not written is zero here.
        let written = [bytes, &[0; 7]].concat();
        let socket = |entry: &&[u8; 8]| entry[4..] == FD_IS_SOCKET.to_ne_bytes();
        assert!(listed.len() <= written.as_chunks::<8>().0.iter().filter(socket).count());
    }
    let _ = buffers.list_pids(true).map(<[i32]>::len);
    let _ = kernel::process_path(1);
});
