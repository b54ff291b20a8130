//! Rows of the socket tables: <tcpmib.h>, <udpmib.h>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{array, number, scope_index};
use crate::error::Error;
use crate::question::Pid;
use crate::socket::{End, Kind, Socket, TcpState};

/// The four tables, whose rows all have the pid and the time of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `MIB_TCPTABLE_OWNER_MODULE`.
    Tcp4,
    /// `MIB_TCP6TABLE_OWNER_MODULE`.
    Tcp6,
    /// `MIB_UDPTABLE_OWNER_MODULE`.
    Udp4,
    /// `MIB_UDP6TABLE_OWNER_MODULE`.
    Udp6,
}

impl Table {
    /// Returns the call that reads it.
    pub fn call(self) -> &'static str {
        match self {
            Self::Tcp4 | Self::Tcp6 => "GetExtendedTcpTable",
            Self::Udp4 | Self::Udp6 => "GetExtendedUdpTable",
        }
    }
}

/// One row of a table: a socket and the process that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The socket.
    pub socket: Socket,
    /// The process that bound or accepted it. 0: it no longer belongs to any process.
    pub pid: Pid,
    /// When the socket was created, as a FILETIME. 0: unknown.
    pub created: u64,
}

/// The size of a table's rows, and the offsets of their fields.
struct Layout {
    row_bytes: usize,
    local: Place,
    /// `None`: UDP, for which Windows reports no remote ends.
    remote: Option<Place>,
    /// `None`: UDP.
    state: Option<usize>,
    pid: usize,
    created: usize,
}

/// Where an end is in a row.
struct Place {
    address: usize,
    /// `None`: IPv4.
    scope: Option<usize>,
    port: usize,
}

/// `dwNumEntries` comes first. The rows hold 64-bit numbers, so they begin at a multiple of eight.
const ROWS_AT: usize = 8;

/// `MIB_TCPROW_OWNER_MODULE`.
const TCP4: Layout = Layout {
    row_bytes: 160,
    local: Place { address: 4, scope: None, port: 8 },
    remote: Some(Place { address: 12, scope: None, port: 16 }),
    state: Some(0),
    pid: 20,
    created: 24,
};

/// `MIB_TCP6ROW_OWNER_MODULE`.
const TCP6: Layout = Layout {
    row_bytes: 192,
    local: Place { address: 0, scope: Some(16), port: 20 },
    remote: Some(Place { address: 24, scope: Some(40), port: 44 }),
    state: Some(48),
    pid: 52,
    created: 56,
};

/// `MIB_UDPROW_OWNER_MODULE`.
const UDP4: Layout = Layout {
    row_bytes: 160,
    local: Place { address: 0, scope: None, port: 4 },
    remote: None,
    state: None,
    pid: 8,
    created: 16,
};

/// `MIB_UDP6ROW_OWNER_MODULE`.
const UDP6: Layout = Layout {
    row_bytes: 176,
    local: Place { address: 0, scope: Some(16), port: 20 },
    remote: None,
    state: None,
    pid: 24,
    created: 32,
};

impl Layout {
    fn of(table: Table) -> &'static Self {
        match table {
            Table::Tcp4 => &TCP4,
            Table::Tcp6 => &TCP6,
            Table::Udp4 => &UDP4,
            Table::Udp6 => &UDP6,
        }
    }

    /// Returns the live socket of a row, if its port is wanted.
    fn row(&self, bytes: &[u8], is_wanted: impl Fn(u16) -> bool) -> Option<Row> {
        if !is_wanted(port(bytes, self.local.port)?) {
            return None;
        }
        let kind = match self.state {
            Some(at) => Kind::Tcp(tcp_state(number(bytes, at)?)?),
            None => Kind::Udp { is_connected: false },
        };
        let local = self.local.end(bytes)?;
        let remote = match &self.remote {
            // The other end in a listening row has no meaning, and may hold anything.
            Some(place) if kind != Kind::Tcp(TcpState::Listen) => place.end(bytes)?,
            _ => End::new(unspecified(local.address), 0, 0),
        };
        // Windows does not report whether it accepts IPv4 too.
        let takes_ipv4 = local.address.is_ipv6() && local.address.is_unspecified();
        let socket = Socket { kind, local, remote, takes_ipv4 };
        let pid = Pid::try_from(number(bytes, self.pid)?).unwrap_or(0);
        let created = u64::from_le_bytes(array(bytes, self.created)?);
        Some(Row { socket, pid, created })
    }
}

impl Place {
    fn end(&self, bytes: &[u8]) -> Option<End> {
        let (address, scope) = match self.scope {
            None => (Ipv4Addr::from(array::<4>(bytes, self.address)?).into(), 0),
            Some(at) => {
                let address = Ipv6Addr::from(array::<16>(bytes, self.address)?);
                (IpAddr::V6(address), number(bytes, at)?)
            }
        };
        Some(End::new(address, scope_index(scope), port(bytes, self.port)?))
    }
}

/// Adds the live sockets of a table whose local ports are wanted. A count for which the buffer is
/// too small is an error: nothing in such a table can be trusted.
pub fn rows(
    table: Table,
    bytes: &[u8],
    is_wanted: impl Fn(u16) -> bool,
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let layout = Layout::of(table);
    let Some(rows_bytes) = filled_bytes(table, bytes).and_then(|end| bytes.get(ROWS_AT..end))
    else {
        let what = "it tells more rows than it gave";
        return Err(Error::outside_manual(table.call(), what));
    };
    let mut left = rows_bytes;
    while let Some((bytes, behind)) = left.split_at_checked(layout.row_bytes) {
        if bytes.is_empty() {
            break;
        }
        rows.extend(layout.row(bytes, &is_wanted));
        left = behind;
    }
    Ok(())
}

/// Returns how many bytes of the buffer a table fills, according to the count at its front.
pub fn filled_bytes(table: Table, bytes: &[u8]) -> Option<usize> {
    let count = usize::try_from(number(bytes, 0)?).ok()?;
    count.checked_mul(Layout::of(table).row_bytes)?.checked_add(ROWS_AT)
}

/// `MIB_TCP_STATE`. TIME_WAIT (11) and DELETE_TCB (12) belong to no process, and a CLOSED row (1)
/// has no port. Numbers that later versions may add are skipped.
fn tcp_state(number: u32) -> Option<TcpState> {
    Some(match number {
        2 => TcpState::Listen,
        3 => TcpState::SynSent,
        4 => TcpState::SynReceived,
        5 => TcpState::Established,
        6 => TcpState::FinWait1,
        7 => TcpState::FinWait2,
        8 => TcpState::CloseWait,
        9 => TcpState::Closing,
        10 => TcpState::LastAck,
        _ => return None,
    })
}

/// Returns a port, which is in the lower half, in network order. The upper half may hold anything.
fn port(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(array(bytes, at)?))
}

fn unspecified(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
