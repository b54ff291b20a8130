//! Where the files of one process are looked up.
//!
//! An open `/proc/PID` always belongs to the same process: once that process is gone, every name in
//! the directory is gone too, even if the pid is reused (`get_proc_task` in fs/proc/internal.h). So
//! what is read through it never mixes two processes.

use std::ffi::{CStr, CString, c_int};
use std::fmt::Display;

use super::layout::{self, ProcessStat};
use super::names::{Name, failure, is_gone_or_hidden, numbers, socket_of_link};
use crate::error::Error;
use crate::platform::linux::kernel::{self, Descriptor, Errno, NO_DIRECTORY, Stat};
use crate::platform::linux::socket::Hit;
use crate::question::Pid;

/// The kernel writes a link's text into one page and fails if it does not fit (`do_proc_readlink`).
/// `stat` and the part of `status` that is needed are shorter.
pub const PAGE_BYTES: usize = 4096;

/// Why something about a process was not read.
#[derive(Debug)]
pub enum Unread {
    /// It does not exist, or the process has gone.
    Gone,
    /// The caller may not see it.
    Hidden,
    /// The lookup failed.
    Failed(Error),
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The directory in `/proc` of a process or of one of its threads.
#[derive(Clone, Copy)]
pub struct Place<'d> {
    /// Open, or `None` if each call looks the directory up again. That takes no descriptor, but the
    /// pid may belong to another process at the next call.
    directory: Option<&'d Descriptor>,
    pid: Pid,
    thread: Option<Pid>,
}

