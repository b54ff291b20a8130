//! Turns a socket back into a `struct socket_fdinfo`; the offsets are from <sys/proc_info.h>.

use std::net::IpAddr;

use crate::socket::{End, Kind, Socket, TcpState};

/// Returns bytes that parse to `socket`.
pub fn socket_info(socket: &Socket) -> [u8; 792] {
    let mut info = [0; 792];
    let mut put = |offset: usize, bytes: &[u8]| {
        info[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    let (kind, socket_type, protocol, state) = match socket.kind {
        Kind::Tcp(state) => (2_i32, 1_i32, 6_i32, number(state)),
        Kind::Udp { .. } => (1, 2, 17, 0),
    };
    let ints = [(16, 2), (176, socket_type), (180, protocol), (184, 30), (256, kind), (344, state)];
    ints.into_iter().for_each(|(offset, int): (_, i32)| put(offset, &int.to_ne_bytes()));
    put(264, &u32::from(socket.remote.port.to_be()).to_ne_bytes());
    put(268, &u32::from(socket.local.port.to_be()).to_ne_bytes());
    let is_v4 = socket.local.address.is_ipv4() && socket.remote.address.is_ipv4();
    put(
        288,
        &[if socket.takes_ipv4 {
            3
        } else if is_v4 {
            1
        } else {
            2
        }],
    );
    put(296, &address(&socket.remote));
    put(312, &address(&socket.local));
    info
}

fn number(state: TcpState) -> i32 {
    match state {
        TcpState::Closed => 0,
        TcpState::Listen => 1,
        TcpState::SynSent => 2,
        TcpState::SynReceived => 3,
        TcpState::Established => 4,
        TcpState::CloseWait => 5,
        TcpState::FinWait1 => 6,
        TcpState::Closing => 7,
        TcpState::LastAck => 8,
        TcpState::FinWait2 => 9,
    }
}

/// An IPv4 address occupies the last four bytes, and is mapped if the other end is IPv6. A scope
/// occupies the third and fourth byte.
fn address(end: &End) -> [u8; 16] {
    let mut bytes = match end.address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    };
    if let Some(scope) = end.scope {
        let scope = u16::try_from(scope).expect("16 bits were read");
        bytes[2..4].copy_from_slice(&scope.to_be_bytes());
    }
    bytes
}
