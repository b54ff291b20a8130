//! Kernel bytes become sockets; no system call, no unsafe.
//!
//! Numbers are in the host's byte order, ports in network order inside them, so nothing here knows
//! which order the host has. The right total size proves nothing about the inside (a field that
//! moved by three bytes is hidden by padding), so each socket is checked for what must be so.

use std::ffi::c_int;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::Error;
use crate::socket::{End, Kind, Socket, TcpState, is_link_local};

/// `sizeof(struct socket_fdinfo)`, <sys/proc_info.h>; macOS 10.7 to SDK 27, arm64 and x86_64.
pub const SOCKET_INFO_BYTES: c_int = 792;

/// The bytes of a `struct socket_fdinfo`.
pub type SocketInfo = [u8; 792];
/// The bytes of a `struct proc_bsdinfo`, <sys/proc_info.h>; same validity.
pub type BsdInfo = [u8; 136];
/// The bytes of a `struct proc_bsdshortinfo`, <sys/proc_info.h>; macOS 10.7 to SDK 27.
pub type ShortBsdInfo = [u8; 64];

const _: () = assert!(size_of::<SocketInfo>() == 792 && SOCKET_INFO_BYTES == 792);

// Offsets in `struct socket_fdinfo`, <sys/proc_info.h>; macOS 10.7 to SDK 27, arm64 and x86_64
// alike.

/// `pfi.fi_status`, u32: bit 0 when more than one descriptor, in whatever process, is of this
/// file. A `dup` sets it too.
const FI_STATUS: usize = 4;
/// `pfi.fi_type`, i32: what the descriptor is; 2 is a socket.
const FI_TYPE: usize = 16;
/// `psi.soi_so`, u64: the socket's address, obscured, but the same for the same socket. Used
/// again for another socket when this one is gone.
const SOI_SO: usize = 160;
/// `psi.soi_type`, i32: SOCK_STREAM is 1.
const SOI_TYPE: usize = 176;
/// `psi.soi_protocol`, i32: TCP is 6.
const SOI_PROTOCOL: usize = 180;
/// `psi.soi_family`, i32: AF_INET is 2, AF_INET6 is 30.
const SOI_FAMILY: usize = 184;
/// `psi.soi_kind`, i32: which member of the union that follows is filled; 2 is TCP.
const SOI_KIND: usize = 256;
/// `insi_fport`, i32: the remote port in network order, then zero bits.
const INSI_FPORT: usize = 264;
/// `insi_lport`, i32: the local port, likewise.
const INSI_LPORT: usize = 268;
/// `insi_gencnt`, u64: the how-manieth socket of its protocol this is.
const INSI_GENCNT: usize = 272;
/// `insi_vflag`, u8: bit 0 IPv4, bit 1 IPv6. 0 once torn down: the ports are still there, but may
/// be another process's by now.
const INSI_VFLAG: usize = 288;
/// `insi_faddr`, 16 bytes: the remote address; an IPv4 one is in the last four.
const INSI_FADDR: usize = 296;
/// `insi_laddr`, 16 bytes: the local address, likewise.
const INSI_LADDR: usize = 312;
/// `tcpsi_state`, i32: CLOSED 0, LISTEN 1, SYN_SENT 2 to FIN_WAIT_2 9, TIME_WAIT 10, RESERVED 11.
const TCPSI_STATE: usize = 344;

// Offsets in `struct proc_bsdinfo`, <sys/proc_info.h>; same validity.

/// `pbi_pid`, u32: the process itself.
const PBI_PID: usize = 12;
/// `pbi_ppid`, u32: its parent.
const PBI_PPID: usize = 16;
/// `pbi_uid`, u32: its effective user.
const PBI_UID: usize = 20;
/// `pbi_comm`, 16 bytes with a NUL: its name, cut.
const PBI_COMM: usize = 48;
/// `pbi_name`, 32 bytes with a NUL: its name, cut later; may be empty.
const PBI_NAME: usize = 64;
/// `pbi_start_tvsec`, u64: when it started, in seconds.
const PBI_START_TVSEC: usize = 120;
/// `pbi_start_tvusec`, u64: and microseconds.
const PBI_START_TVUSEC: usize = 128;

// Offsets in `struct proc_bsdshortinfo`, likewise.

/// `pbsi_pid`, u32: the process itself.
const PBSI_PID: usize = 0;
/// `pbsi_ppid`, u32: its parent.
const PBSI_PPID: usize = 4;
/// `pbsi_comm`, 16 bytes with a NUL: its name, cut.
const PBSI_COMM: usize = 16;
/// `pbsi_uid`, u32: its effective user.
const PBSI_UID: usize = 36;

const SHARED: u32 = 1;
const SOCKET: i32 = 2;
const KIND_TCP: i32 = 2;
const SOCK_STREAM: i32 = 1;
const IPPROTO_TCP: i32 = 6;
const AF_INET: i32 = 2;
const AF_INET6: i32 = 30;
const INI_IPV4: u8 = 1;
const INI_IPV6: u8 = 2;

/// A live TCP socket as one descriptor showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// What it is.
    pub socket: Socket,
    /// Which one it is.
    pub identity: Identity,
    /// Whether other descriptors are of the same socket, in this process or in others.
    pub shared: bool,
}

/// Tells a socket from every other one, also from one that gets its address later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    so: u64,
    generation: u64,
    local: End,
    remote: End,
}

impl Identity {
    /// The socket's obscured address: not enough to know it by, but enough to look it up.
    pub fn address(&self) -> u64 {
        self.so
    }
}

