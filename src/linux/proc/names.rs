//! `/proc`: names in it, and a descriptor of it that is kept, from which they are looked up a
//! little faster than from the root.

use std::ffi::{CStr, c_int};
use std::fmt;
use std::io::{Cursor, Write};

use super::layout::{self, decimal, directory_entry};
use crate::error::Error;
use crate::platform::linux::kept::Kept;
use crate::platform::linux::kernel::{self, Descriptor, Errno, NO_DIRECTORY};
use crate::platform::linux::socket::Inode;
use crate::platform::linux::stat::Stat;
use crate::question::Pid;

/// `socket:[4294967295]` is 19 bytes long; the text of any other link may be cut off.
const LINK_BYTES: usize = 32;
/// Room for some 300 entries of a directory.
const ENTRIES_BYTES: usize = 8 * 1024;
/// The longest name that is made: `/proc/`, a pid, `/task/`, a thread id, `/fd/`, a number.
const NAME_BYTES: usize = 64;
const PREFIX: &[u8] = b"/proc/";

/// A name in `/proc` that ends with a NUL, made without an allocation.
pub struct Name([u8; NAME_BYTES]);

impl Name {
    /// `/proc/` and `rest`, cut off at 63 bytes.
    pub fn new(rest: fmt::Arguments<'_>) -> Self {
        let mut bytes = [0; NAME_BYTES];
        // The last byte is out of reach and stays a NUL. Only a name that is too long fails.
        let text = bytes.split_last_mut().map(|(_, text)| text).unwrap_or_default();
        let _ = Cursor::new(text).write_fmt(format_args!("/proc/{rest}"));
        Self(bytes)
    }

    /// A name in a directory of a process, cut off likewise.
    pub fn relative(name: fmt::Arguments<'_>) -> Self {
        let mut bytes = [0; NAME_BYTES];
        let text = bytes.split_last_mut().map(|(_, text)| text).unwrap_or_default();
        let _ = Cursor::new(text).write_fmt(name);
        Self(bytes)
    }

    /// The whole name.
    pub fn text(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }

    fn in_proc(&self) -> &CStr {
        let rest = self.0.strip_prefix(PREFIX).unwrap_or(&self.0);
        CStr::from_bytes_until_nul(rest).unwrap_or_default()
    }
}

/// `/proc`, with its kept descriptor where there is one.
#[derive(Default)]
pub struct ProcDir {
    kept: Option<Kept>,
    /// Whether the descriptor was given up for want of descriptors.
    is_given_up: bool,
    /// This process as `/proc` lists it: another number than its own where `/proc` is that of
    /// another pid namespace.
    own: Option<Pid>,
}

impl ProcDir {
    /// Makes sure that the descriptor is ours: at the head of each slice, and before anything is
    /// concluded. `false` where the last one was not any more, so that what was looked up with it
    /// does not count.
    pub fn check(&mut self) -> bool {
        let lost = self.kept.take_if(|kept| kept.checked().is_none());
        if self.kept.is_none() && !self.is_given_up {
            self.own = None;
            // O_PATH: were the number to become another's descriptor of /proc, nothing that is
            // done with it here (look up a name) could disturb the owner. Without one, names are
            // looked up from the root.
            let flags = libc::O_PATH | libc::O_DIRECTORY;
            let opened = kernel::open(NO_DIRECTORY, c"/proc", flags);
            self.kept = opened.and_then(Kept::new).ok();
        }
        if self.own.is_none() {
            self.own = self.read_own().ok();
        }
        lost.is_none()
    }

    /// This process as `/proc` lists it, at the last `check`.
    pub fn own(&self) -> Option<Pid> {
        self.own
    }

    /// `/proc/self`. It is there in any `/proc` that is one and belongs to a pid namespace of ours;
    /// without it an empty listing would be believed.
    pub fn read_own(&self) -> Result<Pid, Error> {
        let name = Name::new(format_args!("self"));
        let mut text = [0; 16];
        self.read_link(&name, &mut text)
            .and_then(|link| layout::decimal(link).ok_or(libc::EINVAL))
            .map_err(|errno| failure("readlink", errno, &name))
    }

