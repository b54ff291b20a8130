//! Names in `/proc`, and the few ways to read them.
//!
//! Names are looked up from the root. Lookups from a kept descriptor of `/proc` took 0.03 to 0.05
//! µs less (of 0.5 to 0.9), but each slice then had to check that the descriptor was still ours.

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
/// Room for about 300 directory entries, which the kernel writes in a fraction of a millisecond.
pub const ENTRIES_BYTES: usize = 8 * 1024;
/// Room for the longest name: `/proc/`, a pid, `/task/`, a thread id, `/fd/`, a number.
const NAME_BYTES: usize = 64;

/// A NUL-terminated name in `/proc`, built without an allocation.
pub struct Name([u8; NAME_BYTES]);

impl Name {
    /// Builds `/proc/` followed by `rest`, cut off at 63 bytes.
    pub fn new(rest: fmt::Arguments<'_>) -> Self {
        Self::spelled(format_args!("/proc/{rest}"))
    }

    /// `/proc` itself.
    pub fn root() -> Self {
        Self::spelled(format_args!("/proc"))
    }

    fn spelled(name: fmt::Arguments<'_>) -> Self {
        let mut bytes = [0; NAME_BYTES];
        // The last byte is never written and stays a NUL. The write fails only if the name is too
        // long.
        let text = bytes.split_last_mut().map(|(_, text)| text).unwrap_or_default();
        let _ = Cursor::new(text).write_fmt(name);
        Self(bytes)
    }

    /// Returns the whole name.
    pub fn text(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }

    /// Returns what follows `/proc/PID/`: the name within a process's own directory.
    pub fn in_directory(&self) -> &CStr {
        let name = self.0.splitn(4, |byte| *byte == b'/').nth(3);
        name.and_then(|name| CStr::from_bytes_until_nul(name).ok()).unwrap_or_default()
    }

    /// Opens the file for reading.
    pub fn open(&self, flags: c_int) -> Result<Descriptor, Errno> {
        kernel::open(NO_DIRECTORY, self.text(), libc::O_RDONLY | flags)
    }

    /// Calls `stat`, which follows links.
    pub fn stat(&self) -> Result<Stat, Errno> {
        kernel::stat(NO_DIRECTORY, self.text())
    }

    /// Reads the first bytes of a small file.
    pub fn read<'a>(&self, buffer: &'a mut [u8]) -> Result<&'a [u8], Failure> {
        let opened = self.open(0).map_err(|errno| ("open", errno))?;
        kernel::read(&opened, buffer).map_err(|errno| ("read", errno))
    }
}

/// Returns the name of `PID/fd`.
pub fn fd_directory(pid: Pid) -> Name {
    Name::new(format_args!("{pid}/fd"))
}

/// Returns how many descriptors a process has: 0 if it has gone, and always 0 before Linux 6.2.
pub fn descriptors(pid: Pid) -> u64 {
    fd_directory(pid).stat().map_or(0, |stat| stat.size)
}

/// Returns whether the pid is a kernel thread, a zombie, or a process with one thread. `PID/task`
/// has one link per thread and two more.
pub fn has_one_thread(pid: Pid) -> bool {
    Name::new(format_args!("{pid}/task")).stat().is_ok_and(|stat| stat.links <= 3)
}

/// Returns those names in a directory that are numbers.
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

/// Returns the socket that a process has under one number, or `None` for another kind of file.
pub fn socket_at(pid: Pid, fd: c_int) -> Result<Option<Inode>, Errno> {
    socket_of_link(NO_DIRECTORY, Name::new(format_args!("{pid}/fd/{fd}")).text())
}

/// Returns the socket that a link in a descriptor table shows, or `None` for another kind of file.
pub fn socket_of_link(directory: c_int, name: &CStr) -> Result<Option<Inode>, Errno> {
    let mut link = [0; LINK_BYTES];
    kernel::read_link(directory, name, &mut link).map(layout::socket_inode)
}

/// Returns whether the process or the file has gone or may not be seen: an answer, not a failure.
pub fn is_gone_or_hidden(errno: Errno) -> bool {
    matches!(errno, libc::ENOENT | libc::ESRCH | libc::EACCES | libc::EPERM)
}

/// Builds the error for a failure of `syscall` on `name`.
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
