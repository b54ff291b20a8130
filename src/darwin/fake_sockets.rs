//! Sockets and addresses as the scripted kernel keeps them.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test that fails may panic")]

use std::net::{IpAddr, SocketAddr};

/// What the kernel knows about a socket. `vflag`, `state` and the other numbers are as in its
/// headers.
#[derive(Clone)]
pub struct Socket {
    pub kind: i32,
    pub kind_of_file: i32,
    pub socket_type: i32,
    pub protocol: i32,
    pub family: i32,
    pub generation: u64,
    pub vflag: u8,
    pub state: i32,
    pub local: ([u8; 16], u32),
    pub remote: ([u8; 16], u32),
}

/// A live TCP socket between two ends. A `state` of 1 is LISTEN, 4 is ESTABLISHED.
pub fn tcp(local: &str, remote: &str, state: i32) -> Socket {
    let end = |text: &str| {
        let end: SocketAddr = text.parse().expect("an address with a port");
        let port = u32::from(end.port().to_be());
        match end.ip() {
            IpAddr::V4(address) => {
                let mut bytes = [0; 16];
                bytes[12..].copy_from_slice(&address.octets());
                (bytes, port)
            }
            IpAddr::V6(address) => (address.octets(), port),
        }
    };
    let is_v4 = local.parse::<SocketAddr>().expect("an address with a port").is_ipv4();
    Socket {
        kind: 2,
        kind_of_file: 2,
        socket_type: 1,
        protocol: 6,
        family: if is_v4 { 2 } else { 30 },
        generation: 0,
        vflag: if is_v4 { 1 } else { 2 },
        state,
        local: end(local),
        remote: end(remote),
    }
}

/// A UDP socket, connected if it has a remote end. One bound to the IPv6 wildcard accepts IPv4 too.
pub fn udp(local: &str, remote: Option<&str>) -> Socket {
    let nowhere = if local.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
    let socket = tcp(local, remote.unwrap_or(nowhere), 0);
    let vflag = if local.starts_with("[::]") { 3 } else { socket.vflag };
    Socket { kind: 1, protocol: 17, socket_type: 2, vflag, ..socket }
}

/// A `struct sockaddr_in` or `sockaddr_in6`.
pub fn address(text: &str, scope: u32) -> Vec<u8> {
    match text.parse().expect("an address") {
        IpAddr::V4(address) => [&[16, 2, 0, 0], address.octets().as_slice(), &[0; 8]].concat(),
        IpAddr::V6(address) => {
            let front = [28, 30, 0, 0, 0, 0, 0, 0];
            [&front, address.octets().as_slice(), &scope.to_ne_bytes()].concat()
        }
    }
}

pub fn listener(local: &str) -> Socket {
    let nowhere = if local.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
    tcp(local, nowhere, 1)
}

pub fn connected(local: &str, remote: &str) -> Socket {
    tcp(local, remote, 4)
}

/// A socket that is not TCP, as most are not: a Unix-domain one.
pub fn other() -> Socket {
    Socket { kind: 3, family: 1, protocol: 0, ..listener("0.0.0.0:0") }
}
