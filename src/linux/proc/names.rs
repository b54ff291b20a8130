//! Names in `/proc`, and the few ways to read them.
//!
//! They are looked up from the root. From a kept descriptor of `/proc` each took 0.03 to 0.05 µs
//! less, of 0.5 to 0.9, but that had to be shown to be still ours in each slice.

use std::ffi::{CStr, c_int};
use std::fmt;
use std::io::{Cursor, Write};

use super::layout::{self, decimal, directory_entry};
use crate::error::Error;
use crate::platform::linux::kernel::{self, Descriptor, Errno, Failure, NO_DIRECTORY, Stat};
use crate::platform::linux::socket::Inode;
use crate::question::Pid;

/// `socket:[4294967295]` is 19 bytes long; the text of any other link may be cut off.
const LINK_BYTES: usize = 32;
/// Room for some 300 entries of a directory, which the kernel makes in a fraction of a millisecond.
pub const ENTRIES_BYTES: usize = 8 * 1024;
/// The longest name that is made: `/proc/`, a pid, `/task/`, a thread id, `/fd/`, a number.
const NAME_BYTES: usize = 64;

/// A name in `/proc` that ends with a NUL, made without an allocation.
pub struct Name([u8; NAME_BYTES]);

impl Name {
    /// `/proc/` and `rest`, cut off at 63 bytes.
    pub fn new(rest: fmt::Arguments<'_>) -> Self {
        Self::spelled(format_args!("/proc/{rest}"))
    }

    /// `/proc` itself.
    pub fn root() -> Self {
        Self::spelled(format_args!("/proc"))
    }

    fn spelled(name: fmt::Arguments<'_>) -> Self {
        let mut bytes = [0; NAME_BYTES];
        // The last byte is out of reach and stays a NUL. Only a name that is too long fails.
        let text = bytes.split_last_mut().map(|(_, text)| text).unwrap_or_default();
        let _ = Cursor::new(text).write_fmt(name);
        Self(bytes)
    }

    /// The whole name.
    pub fn text(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }

    /// What follows `/proc/PID/`: the name in a process's own directory.
    pub fn in_directory(&self) -> &CStr {
        let name = self.0.splitn(4, |byte| *byte == b'/').nth(3);
        name.and_then(|name| CStr::from_bytes_until_nul(name).ok()).unwrap_or_default()
    }

    /// Opens it for reading.
    pub fn open(&self, flags: c_int) -> Result<Descriptor, Errno> {
        kernel::open(NO_DIRECTORY, self.text(), libc::O_RDONLY | flags)
    }

    /// `stat`, following links.
    pub fn stat(&self) -> Result<Stat, Errno> {
        kernel::stat(NO_DIRECTORY, self.text())
    }

    /// Reads the first bytes of a small file.
    pub fn read<'a>(&self, buffer: &'a mut [u8]) -> Result<&'a [u8], Failure> {
        let opened = self.open(0).map_err(|errno| ("open", errno))?;
        kernel::read(&opened, buffer).map_err(|errno| ("read", errno))
    }
}

/// `PID/fd`.
pub fn fd_directory(pid: Pid) -> Name {
    Name::new(format_args!("{pid}/fd"))
}

/// Returns how many descriptors a process has: 0 where it has gone, and always before Linux 6.2.
pub fn descriptors(pid: Pid) -> u64 {
    fd_directory(pid).stat().map_or(0, |stat| stat.size)
}

/// Returns whether it is a kernel thread, a zombie, or a process with one thread, by the links of
/// `PID/task`: one for each thread and two.
pub fn has_one_thread(pid: Pid) -> bool {
    Name::new(format_args!("{pid}/task")).stat().is_ok_and(|stat| stat.links <= 3)
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
pub fn socket_at(pid: Pid, fd: c_int) -> Result<Option<Inode>, Errno> {
    socket_of_link(NO_DIRECTORY, Name::new(format_args!("{pid}/fd/{fd}")).text())
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
    fn the_longest_name_is_whole() {
        let name = Name::new(format_args!("{}/task/{}/fd/{}", i32::MAX, i32::MAX, i32::MAX));

        assert_eq!(name.text(), c"/proc/2147483647/task/2147483647/fd/2147483647");
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_off_and_still_ends() {
        let name = Name::new(format_args!("{:0>100}", 0));

        assert_eq!(name.text().count_bytes(), 63);
    }
}
