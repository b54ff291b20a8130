//! Rows as Windows writes them, with garbage in the bytes that have no meaning.
//!
//! The offsets are those of the headers, written out a second time, because they are here to check
//! `layout/`.

use std::net::IpAddr;

/// The table that a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// TCP, IPv4.
    Tcp4,
    /// TCP, IPv6.
    Tcp6,
    /// UDP, IPv4.
    Udp4,
    /// UDP, IPv6.
    Udp6,
}

/// Numbers of `MIB_TCP_STATE`.
pub const LISTEN: u32 = 2;
/// See above.
pub const ESTABLISHED: u32 = 5;
/// See above.
pub const TIME_WAIT: u32 = 11;

const GARBAGE: u8 = 0xEE;

/// A row of `GetExtendedTcpTable`, in the table of the addresses' family.
pub fn tcp(
    state: u32,
    local: (&str, u16),
    remote: (&str, u16),
    pid: u32,
    created: u64,
) -> (Family, Vec<u8>) {
    match (address(local.0), address(remote.0)) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let mut row = vec![GARBAGE; 160];
            put(&mut row, 0, &state.to_le_bytes());
            put(&mut row, 4, &one.octets());
            put(&mut row, 8, &local.1.to_be_bytes());
            put(&mut row, 12, &other.octets());
            put(&mut row, 16, &remote.1.to_be_bytes());
            put(&mut row, 20, &pid.to_le_bytes());
            put(&mut row, 24, &created.to_le_bytes());
            (Family::Tcp4, row)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let mut row = vec![GARBAGE; 192];
            put(&mut row, 0, &one.octets());
            put(&mut row, 16, &scope(local.0));
            put(&mut row, 20, &local.1.to_be_bytes());
            put(&mut row, 24, &other.octets());
            put(&mut row, 40, &scope(remote.0));
            put(&mut row, 44, &remote.1.to_be_bytes());
            put(&mut row, 48, &state.to_le_bytes());
            put(&mut row, 52, &pid.to_le_bytes());
            put(&mut row, 56, &created.to_le_bytes());
            (Family::Tcp6, row)
        }
        _ => panic!("ends of two families"),
    }
}

/// A row of `GetExtendedUdpTable`.
pub fn udp(local: (&str, u16), pid: u32, created: u64) -> (Family, Vec<u8>) {
    match address(local.0) {
        IpAddr::V4(address) => {
            let mut row = vec![GARBAGE; 160];
            put(&mut row, 0, &address.octets());
            put(&mut row, 4, &local.1.to_be_bytes());
            put(&mut row, 8, &pid.to_le_bytes());
            put(&mut row, 16, &created.to_le_bytes());
            (Family::Udp4, row)
        }
        IpAddr::V6(address) => {
            let mut row = vec![GARBAGE; 176];
            put(&mut row, 0, &address.octets());
            put(&mut row, 16, &scope(local.0));
            put(&mut row, 20, &local.1.to_be_bytes());
            put(&mut row, 24, &pid.to_le_bytes());
            put(&mut row, 32, &created.to_le_bytes());
            (Family::Udp6, row)
        }
    }
}

/// A row of `GetUnicastIpAddressTable`.
pub fn own_address(text: &str) -> Vec<u8> {
    let mut row = vec![GARBAGE; 80];
    match address(text) {
        IpAddr::V4(address) => {
            put(&mut row, 0, &2_u16.to_le_bytes());
            put(&mut row, 4, &address.octets());
        }
        IpAddr::V6(address) => {
            put(&mut row, 0, &23_u16.to_le_bytes());
            put(&mut row, 8, &address.octets());
            put(&mut row, 24, &scope(text));
        }
    }
    row
}

fn address(text: &str) -> IpAddr {
    text.split('%').next().expect("text").parse().expect("an address")
}

/// Returns the scope of an address: `%7` in the machine's order, `%!7` in network order, otherwise
/// 0.
fn scope(text: &str) -> [u8; 4] {
    let scope = text.split_once('%').map_or("0", |(_, scope)| scope);
    match scope.strip_prefix('!') {
        Some(digits) => digits.parse::<u32>().expect("a number").to_be_bytes(),
        None => scope.parse::<u32>().expect("a number").to_le_bytes(),
    }
}

fn put(row: &mut [u8], at: usize, bytes: &[u8]) {
    row[at..at + bytes.len()].copy_from_slice(bytes);
}
