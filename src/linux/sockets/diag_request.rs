//! A question to sock_diag about TCP and UDP sockets, in bytes. No system call is made here.
//!
//! `struct inet_diag_req_v2` in <linux/inet_diag.h>. Numbers are in this machine's byte order, ports
//! and addresses in the network's.

use std::net::IpAddr;

use super::netlink::{self, Asks};
use crate::socket::{End, Protocol};

/// `SOCK_DIAG_BY_FAMILY`, <linux/sock_diag.h>.
pub const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `INET_DIAG_NOCOOKIE`: any cookie will do.
pub const NO_COOKIE: [u8; 8] = [u8::MAX; 8];

/// One socket.
#[derive(Clone, Copy, Debug)]
pub enum Exact {
    /// The TCP socket with these ends; where there is none, the listener of `local`.
    Connection {
        /// The wanted socket's own end.
        local: End,
        /// The end it is connected to.
        remote: End,
    },
    /// The UDP socket that gets a datagram from `own` to `peer`.
    Reply {
        /// The wanted socket's own end.
        peer: End,
        /// Where the datagram comes from.
        own: End,
        /// The interface through which it comes in; 0: sockets that are bound to one are left out.
        device: u32,
    },
}

/// All sockets of a protocol in some states, with these ports where they are not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dump {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Of which family; both in one dump are to be had for TCP only.
    pub families: Families,
    /// A bit for each state, see `states`.
    pub states: u32,
    /// 0 for any.
    pub local_port: u16,
    /// 0 for any.
    pub remote_port: u16,
}

impl Dump {
    /// Returns one for each family.
    pub fn split(self) -> [Self; 2] {
        [Families::Inet, Families::Inet6].map(|families| Self { families, ..self })
    }
}

/// AF_INET, AF_INET6 or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// IPv4 sockets.
    Inet,
    /// IPv6 sockets, those with mapped addresses among them.
    Inet6,
    /// All.
    Both,
}

/// Returns the bytes of a question for one socket.
///
/// UDP's ends are swapped, for reasons of history (`udp_dump_one` in net/ipv4/udp_diag.c): the kernel
/// looks up who gets a datagram from `dst` to `src` of the question, and calls them so in the reply.
pub fn exact(exact: &Exact, sequence: u32) -> Vec<u8> {
    let (protocol, source, destination, interface) = match *exact {
        Exact::Connection { local, remote } => {
            (Protocol::Tcp, local, remote, local.scope.or(remote.scope).unwrap_or(0))
        }
        Exact::Reply { peer, own, device } => (Protocol::Udp, own, peer, device),
    };
    let mut body = Vec::with_capacity(56);
    // An IPv6 socket with mapped addresses is found by their IPv4 forms as well.
    let families = if source.address.is_ipv4() { Families::Inet } else { Families::Inet6 };
    body.extend([family_number(families), protocol_number(protocol), 0, 0]);
    body.extend(u32::MAX.to_ne_bytes()); // States do not count here.
    body.extend(source.port.to_be_bytes());
    body.extend(destination.port.to_be_bytes());
    body.extend(address_bytes(source.address));
    body.extend(address_bytes(destination.address));
    body.extend(interface.to_ne_bytes());
    body.extend(NO_COOKIE);
    netlink::request(SOCK_DIAG_BY_FAMILY, Asks::One, sequence, &body)
}

/// Returns the bytes of a dump.
///
/// Both families of TCP at one go are told to the request of old only (`TCPDIAG_GETSOCK`, `struct
/// inet_diag_req`): the kernel then passes its tables once instead of twice.
pub fn dump(dump: &Dump, sequence: u32) -> Vec<u8> {
    const TCPDIAG_GETSOCK: u16 = 18;
    let Dump { protocol, families, states, local_port, remote_port } = *dump;
    let (kind, head, tail) = match families {
        Families::Both => (TCPDIAG_GETSOCK, vec![0; 4], [states.to_ne_bytes(), [0; 4]].concat()),
        one => {
            let start = [family_number(one), protocol_number(protocol), 0, 0];
            (SOCK_DIAG_BY_FAMILY, [start, states.to_ne_bytes()].concat(), Vec::new())
        }
    };
    let mut body = head;
    body.extend(local_port.to_be_bytes());
    body.extend(remote_port.to_be_bytes());
    body.extend([0; 36]); // Any address, any interface.
    body.extend(NO_COOKIE);
    body.extend(tail);
    netlink::request(kind, Asks::All, sequence, &body)
}

fn protocol_number(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
    }
}

fn family_number(families: Families) -> u8 {
    match families {
        Families::Both => 0,
        Families::Inet => 2,
        Families::Inet6 => 10,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::linux::sockets::netlink::recorded;

    fn end_of(address: &str, port: u16) -> End {
        End::new(address.parse().expect("an address"), 0, port)
    }

    // What Linux 6.18 on x86-64 brought back of two questions, behind the errno of its NLMSG_ERROR.
    const CONNECTION: &str = "48000000140001000800000000000000020600\
        00ffffffff0001bca37f0000010000000000000000000000007f00000100000000000000000000000000000000ff\
        ffffffffffffff";
    const REPLY: &str = "4800000014000100050000000000000002110000ffffffffd1cf00097f00000100000000000000\
        00000000007f00000100000000000000000000000001000000ffffffffffffffff";

    #[test]
    #[cfg(target_endian = "little")]
    fn a_request_is_what_the_kernel_took_for_that_question() {
        let (local, remote) = (end_of("127.0.0.1", 1), end_of("127.0.0.1", 48291));

        let sent = exact(&Exact::Connection { local, remote }, 8);

        assert_eq!(sent, recorded(CONNECTION));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_udp_socket_is_asked_for_with_its_ends_swapped() {
        let (peer, own) = (end_of("127.0.0.1", 9), end_of("127.0.0.1", 53711));

        let sent = exact(&Exact::Reply { peer, own, device: 1 }, 5);

        assert_eq!(sent, recorded(REPLY));
    }

    #[test]
    fn an_interface_goes_with_a_link_local_question() {
        let local = End::new("fe80::1".parse().expect("an address"), 3, 1);
        let remote = end_of("fe80::2", 2);

        let sent = exact(&Exact::Connection { local, remote }, 1);

        assert_eq!(sent[60..64], 3_u32.to_ne_bytes());
        assert_eq!(sent[16], 10);
    }

    #[test]
    fn a_dump_of_both_families_is_the_request_of_old() {
        let both = Dump {
            protocol: Protocol::Tcp,
            families: Families::Both,
            states: 1 << 10,
            local_port: 0x1234,
            remote_port: 0,
        };

        let sent = [both, Dump { families: Families::Inet6, ..both }].map(|one| dump(&one, 1));

        // Type; family; port; states.
        assert_eq!((sent[0][4], sent[0][16], &sent[0][20..22]), (18, 0, [0x12, 0x34].as_slice()));
        assert_eq!(sent[0][68..72], (1_u32 << 10).to_ne_bytes());
        assert_eq!((sent[1][4], sent[1][16], &sent[1][24..26]), (20, 10, [0x12, 0x34].as_slice()));
        assert_eq!(sent[1][20..24], (1_u32 << 10).to_ne_bytes());
        assert_eq!((sent[0].len(), sent[1].len()), (76, 72));
    }
}
