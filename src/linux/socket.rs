//! The values in which the modules here exchange sockets. Nothing here makes a system call.

use std::ffi::c_int;

use crate::question::{Pid, Rank};
use crate::socket::Socket;

/// An inode number in sockfs. The kernel numbers sockets with 32 bits (`get_next_ino`), and sock_diag
/// reports no more.
pub type Inode = u32;

/// A control group, by its inode in the cgroup2 file system.
pub type Group = u64;

/// The first process of the pid namespace.
pub const INIT: Pid = 1;

/// One live socket as the kernel reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub socket: Socket,
    /// 0 if no process holds it any more, or none has accepted it yet.
    pub inode: Inode,
    /// The user who created it; `None` if the kernel reports a placeholder.
    pub uid: Option<u32>,
    /// The interface it is bound to, 0 for none. The text tables never report one.
    pub device: u32,
    /// The control group in which it was created, if the kernel says (Linux 5.9).
    pub group: Option<Group>,
}

/// A socket that answers a question, provided a visible process holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which socket.
    pub inode: Inode,
    /// How well it answers.
    pub rank: Rank,
    /// The control group in which it was created, if the kernel says.
    pub group: Option<Group>,
    /// Whether it is a TCP connection or an end of a Unix-domain one. An ancestor of its holder then
    /// counts only under the same descriptor number; for any other socket, under any number.
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