    /// Gives the descriptor up, if there is one, until `keep_again`. Were it opened again at once,
    /// the want that it was given up for would never end.
    pub fn give_up(&mut self) -> bool {
        self.is_given_up = true;
        self.kept.take().is_some()
    }

    /// Whether the questions that wanted a descriptor have ended.
    pub fn keep_again(&mut self, have_ended: bool) {
        self.is_given_up &= !have_ended;
    }

    /// Opens for reading.
    pub fn open(&self, name: &Name, flags: c_int) -> Result<Descriptor, Errno> {
        let (directory, path) = self.place(name);
        kernel::open(directory, path, libc::O_RDONLY | flags)
    }

    /// `stat`, following links.
    pub fn stat(&self, name: &Name) -> Result<Stat, Errno> {
        let (directory, path) = self.place(name);
        kernel::stat(directory, path)
    }

    /// A link's text.
    pub fn read_link<'a>(&self, name: &Name, buffer: &'a mut [u8]) -> Result<&'a [u8], Errno> {
        let (directory, path) = self.place(name);
        kernel::read_link(directory, path, buffer)
    }

    /// The first 4,096 bytes of a small file.
    pub fn read<'a>(&self, name: &Name, buffer: &'a mut [u8; 4096]) -> Result<&'a [u8], Errno> {
        kernel::read(&self.open(name, 0)?, buffer)
    }

    fn place<'n>(&self, name: &'n Name) -> (c_int, &'n CStr) {
        match &self.kept {
            Some(kept) => (kept.number(), name.in_proc()),
            None => (NO_DIRECTORY, name.text()),
        }
    }
}

/// `PID/fd`.
pub fn fd_directory(pid: Pid) -> Name {
    Name::new(format_args!("{pid}/fd"))
}

/// Returns whether it is a kernel thread, a zombie, or a process with one thread, by the links of
/// `PID/task`: one for each thread and two.
pub fn has_one_thread(proc: &ProcDir, pid: Pid) -> bool {
    proc.stat(&Name::new(format_args!("{pid}/task"))).is_ok_and(|stat| stat.links <= 3)
}

/// The names in a directory that are numbers.
pub fn numbers(directory: &Descriptor) -> Result<Vec<Pid>, Errno> {
    let mut buffer = vec![0; ENTRIES_BYTES];
    let mut numbers = Vec::new();
    loop {
        let mut rest = kernel::directory_entries(directory, &mut buffer)?;
        if rest.is_empty() {
            return Ok(numbers);
        }
        while let Some((name, bytes)) = directory_entry(rest) {
            numbers.extend(decimal::<Pid>(name.to_bytes()));
            rest = rest.get(bytes..).unwrap_or_default();
        }
    }
}

/// The socket that a process has under one number; `None` for another kind of file.
pub fn socket_at(proc: &ProcDir, pid: Pid, fd: c_int) -> Result<Option<Inode>, Errno> {
    let mut link = [0; LINK_BYTES];
    let name = Name::new(format_args!("{pid}/fd/{fd}"));
    proc.read_link(&name, &mut link).map(layout::socket_inode)
}

/// The socket that a link in a descriptor table shows; `None` for another kind of file.
pub fn socket_of_link(directory: c_int, name: &CStr) -> Result<Option<Inode>, Errno> {
    let mut link = [0; LINK_BYTES];
    kernel::read_link(directory, name, &mut link).map(layout::socket_inode)
}

/// Whether a process, or something of it, has gone or may not be seen: an answer, not a failure.
pub fn is_gone_or_hidden(errno: Errno) -> bool {
    matches!(errno, libc::ENOENT | libc::ESRCH | libc::EACCES | libc::EPERM)
}

/// A failure of `syscall` about `name`.
pub fn failure(syscall: &'static str, errno: Errno, name: &Name) -> Error {
    Error::system(syscall, errno, &name.text().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_absolute_or_in_proc() {
        let name = Name::new(format_args!("{}/task/{}/fd/{}", i32::MAX, i32::MAX, i32::MAX));

        assert_eq!(name.text(), c"/proc/2147483647/task/2147483647/fd/2147483647");
        assert_eq!(name.in_proc(), c"2147483647/task/2147483647/fd/2147483647");
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_off_and_still_ends() {
        let name = Name::new(format_args!("{:0>100}", 0));

        assert_eq!(name.text().count_bytes(), 63);
    }
}
