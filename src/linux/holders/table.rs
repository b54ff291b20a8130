//! The descriptor table of one process, read from first to last in as many slices as it takes.
//!
//! A table ends only where its listing ends: an earlier count may be too small by now.

use std::ffi::c_int;

use crate::platform::linux::kept::Kept;
use crate::platform::linux::kernel::{self, Descriptor, Errno, Failure};
use crate::platform::linux::proc::layout;
use crate::platform::linux::proc::names::{
    ENTRIES_BYTES, Name, fd_directory, is_gone_or_hidden, socket_of_link,
};
use crate::platform::linux::socket::Inode;
use crate::question::Pid;
use crate::slice::Slice;

/// Whose table to read: a process's, or in its place that of one of its threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The process.
    pub pid: Pid,
    /// One of its threads.
    pub thread: Option<Pid>,
    /// How many descriptors the table is expected to have, at least.
    pub expected: u64,
}

impl Visit {
    /// Returns a visit to a process whose descriptors were not counted.
    pub fn uncounted(pid: Pid) -> Self {
        Self { pid, thread: None, expected: 1 }
    }

    /// Returns the table's name.
    pub fn name(&self) -> Name {
        let pid = self.pid;
        match self.thread {
            Some(thread) => Name::new(format_args!("{pid}/task/{thread}/fd")),
            None => fd_directory(pid),
        }
    }
}

/// Reads tables, one at a time, with one buffer for all of them.
#[derive(Default)]
pub struct Table {
    directory: Option<Descriptor>,
    /// Stands in for `directory` between two slices.
    paused: Option<Kept>,
    buffer: Vec<u8>,
    filled_bytes: usize,
    next: usize,
    /// The device of sockfs, if the table is our own: `fstat` of a descriptor of ours is seven times
    /// faster than reading its link.
    own_sockets: Option<u64>,
    /// How the table would end now.
    ended: Ended,
}

/// What the next piece of a table brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A descriptor that is a socket.
    Socket(Inode, c_int),
    /// The slice is over.
    Paused,
    /// Everything that could be read has been.
    End(Ended),
}

/// How a table ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// How many descriptors it has.
    pub descriptors: u64,
    /// Whether the process or one of its descriptors went away during the reading: what it held may be
    /// elsewhere now, or in the same table under a number already passed.
    pub has_lost: bool,
    /// Why part of it could not be read, if the process itself is not to blame.
    pub failure: Option<Failure>,
}

impl Table {
    /// Begins to read the table at `name` (`PID/fd`). See `own_sockets` above.
    pub fn open(&mut self, name: &Name, own_sockets: Option<u64>) -> Result<(), Errno> {
        self.close();
        self.directory = Some(name.open(libc::O_DIRECTORY)?);
        self.buffer.resize(ENTRIES_BYTES, 0);
        self.own_sockets = own_sockets;
        Ok(())
    }

    /// Returns whether a table is being read.
    pub fn is_open(&self) -> bool {
        self.directory.is_some()
    }

    /// Must be called at the end of each slice.
    pub fn pause(&mut self) {
        self.paused = self.directory.take().and_then(|directory| Kept::new(directory).ok());
    }

    /// Must be called at the start of the next slice. If the descriptor was lost in between, no table
    /// is open afterwards.
    pub fn resume(&mut self) {
        self.directory = self.paused.take().and_then(Kept::into_checked);
        if self.directory.is_none() {
            self.close();
        }
    }

    /// Stops reading.
    pub fn close(&mut self) {
        self.directory = None;
        (self.filled_bytes, self.next, self.ended) = (0, 0, Ended::default());
    }

    /// Returns the next socket in the table.
    pub fn next(&mut self, slice: &Slice) -> Next {
        while let Some(directory) = &self.directory {
            let unread = self.buffer.get(self.next..self.filled_bytes).unwrap_or_default();
            let Some((name, bytes)) = layout::directory_entry(unread) else {
                match kernel::directory_entries(directory, &mut self.buffer) {
                    Ok([]) => break,
                    Ok(entries) => (self.filled_bytes, self.next) = (entries.len(), 0),
                    Err(errno) => {
                        self.note("getdents64", errno);
                        break;
                    }
                }
                continue;
            };
            let number = layout::decimal::<c_int>(name.to_bytes()); // Not so for "." and "..".
            let (call, inode) = match (number, self.own_sockets) {
                (None, _) => ("", Ok(None)),
                (Some(number), Some(sockets)) => ("fstat", own_inode(number, sockets)),
                (Some(_), None) => ("readlink", socket_of_link(directory.number(), name)),
            };
            self.next = self.next.saturating_add(bytes);
            let seen = &mut self.ended.descriptors;
            *seen = seen.saturating_add(number.is_some().into());
            match (inode, number) {
                (Ok(Some(inode)), Some(number)) => return Next::Socket(inode, number),
                (Err(errno), _) => self.note(call, errno),
                _ => {}
            }
            if slice.is_over() {
                return Next::Paused;
            }
        }
        let ended = self.ended;
        self.close();
        Next::End(ended)
    }

    fn note(&mut self, call: &'static str, errno: Errno) {
        if is_gone_or_hidden(errno) {
            self.ended.has_lost = true;
        } else {
            self.ended.failure = Some((call, errno));
        }
    }
}

/// Returns the inode behind one of our own descriptors, if it is a socket in sockfs. The mode alone
/// doesn't show that: a descriptor of a Unix socket's file is a socket by its mode too.
fn own_inode(number: c_int, sockets: u64) -> Result<Option<Inode>, Errno> {
    // Closed since it was listed, for which a link has ENOENT.
    let closed = |errno| if errno == libc::EBADF { libc::ENOENT } else { errno };
    let stat = kernel::stat_of_number(number).map_err(closed)?;
    let (device, inode) = stat.object;
    let is_ours = stat.is_socket && device == sockets;
    Ok(Inode::try_from(inode).ok().filter(|_| is_ours))
}
