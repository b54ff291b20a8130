//! What sock_diag answers about TCP and UDP, in bytes: bodies of messages become sockets. No system
//! call is made here, and no length is trusted.
//!
//! `struct inet_diag_msg` in <linux/inet_diag.h>. Numbers are in this machine's byte order, ports and
//! addresses in the network's.

use std::net::{IpAddr, Ipv6Addr};

use super::netlink::attribute;
use super::states;
use crate::platform::linux::socket::{Group, Row};
use crate::socket::{End, Protocol, Socket};

/// The length of `struct inet_diag_msg`, after which attributes follow.
const SOCKET_BYTES: usize = 72;
/// One byte, of `::` sockets that listen or have no peer: whether they take IPv6 only.
const INET_DIAG_SKV6ONLY: u16 = 11;
/// Eight bytes.
const INET_DIAG_CGROUP_ID: u16 = 21;

/// Reads a socket of the protocol that was asked for: family 0, state 1, ports 4 and 6, addresses 8
/// and 24, interface 40, user 64, inode 68. `None`: it is in a state in which no process holds it,
/// TIME_WAIT above all, or it is too short to be one.
pub fn row(body: &[u8], protocol: Protocol) -> Option<Row> {
    let (body, attributes) = body.split_first_chunk::<SOCKET_BYTES>()?;
    let (start, rest) = body.split_first_chunk::<8>()?;
    let [family, state, _, _, sp0, sp1, dp0, dp1] = *start;
    let (source, rest) = rest.split_first_chunk::<16>()?;
    let (destination, rest) = rest.split_first_chunk::<16>()?;
    let device = u32::from_ne_bytes(*rest.first_chunk()?);
    let (rest, inode) = body.split_last_chunk()?;
    let uid = u32::from_ne_bytes(*rest.last_chunk()?);
    let end = |address: [u8; 16], port| {
        let address = match family {
            2 => {
                let [a, b, c, d, ..] = address;
                IpAddr::from([a, b, c, d])
            }
            _ => IpAddr::V6(Ipv6Addr::from(address)),
        };
        End::new(address, device, u16::from_be_bytes(port))
    };
    let local = end(*source, [sp0, sp1]);
    let takes_ipv6_only = attribute(attributes, INET_DIAG_SKV6ONLY) == Some(&[1]);
    let takes_ipv4 = local.address.is_ipv6() && local.address.is_unspecified() && !takes_ipv6_only;
    let group = attribute(attributes, INET_DIAG_CGROUP_ID);
    Some(Row {
        socket: Socket {
            kind: states::kind(protocol, state)?,
            local,
            remote: end(*destination, [dp0, dp1]),
            takes_ipv4,
        },
        inode: u32::from_ne_bytes(*inode),
        uid: Some(uid),
        device,
        group: group.and_then(|value| value.try_into().ok()).map(Group::from_ne_bytes),
    })
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;
    use crate::platform::linux::sockets::netlink::recorded;
    use crate::socket::{Kind, TcpState};

    // Bodies of what Linux 6.18 answered on x86-64: the connection 127.0.0.1:60166 →
    // 127.0.0.1:48291, an IPv6 listener, a UDP socket on `::`, one that takes IPv6 only, one that is
    // bound to interface 1, one connected to 127.0.0.1:53711.
    const CONNECTION: &str = "02010000eb06bca37f00000100000000000000000000\
        00007f00000100000000000000000000000000000000ed110000000000000000000000000000000000000000\
        00003e790100050008000000000008000f00000000000c00150001000000000000000600160052000000";
    const LISTENER: &str = "0a0a0000af8d000000000000000000000000000000000000\
        0000000000000000000000000000000000000000ee110000000000000000000000000000ff010000000000\
        00177f0100050008000000000005000b000000000008000f00000000000c0015000100000000000000060016\
        0012000000";
    const DUAL_STACK: &str = "0a070000cd110000000000000000000000000000000000000000000000000000000000000000\
        00000000000017050000000000000000000000000000000000000000000060730200050008000000000005000b00\
        0000000008000f00000000000c00150001000000000000000600160010000000";
    const IPV6_ONLY: &str = "0a070000cfa70000000000000000000000000000000000000000000000000000000000000000\
        00000000000018050000000000000000000000000000000000000000000061730200050008000000000005000b00\
        0100000008000f00000000000c00150001000000000000000600160010000000";
    const DEVICE: &str = "02070000da66000000000000000000000000000000000000000000000000000000000000\
        00000000010000001a05000000000000000000000000000000000000000000006373020005000800000000000800\
        0f00000000000c00150001000000000000000600160050000000";
    const UDP_PEER: &str = "02010000c91bd1cf7f0000010000000000000000000000007f00000100000000000000000000\
        00000000000019050000000000000000000000000000000000000000000062730200050008000000000008000f00\
        000000000c00150001000000000000000600160050000000";

    fn end_of(address: &str, port: u16) -> End {
        End::new(address.parse().expect("an address"), 0, port)
    }

    fn tcp(body: &str) -> Option<Row> {
        row(&recorded(body), Protocol::Tcp)
    }

    fn udp(body: &str) -> Row {
        row(&recorded(body), Protocol::Udp).expect("a socket")
    }

    #[test]
    fn a_reply_is_the_socket() {
        let (local, remote) = (end_of("127.0.0.1", 60166), end_of("127.0.0.1", 48291));
        let socket =
            Socket { kind: Kind::Tcp(TcpState::Established), local, remote, takes_ipv4: false };

        assert_eq!(
            tcp(CONNECTION),
            Some(Row { socket, inode: 96574, uid: Some(0), device: 0, group: Some(1) })
        );
    }

    #[test]
    fn a_listener_has_its_user() {
        let (local, remote) = (end_of("::", 44941), end_of("::", 0));
        let socket = Socket { kind: Kind::Tcp(TcpState::Listen), local, remote, takes_ipv4: true };

        assert_eq!(
            tcp(LISTENER),
            Some(Row { socket, inode: 98071, uid: Some(0), device: 0, group: Some(1) })
        );
    }

    #[test]
    fn udp_sockets_have_a_peer_or_not_and_may_take_ipv6_only() {
        let unconnected = Kind::Udp { is_connected: false };
        let rows = [DUAL_STACK, IPV6_ONLY, DEVICE].map(udp);

        assert_eq!([&rows[0], &rows[1], &rows[2]].map(|row| row.socket.kind), [unconnected; 3]);
        assert_eq!(
            [&rows[0], &rows[1], &rows[2]].map(|row| (row.socket.takes_ipv4, row.device)),
            [(true, 0), (false, 0), (false, 1)]
        );
        let peer = udp(UDP_PEER).socket;
        assert_eq!(peer.kind, Kind::Udp { is_connected: true });
        assert_eq!((peer.local.port, peer.remote), (51483, end_of("127.0.0.1", 53711)));
    }

    #[test]
    fn a_socket_in_time_wait_is_nobodys() {
        let mut body = recorded(CONNECTION);
        body[1] = 6;

        assert_eq!(row(&body, Protocol::Tcp), None);
        assert_eq!(row(&body, Protocol::Udp), None);
    }

    #[test]
    fn a_body_that_is_cut_off_is_none() {
        let body = recorded(CONNECTION);

        for length in 0..SOCKET_BYTES {
            assert_eq!(row(&body[..length], Protocol::Tcp), None, "{length} bytes");
        }
        assert!(row(&body[..SOCKET_BYTES], Protocol::Tcp).is_some_and(|row| row.group.is_none()));
    }
}
