//! The socket tables.

use super::imports::{GetExtendedTcpTable, GetExtendedUdpTable};
use crate::platform::windows::layout::tables::Table;

/// How reading a table ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The table is in the buffer.
    Filled,
    /// ERROR_INSUFFICIENT_BUFFER: how many bytes were needed at that moment.
    TooSmall(usize),
    /// Any other number: a Win32 error, or an NTSTATUS that the call passed on.
    Failed(u32),
}

// <winsock2.h> and <ws2ipdef.h> of Windows. AF_INET6 has other values on other systems.
const AF_INET: u32 = 2;
const AF_INET6: u32 = 23;
// <iprtrmib.h>. The classes for connections have only established ones, so all rows are requested.
const TCP_TABLE_OWNER_MODULE_ALL: u32 = 8;
const UDP_TABLE_OWNER_MODULE: u32 = 2;

const NO_ERROR: u32 = 0;
const ERROR_INSUFFICIENT_BUFFER: u32 = 122;

/// `GetExtendedTcpTable` and `GetExtendedUdpTable`: read a whole table into `buffer`, unsorted.
///
/// They return the error and do not set `GetLastError`.
pub fn read(table: Table, buffer: &mut [u8]) -> Outcome {
    let mut size = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    let place = buffer.as_mut_ptr().cast();
    let code = match table {
        Table::Tcp4 | Table::Tcp6 => {
            let family = if table == Table::Tcp4 { AF_INET } else { AF_INET6 };
            let class = TCP_TABLE_OWNER_MODULE_ALL;
            // SAFETY: it writes at most `size` bytes to `place` and keeps no pointer; both describe
            // `buffer`, borrowed until it returns (a buffer that is too long for `size` is reported
            // as shorter, never as longer). If it lies about what it wrote, `buffer` holds zeros,
            // never foreign memory.
            unsafe { GetExtendedTcpTable(place, &raw mut size, 0, family, class, 0) }
        }
        Table::Udp4 | Table::Udp6 => {
            let family = if table == Table::Udp4 { AF_INET } else { AF_INET6 };
            let class = UDP_TABLE_OWNER_MODULE;
            // SAFETY: as above.
            unsafe { GetExtendedUdpTable(place, &raw mut size, 0, family, class, 0) }
        }
    };
    match code {
        NO_ERROR => Outcome::Filled,
        ERROR_INSUFFICIENT_BUFFER => Outcome::TooSmall(usize::try_from(size).unwrap_or(usize::MAX)),
        code => Outcome::Failed(code),
    }
}
