//! Parses kernel bytes into sockets and addresses; no system call, no unsafe.
//!
//! Numbers are in the host's byte order, and ports are in network order within them, so nothing
//! here depends on the host's order. A correct total size proves nothing about the fields inside
//! (padding hides a field that moved by three bytes), so each socket is checked against what must
//! hold.

use std::ffi::c_int;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::Error;
use crate::socket::{End, Kind, Protocol, Socket, TcpState, is_link_local};

/// `sizeof(struct socket_fdinfo)`, <sys/proc_info.h>; macOS 10.7 to SDK 27, arm64 and x86_64.
pub const SOCKET_INFO_BYTES: c_int = 792;

/// The bytes of a `struct socket_fdinfo`.
pub type SocketInfo = [u8; 792];

const _: () = assert!(size_of::<SocketInfo>() == 792 && SOCKET_INFO_BYTES == 792);

// Offsets in `struct socket_fdinfo`, <sys/proc_info.h>; macOS 10.7 to SDK 27, on both arm64 and
// x86_64.

/// `pfi.fi_status`, u32: bit 0 is set if more than one descriptor, in any process, refers to this
/// file. A `dup` sets it too.
const FI_STATUS: usize = 4;
/// `pfi.fi_type`, i32: what the descriptor refers to; 2 is a socket.
const FI_TYPE: usize = 16;
/// `psi.soi_so`, u64: the socket's address, obscured, but always the same for the same socket. It
/// is used again for another socket once this one has gone.
const SOI_SO: usize = 160;
/// `psi.soi_type`, i32: SOCK_STREAM is 1, SOCK_DGRAM 2.
const SOI_TYPE: usize = 176;
/// `psi.soi_protocol`, i32: TCP is 6, UDP 17.
const SOI_PROTOCOL: usize = 180;
/// `psi.soi_family`, i32: AF_UNIX is 1, AF_INET 2, AF_INET6 30.
const SOI_FAMILY: usize = 184;
/// `psi.soi_kind`, i32: which member of the union that follows is filled; 2 is TCP, 1 any other
/// socket of the two internet families.
const SOI_KIND: usize = 256;
/// `insi_fport`, i32: the remote port in network order, then zero bits.
const INSI_FPORT: usize = 264;
/// `insi_lport`, i32: the local port, likewise.
const INSI_LPORT: usize = 268;
/// `insi_gencnt`, u64: generation count, unique per protocol.
const INSI_GENCNT: usize = 272;
/// `insi_vflag`, u8: bit 0 IPv4, bit 1 IPv6, bit 2 IPv4 on an IPv6 socket. 0 after the socket was
/// torn down: the ports are still there, but another process may have them by then.
const INSI_VFLAG: usize = 288;
/// `insi_faddr`, 16 bytes: the remote address; an IPv4 address is in the last four.
const INSI_FADDR: usize = 296;
/// `insi_laddr`, 16 bytes: the local address, likewise.
const INSI_LADDR: usize = 312;
/// `tcpsi_state`, i32: CLOSED 0, LISTEN 1, SYN_SENT 2 to FIN_WAIT_2 9, TIME_WAIT 10, RESERVED 11.
const TCPSI_STATE: usize = 344;

const SHARED: u32 = 1;
const SOCKET: i32 = 2;
const KIND_IN: i32 = 1;
const KIND_TCP: i32 = 2;
const SOCK_STREAM: i32 = 1;
const SOCK_DGRAM: i32 = 2;
const IPPROTO_TCP: i32 = 6;
const IPPROTO_UDP: i32 = 17;
const AF_UNIX: i32 = 1;
const AF_INET: i32 = 2;
const AF_INET6: i32 = 30;
const INI_IPV4: u8 = 1;
const INI_IPV6: u8 = 2;

/// A live TCP or UDP socket, as one descriptor showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The socket.
    pub socket: Socket,
    /// Identifies it among all sockets.
    pub identity: Identity,
    /// Whether other descriptors, in this process or in others, refer to the same socket.
    pub shared: bool,
}

/// Distinguishes a socket from every other one, including one that reuses its kernel address later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    so: u64,
    generation: u64,
    protocol: Protocol,
    local_port: u16,
    /// Set for TCP only. A UDP socket's ends change for the moment in which it sends.
    ends: Option<(End, End)>,
}

impl Identity {
    /// Returns what stays the same while a socket connects. It matches descriptors of one socket
    /// that were read at different moments.
    pub fn steady(&self) -> (u64, u64, Protocol, u16) {
        (self.so, self.generation, self.protocol, self.local_port)
    }
}

