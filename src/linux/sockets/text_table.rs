//! The kernel's socket tables read as text, for systems without sock_diag (a seccomp filter, WSL 1,
//! gVisor). TCP sockets that are only bound are not in them.

use std::ffi::CStr;

use super::proc_net;
use crate::error::Error;
use crate::platform::linux::kept::Kept;
use crate::platform::linux::kernel::{self, Errno};
use crate::platform::linux::socket::Row;
use crate::socket::Protocol;

/// A file of `/proc/net` being read. The kernel gives a page of rows a call, so that a long table is
/// read in many steps.
pub struct TextTable {
    path: &'static CStr,
    /// Whose sockets are in it.
    pub protocol: Protocol,
    /// Since it was opened, at the first step.
    file: Option<Kept>,
    /// The bytes of a row whose end is still to come.
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

    /// Returns whether it could be opened.
    pub fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Reads some rows and gives the live ones to `each`; `false` at the end. Where the descriptor was
    /// lost between two slices it begins again.
    pub fn advance(&mut self, each: &mut dyn FnMut(Row)) -> Result<bool, Error> {
        if self.file.as_ref().and_then(Kept::checked).is_none() {
            self.rest.clear();
            // Once more after a failure that may pass, as for want of memory.
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
