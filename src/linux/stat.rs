//! What `stat(2)` tells, read out of the bytes that the kernel writes.

use std::mem::offset_of;

use crate::platform::linux::proc::layout::native_number;

/// What `stat(2)` tells, as far as it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// `st_dev` and `st_ino`: which object it is.
    pub object: (u64, u64),
    /// `st_size`. Of `/proc/PID/fd` it is the number of open descriptors since Linux 6.2, 0 before.
    pub size: u64,
    /// `st_nlink`. Of `/proc/PID/task` it is the number of threads and two more.
    pub links: u64,
    /// `st_uid`. Of `/proc/PID` it is the process's effective user.
    pub user: u32,
    /// Whether it is a socket, by `st_mode`.
    pub is_socket: bool,
}

/// Room for a `struct stat`, whose fields are then read as bytes.
#[repr(C, align(16))]
pub struct StatBytes([u8; size_of::<libc::stat>()]);

const _: () = assert!(align_of::<StatBytes>() >= align_of::<libc::stat>());

impl Default for StatBytes {
    fn default() -> Self {
        Self([0; size_of::<libc::stat>()])
    }
}

impl StatBytes {
    /// Where the kernel is to write.
    pub fn as_mut_ptr(&mut self) -> *mut libc::stat {
        self.0.as_mut_ptr().cast()
    }

    /// What it has written.
    pub fn stat(&self) -> Option<Stat> {
        let number = |offset, bytes| native_number(&self.0, offset, bytes);
        let device = number(offset_of!(libc::stat, st_dev), size_of::<libc::dev_t>())?;
        let inode = number(offset_of!(libc::stat, st_ino), size_of::<libc::ino_t>())?;
        let mode = number(offset_of!(libc::stat, st_mode), size_of::<libc::mode_t>())?;
        let user = number(offset_of!(libc::stat, st_uid), size_of::<libc::uid_t>())?;
        Some(Stat {
            object: (device, inode),
            size: number(offset_of!(libc::stat, st_size), size_of::<libc::off_t>())?,
            links: number(offset_of!(libc::stat, st_nlink), size_of::<libc::nlink_t>())?,
            user: u32::try_from(user).ok()?,
            is_socket: mode & u64::from(libc::S_IFMT) == u64::from(libc::S_IFSOCK),
        })
    }
}
