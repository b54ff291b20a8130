//! A descriptor that is kept from one slice to the next, in someone else's process.
//!
//! The host may close every descriptor (to become a daemon) and open others, and our number is then
//! one of its files or connections. A forked child shares our descriptor with its parent. So a kept
//! descriptor is used or closed only after a check that it is still what was opened, in the process
//! that opened it.

use std::process;

use super::kernel::{self, Descriptor, Errno};

/// A descriptor, and what identifies it.
#[derive(Debug)]
pub struct Kept {
    /// Always set; an `Option` only so that `drop` can let go of a number that is no longer ours.
    descriptor: Option<Descriptor>,
    object: (u64, u64),
    process: u32,
}

impl Kept {
    /// Keeps `descriptor`, above the standard streams.
    pub fn new(descriptor: Descriptor) -> Result<Self, Errno> {
        Self::for_a_while(kernel::above_standard_streams(descriptor)?)
    }

    /// Keeps `descriptor` under the number that it has, until something has been read to its end.
    pub fn for_a_while(descriptor: Descriptor) -> Result<Self, Errno> {
        let object = kernel::stat_of_number(descriptor.number())?.object;
        Ok(Self { descriptor: Some(descriptor), object, process: process::id() })
    }

    /// Returns the descriptor if it is still ours.
    pub fn checked(&self) -> Option<&Descriptor> {
        self.descriptor.as_ref().filter(|_| self.is_ours())
    }

    /// Takes the descriptor out if it is still ours.
    pub fn into_checked(mut self) -> Option<Descriptor> {
        // What is not ours stays in place, and `drop` lets go of it.
        if self.is_ours() { self.descriptor.take() } else { None }
    }

    /// Returns the descriptor for calls in the slice in which it was opened or checked.
    pub fn unchecked(&self) -> Option<&Descriptor> {
        self.descriptor.as_ref()
    }

    /// Returns the device and inode of what was opened.
    pub fn object(&self) -> (u64, u64) {
        self.object
    }

    fn is_ours(&self) -> bool {
        let stat = self.descriptor.as_ref().map(|ours| kernel::stat_of_number(ours.number()));
        let is_same = match stat {
            Some(Ok(stat)) => stat.object == self.object,
            // `fstat` of a process's `fd` directory counts its entries (`proc_fd_getattr`, since
            // Linux 6.2), and is ENOENT once the process has ended. It never is for a file, socket
            // or pipe that a host may have opened under this number.
            Some(Err(errno)) => errno == libc::ENOENT,
            None => false,
        };
        is_same && self.process == process::id()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.descriptor.is_some() && !self.is_ours() {
            self.descriptor.take().into_iter().for_each(Descriptor::forget);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_table_is_ours_when_its_process_has_ended() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let table = CString::new(format!("/proc/{}/fd", child.id())).unwrap();
        let opened = kernel::open(kernel::NO_DIRECTORY, &table, libc::O_DIRECTORY).unwrap();
        let kept = Kept::new(opened).unwrap();

        child.kill().unwrap();
        child.wait().unwrap();

        assert!(kept.into_checked().is_some());
    }
}
