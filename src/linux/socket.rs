//! What the wings say to each other about sockets. Nothing is read or asked here.

use std::ffi::c_int;

use crate::question::{Pid, Rank};
use crate::socket::Socket;

/// An inode's number in sockfs. The kernel numbers sockets with 32 bits (`get_next_ino`), and
/// sock_diag tells no more.
pub type Inode = u32;

/// A control group: an inode in the cgroup2 file system.
pub type Group = u64;

/// The first process of the pid namespace.
pub const INIT: Pid = 1;

/// One live socket as the kernel tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub socket: Socket,
    /// 0: no process has it any more, or none has accepted it yet.
    pub inode: Inode,
    /// The user that made it; `None` where the kernel tells a placeholder.
    pub uid: Option<u32>,
    /// The interface that it is bound to, 0 for none; the text tables tell none.
    pub device: u32,
    /// The control group in which it was made, where the kernel tells (Linux 5.9).
    pub group: Option<Group>,
}

/// A socket that answers a question, if somebody who may be seen holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which socket.
    pub inode: Inode,
    /// How well it answers.
    pub rank: Rank,
    /// The control group in which it was made, where the kernel tells.
    pub group: Option<Group>,
    /// A TCP connection, or one end of a Unix-domain one: an ancestor of its holder counts only if it
    /// has it under the same number. Any other socket counts under any number.
    pub is_connection: bool,
}

/// A process that holds a wanted socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which socket.
    pub inode: Inode,
    /// Who holds it.
    pub pid: Pid,
    /// Under which number.
    pub fd: c_int,
}
