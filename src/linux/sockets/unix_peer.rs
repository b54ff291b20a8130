//! The other end of a Unix-domain socket of this process.

use super::sock_diag::{SockDiag, Unavailable};
use crate::platform::linux::kernel::{self, Descriptor};
use crate::platform::linux::proc::layout::{decimal, directory_entry};
use crate::platform::linux::socket::Inode;

/// Returns the inode of the other end of our socket `inode`.
///
/// `None`: it is closed, on either side, or nobody has accepted it yet. `Unavailable`, as absent: it
/// cannot be told, because there is no unix_diag, or because our socket is another network
/// namespace's. That is so of each one that was accepted from a client there: the kernel makes it in
/// the client's (`unix_stream_connect` in net/unix/af_unix.c).
pub fn unix_peer(diag: &mut SockDiag, inode: Inode) -> Result<Option<Inode>, Unavailable> {
    match diag.unix_peer(inode)? {
        Some(peer) => Ok(peer),
        // A socket that this process still has is there: it is the kernel that will not tell.
        None if has_descriptor(inode) => Err(Unavailable::from(("recvfrom", libc::ENOENT))),
        None => Ok(None),
    }
}

/// Returns whether this process still has a descriptor of the socket; also where that cannot be seen.
fn has_descriptor(inode: Inode) -> bool {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY;
    let Ok(directory) = kernel::open(kernel::NO_DIRECTORY, c"/proc/self/fd", flags) else {
        return true;
    };
    let mut buffer = vec![0; 8192];
    loop {
        match is_among_next(&directory, inode, &mut buffer) {
            Some(false) => {}
            Some(true) => return true,
            None => return false,
        }
    }
}

/// `None` at the end.
fn is_among_next(directory: &Descriptor, inode: Inode, buffer: &mut [u8]) -> Option<bool> {
    let mut entries =
        kernel::directory_entries(directory, buffer).ok().filter(|e| !e.is_empty())?;
    while let Some((name, next)) = directory_entry(entries) {
        let stat = decimal(name.to_bytes()).map(kernel::stat_of_number);
        if let Some(Ok(stat)) = stat
            && stat.is_socket
            && stat.object.1 == u64::from(inode)
        {
            return Some(true);
        }
        entries = entries.get(next..).unwrap_or_default();
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    fn inode(socket: &impl std::os::fd::AsRawFd) -> Inode {
        let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
        let inode = std::fs::metadata(path).expect("it is open").ino();
        Inode::try_from(inode).expect("32 bits")
    }

    fn peer(inode: Inode) -> Option<Inode> {
        let peer = unix_peer(&mut SockDiag::default(), inode);
        peer.unwrap_or_else(|unavailable| panic!("{:?}", unavailable.error))
    }

    #[test]
    fn the_ends_of_a_pair_are_each_others_until_one_is_closed() {
        let (one, other) = UnixStream::pair().expect("a pair");
        let inodes = [inode(&one), inode(&other)];

        assert_eq!(inodes.map(peer), [Some(inodes[1]), Some(inodes[0])]);
        drop(other);
        assert_eq!(inodes.map(peer), [None, None]);
    }

    #[test]
    fn a_client_has_no_other_end_before_it_is_accepted() {
        let path = std::env::temp_dir().join(format!("socket-owner-{}", std::process::id()));
        let listener = UnixListener::bind(&path).expect("a socket");
        let client = UnixStream::connect(&path).expect("a connection");
        std::fs::remove_file(&path).expect("it was made");
        let before = peer(inode(&client));

        let (accepted, _) = listener.accept().expect("a connection");

        assert_eq!((before, peer(inode(&client))), (None, Some(inode(&accepted))));
    }

    #[test]
    fn a_descriptor_is_seen_until_it_is_closed() {
        let (one, _other) = UnixStream::pair().expect("a pair");
        let inode = inode(&one);

        assert!(has_descriptor(inode));
        drop(one);
        assert!(!has_descriptor(inode));
    }
}
