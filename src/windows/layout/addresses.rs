//! The table of this machine's addresses: <netioapi.h>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{array, number, scope_index};
use crate::socket::End;

/// The offset of the first row in a `MIB_UNICASTIPADDRESS_TABLE`, <netioapi.h>.
pub const ROWS_AT: usize = 8;
/// `sizeof(MIB_UNICASTIPADDRESS_ROW)`.
pub const ROW_BYTES: usize = 80;

// Offsets in the `SOCKADDR_INET` at the beginning of a row.
const FAMILY: usize = 0;
const IPV4_ADDRESS: usize = 4;
const IPV6_ADDRESS: usize = 8;
const IPV6_SCOPE: usize = 24;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 23;

/// Returns the addresses of a table.
pub fn own_addresses(bytes: &[u8]) -> impl Iterator<Item = End> {
    let rows = bytes.get(ROWS_AT..).unwrap_or_default();
    rows.chunks_exact(ROW_BYTES).filter_map(|row| match u16::from_le_bytes(array(row, FAMILY)?) {
        AF_INET => {
            let address = Ipv4Addr::from(array::<4>(row, IPV4_ADDRESS)?);
            Some(End::new(address.into(), 0, 0))
        }
        AF_INET6 => {
            let address = Ipv6Addr::from(array::<16>(row, IPV6_ADDRESS)?);
            let scope = number(row, IPV6_SCOPE)?;
            Some(End::new(IpAddr::V6(address), scope_index(scope), 0))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row as the system writes it: the address, then fields that are not read.
    fn row(family: u16, at: usize, address: &[u8], scope: u32) -> Vec<u8> {
        let mut row = vec![0xEE; 80];
        row[..2].copy_from_slice(&family.to_le_bytes());
        row[at..][..address.len()].copy_from_slice(address);
        row[24..28].copy_from_slice(&scope.to_le_bytes());
        row
    }

    #[test]
    fn a_table_has_addresses_of_both_families_and_their_interfaces() {
        let link_local = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let mut table = vec![3, 0, 0, 0, 0xEE, 0xEE, 0xEE, 0xEE];
        table.extend(row(2, 4, &[192, 168, 0, 5], 0));
        table.extend(row(23, 8, &link_local, 7));
        table.extend(row(99, 4, &[1, 2, 3, 4], 0));

        let found = own_addresses(&table).collect::<Vec<_>>();

        let wanted = [
            End::new(Ipv4Addr::new(192, 168, 0, 5).into(), 0, 0),
            End::new(Ipv6Addr::from(link_local).into(), 7, 0),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_table_that_is_cut_off_gives_what_is_whole() {
        assert_eq!(own_addresses(&[1, 0, 0, 0]).count(), 0);
        assert_eq!(own_addresses(&[1; 87]).count(), 0);
    }
}