/// Reads what a descriptor showed. `None`: not TCP, or not live (torn down, TIME_WAIT).
pub fn sighting(info: &SocketInfo) -> Result<Option<Sighting>, Error> {
    must(int(info, FI_TYPE) == SOCKET, "a socket's fi_type is not 2")?;
    if int(info, SOI_KIND) != KIND_TCP {
        return Ok(None);
    }
    must(int(info, SOI_PROTOCOL) == IPPROTO_TCP, "a TCP socket's soi_protocol is not 6")?;
    must(int(info, SOI_TYPE) == SOCK_STREAM, "a TCP socket's soi_type is not 1")?;
    must(matches!(int(info, SOI_FAMILY), AF_INET | AF_INET6), "a TCP socket's soi_family")?;
    let (local_port, remote_port) = (port(info, INSI_LPORT)?, port(info, INSI_FPORT)?);
    let state = int(info, TCPSI_STATE);
    must((0..=11).contains(&state), "a TCP socket's tcpsi_state")?;

    let [vflag] = bytes_at(info, INSI_VFLAG);
    let state = match state {
        _ if vflag & (INI_IPV4 | INI_IPV6) == 0 => return Ok(None),
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
        _ => return Ok(None),
    };
    let takes_ipv4 = vflag & INI_IPV4 != 0 && vflag & INI_IPV6 != 0;
    let local = end(bytes_at(info, INSI_LADDR), vflag, local_port);
    let remote = end(bytes_at(info, INSI_FADDR), vflag, remote_port);
    let so = u64::from_ne_bytes(bytes_at(info, SOI_SO));
    let generation = u64::from_ne_bytes(bytes_at(info, INSI_GENCNT));
    Ok(Some(Sighting {
        socket: Socket { kind: Kind::Tcp(state), local, remote, takes_ipv4 },
        identity: Identity { so, generation, local, remote },
        shared: u32::from_ne_bytes(bytes_at(info, FI_STATUS)) & SHARED != 0,
    }))
}

/// When `pid` started, in seconds and microseconds.
pub fn start_time(pid: i32, info: &BsdInfo) -> Result<(u64, u64), Error> {
    if i32::from_ne_bytes(bytes_at(info, PBI_PID)) != pid {
        return Err(Error::outside_manual("proc_pidinfo", "pbi_pid is another process"));
    }
    let seconds = u64::from_ne_bytes(bytes_at(info, PBI_START_TVSEC));
    Ok((seconds, u64::from_ne_bytes(bytes_at(info, PBI_START_TVUSEC))))
}

/// What is told of a process beside its path and start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// 0 for the first process of all.
    pub parent: i32,
    /// Its effective user.
    pub uid: u32,
    /// As the process was named by whoever started it; bytes that are no UTF-8 are U+FFFD.
    pub name: String,
}

/// What is told of one's own processes, or to root.
pub fn facts(info: &BsdInfo) -> Facts {
    let long: [u8; 32] = bytes_at(info, PBI_NAME);
    let short: [u8; 16] = bytes_at(info, PBI_COMM);
    Facts {
        parent: i32::from_ne_bytes(bytes_at(info, PBI_PPID)),
        uid: u32::from_ne_bytes(bytes_at(info, PBI_UID)),
        name: if long[0] == 0 { text(&short) } else { text(&long) },
    }
}

/// What is told of anybody's process.
pub fn short_facts(pid: i32, info: &ShortBsdInfo) -> Result<Facts, Error> {
    if i32::from_ne_bytes(bytes_at(info, PBSI_PID)) != pid {
        return Err(Error::outside_manual("proc_pidinfo", "pbsi_pid is another process"));
    }
    Ok(Facts {
        parent: i32::from_ne_bytes(bytes_at(info, PBSI_PPID)),
        uid: u32::from_ne_bytes(bytes_at(info, PBSI_UID)),
        name: text(&bytes_at::<16>(info, PBSI_COMM)),
    })
}

/// Up to the first NUL.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

/// The family is decided by `vflag`: an AF_INET6 socket may speak IPv4. Where both bits are set (a
/// listener for both) the address is all zero.
fn end(address: [u8; 16], vflag: u8, port: u16) -> End {
    if vflag & INI_IPV6 == 0 {
        let [.., a, b, c, d] = address;
        return End::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), 0, port);
    }
    if !is_link_local(IpAddr::V6(Ipv6Addr::from(address))) {
        return End::new(IpAddr::V6(Ipv6Addr::from(address)), 0, port);
    }
    // The kernel keeps the interface's number in the second 16 bits, which are zero on the wire.
    let [a, b, scope_high, scope_low, rest @ ..] = address;
    let mut plain = [0; 16];
    plain.iter_mut().zip([a, b, 0, 0].into_iter().chain(rest)).for_each(|(to, from)| *to = from);
    let scope = u32::from(u16::from_be_bytes([scope_high, scope_low]));
    End::new(IpAddr::V6(Ipv6Addr::from(plain)), scope, port)
}

fn port(info: &SocketInfo, offset: usize) -> Result<u16, Error> {
    let zero_extended = u32::from_ne_bytes(bytes_at(info, offset));
    let port = u16::try_from(zero_extended);
    port.map(u16::from_be).map_err(|_| outside("a TCP socket's port is over 65535"))
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

/// Zeros only if `offset` were beyond the structure, which none of the offsets above is.
fn bytes_at<const N: usize>(info: &[u8], offset: usize) -> [u8; N] {
    info.get(offset..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
}
