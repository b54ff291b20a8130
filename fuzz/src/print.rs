//! Values become bytes again.

use std::net::{IpAddr, Ipv6Addr};

use crate::linux::diag_reply::Row;
use crate::linux::layout::ProcessStat;
use crate::question::{End, Question, Socket, State, Wanted};

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

fn state_number(state: State) -> u8 {
    match state {
        State::Connected => 1,
        State::Bound => 7,
        State::Listening => 10,
    }
}

/// A message of sock_diag, always of AF_INET6: a mapped address is its plain form.
pub fn diag_message(row: &Row, sequence: u32, port_id: u32) -> Vec<u8> {
    let Socket { local, remote, state } = &row.socket;
    let mut body = vec![10, state_number(*state), 0, 0];
    body.extend(local.port.to_be_bytes());
    body.extend(remote.port.to_be_bytes());
    body.extend(octets(local.address));
    body.extend(octets(remote.address));
    body.extend(local.scope.or(remote.scope).unwrap_or(0).to_ne_bytes());
    body.resize(68, 0);
    body.extend(row.inode.to_ne_bytes());
    if let Some(group) = row.group {
        body.extend([12_u16, 21].into_iter().flat_map(u16::to_ne_bytes));
        body.extend(group.to_ne_bytes());
    }
    let length = u32::try_from(body.len() + 16).expect("short");
    let mut message = length.to_ne_bytes().to_vec();
    message.extend([20_u16, 0].into_iter().flat_map(u16::to_ne_bytes));
    message.extend(sequence.to_ne_bytes());
    message.extend(port_id.to_ne_bytes());
    message.extend(body);
    message
}

/// A line of `/proc/net/tcp6`.
pub fn table_line(row: &Row) -> String {
    let end = |end: &End| {
        let word = |bytes: &[u8]| {
            format!("{:08X}", u32::from_ne_bytes(bytes.try_into().expect("four bytes")))
        };
        let address: String = octets(end.address).chunks(4).map(word).collect();
        format!("{address}:{:04X}", end.port)
    };
    let Socket { local, remote, state } = &row.socket;
    let (local, remote, state) = (end(local), end(remote), state_number(*state));
    format!("   0: {local} {remote} {state:02X} 0:0 00:0 0     0        0 {} 1 0", row.inode)
}

/// A line of `/proc/PID/stat`.
pub fn stat_line(stat: &ProcessStat) -> Vec<u8> {
    let state = if stat.has_exited { 'Z' } else { 'S' };
    let (parent, threads, start) = (stat.parent, stat.threads, stat.start_ticks);
    let mut line = b"1 (".to_vec();
    line.extend(stat.name);
    let unread = "0 ".repeat(15);
    line.extend(format!(") {state} {parent} {unread}{threads} 0 {start} 0\n").bytes());
    line
}

/// An entry of getdents64.
pub fn directory_entry(name: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + name.len() + 1).expect("a name").next_multiple_of(8);
    let mut entry = vec![0; 16];
    entry.extend(length.to_ne_bytes());
    entry.push(0);
    entry.extend(name);
    entry.resize(usize::from(length), 0);
    entry
}

/// A question's words; a scope as digits.
pub fn words(question: &Question) -> [u32; 20] {
    let nowhere = End::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0, 0);
    let at = |port| End { port, ..nowhere };
    let (wanted, local, remote) = match &question.wanted {
        Wanted::Port(port) => (0, at(*port), nowhere),
        Wanted::Listener(port) => (1, at(*port), nowhere),
        Wanted::Connected(port) => (2, at(*port), nowhere),
        Wanted::Connection { local, remote } => (3, *local, *remote),
    };
    let mut words = vec![question.id, wanted, u32::from(local.port), u32::from(remote.port)];
    let mut put = |bytes: [u8; 16]| {
        words.extend(bytes.chunks(4).map(|c| u32::from_be_bytes(c.try_into().expect("four"))));
    };
    put(octets(local.address));
    put(octets(remote.address));
    for end in [local, remote] {
        let mut scope = [0; 16];
        let digits = end.scope.map(|scope| scope.to_string()).unwrap_or_default();
        scope[..digits.len()].copy_from_slice(digits.as_bytes());
        put(scope);
    }
    words.try_into().expect("20 words")
}
