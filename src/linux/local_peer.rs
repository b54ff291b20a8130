//! What the kernel tells of our end of a Unix-domain connection.

use std::ffi::c_int;

use super::kernel::{self, Errno};
use crate::error::Error;
use crate::question::LocalPeer;

/// Returns the inode of the socket `fd` of this process, by which unix_diag is asked for its other end,
/// and the process that SO_PEERCRED names: the one that connected or began to listen, 0 where it is
/// outside of our pid namespace. `None`: `fd` is no Unix-domain socket, or has no other end.
///
/// The descriptor is looked at and left as it is. The second argument matters on macOS only.
pub fn local_peer(fd: c_int, _: bool) -> Result<Option<LocalPeer>, Error> {
    match told(fd) {
        Ok(peer) => Ok(peer),
        // Closed, another kind of file, not connected.
        Err((_, libc::EBADF | libc::ENOTSOCK | libc::ENOTCONN | libc::EINVAL)) => Ok(None),
        Err((syscall, errno)) => Err(Error::system(syscall, errno, "")),
    }
}

fn told(fd: c_int) -> Result<Option<LocalPeer>, (&'static str, Errno)> {
    let stat = kernel::stat_of_number(fd).map_err(|errno| ("fstat", errno))?;
    // Only sockfs numbers its inodes with 32 bits; an O_PATH descriptor of a socket's file has the
    // file's, and takes no socket call.
    let Some(socket) = u32::try_from(stat.object.1).ok().filter(|_| stat.is_socket) else {
        return Ok(None);
    };
    let domain = kernel::socket_domain(fd).map_err(|errno| ("getsockopt", errno))?;
    if domain != libc::AF_UNIX {
        return Ok(None);
    }
    kernel::check_connected(fd).map_err(|errno| ("getpeername", errno))?;
    let pid = kernel::peer_credentials(fd).map_err(|errno| ("getsockopt", errno))?.pid;
    Ok(Some(LocalPeer { socket, pid }))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    fn told_of(file: &impl AsRawFd) -> Option<LocalPeer> {
        local_peer(file.as_raw_fd(), false).expect("it is told")
    }

    #[test]
    fn a_pairs_end_has_an_inode_and_this_process_at_its_other_end() {
        let (one, other) = UnixStream::pair().expect("a pair");
        let inode = kernel::stat_of_number(one.as_raw_fd()).expect("it is open").object.1;

        let peer = told_of(&one).expect("a peer");

        assert_eq!(u64::from(peer.socket), inode);
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
}
