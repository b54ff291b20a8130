//! The kernel's socket tables read as text, for systems without sock_diag (a seccomp filter, WSL 1,
//! gVisor). They lack TCP sockets that are only bound.

use std::ffi::CStr;

use super::proc_net;
use crate::error::Error;
use crate::platform::linux::kept::Kept;
use crate::platform::linux::kernel::{self, Errno};
use crate::platform::linux::socket::Row;
use crate::socket::Protocol;

/// A file in `/proc/net` that is being read. The kernel returns one page of rows per call, so a
/// long table is read in many steps.
pub struct TextTable {
    path: &'static CStr,
    /// The protocol of the sockets in it.
    pub protocol: Protocol,
    /// Set once the first step has opened it.
    file: Option<Kept>,
    /// The start of a row that continues in the next page.
    rest: Vec<u8>,
}

impl TextTable {
    /// Returns the two tables of a protocol.
    pub fn of(protocol: Protocol) -> [Self; 2] {
        let paths = match protocol {
            Protocol::Tcp => [c"/proc/net/tcp", c"/proc/net/tcp6"],
            Protocol::Udp => [c"/proc/net/udp", c"/proc/net/udp6"],
        };
        paths.map(|path| Self { path, protocol, file: None, rest: Vec::new() })
    }

    /// Returns whether it has been opened.
    pub fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Reads some rows and passes the live ones to `each`. Returns `false` at the end. If the
    /// descriptor was lost between two slices, it starts over.
    pub fn advance(&mut self, each: &mut dyn FnMut(Row)) -> Result<bool, Error> {
        if self.file.as_ref().and_then(Kept::checked).is_none() {
            self.rest.clear();
            // Tries once more after a failure, which may pass, such as lack of memory.
            self.file = match open(self.path).or_else(|_| open(self.path)) {
                // A system without IPv6.
                Err(libc::ENOENT) if self.path.to_bytes().ends_with(b"6") => return Ok(false),
                opened => Some(opened.map_err(|errno| self.failure("open", errno))?),
            };
        }
        let Some(file) = self.file.as_ref().and_then(Kept::unchecked) else { return Ok(false) };
        let mut buffer = [0; 8192];
        let bytes = kernel::read(file, &mut buffer).map_err(|errno| self.failure("read", errno))?;
        proc_net::take_rows(&mut self.rest, bytes, self.protocol, each);
        Ok(!bytes.is_empty())
    }

    fn failure(&self, syscall: &'static str, errno: Errno) -> Error {
        Error::system(syscall, errno, &self.path.to_string_lossy())
    }
}

fn open(path: &CStr) -> Result<Kept, Errno> {
    Kept::for_a_while(kernel::open(kernel::NO_DIRECTORY, path, libc::O_RDONLY)?)
}