/// Parses what a descriptor showed. `None`: the socket is neither TCP nor UDP, or not live (torn
/// down, TIME_WAIT).
pub fn sighting(info: &SocketInfo) -> Result<Option<Sighting>, Error> {
    must(int(info, FI_TYPE) == SOCKET, "a socket's fi_type is not 2")?;
    let protocol = match (int(info, SOI_KIND), int(info, SOI_PROTOCOL)) {
        (KIND_TCP, IPPROTO_TCP) => Protocol::Tcp,
        (KIND_TCP, _) => return Err(outside("a TCP socket's soi_protocol is not 6")),
        (KIND_IN, IPPROTO_UDP) => Protocol::Udp,
        _ => return Ok(None),
    };
    must(matches!(int(info, SOI_FAMILY), AF_INET | AF_INET6), "a socket's soi_family")?;
    let (local_port, remote_port) = (port(info, INSI_LPORT)?, port(info, INSI_FPORT)?);
    let kind = match protocol {
        Protocol::Tcp => tcp_kind(info)?,
        Protocol::Udp => {
            must(int(info, SOI_TYPE) == SOCK_DGRAM, "a UDP socket's soi_type is not 2")?;
            Some(Kind::Udp { is_connected: remote_port != 0 })
        }
    };
    let [vflag] = bytes_at(info, INSI_VFLAG);
    let Some(kind) = kind.filter(|_| vflag & (INI_IPV4 | INI_IPV6) != 0) else { return Ok(None) };
    let local = end(bytes_at(info, INSI_LADDR), vflag, local_port);
    let remote = end(bytes_at(info, INSI_FADDR), vflag, remote_port);
    let identity = Identity {
        so: u64::from_ne_bytes(bytes_at(info, SOI_SO)),
        generation: u64::from_ne_bytes(bytes_at(info, INSI_GENCNT)),
        protocol,
        local_port,
        ends: (protocol == Protocol::Tcp).then_some((local, remote)),
    };
    let takes_ipv4 = vflag & INI_IPV4 != 0 && vflag & INI_IPV6 != 0;
    let shared = u32::from_ne_bytes(bytes_at(info, FI_STATUS)) & SHARED != 0;
    Ok(Some(Sighting { socket: Socket { kind, local, remote, takes_ipv4 }, identity, shared }))
}

/// Returns the state of a TCP socket. `None`: a state in which no process holds it.
fn tcp_kind(info: &SocketInfo) -> Result<Option<Kind>, Error> {
    must(int(info, SOI_TYPE) == SOCK_STREAM, "a TCP socket's soi_type is not 1")?;
    Ok(Some(Kind::Tcp(match int(info, TCPSI_STATE) {
        0 => TcpState::Closed,
        1 => TcpState::Listen,
        2 => TcpState::SynSent,
        3 => TcpState::SynReceived,
        4 => TcpState::Established,
        5 => TcpState::CloseWait,
        6 => TcpState::FinWait1,
        7 => TcpState::Closing,
        8 => TcpState::LastAck,
        9 => TcpState::FinWait2,
        10 | 11 => return Ok(None),
        _ => return Err(outside("a TCP socket's tcpsi_state")),
    })))
}

/// Returns a Unix-domain socket's obscured address. `None`: it is another kind of socket.
pub fn unix_socket(info: &SocketInfo) -> Option<u64> {
    let is_unix = int(info, FI_TYPE) == SOCKET && int(info, SOI_FAMILY) == AF_UNIX;
    is_unix.then(|| u64::from_ne_bytes(bytes_at(info, SOI_SO)))
}

/// Parses a `struct sockaddr`, <sys/socket.h>: its size, its family, then what the family defines.
/// Returns an end without a port. `None`: it is not an internet address.
pub fn address(bytes: &[u8; 28]) -> Option<End> {
    let [_, family, ..] = *bytes;
    match i32::from(family) {
        // `sin_addr` of <netinet/in.h>.
        AF_INET => Some(End::new(IpAddr::V4(Ipv4Addr::from(bytes_at::<4>(bytes, 4))), 0, 0)),
        // `sin6_addr` and `sin6_scope_id` of <netinet6/in6.h>.
        AF_INET6 => {
            let (plain, embedded) = without_scope(bytes_at(bytes, 8));
            let told = u32::from_ne_bytes(bytes_at(bytes, 24));
            let scope = if embedded == 0 { told } else { embedded };
            Some(End::new(IpAddr::V6(plain), scope, 0))
        }
        _ => None,
    }
}

/// Returns one end of a socket. `vflag` decides the family: an AF_INET6 socket may speak IPv4. If
/// both bits are set (a dual-stack socket), the address is all zero.
fn end(address: [u8; 16], vflag: u8, port: u16) -> End {
    if vflag & INI_IPV6 == 0 {
        let [.., a, b, c, d] = address;
        return End::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), 0, port);
    }
    let (plain, scope) = without_scope(address);
    End::new(IpAddr::V6(plain), scope, port)
}

/// The kernel keeps the interface's index in the second 16 bits of addresses that are valid on one
/// link or interface only (`IN6_IS_SCOPE_EMBED`, <netinet6/in6_var.h>). On the wire these bits are
/// zero.
fn without_scope(address: [u8; 16]) -> (Ipv6Addr, u32) {
    let [a, b, scope_high, scope_low, rest @ ..] = address;
    let is_narrow_multicast = a == 0xff && matches!(b & 0x0f, 1 | 2);
    let whole = Ipv6Addr::from(address);
    if !is_narrow_multicast && !is_link_local(IpAddr::V6(whole)) {
        return (whole, 0);
    }
    let mut plain = [0; 16];
    plain.iter_mut().zip([a, b, 0, 0].into_iter().chain(rest)).for_each(|(to, from)| *to = from);
    (Ipv6Addr::from(plain), u32::from(u16::from_be_bytes([scope_high, scope_low])))
}

fn port(info: &SocketInfo, offset: usize) -> Result<u16, Error> {
    let zero_extended = u32::from_ne_bytes(bytes_at(info, offset));
    let port = u16::try_from(zero_extended);
    port.map(u16::from_be).map_err(|_| outside("a socket's port is over 65535"))
}

fn must(holds: bool, else_what: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(outside(else_what)) }
}

fn outside(what: &str) -> Error {
    Error::outside_manual("proc_pidfdinfo", what)
}

fn int(info: &SocketInfo, offset: usize) -> i32 {
    i32::from_ne_bytes(bytes_at(info, offset))
}

/// Returns the `N` bytes at `offset`, or zeros if it were out of bounds, which none of the offsets
/// here is.
pub fn bytes_at<const N: usize>(info: &[u8], offset: usize) -> [u8; N] {
    info.get(offset..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
}
