//! What sock_diag answers, in bytes: messages become sockets. No system call is made here, and no
//! length is trusted.
//!
//! A message is a header and a body, padded to four bytes; `struct nlmsghdr` in <linux/netlink.h>,
//! `struct inet_diag_msg` in <linux/inet_diag.h>. Numbers are in this machine's byte order, ports
//! and addresses in the network's.

use std::net::{IpAddr, Ipv6Addr};

use super::diag_request::SOCK_DIAG_BY_FAMILY;
use super::tcp_state::{self, TcpState};
use crate::platform::linux::socket::{Group, Row};
use crate::socket::{End, Kind, Socket};

/// The length of `struct nlmsghdr`: length, type, flags, sequence, port id.
const HEADER_BYTES: usize = 16;
/// The length of `struct inet_diag_msg`, after which attributes follow.
const SOCKET_BYTES: usize = 72;
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
    let (body, attributes) = body.split_first_chunk::<SOCKET_BYTES>()?;
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
    let local = end(*source, [sp0, sp1]);
    let takes_ipv4 = local.address.is_ipv6() && local.address.is_unspecified();
    let live = tcp_state::live(TcpState(state));
    Some(live.map(|state| Row {
        socket: Socket {
            kind: Kind::Tcp(state),
            local,
            remote: end(*destination, [dp0, dp1]),
            takes_ipv4,
        },
        inode,
        uid: None,
        group: group(attributes),
    }))
}

/// `INET_DIAG_CGROUP_ID`, 8 bytes: attributes are `struct nlattr` (length, type) and a body, padded
/// to four bytes.
fn group(attributes: &[u8]) -> Option<Group> {
    const INET_DIAG_CGROUP_ID: u16 = 21;
    let mut rest = attributes;
    while let Some(([l0, l1, t0, t1], _)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_ne_bytes([*l0, *l1]));
        let value = rest.get(4..length)?;
        if u16::from_ne_bytes([*t0, *t1]) == INET_DIAG_CGROUP_ID {
            return value.try_into().ok().map(Group::from_ne_bytes);
        }
        rest = rest.get(length.checked_next_multiple_of(4)?..)?;
    }
    None
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;
    use crate::socket::TcpState;

    // What Linux 6.18 answered on x86-64 to a socket with port id 24196: the connection
    // 127.0.0.1:60166 → 127.0.0.1:48291 (request 7), one that there is not (8), a dump of IPv6
    // listeners (9) and its end.
    const EXACT: &str = "7c0000001400000007000000845e000002010000eb06bca37f00000100000000000000000000\
        00007f00000100000000000000000000000000000000ed110000000000000000000000000000000000000000\
        00003e790100050008000000000008000f00000000000c00150001000000000000000600160052000000";
    const NO_SOCKET: &str = "5c0000000200000008000000845e0000feffffff4800000014000100080000000000000002\
        060000ffffffff0001bca37f0000010000000000000000000000007f000001000000000000000000000000000000\
        00ffffffffffffffff";
    const DUMP: &str = "840000001400020009000000845e00000a0a0000af8d000000000000000000000000000000000000\
        0000000000000000000000000000000000000000ee110000000000000000000000000000ff010000000000\
        00177f0100050008000000000005000b000000000008000f00000000000c0015000100000000000000060016\
        0012000000";
    const DONE: &str = "140000000300020009000000845e000000000000";
    const PORT_ID: u32 = 24196;

    fn bytes(hexadecimal: &str) -> Vec<u8> {
        let pair = |pair: &[u8]| {
            let digits = std::str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(digits, 16).expect("two digits")
        };
        hexadecimal.as_bytes().chunks(2).map(pair).collect()
    }

    fn end_of(address: &str, port: u16) -> End {
        End::new(address.parse().expect("an address"), 0, port)
    }

    fn first(datagram: &[u8], sequence: u32) -> Option<Message> {
        message(datagram, sequence, PORT_ID).map(|(message, _)| message)
    }

    #[test]
    fn a_reply_to_an_exact_question_is_the_socket() {
        let (local, remote) = (end_of("127.0.0.1", 60166), end_of("127.0.0.1", 48291));

        let (answer, taken) = message(&bytes(EXACT), 7, PORT_ID).expect("a message");

        let socket =
            Socket { kind: Kind::Tcp(TcpState::Established), local, remote, takes_ipv4: false };
        assert_eq!(
            answer,
            Message::Row(Some(Row { socket, inode: 96574, uid: None, group: Some(1) }))
        );
        assert_eq!(taken, 124);
    }

    #[test]
    fn a_dump_is_its_sockets_and_then_its_end() {
        let datagram = [bytes(DUMP), bytes(DONE)].concat();

        let (listener, taken) = message(&datagram, 9, PORT_ID).expect("a message");
        let (end, rest) = message(&datagram[taken..], 9, PORT_ID).expect("a message");

        let (local, remote) = (end_of("::", 44941), end_of("::", 0));
        let socket = Socket { kind: Kind::Tcp(TcpState::Listen), local, remote, takes_ipv4: true };
        assert_eq!(
            listener,
            Message::Row(Some(Row { socket, inode: 98071, uid: None, group: Some(1) }))
        );
        assert_eq!((end, taken + rest), (Message::Done(0), datagram.len()));
    }

    #[test]
    fn no_socket_is_an_errno() {
        assert_eq!(first(&bytes(NO_SOCKET), 8), Some(Message::Done(libc::ENOENT)));
    }

    #[test]
    fn a_reply_to_somebody_elses_question_is_passed_over() {
        assert_eq!(first(&bytes(EXACT), 8), Some(Message::Other));
        assert_eq!(message(&bytes(EXACT), 7, 1), Some((Message::Other, 124)));
    }

    #[test]
    fn a_socket_in_time_wait_is_nobodys() {
        let mut datagram = bytes(EXACT);
        datagram[17] = 6;

        assert_eq!(first(&datagram, 7), Some(Message::Row(None)));
    }

    #[test]
    fn a_message_that_is_cut_off_or_lies_about_its_length_is_none() {
        let whole = bytes(EXACT);

        for length in 0..whole.len() {
            assert_eq!(message(&whole[..length], 7, PORT_ID), None, "{length} bytes");
        }
        for lie in [0_u32, 15, 125, u32::MAX] {
            let mut datagram = whole.clone();
            datagram[..4].copy_from_slice(&lie.to_ne_bytes());
            assert_eq!(message(&datagram, 7, PORT_ID), None, "a length of {lie}");
        }
        let mut short = whole;
        short[..4].copy_from_slice(&80_u32.to_ne_bytes());
        assert_eq!(message(&short, 7, PORT_ID), Some((Message::Other, 80)), "too short a socket");
    }
}
