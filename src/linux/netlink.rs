//! The bytes of sock_diag: questions to the kernel and its replies. No system call is made here.
//!
//! A message is a header and a body, padded to four bytes; `struct nlmsghdr` in <linux/netlink.h>,
//! `struct inet_diag_req_v2` and `struct inet_diag_msg` in <linux/inet_diag.h>. Numbers are in this
//! machine's byte order, ports and addresses in the network's.

use std::net::{IpAddr, Ipv6Addr};

use super::layout::Inode;
use super::tcp_state::{self, TcpState};
use crate::question::{End, Socket};

/// `SOCK_DIAG_BY_FAMILY`, <linux/sock_diag.h>.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// The length of `struct nlmsghdr`: length, type, flags, sequence, port id.
const HEADER_BYTES: usize = 16;
/// The length of `struct inet_diag_msg`, after which attributes follow.
const SOCKET_BYTES: usize = 72;
/// `INET_DIAG_NOCOOKIE`: any cookie will do.
const NO_COOKIE: u32 = u32::MAX;

/// AF_INET or AF_INET6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4 sockets; to an exact query also IPv6 sockets with mapped addresses.
    Inet,
    /// IPv6 sockets, those with mapped addresses among them.
    Inet6,
}

/// What to ask for.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// The socket with exactly these ends.
    Exact {
        /// The wanted socket's own end.
        local: End,
        /// The end it is connected to.
        remote: End,
    },
    /// All sockets of a family in some states, with these ports where they are not 0.
    Dump {
        /// Which sockets.
        family: Family,
        /// A bit for each `TcpState`.
        states: u32,
        /// 0 for any.
        local_port: u16,
        /// 0 for any.
        remote_port: u16,
    },
}

/// One live socket as the kernel tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub socket: Socket,
    /// 0: no process has it any more, or none has accepted it yet.
    pub inode: Inode,
}

/// One message of a reply.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// A socket; `None` for one in a state in which no process holds it, TIME_WAIT above all.
    Row(Option<Row>),
    /// The end of a dump, or an acknowledgement: 0, or the errno it failed with.
    Done(i32),
    /// Something else, somebody else's, or nothing that can be read.
    Other,
}

/// The bytes of a request.
pub fn request(request: &Request, sequence: u32) -> Vec<u8> {
    const REQUEST: u16 = 1; // NLM_F_REQUEST
    const DUMP: u16 = 0x300; // NLM_F_DUMP
    let mut bytes = Vec::with_capacity(72);
    let flags = if matches!(request, Request::Dump { .. }) { REQUEST | DUMP } else { REQUEST };
    bytes.extend(72_u32.to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes()); // The kernel.
    match *request {
        Request::Exact { local, remote } => {
            let family = family(local.address);
            bytes.extend([family_number(family), IPPROTO_TCP, 0, 0]);
            bytes.extend(u32::MAX.to_ne_bytes()); // States do not count here.
            bytes.extend(local.port.to_be_bytes());
            bytes.extend(remote.port.to_be_bytes());
            bytes.extend(address_bytes(local.address));
            bytes.extend(address_bytes(remote.address));
            bytes.extend(local.scope.or(remote.scope).unwrap_or(0).to_ne_bytes());
        }
        Request::Dump { family, states, local_port, remote_port } => {
            bytes.extend([family_number(family), IPPROTO_TCP, 0, 0]);
            bytes.extend(states.to_ne_bytes());
            bytes.extend(local_port.to_be_bytes());
            bytes.extend(remote_port.to_be_bytes());
            bytes.extend([0; 36]); // Any address, any interface.
        }
    }
    bytes.extend(NO_COOKIE.to_ne_bytes());
    bytes.extend(NO_COOKIE.to_ne_bytes());
    bytes
}

const IPPROTO_TCP: u8 = 6;

/// The family in which a socket with this address is asked for exactly.
pub fn family(address: IpAddr) -> Family {
    if address.is_ipv4() { Family::Inet } else { Family::Inet6 }
}

fn family_number(family: Family) -> u8 {
    match family {
        Family::Inet => 2,
        Family::Inet6 => 10,
    }
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

/// Reads the first message of `datagram` that answers request `sequence` of `port_id`, and says how
/// many bytes it took. `None` at the end, and for bytes that are no message.
pub fn message(datagram: &[u8], sequence: u32, port_id: u32) -> Option<(Message, usize)> {
    const NLMSG_ERROR: u16 = 2;
    const NLMSG_DONE: u16 = 3;
    let header = datagram.first_chunk::<HEADER_BYTES>()?;
    let [l0, l1, l2, l3, t0, t1, _, _, s0, s1, s2, s3, p0, p1, p2, p3] = *header;
    let length = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).ok()?;
    let body = datagram.get(HEADER_BYTES..length)?;
    let padded = length.checked_next_multiple_of(4)?.min(datagram.len());
    let is_ours = u32::from_ne_bytes([s0, s1, s2, s3]) == sequence
        && u32::from_ne_bytes([p0, p1, p2, p3]) == port_id;
    if !is_ours {
        return Some((Message::Other, padded));
    }
    let message = match u16::from_ne_bytes([t0, t1]) {
        NLMSG_ERROR | NLMSG_DONE => errno(body).map_or(Message::Other, Message::Done),
        SOCK_DIAG_BY_FAMILY => row(body).map_or(Message::Other, Message::Row),
        _ => Message::Other,
    };
    Some((message, padded))
}

/// The number at the head of NLMSG_ERROR and NLMSG_DONE: 0 or a negative errno.
fn errno(body: &[u8]) -> Option<i32> {
    body.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes).saturating_neg())
}

/// `struct inet_diag_msg`: family 0, state 1, ports 4 and 6, addresses 8 and 24, interface 40,
/// inode 68. The outer `None`: too short to be one.
fn row(body: &[u8]) -> Option<Option<Row>> {
    let body = body.first_chunk::<SOCKET_BYTES>()?;
    let (start, rest) = body.split_first_chunk::<8>()?;
    let [family, state, _, _, sp0, sp1, dp0, dp1] = *start;
    let (source, rest) = rest.split_first_chunk::<16>()?;
    let (destination, rest) = rest.split_first_chunk::<16>()?;
    let interface = u32::from_ne_bytes(*rest.first_chunk()?);
    let inode = u32::from_ne_bytes(*body.last_chunk()?);
    let end = |address: [u8; 16], port| {
        let address = match family {
            2 => {
                let [a, b, c, d, ..] = address;
                IpAddr::from([a, b, c, d])
            }
            _ => IpAddr::V6(Ipv6Addr::from(address)),
        };
        End::new(address, interface, u16::from_be_bytes(port))
    };
    let live = tcp_state::live(TcpState(state));
    Some(live.map(|state| Row {
        socket: Socket {
            local: end(*source, [sp0, sp1]),
            remote: end(*destination, [dp0, dp1]),
            state,
        },
        inode,
    }))
}
