//! Turns parsed values back into bytes.

use std::net::IpAddr;

use crate::linux::proc::layout::ProcessStat;
use crate::linux::socket::Row;
use crate::linux::sockets::ifaddr::OwnAddress;
use crate::question::{Filter, Gives, LocalPeer, Port, Question, Wanted};
use crate::socket::{End, Kind, Protocol, Socket, State, TcpState};

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// The states' numbers from <linux/tcp_states.h>.
fn state_number(kind: Kind) -> u8 {
    match kind {
        Kind::Tcp(TcpState::Established) | Kind::Udp { is_connected: true } => 1,
        Kind::Tcp(TcpState::SynSent) => 2,
        Kind::Tcp(TcpState::SynReceived) => 3,
        Kind::Tcp(TcpState::FinWait1) => 4,
        Kind::Tcp(TcpState::FinWait2) => 5,
        Kind::Tcp(TcpState::Closed) | Kind::Udp { is_connected: false } => 7,
        Kind::Tcp(TcpState::CloseWait) => 8,
        Kind::Tcp(TcpState::LastAck) => 9,
        Kind::Tcp(TcpState::Listen) => 10,
        Kind::Tcp(TcpState::Closing) => 11,
    }
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).expect("short");
    let mut bytes = [length, kind].map(u16::to_ne_bytes).concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Makes the body of a sock_diag message, always of AF_INET6: IPv4 addresses are mapped.
pub fn diag_body(row: &Row) -> Vec<u8> {
    let Socket { kind, local, remote, takes_ipv4 } = &row.socket;
    let mut body = vec![10, state_number(*kind), 0, 0];
    body.extend(local.port.to_be_bytes());
    body.extend(remote.port.to_be_bytes());
    body.extend(octets(local.address));
    body.extend(octets(remote.address));
    body.extend(row.device.to_ne_bytes());
    body.resize(64, 0);
    body.extend(row.uid.expect("sock_diag tells one").to_ne_bytes());
    body.extend(row.inode.to_ne_bytes());
    body.extend(attribute(11, &[u8::from(!takes_ipv4)]));
    if let Some(group) = row.group {
        body.extend(attribute(21, &group.to_ne_bytes()));
    }
    body
}

/// Makes the body of a unix_diag message.
pub fn unix_body(own: u32, peer: u32) -> Vec<u8> {
    let mut body = vec![1, 1, 1, 0];
    body.extend(own.to_ne_bytes());
    body.resize(16, 0);
    body.extend(attribute(2, &peer.to_ne_bytes()));
    body
}

/// Makes the body of an rtnetlink message about an address.
pub fn address_body(own: &OwnAddress) -> Vec<u8> {
    let family = if own.address.is_ipv4() { 2 } else { 10 };
    let mut body = vec![family, 0, 0, 0];
    body.extend(own.device.to_ne_bytes());
    for (kind, address) in [(2, Some(own.address)), (4, own.broadcast)] {
        match address {
            Some(IpAddr::V4(address)) => body.extend(attribute(kind, &address.octets())),
            Some(IpAddr::V6(address)) => body.extend(attribute(kind, &address.octets())),
            None => {}
        }
    }
    body
}

/// Makes a line of `/proc/net/tcp6` or `udp6`.
pub fn table_line(row: &Row) -> String {
    let end = |end: &End| {
        let word = |bytes: &[u8]| {
            format!("{:08X}", u32::from_ne_bytes(bytes.try_into().expect("four bytes")))
        };
        let address: String = octets(end.address).chunks(4).map(word).collect();
        format!("{address}:{:04X}", end.port)
    };
    let (uid, inode) = (row.uid.expect("the text tells one"), row.inode);
    let Socket { local, remote, kind, .. } = &row.socket;
    let (local, remote, state) = (end(local), end(remote), state_number(*kind));
    format!("   0: {local} {remote} {state:02X} 0:0 00:0 0     {uid}        0 {inode} 1 0")
}

/// Makes a question's line without its id, with scopes as numbers.
pub fn question(question: &Question) -> String {
    let gives = match question.gives {
        Gives::Pid => "pid",
        Gives::Record => "record",
        Gives::Rows => "rows",
    };
    match &question.wanted {
        Wanted::Connection { local, remote } => {
            format!("connection {gives} {} {}", end(local), end(remote))
        }
        Wanted::Reply { peer, own } => format!("reply {gives} {} {}", end(peer), end(own)),
        Wanted::Port(Port { protocol, port, state, address }) => {
            let address = address.as_ref().map_or("-".into(), address_text);
            let (protocol, state) = (protocol_name(Some(*protocol)), state_name(*state));
            format!("port {gives} {protocol} {port} {state} {address}")
        }
        Wanted::LocalPeer(LocalPeer { socket, pid }) => format!("unix {gives} {socket} {pid}"),
        Wanted::All(Filter { protocol, state, port, pid }) => {
            let (protocol, state) = (protocol_name(*protocol), state_name(*state));
            let port = port.map_or("-".into(), |port| port.to_string());
            let pid = pid.map_or("-".into(), |pid| pid.to_string());
            format!("list {gives} {protocol} {state} {port} {pid}")
        }
    }
}

fn end(end: &End) -> String {
    format!("{} {}", address_text(end), end.port)
}

fn address_text(end: &End) -> String {
    match end.scope {
        Some(scope) => format!("{}%{scope}", end.address),
        None => end.address.to_string(),
    }
}

fn protocol_name(protocol: Option<Protocol>) -> &'static str {
    match protocol {
        Some(Protocol::Tcp) => "tcp",
        Some(Protocol::Udp) => "udp",
        None => "-",
    }
}

fn state_name(state: Option<State>) -> &'static str {
    match state {
        Some(State::Bound) => "bound",
        Some(State::Listening) => "listening",
        Some(State::Connected) => "connected",
        None => "-",
    }
}

/// Makes a line of `/proc/PID/stat`.
pub fn stat_line(stat: &ProcessStat) -> Vec<u8> {
    let state = if stat.has_exited { 'Z' } else { 'S' };
    let (parent, threads, start) = (stat.parent, stat.threads, stat.start_ticks);
    let mut line = b"1 (".to_vec();
    line.extend(stat.name);
    let unread = "0 ".repeat(15);
    let exit_signal = if stat.is_thread { -1 } else { 17 };
    let rest = format!("{threads} 0 {start} {unread}{exit_signal} 0\n");
    line.extend(format!(") {state} {parent} {unread}{rest}").bytes());
    line
}

/// Makes an entry as getdents64 returns it.
pub fn directory_entry(name: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + name.len() + 1).expect("a name").next_multiple_of(8);
    let mut entry = vec![0; 16];
    entry.extend(length.to_ne_bytes());
    entry.push(0);
    entry.extend(name);
    entry.resize(usize::from(length), 0);
    entry
}
