//! Numbers of <sys/errno.h> as darwin has them. Up to 34 they are everybody's; the rest are not, and
//! `libc`'s would be another system's where the tests run.

use std::ffi::c_int;

pub const EPERM: c_int = 1;
pub const ENOENT: c_int = 2;
pub const ESRCH: c_int = 3;
pub const EIO: c_int = 5;
pub const ENXIO: c_int = 6;
pub const EBADF: c_int = 9;
pub const ENOMEM: c_int = 12;
pub const EACCES: c_int = 13;
pub const ENODEV: c_int = 19;
pub const EINVAL: c_int = 22;
pub const ENOTSOCK: c_int = 38;
pub const ENOPROTOOPT: c_int = 42;
pub const ENOTCONN: c_int = 57;
