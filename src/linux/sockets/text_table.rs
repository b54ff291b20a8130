//! The kernel's socket tables read as text, for systems without sock_diag (a seccomp filter, WSL1,
//! gVisor). TCP sockets that are bound and no more are not in it.

use std::ffi::CStr;

use super::proc_net;
use crate::error::Error;
use crate::platform::linux::kept::Kept;
use crate::platform::linux::kernel;
use crate::platform::linux::socket::Row;
use crate::socket::Protocol;

/// A file of `/proc/net`.
#[derive(Clone, Copy, Debug)]
pub struct TextTable {
    path: &'static CStr,
    /// Whose sockets are in it.
    pub protocol: Protocol,
    /// Whether it is there on every system: IPv6's is not.
    is_always_there: bool,
}

impl TextTable {
    /// Returns the two tables of a protocol.
    pub fn of(protocol: Protocol) -> [Self; 2] {
        let (inet, inet6) = match protocol {
            Protocol::Tcp => (c"/proc/net/tcp", c"/proc/net/tcp6"),
            Protocol::Udp => (c"/proc/net/udp", c"/proc/net/udp6"),
        };
        [(inet, true), (inet6, false)].map(|(path, is_always_there)| Self {
            path,
            protocol,
            is_always_there,
        })
    }
}

/// A table being read. The kernel gives a page of rows a call, so that a long table is read in
/// many steps.
pub struct Text {
    table: TextTable,
    file: Kept,
    /// The bytes of a row whose end is still to come.
    rest: Vec<u8>,
}

impl Text {
    /// Opens a table; `None` for IPv6's on a system without it.
    pub fn open(table: TextTable) -> Result<Option<Self>, Error> {
        let open = || {
            let file = kernel::open(kernel::NO_DIRECTORY, table.path, libc::O_RDONLY)?;
            Kept::for_a_while(file)
        };
        // Once more after a failure that may pass, as for want of memory.
        let opened = open().or_else(|_| open());
        match opened {
            Ok(file) => Ok(Some(Self { table, file, rest: Vec::new() })),
            Err(libc::ENOENT) if !table.is_always_there => Ok(None),
            Err(errno) => Err(failure("open", errno, &table)),
        }
    }

    /// Reads some rows and gives the live ones to `each`. `false` at the end. Where the descriptor
    /// was lost between two slices it begins again.
    pub fn read_on(&mut self, each: &mut dyn FnMut(Row)) -> Result<bool, Error> {
        let Some(file) = self.file.checked() else {
            let anew = Self::open(self.table)?;
            return Ok(anew.map(|anew| *self = anew).is_some());
        };
        let mut buffer = [0; 8192];
        let bytes =
            kernel::read(file, &mut buffer).map_err(|errno| failure("read", errno, &self.table))?;
        if bytes.is_empty() {
            return Ok(false);
        }
        proc_net::take_rows(&mut self.rest, bytes, self.table.protocol, each);
        Ok(true)
    }
}

fn failure(syscall: &'static str, errno: i32, table: &TextTable) -> Error {
    Error::system(syscall, errno, &table.path.to_string_lossy())
}