/// Calls `tell` with one open directory of the process that `/proc` numbers `pid`. `None`: there is
/// nothing to see.
pub fn in_directory<T>(
    pid: Pid,
    tell: impl FnOnce(Place<'_>) -> Result<T, Unread>,
) -> Result<Option<T>, Error> {
    let name = Name::new(format_args!("{pid}"));
    let opened = name.open(libc::O_PATH | libc::O_DIRECTORY);
    let directory = opened.map_err(|errno| unread("open", errno, &name));
    seen(directory.and_then(|open| tell(Place { directory: Some(&open), pid, thread: None })))
}

impl Place<'_> {
    /// The directory of `pid`, looked up again by each call.
    pub fn by_number(pid: Pid) -> Self {
        Self { directory: None, pid, thread: None }
    }

    /// Returns the process's pid in `/proc`.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Returns the effective user. That user always owns the process's directory, while files in it
    /// may belong to root (`task_dump_owner` in fs/proc/base.c), and reading `status` takes three
    /// calls.
    pub fn user(&self) -> Result<u32, Unread> {
        let name = Name::new(format_args!("{}", self.pid));
        let stat = self
            .directory
            .map_or_else(|| name.stat(), |open| kernel::stat_of_number(open.number()));
        stat.map(|stat| stat.user).map_err(|errno| unread("fstat", errno, &name))
    }

    /// Reads `stat`. Also `Gone` for a thread that is not a process.
    pub fn process_stat<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<ProcessStat<'b>, Unread> {
        let line = self.read("stat", buffer, 0)?;
        layout::process_stat(line).filter(|stat| !stat.is_thread).ok_or(Unread::Gone)
    }

    /// Reads a file, up to the size of `buffer` or, if more, to `limit`. A read that does not fill
    /// the buffer has reached the end: the kernel writes the text of a small file in one go, and
    /// copies a command line to its end.
    pub fn read<'b>(
        &self,
        file: &str,
        buffer: &'b mut Vec<u8>,
        limit: usize,
    ) -> Result<&'b [u8], Unread> {
        let opened = self.open(file, 0)?;
        let mut filled_bytes = 0_usize;
        loop {
            let room = buffer.get_mut(filled_bytes..).unwrap_or_default();
            let room_bytes = room.len();
            let read = self.call("read", file, |_, _| kernel::read(&opened, room))?.len();
            filled_bytes = filled_bytes.saturating_add(read);
            if read < room_bytes || buffer.len() >= limit {
                return Ok(buffer.get(..filled_bytes).unwrap_or_default());
            }
            buffer.resize(buffer.len().saturating_mul(8).min(limit), 0);
        }
    }

    /// Reads a link's text. One that the kernel cannot fit into a page counts as hidden.
    pub fn read_link<'b>(&self, link: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], Unread> {
        self.call("readlink", link, |directory, name| kernel::read_link(directory, name, buffer))
    }

    /// Makes sure that the kernel shows the socket of `hit` in the process's table, under the same
    /// number. If the first thread has exited, the other threads have the table.
    pub fn holds(&self, hit: Hit) -> Result<(), Unread> {
        let shown = |place: Self| {
            let socket = place.call("readlink", format_args!("fd/{}", hit.fd), socket_of_link)?;
            if socket == Some(hit.inode) { Ok(()) } else { Err(Unread::Gone) }
        };
        match shown(*self) {
            Err(Unread::Gone) => self.of_another_thread(shown),
            shown => shown,
        }
    }

    /// Calls `stat` on the file that a link leads to.
    pub fn stat(&self, link: &str) -> Result<Stat, Unread> {
        self.call("stat", link, kernel::stat)
    }

    /// Calls `stat` on an absolute path, resolved from the process's own root.
    pub fn stat_in_root(&self, path: &[u8]) -> Result<Stat, Unread> {
        self.call("stat", "root", |directory, root| {
            let path = CString::new([root.to_bytes(), path].concat());
            kernel::stat(directory, &path.map_err(|_| libc::EINVAL)?)
        })
    }

    /// Opens a file, or a directory if the flags say so.
    pub fn open(&self, file: &str, flags: c_int) -> Result<Descriptor, Unread> {
        let flags = libc::O_RDONLY | flags;
        self.call("open", file, |directory, name| kernel::open(directory, name, flags))
    }

    /// Returns the threads, including the first one.
    pub fn threads(&self) -> Result<Vec<Pid>, Unread> {
        let listed = self.open("task", libc::O_DIRECTORY)?;
        self.call("getdents64", "task", |_, _| numbers(&listed))
    }

    /// Returns what `read` finds for the first of the other threads that has it: once the first
    /// thread has exited, its own directory is almost empty, and those of the other threads are
    /// not.
    pub fn of_another_thread<T>(
        &self,
        mut read: impl FnMut(Self) -> Result<T, Unread>,
    ) -> Result<T, Unread> {
        for thread in self.threads()?.into_iter().filter(|thread| *thread != self.pid) {
            match read(Self { thread: Some(thread), ..*self }) {
                Err(Unread::Gone) => {}
                seen => return seen,
            }
        }
        Err(Unread::Gone)
    }

    /// Makes one call about a file in the directory.
    fn call<T>(
        &self,
        call: &'static str,
        file: impl Display,
        make: impl FnOnce(c_int, &CStr) -> Result<T, Errno>,
    ) -> Result<T, Unread> {
        let Self { directory, pid, thread } = *self;
        let name = match thread {
            None => Name::new(format_args!("{pid}/{file}")),
            Some(thread) => Name::new(format_args!("{pid}/task/{thread}/{file}")),
        };
        let made = match directory {
            None => make(NO_DIRECTORY, name.text()),
            Some(open) => make(open.number(), name.in_directory()),
        };
        made.map_err(|errno| unread(call, errno, &name))
    }
}

/// Calls `stat` on an absolute path, resolved from this process's root.
pub fn stat_here(path: &[u8]) -> Result<Stat, Errno> {
    let path = CString::new(path).map_err(|_| libc::EINVAL)?;
    kernel::stat(NO_DIRECTORY, &path)
}

/// Returns what was read, or `None` if there is nothing to see.
pub fn seen<T>(read: Result<T, Unread>) -> Result<Option<T>, Error> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Unread::Gone | Unread::Hidden) => Ok(None),
        Err(Unread::Failed(error)) => Err(error),
    }
}

fn unread(call: &'static str, errno: Errno, name: &Name) -> Unread {
    match errno {
        // No name in `/proc` is too long, but the path in a link may be.
        libc::EACCES | libc::EPERM | libc::ENAMETOOLONG => Unread::Hidden,
        _ if is_gone_or_hidden(errno) => Unread::Gone,
        _ => Unread::Failed(failure(call, errno, name)),
    }
}
