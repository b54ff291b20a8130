//! Where the files of one process are looked up.
//!
//! An open `/proc/PID` is one process's for good: once that one has gone every name in it is gone
//! too, whoever has the number next (`get_proc_task` in fs/proc/internal.h). So what is read through
//! it is never put together from two processes.

use std::ffi::{CString, c_int};
use std::fmt;

use super::names::{self, Name, is_gone_or_hidden, numbers};
use crate::error::Error;
use crate::platform::linux::kernel::{self, Descriptor, Errno, NO_DIRECTORY, Stat};
use crate::platform::linux::socket::Hit;
use crate::question::Pid;

/// Why something of a process was not read.
#[derive(Debug)]
pub enum Unread {
    /// It is not there, or the process has gone.
    Gone,
    /// The caller may not see it.
    Hidden,
    /// A failure to look.
    Failed(Error),
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The directory of a process in `/proc`.
pub struct ProcessDirectory {
    pid: Pid,
    directory: Descriptor,
}

/// A process's directory, or that of one of its threads.
#[derive(Clone, Copy)]
pub struct Place<'d> {
    directory: Option<&'d Descriptor>,
    pid: Pid,
    thread: Option<Pid>,
}

impl ProcessDirectory {
    /// Opens the directory of `pid`, as `/proc` numbers it.
    pub fn open(pid: Pid) -> Result<Self, Unread> {
        let name = Name::new(format_args!("{pid}"));
        let flags = libc::O_PATH | libc::O_DIRECTORY;
        let opened = kernel::open(NO_DIRECTORY, name.text(), flags);
        let directory = opened.map_err(|errno| unread("open", errno, &name))?;
        Ok(Self { pid, directory })
    }

    /// Where its files are.
    pub fn place(&self) -> Place<'_> {
        Place { directory: Some(&self.directory), pid: self.pid, thread: None }
    }

    /// Its effective user. The owner of this directory is always that one, while those of what is in
    /// it may be root (`task_dump_owner` in fs/proc/base.c), and `status` takes three calls.
    pub fn user(&self) -> Result<u32, Unread> {
        let stat = kernel::stat_of_number(self.directory.number());
        let name = || Name::new(format_args!("{}", self.pid));
        stat.map(|stat| stat.user).map_err(|errno| unread("fstat", errno, &name()))
    }
}

