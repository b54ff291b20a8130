//! This machine's addresses and interfaces: on which interface a packet to an address arrives.

use std::ffi::CStr;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use super::channel::{Channel, attempted, is_absent};
use super::ifaddr::{self, OwnAddress};
use super::kernel;
use crate::error::Error;
use crate::platform::linux::kernel::Failure;
use crate::socket::End;

/// The index of the interface `lo` in every network namespace (LOOPBACK_IFINDEX in the kernel).
pub const LOOPBACK: u32 = 1;
/// How many datagrams a reply may have. The kernel puts about a hundred addresses into each.
const DATAGRAMS: u32 = 1000;

/// Where a packet to an address goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To another machine: the address is not one of ours.
    Away,
    /// To a socket here. It counts as received on this interface, although it never leaves `lo`.
    /// `None` if there is no such interface (a wildcard, a multicast group) or it is not known.
    Here(Option<u32>),
}

/// Returns where a packet to `address` goes. 127.0.0.0/8 and `::1` are always here, and so are
/// addresses that belong to no single machine: wildcards, multicast groups and broadcast. Any other
/// address is here if an interface has it; the kernel is asked for those, as by getifaddrs(3).
pub fn destination(address: &End) -> Result<Destination, Error> {
    let ip = address.address;
    if ip.is_loopback() {
        return Ok(Destination::Here(Some(LOOPBACK)));
    }
    if ip.is_unspecified() || ip.is_multicast() || ip == Ipv4Addr::BROADCAST {
        return Ok(Destination::Here(address.scope));
    }
    match attempted(|| own_addresses(ip)) {
        Ok(addresses) => {
            let is_it = |own: &&OwnAddress| {
                let seen = End::new(own.address, own.device, 0);
                address.is_at(&seen) || own.broadcast == Some(ip)
            };
            let found = addresses.iter().find(is_it);
            Ok(found.map_or(Destination::Away, |own| Destination::Here(Some(own.device))))
        }
        Err((_, errno)) if is_absent(errno) => bind(ip),
        Err((syscall, errno)) => Err(Error::system(syscall, errno, "addresses of this machine")),
    }
}

/// `if_nametoindex(3)`. `None` if no interface has that name.
pub fn interface_index(name: &CStr) -> Result<Option<u32>, Error> {
    kernel::interface_index(name)
        .map_err(|errno| Error::system("if_nametoindex", errno, &name.to_string_lossy()))
}

/// Returns this machine's addresses of one family.
fn own_addresses(of_family: IpAddr) -> Result<Vec<OwnAddress>, Failure> {
    let mut channel = Channel::open(libc::NETLINK_ROUTE)?;
    channel.send(|sequence| ifaddr::request(of_family, sequence))?;
    let mut addresses = Vec::new();
    let mut buffer = Vec::new();
    for _ in 0..DATAGRAMS {
        let received = channel.receive(&mut buffer, &mut |body| {
            addresses.extend(ifaddr::own_address(body));
        })?;
        match received.done {
            None => {}
            Some(0) => return Ok(addresses),
            Some(errno) => return Err(("recvfrom", errno)),
        }
    }
    Err(("recvfrom", libc::EBADMSG))
}

/// The same without netlink, where that is refused: only an address of this machine can be bound
/// to. The socket is closed at once.
fn bind(ip: IpAddr) -> Result<Destination, Error> {
    match UdpSocket::bind((ip, 0)) {
        Ok(_) => Ok(Destination::Here(None)),
        Err(error) => match error.raw_os_error() {
            Some(libc::EADDRNOTAVAIL | libc::EINVAL | libc::EAFNOSUPPORT) => Ok(Destination::Away),
            errno => Err(Error::system("bind", errno.unwrap_or(libc::EIO), &ip.to_string())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Destination {
        destination(&End::new(address.parse().expect("an address"), 0, 1)).expect("it is told")
    }

    #[test]
    fn every_loopback_address_is_here() {
        let lo = Destination::Here(Some(LOOPBACK));

        assert_eq!(["127.0.0.1", "127.9.8.7", "::1"].map(at), [lo; 3]);
    }

    #[test]
    fn addresses_for_documentation_are_elsewhere() {
        assert_eq!(["203.0.113.9", "2001:db8::9"].map(at), [Destination::Away; 2]);
    }

    #[test]
    fn what_is_no_one_machines_is_here() {
        let any = ["0.0.0.0", "::", "224.0.0.251", "ff02::fb", "255.255.255.255"];

        assert_eq!(any.map(at), [Destination::Here(None); 5]);
    }

    #[test]
    fn every_address_that_the_kernel_lists_is_here_with_or_without_netlink() {
        for of_family in ["0.0.0.0", "::"] {
            let of_family = of_family.parse().expect("an address");
            for own in own_addresses(of_family).expect("they are told") {
                let end = End::new(own.address, own.device, 1);
                let device = Destination::Here(Some(own.device));

                assert_eq!(destination(&end), Ok(device), "{own:?}");
                if end.scope.is_none() {
                    assert_eq!(bind(own.address), Ok(Destination::Here(None)), "{own:?}");
                }
            }
        }
        assert_eq!(bind("203.0.113.9".parse().expect("an address")), Ok(Destination::Away));
    }

    #[test]
    fn an_interface_has_an_index_and_a_name() {
        assert_eq!(interface_index(c"lo"), Ok(Some(1)));
        assert_eq!(kernel::interface_name(1).as_deref(), Some("lo"));
        assert_eq!(interface_index(c"no such one"), Ok(None));
        assert_eq!([0, u32::MAX].map(kernel::interface_name), [None, None]);
    }
}
