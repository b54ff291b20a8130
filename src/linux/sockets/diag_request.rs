//! A question to sock_diag, in bytes. No system call is made here.
//!
//! `struct nlmsghdr` in <linux/netlink.h> and `struct inet_diag_req_v2` in <linux/inet_diag.h>.
//! Numbers are in this machine's byte order, ports and addresses in the network's.

use std::net::IpAddr;

use crate::socket::End;

/// `SOCK_DIAG_BY_FAMILY`, <linux/sock_diag.h>.
pub const SOCK_DIAG_BY_FAMILY: u16 = 20;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn end_of(address: &str, port: u16) -> End {
        End::new(address.parse().expect("an address"), 0, port)
    }

    /// What Linux 6.18 on x86-64 brought back of a question, behind the errno of its NLMSG_ERROR.
    #[cfg(target_endian = "little")]
    const ECHOED: [u8; 72] = [
        72, 0, 0, 0, 20, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2, 6, 0, 0, 255, 255, 255, 255, 0, 1,
        188, 163, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255,
    ];

    #[test]
    #[cfg(target_endian = "little")]
    fn a_request_is_what_the_kernel_took_for_that_question() {
        let (local, remote) = (end_of("127.0.0.1", 1), end_of("127.0.0.1", 48291));

        let sent = request(&Request::Exact { local, remote }, 8);

        assert_eq!(sent, ECHOED);
    }

    #[test]
    fn an_interface_goes_with_a_link_local_question() {
        let local = End::new("fe80::1".parse().expect("an address"), 3, 1);
        let remote = end_of("fe80::2", 2);

        let sent = request(&Request::Exact { local, remote }, 1);

        assert_eq!(sent[60..64], 3_u32.to_ne_bytes());
        assert_eq!(sent[16], 10);
    }
}