impl Place<'_> {
    /// The directory of `pid`, looked up anew each time: that takes no descriptor, but the number
    /// may be another process's by the next call.
    pub fn by_number(pid: Pid) -> Self {
        Self { directory: None, pid, thread: None }
    }

    /// The process, as `/proc` numbers it.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The first bytes of a file, as many as there are or as fit. Less than that is its end: the
    /// kernel makes the text of a small file at once, and a command line is copied to its end.
    pub fn read<'b>(&self, file: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], Unread> {
        let opened = self.open(file, 0)?;
        kernel::read(&opened, buffer)
            .map_err(|errno| self.unread("read", errno, format_args!("{file}")))
    }

    /// The same of a file that may be large: `buffer` grows up to `limit`.
    pub fn read_whole(
        &self,
        file: &str,
        buffer: &mut Vec<u8>,
        limit: usize,
    ) -> Result<usize, Unread> {
        let opened = self.open(file, 0)?;
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            let wanted = room.len();
            let read = kernel::read(&opened, room)
                .map_err(|errno| self.unread("read", errno, format_args!("{file}")));
            let read = read?.len();
            filled = filled.saturating_add(read);
            if read < wanted {
                break;
            }
            buffer.resize(buffer.len().saturating_mul(8).min(limit), 0);
        }
        Ok(filled)
    }

    /// A link's text. One that the kernel cannot fit into a page is as good as hidden.
    pub fn read_link<'b>(&self, link: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], Unread> {
        let (directory, name) = self.name(format_args!("{link}"));
        let text = kernel::read_link(directory, name.text(), buffer);
        text.map_err(|errno| match errno {
            libc::ENAMETOOLONG => Unread::Hidden,
            _ => self.unread("readlink", errno, format_args!("{link}")),
        })
    }

    /// Makes sure that the kernel shows the socket of `hit` in its table, under the same number. Where
    /// the first thread has exited, the others have the table.
    pub fn holds(&self, hit: Hit) -> Result<(), Unread> {
        let shown = |place: Self| {
            let fd = hit.fd;
            let (directory, name) = place.name(format_args!("fd/{fd}"));
            let socket = names::socket_of_link(directory, name.text())
                .map_err(|errno| place.unread("readlink", errno, format_args!("fd/{fd}")))?;
            if socket == Some(hit.inode) { Ok(()) } else { Err(Unread::Gone) }
        };
        match shown(*self) {
            Err(Unread::Gone) => self.of_another_thread(shown),
            shown => shown,
        }
    }

    /// What a link leads to.
    pub fn stat(&self, link: &str) -> Result<Stat, Errno> {
        let (directory, name) = self.name(format_args!("{link}"));
        kernel::stat(directory, name.text())
    }

    /// The file of that absolute name in the process's own view of the files.
    pub fn stat_in_root(&self, path: &[u8]) -> Result<Stat, Errno> {
        let (directory, name) = self.name(format_args!("root"));
        let path = CString::new([name.text().to_bytes(), path].concat());
        kernel::stat(directory, &path.map_err(|_| libc::EINVAL)?)
    }

    /// Opens a file or, by the flags, a directory.
    pub fn open(&self, file: &str, flags: c_int) -> Result<Descriptor, Unread> {
        let (directory, name) = self.name(format_args!("{file}"));
        let opened = kernel::open(directory, name.text(), libc::O_RDONLY | flags);
        opened.map_err(|errno| self.unread("open", errno, format_args!("{file}")))
    }

    /// What `read` brings of the first other thread that has it: where the first one has exited,
    /// its own directory is all but empty and those of the others are not.
    pub fn of_another_thread<T>(
        &self,
        mut read: impl FnMut(Self) -> Result<T, Unread>,
    ) -> Result<T, Unread> {
        let listed = self.open("task", libc::O_DIRECTORY)?;
        let threads = numbers(&listed)
            .map_err(|errno| self.unread("getdents64", errno, format_args!("task")))?;
        drop(listed);
        for thread in threads.into_iter().filter(|thread| *thread != self.pid) {
            match read(Self { thread: Some(thread), ..*self }) {
                Err(Unread::Gone) => {}
                seen => return seen,
            }
        }
        Err(Unread::Gone)
    }

    fn name(&self, file: fmt::Arguments<'_>) -> (c_int, Name) {
        let Self { directory, pid, thread } = *self;
        match (directory, thread) {
            (None, None) => (NO_DIRECTORY, Name::new(format_args!("{pid}/{file}"))),
            (None, Some(thread)) => {
                (NO_DIRECTORY, Name::new(format_args!("{pid}/task/{thread}/{file}")))
            }
            (Some(directory), None) => (directory.number(), Name::relative(file)),
            (Some(directory), Some(thread)) => {
                (directory.number(), Name::relative(format_args!("task/{thread}/{file}")))
            }
        }
    }

    fn unread(&self, call: &'static str, errno: Errno, file: fmt::Arguments<'_>) -> Unread {
        let (_, name) = Self { directory: None, ..*self }.name(file);
        unread(call, errno, &name)
    }
}

/// A file by its absolute name, from this process's root.
pub fn stat_here(path: &[u8]) -> Result<Stat, Errno> {
    let path = CString::new(path).map_err(|_| libc::EINVAL)?;
    kernel::stat(NO_DIRECTORY, &path)
}

/// What was read, or `None` if there is nothing to be seen.
pub fn seen<T>(read: Result<T, Unread>) -> Result<Option<T>, Error> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Unread::Gone | Unread::Hidden) => Ok(None),
        Err(Unread::Failed(error)) => Err(error),
    }
}

fn unread(call: &'static str, errno: Errno, name: &Name) -> Unread {
    match errno {
        libc::EACCES | libc::EPERM => Unread::Hidden,
        _ if is_gone_or_hidden(errno) => Unread::Gone,
        _ => Unread::Failed(names::failure(call, errno, name)),
    }
}
