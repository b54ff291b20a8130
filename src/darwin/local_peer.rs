//! Unix-domain sockets: the process at the other end, from `LOCAL_PEERPID`.
//!
//! The kernel reports which process last used the other end. That process holds it, except for
//! moments after a fork or after the socket was passed on.

use std::ffi::c_int;
use std::os::fd::{IntoRawFd, OwnedFd};

use super::info;
use super::kernel::{self, EBADF, EINVAL, ENOPROTOOPT, ENOTCONN, ENOTSOCK, Fd, Returned};
use super::libproc::{self, Unread};
use crate::answer::Found;
use crate::error::Error;
use crate::question::{Gives, LocalPeer, Pid};

// <sys/un.h>. `SOL_LOCAL` has the same value as `IPPROTO_IP`, so it is used on Unix-domain sockets
// only.
const SOL_LOCAL: c_int = 0;
const LOCAL_PEERPID: c_int = 2;

/// The lowest number that a descriptor of our own can have; the standard streams are below it.
const LEAST_FD: Fd = 3;

/// Returns what the kernel reports about the other end of `fd`, a Unix-domain socket of this
/// process. If `is_kept`, the answer contains a second descriptor of the socket, which the question
/// closes. `None`: it is not such a socket, or no longer connected.
pub fn local_peer(fd: Fd, is_kept: bool) -> Result<Option<LocalPeer>, Error> {
    if fd < 0 || is_something_else(fd) {
        return Ok(None);
    }
    let Some(pid) = peer_of(fd)? else { return Ok(None) };
    let socket = if is_kept { second_descriptor(fd)? } else { 0 };
    Ok(Some(LocalPeer { socket, pid }))
}

fn second_descriptor(fd: Fd) -> Result<u32, Error> {
    let duplicate = kernel::duplicate(fd).map_err(|error| {
        Error::system("fcntl", error.raw_os_error().unwrap_or_default(), &fd.to_string())
    })?;
    Ok(duplicate.into_raw_fd().cast_unsigned())
}

/// Returns the pid from `getsockopt(LOCAL_PEERPID)`. `None`: not connected, or not such a socket.
fn peer_of(fd: Fd) -> Result<Option<Pid>, Error> {
    let (Returned { value, errno }, pid, bytes) =
        kernel::socket_option(fd, SOL_LOCAL, LOCAL_PEERPID);
    match (value, errno) {
        (0, _) if bytes == 4 => Ok(Some(pid).filter(|pid| *pid > 0)),
        (-1, ENOTCONN | EINVAL | ENOTSOCK | EBADF | ENOPROTOOPT) => Ok(None),
        (-1, errno) if errno != 0 => Err(Error::system("getsockopt", errno, &fd.to_string())),
        _ => Err(Error::outside_manual("getsockopt", &format!("LOCAL_PEERPID has {bytes} bytes"))),
    }
}

fn is_something_else(fd: Fd) -> bool {
    libproc::own_unix_socket(fd) == Ok(None)
}

/// A question about the other end of a Unix-domain socket.
pub struct Peer {
    pid: Pid,
    gives: Gives,
    kept: Option<Kept>,
}

impl Peer {
    /// Takes ownership of the descriptor that `local_peer` made.
    pub fn new(peer: LocalPeer, gives: Gives) -> Self {
        let kept = Fd::try_from(peer.socket).ok().and_then(Kept::take_over);
        Self { pid: peer.pid, gives, kept }
    }

    /// Answers with the process that the kernel reported at the call, if it is alive. A record is
    /// the answer only if the kernel still reports the same process after the record was read.
    pub fn answer(&self) -> Result<Found, Error> {
        match self.gives {
            Gives::Record => self.record(),
            Gives::Pid | Gives::Rows => match libproc::facts(self.pid) {
                Ok(_) => Ok(Found::Process(self.pid)),
                Err(Unread::Gone | Unread::Refused | Unread::Closed) => Ok(Found::Nobody),
                Err(Unread::Failed(error) | Unread::OutsideManual(error)) => Err(error),
            },
        }
    }

    fn record(&self) -> Result<Found, Error> {
        let Some(kept) = &self.kept else { return Ok(Found::Nobody) };
        let Some(record) = info::process_info(self.pid)? else { return Ok(Found::Nobody) };
        let is_it = peer_of(kept.fd)? == Some(self.pid);
        Ok(if is_it { Found::Record(Box::new(record)) } else { Found::Nobody })
    }
}

/// A descriptor of our own that was passed through JavaScript as a number. If the host closed it,
/// which it should not, the number may have been reused; in that case it is left alone.
struct Kept {
    /// `None` only while it is dropped.
    socket: Option<OwnedFd>,
    /// Its number.
    fd: Fd,
    /// What the kernel reported about it when it arrived: the socket's address, if this process may
    /// inspect itself.
    told: Result<Option<u64>, Unread>,
}

impl Kept {
    fn take_over(fd: Fd) -> Option<Self> {
        if fd < LEAST_FD {
            return None;
        }
        let told = libproc::own_unix_socket(fd);
        if told == Ok(None) {
            return None;
        }
        Some(Self { socket: Some(kernel::take_over(fd)), fd, told })
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if libproc::own_unix_socket(self.fd) != self.told {
            let _ = self.socket.take().map(IntoRawFd::into_raw_fd);
        }
    }
}
