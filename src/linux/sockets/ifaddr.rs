//! rtnetlink for this machine's own addresses, as bytes: encodes the request and parses the reply.
//! No system call is made here, and no length is trusted.
//!
//! `struct ifaddrmsg` in <linux/if_addr.h>, which getifaddrs(3) reads as well.

use std::net::{IpAddr, Ipv6Addr};

use super::netlink::{self, attribute};

/// The length of `struct ifaddrmsg`: family, prefix length, flags, scope, interface.
const HEAD_BYTES: usize = 8;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// An address of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnAddress {
    /// The address.
    pub address: IpAddr,
    /// The broadcast address of its network, if it has one.
    pub broadcast: Option<IpAddr>,
    /// The interface that has it.
    pub device: u32,
}

/// Returns the request for all addresses of the same family as `address`.
pub fn request(address: IpAddr, sequence: u32) -> Vec<u8> {
    const RTM_GETADDR: u16 = 22;
    let family = if address.is_ipv4() { AF_INET } else { AF_INET6 };
    netlink::request(RTM_GETADDR, netlink::ALL, sequence, &[&[family, 0, 0, 0, 0, 0, 0, 0]])
}

/// Reads one address. Returns `None` if the bytes are not an address.
pub fn own_address(body: &[u8]) -> Option<OwnAddress> {
    const IFA_ADDRESS: u16 = 1;
    // On a point-to-point interface, IFA_ADDRESS is the other end's.
    const IFA_LOCAL: u16 = 2;
    const IFA_BROADCAST: u16 = 4;
    let (head, attributes) = body.split_first_chunk::<HEAD_BYTES>()?;
    let [family, _, _, _, device @ ..] = *head;
    let read = |kind| ip(family, attribute(attributes, kind)?);
    Some(OwnAddress {
        address: read(IFA_LOCAL).or_else(|| read(IFA_ADDRESS))?,
        broadcast: read(IFA_BROADCAST),
        device: u32::from_ne_bytes(device),
    })
}

fn ip(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match family {
        AF_INET => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        AF_INET6 => <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;
    use crate::platform::linux::sockets::netlink::recorded;

    // Replies of Linux 6.18 on x86-64 about 192.0.2.2/24 and fe80::fc:ff:fe00:1/64 on interface 4.
    const INET: &str = "021880000400000008000100c000020208000200c000020208000400c00002ff090003\
        006574683000000000080008008000000014000600ffffffffffffffff1600000016000000";
    const INET6: &str = "0a4080fd0400000014000100fe8000000000000000fc00fffe00000114000600ffffff\
        ffffffffff1600000016000000080008008000000005000b0003000000";

    #[test]
    fn an_address_has_its_interface() {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");

        assert_eq!(
            own_address(&recorded(INET)),
            Some(OwnAddress {
                address: address("192.0.2.2"),
                broadcast: Some(address("192.0.2.255")),
                device: 4
            })
        );
        assert_eq!(
            own_address(&recorded(INET6)),
            Some(OwnAddress { address: address("fe80::fc:ff:fe00:1"), broadcast: None, device: 4 })
        );
    }

    #[test]
    fn an_address_that_is_cut_off_is_none() {
        let body = recorded(INET6);

        for length in 0..28 {
            assert_eq!(own_address(&body[..length]), None, "{length} bytes");
        }
    }
}
