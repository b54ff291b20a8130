//! A Unix-domain socket of this process: which socket it is, and which one is its other end.

use std::ffi::c_int;

use super::kernel;
use super::sock_diag::{SockDiag, Unavailable};
use crate::error::Error;
use crate::platform::linux::kernel::{
    Failure, NO_DIRECTORY, Stat, directory_entries, open, stat_of_number,
};
use crate::platform::linux::proc::layout::{decimal, directory_entry};
use crate::platform::linux::socket::Inode;
use crate::question::LocalPeer;

/// Returns the inode of the socket `fd` of this process, by which unix_diag is asked for its other
/// end, and the process that SO_PEERCRED names: the one that connected or began to listen, 0 if it
/// is outside our pid namespace. `None`: `fd` is not a Unix-domain socket or has no other end.
///
/// The descriptor is only inspected. The second argument matters on macOS only.
pub fn local_peer(fd: c_int, _: bool) -> Result<Option<LocalPeer>, Error> {
    match told(fd) {
        Ok(peer) => Ok(peer),
        // Closed, another kind of file, or not connected.
        Err((_, libc::EBADF | libc::ENOTSOCK | libc::ENOTCONN | libc::EINVAL)) => Ok(None),
        Err((syscall, errno)) => Err(Error::system(syscall, errno, "")),
    }
}

fn told(fd: c_int) -> Result<Option<LocalPeer>, Failure> {
    let stat = stat_of_number(fd).map_err(|errno| ("fstat", errno))?;
    // Only sockfs numbers its inodes with 32 bits. An O_PATH descriptor of a socket's file has the
    // file's inode and takes no socket call.
    let Some(socket) = u32::try_from(stat.object.1).ok().filter(|_| stat.is_socket) else {
        return Ok(None);
    };
    let domain = kernel::socket_domain(fd).map_err(|errno| ("getsockopt", errno))?;
    if domain != libc::AF_UNIX {
        return Ok(None);
    }
    kernel::check_connected(fd).map_err(|errno| ("getpeername", errno))?;
    let pid = kernel::peer_pid(fd).map_err(|errno| ("getsockopt", errno))?;
    Ok(Some(LocalPeer { socket, pid }))
}

/// Returns the inode of the other end of our socket `inode`.
///
/// `None`: either end is closed, or it has not been accepted yet. `Unavailable`, with `is_absent`:
/// the kernel cannot say, because there is no unix_diag or because our socket belongs to another
/// network namespace. So does every socket accepted from a client there, since the kernel creates
/// it in the client's namespace (`unix_stream_connect` in net/unix/af_unix.c).
pub fn unix_peer(diag: &mut SockDiag, inode: Inode) -> Result<Option<Inode>, Unavailable> {
    match diag.unix_peer(inode)? {
        Some(peer) => Ok(peer),
        // The socket exists, since this process still has it; the kernel just doesn't show it.
        None if has_descriptor(inode) => Err(Unavailable::from(("recvfrom", libc::ENOENT))),
        None => Ok(None),
    }
}

/// Returns whether this process still has a descriptor of the socket, or may have one that cannot
/// be seen.
fn has_descriptor(inode: Inode) -> bool {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY;
    let Ok(directory) = open(NO_DIRECTORY, c"/proc/self/fd", flags) else {
        return true;
    };
    let is_it = |stat: &Stat| stat.is_socket && stat.object.1 == u64::from(inode);
    let mut buffer = vec![0; 8192];
    while let Ok(mut entries) = directory_entries(&directory, &mut buffer)
        && !entries.is_empty()
    {
        while let Some((name, next)) = directory_entry(entries) {
            let stat = decimal(name.to_bytes()).and_then(|number| stat_of_number(number).ok());
            if stat.as_ref().is_some_and(is_it) {
                return true;
            }
            entries = entries.get(next..).unwrap_or_default();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    fn inode(socket: &impl AsRawFd) -> Inode {
        let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
        let inode = std::fs::metadata(path).expect("it is open").ino();
        Inode::try_from(inode).expect("32 bits")
    }

    fn peer(inode: Inode) -> Option<Inode> {
        let peer = unix_peer(&mut SockDiag::default(), inode);
        peer.unwrap_or_else(|unavailable| panic!("{:?}", unavailable.error))
    }

    fn told_of(file: &impl AsRawFd) -> Option<LocalPeer> {
        local_peer(file.as_raw_fd(), false).expect("it is told")
    }

    #[test]
    fn a_pairs_end_has_an_inode_and_this_process_at_its_other_end() {
        let (one, other) = UnixStream::pair().expect("a pair");
        let inode = inode(&one);

        let peer = told_of(&one).expect("a peer");

        assert_eq!(peer.socket, inode);
        assert_eq!(peer.pid, std::process::id().cast_signed());
        drop(other);
        assert_eq!(told_of(&one), Some(peer), "unix_diag tells that it is closed");
    }

    #[test]
    fn what_is_no_connected_unix_socket_is_none() {
        let path = std::env::temp_dir().join(format!("socket-owner-peer-{}", std::process::id()));
        let listener = UnixListener::bind(&path).expect("a socket");
        std::fs::remove_file(&path).expect("it was made");

        assert_eq!(told_of(&listener), None, "it listens");
        assert_eq!(told_of(&TcpListener::bind("127.0.0.1:0").expect("a port")), None);
        assert_eq!(told_of(&UdpSocket::bind("127.0.0.1:0").expect("a port")), None);
        assert_eq!(told_of(&File::open("/").expect("a folder")), None);
        assert_eq!(local_peer(-1, false), Ok(None));
        assert_eq!(local_peer(c_int::MAX, false), Ok(None));
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
