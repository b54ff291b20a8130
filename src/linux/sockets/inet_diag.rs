//! sock_diag for TCP and UDP, as bytes: encodes requests and parses replies. No system call is made
//! here, and no length is trusted.
//!
//! `struct inet_diag_req_v2` and `struct inet_diag_msg` in <linux/inet_diag.h>. Numbers are in host
//! byte order, ports and addresses in network byte order.

use std::net::{IpAddr, Ipv6Addr};

use super::netlink::{self, attribute};
use super::states;
use crate::platform::linux::socket::{Group, Row};
use crate::socket::{End, Protocol, Socket};

/// `SOCK_DIAG_BY_FAMILY`, <linux/sock_diag.h>.
pub const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `INET_DIAG_NOCOOKIE`: any cookie matches.
pub const NO_COOKIE: [u8; 8] = [u8::MAX; 8];

/// The length of `struct inet_diag_msg`, which attributes follow.
const SOCKET_BYTES: usize = 72;
/// One byte: whether a `::` socket that listens or has no peer takes IPv6 only.
const INET_DIAG_SKV6ONLY: u16 = 11;
/// Eight bytes: the socket's control group.
const INET_DIAG_CGROUP_ID: u16 = 21;

/// One socket, identified by its two ends.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    /// TCP or UDP.
    pub protocol: Protocol,
    source: End,
    destination: End,
    device: u32,
}

impl Exact {
    /// Identifies the TCP socket with these ends. If there is none, the kernel answers with the
    /// listener on `local`.
    pub fn connection(local: End, remote: End) -> Self {
        let device = local.scope.or(remote.scope).unwrap_or(0);
        Self { protocol: Protocol::Tcp, source: local, destination: remote, device }
    }

    /// Identifies the UDP socket that gets a datagram from `own` to `peer` received on interface
    /// `device`. If that is 0, sockets bound to an interface are left out.
    ///
    /// The request is in the datagram's order, for historical reasons (`udp_dump_one` in
    /// net/ipv4/udp_diag.c): its source is the remote end of the socket in the reply.
    pub fn receiver(peer: End, own: End, device: u32) -> Self {
        Self { protocol: Protocol::Udp, source: own, destination: peer, device }
    }
}

/// All sockets of a protocol in some states, and with these ports if they are not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dump {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Which families.
    pub families: Families,
    /// One bit per state; see `states`.
    pub states: u32,
    /// 0: any port.
    pub local_port: u16,
    /// 0: any port.
    pub remote_port: u16,
}

impl Dump {
    /// Returns a dump of both families with this local port and any remote port.
    pub fn new(protocol: Protocol, states: u32, local_port: u16) -> Self {
        Self { protocol, families: Families::Both, states, local_port, remote_port: 0 }
    }
}

/// AF_INET, AF_INET6 or both, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Families {
    /// Both; only TCP has them in one dump.
    Both = 0,
    /// IPv4 sockets.
    Inet = 2,
    /// IPv6 sockets, including those with mapped addresses.
    Inet6 = 10,
}

/// Returns the bytes of a request for one socket.
pub fn exact(exact: &Exact, sequence: u32) -> Vec<u8> {
    let Exact { protocol, source, destination, device } = *exact;
    // An IPv6 socket with mapped addresses is found by their IPv4 forms too.
    let family = if source.address.is_ipv4() { Families::Inet } else { Families::Inet6 };
    let head = head(family, protocol);
    let any_state = u32::MAX.to_ne_bytes(); // States are ignored here.
    let ports = [source.port, destination.port].map(u16::to_be_bytes);
    let addresses = [source.address, destination.address].map(address_bytes);
    let (ports, addresses) = (ports.as_flattened(), addresses.as_flattened());
    let device = device.to_ne_bytes();
    let body = [&head, &any_state, ports, addresses, &device, &NO_COOKIE];
    netlink::request(SOCK_DIAG_BY_FAMILY, netlink::ONE, sequence, &body)
}

/// Returns the bytes of a dump request.
///
/// Only the older request (`TCPDIAG_GETSOCK`, `struct inet_diag_req`) brings both families of TCP
/// in one dump; the kernel then goes through its tables once instead of twice.
pub fn dump(dump: &Dump, sequence: u32) -> Vec<u8> {
    const TCPDIAG_GETSOCK: u16 = 18;
    let Dump { protocol, families, states, local_port, remote_port } = *dump;
    let ports = [local_port, remote_port].map(u16::to_be_bytes);
    let (ports, anywhere) = (ports.as_flattened(), [0; 36]); // Any address, any interface.
    let states = states.to_ne_bytes();
    if families == Families::Both {
        let body = [&[0; 4], ports, &anywhere, &NO_COOKIE, &states, &[0; 4]];
        return netlink::request(TCPDIAG_GETSOCK, netlink::ALL, sequence, &body);
    }
    let body = [&head(families, protocol), &states, ports, &anywhere, &NO_COOKIE];
    netlink::request(SOCK_DIAG_BY_FAMILY, netlink::ALL, sequence, &body)
}

fn head(family: Families, protocol: Protocol) -> [u8; 4] {
    let protocol = match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
    };
    [family as u8, protocol, 0, 0]
}

fn address_bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V6(address) => address.octets(),
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
    }
}

/// Reads a socket of the protocol that was asked for: family at 0, state at 1, ports at 4 and 6,
/// addresses at 8 and 24, interface at 40, user at 64, inode at 68. Returns `None` if it is too
/// short, or in a state in which no process holds it, usually TIME_WAIT.
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
    let is_any_ipv6 = local.address.is_ipv6() && local.address.is_unspecified();
    let takes_ipv4 = is_any_ipv6 && attribute(attributes, INET_DIAG_SKV6ONLY) != Some(&[1]);
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
#[path = "inet_diag_tests.rs"]
mod tests;
