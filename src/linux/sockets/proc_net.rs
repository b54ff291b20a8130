//! The kernel's socket table as text, `/proc/net/tcp` and `/proc/net/tcp6`: for systems without
//! sock_diag (a seccomp filter, WSL1, gVisor). Sockets that are bound and no more are not in it.

use std::ffi::{CStr, CString};
use std::net::{IpAddr, Ipv6Addr};

use super::tcp_state::{self, TcpState};
use crate::error::Error;
use crate::platform::linux::kept::Kept;
use crate::platform::linux::kernel;
use crate::platform::linux::proc::layout::decimal;
use crate::platform::linux::socket::Row;
use crate::socket::{End, Kind, Socket};

/// The two tables.
pub const FILES: [&CStr; 2] = [c"/proc/net/tcp", c"/proc/net/tcp6"];

/// A table being read. The kernel gives a page of rows a call, so that a long table is read in
/// many steps.
pub struct Text {
    path: CString,
    file: Kept,
    /// The bytes of a row whose end is still to come.
    rest: Vec<u8>,
}

impl Text {
    /// Opens a table; `None` for IPv6's on a system without it.
    pub fn open(path: &CStr) -> Result<Option<Self>, Error> {
        let open = || {
            let file = kernel::open(kernel::NO_DIRECTORY, path, libc::O_RDONLY)?;
            Kept::for_a_while(file)
        };
        // Once more after a failure that may pass, as for want of memory.
        let opened = open().or_else(|_| open());
        match opened {
            Ok(file) => Ok(Some(Self { path: path.to_owned(), file, rest: Vec::new() })),
            Err(libc::ENOENT) if path == FILES[1] => Ok(None),
            Err(errno) => Err(Error::system("open", errno, &path.to_string_lossy())),
        }
    }

    /// Reads some rows and gives the live ones to `each`. `false` at the end. Where the descriptor
    /// was lost between two slices it begins again.
    pub fn read_on(&mut self, each: &mut dyn FnMut(Row)) -> Result<bool, Error> {
        let Some(file) = self.file.checked() else {
            let anew = Self::open(&self.path)?;
            return Ok(anew.map(|anew| *self = anew).is_some());
        };
        let mut buffer = [0; 8192];
        let bytes = kernel::read(file, &mut buffer)
            .map_err(|errno| Error::system("read", errno, &self.path.to_string_lossy()))?;
        if bytes.is_empty() {
            return Ok(false);
        }
        self.rest.extend_from_slice(bytes);
        let end = self.rest.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        let lines = self.rest.get(..end).unwrap_or_default();
        lines.split(|byte| *byte == b'\n').filter_map(row).for_each(each);
        self.rest.drain(..end);
        Ok(true)
    }
}

/// One line: number, local and remote end in hexadecimal, state, …, inode as the tenth field
/// (`get_tcp4_sock` in net/ipv4/tcp_ipv4.c). `None` for the headline and for what is not live.
pub fn row(line: &[u8]) -> Option<Row> {
    let mut fields = line.split(|byte| *byte == b' ').filter(|field| !field.is_empty());
    let local = end(fields.nth(1)?)?;
    let remote = end(fields.next()?)?;
    let state = hexadecimal(fields.next()?, 2)?;
    let state = tcp_state::live(TcpState(u8::try_from(state).ok()?))?;
    let inode = decimal(fields.nth(5)?)?;
    let takes_ipv4 = local.address.is_ipv6() && local.address.is_unspecified();
    let socket = Socket { kind: Kind::Tcp(state), local, remote, takes_ipv4 };
    Some(Row { socket, inode, uid: None, group: None })
}

/// `0100007F:1F90`: the address as words in this machine's byte order, the port as a number.
fn end(field: &[u8]) -> Option<End> {
    let colon = field.iter().position(|byte| *byte == b':')?;
    let (address, port) = field.split_at_checked(colon)?;
    let port = u16::try_from(hexadecimal(port.get(1..)?, 4)?).ok()?;
    let word = |digits| hexadecimal(digits, 8).map(u32::to_ne_bytes);
    let address = match address.len() {
        8 => IpAddr::from(word(address)?),
        32 => {
            let mut octets = [0; 16];
            for (to, digits) in octets.chunks_exact_mut(4).zip(address.chunks_exact(8)) {
                to.copy_from_slice(&word(digits)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    // The text does not tell the interface of a link-local address.
    Some(End::new(address, 0, port))
}

/// Exactly `length` hexadecimal digits.
fn hexadecimal(digits: &[u8], length: usize) -> Option<u32> {
    let is_hexadecimal = digits.len() == length && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_hexadecimal)?;
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;
    use crate::socket::TcpState;

    fn end_of(address: &str, port: u16) -> End {
        End::new(address.parse().expect("an address"), 0, port)
    }

    // Lines of Linux 6.18, x86-64.
    const LISTENER: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 \
        00000000     0        0 20611 1 0000000000000000 100 0 0 10 0                     ";
    const MAPPED: &str = "   1: 0000000000000000FFFF00000100007F:9C40 \
        0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000 \
        0 20650 1 0000000000000000 20 4 30 10 -1";

    #[test]
    fn a_line_is_a_socket() {
        let listener = row(LISTENER.as_bytes());

        let socket = Socket {
            local: end_of("127.0.0.1", 8080),
            remote: end_of("0.0.0.0", 0),
            kind: Kind::Tcp(TcpState::Listen),
            takes_ipv4: false,
        };
        assert_eq!(listener, Some(Row { socket, inode: 20611, uid: None, group: None }));
    }

    #[test]
    fn a_mapped_address_is_its_plain_form() {
        let socket = row(MAPPED.as_bytes()).map(|row| row.socket);

        assert_eq!(
            socket,
            Some(Socket {
                local: end_of("127.0.0.1", 40000),
                remote: end_of("127.0.0.1", 8080),
                kind: Kind::Tcp(TcpState::Established),
                takes_ipv4: false,
            })
        );
    }

    #[test]
    fn a_line_that_is_no_live_socket_is_none() {
        let headline = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
            uid  timeout inode";
        let time_wait = LISTENER.replace(" 0A ", " 06 ");
        let others = [
            headline,
            &time_wait,
            &LISTENER[..40],
            "",
            "   0: 0100007F 0",
            "a b:c d:e 0A f g h i 1",
        ];

        for line in others {
            assert_eq!(row(line.as_bytes()), None, "{line}");
        }
    }
}
