//! The wire format between JavaScript and Rust, defined here; `lib/wire.js` is its other end.
//!
//! **A question** is a line of fields, separated by single spaces; `-` stands for a missing value:
//!
//! ```text
//! ID connection GIVES LOCAL_ADDRESS LOCAL_PORT REMOTE_ADDRESS REMOTE_PORT
//! ID port pid PROTOCOL PORT STATE ADDRESS
//! ID reply pid PEER_ADDRESS PEER_PORT OWN_ADDRESS OWN_PORT
//! ID unix GIVES SOCKET PID
//! ID list rows PROTOCOL STATE PORT PID
//! ```
//!
//! GIVES is `pid` or `record`, PROTOCOL `tcp` or `udp`, STATE `listening`, `connected` or `bound`.
//! A connection's ends are those of the wanted socket, its own end first. An address may have a
//! scope (`fe80::1%en0`, `%4`). SOCKET and PID are what `localPeer` returned.
//!
//! **A row** of a list is 14 words of 32 bits, followed by one word per pid:
//!
//! | word | holds |
//! | --- | --- |
//! | 0 | protocol (6, 17), TCP state << 8, state << 16 (0 bound, 1 listening, 2 connected), family << 24 (4, 6) |
//! | 1 | local port << 16, remote port |
//! | 2..6, 6..10 | local and remote address in network order; IPv4 is the first word |
//! | 10, 11 | local and remote scope: 0 none, otherwise 1 + its index in `scopes` |
//! | 12 | uid; 0xffffffff if none |
//! | 13 | how many pids follow |
//!
//! TCP states: 0 UDP, 1 LISTEN, 2 SYN_SENT, 3 SYN_RECEIVED, 4 ESTABLISHED, 5 FIN_WAIT_1,
//! 6 FIN_WAIT_2, 7 CLOSE_WAIT, 8 CLOSING, 9 LAST_ACK, 10 CLOSED.

use std::ffi::{CStr, CString};
use std::net::IpAddr;

use crate::answer::SocketRow;
use crate::error::Error;
use crate::question::{Filter, Gives, LocalPeer, Port, Question, Wanted};
use crate::socket::{End, Kind, Protocol, State, is_link_local};

/// Splits a line into the question's id and the rest.
pub fn id(line: &str) -> Option<(u32, &str)> {
    let (id, rest) = line.split_once(' ')?;
    Some((id.parse().ok()?, rest))
}

/// Parses a question. `interface_index` finds an interface by name.
///
/// `None`: no such socket can exist (its ends are of different families, or a scope names no
/// interface), or the text is not a question.
pub fn question(
    id: u32,
    text: &str,
    interface_index: impl Fn(&CStr) -> Result<Option<u32>, Error>,
) -> Result<Option<Question>, Error> {
    let fields = text.split(' ').collect::<Vec<_>>();
    let [kind, gives, ref fields @ ..] = *fields.as_slice() else { return Ok(None) };
    let wanted = match (kind, fields) {
        ("connection" | "reply", [address, port, other_address, other_port]) => {
            let one = end(address, port, &interface_index)?;
            let other = end(other_address, other_port, &interface_index)?;
            one.zip(other).and_then(|(one, other)| two_ends(kind, one, other))
        }
        ("port", [protocol, port_number, state, "-"]) => {
            port(protocol, port_number, state).map(Wanted::Port)
        }
        ("port", [protocol, port_number, state, address]) => {
            let address = end(address, "1", &interface_index)?;
            let port = port(protocol, port_number, state);
            port.zip(address).map(|(port, at)| Wanted::Port(Port { address: Some(at), ..port }))
        }
        ("unix", [socket, pid]) => local_peer(socket, pid).map(Wanted::LocalPeer),
        ("list", [protocol, state, port, pid]) => {
            filter(protocol, state, port, pid).map(Wanted::All)
        }
        _ => None,
    };
    let question = |(wanted, gives)| Question { id, wanted, gives };
    Ok(wanted.zip(gives_named(gives)).map(question))
}

fn gives_named(text: &str) -> Option<Gives> {
    match text {
        "pid" => Some(Gives::Pid),
        "record" => Some(Gives::Record),
        "rows" => Some(Gives::Rows),
        _ => None,
    }
}

fn two_ends(kind: &str, one: End, other: End) -> Option<Wanted> {
    let is_same_family = one.address.is_ipv4() == other.address.is_ipv4();
    match kind {
        "connection" => is_same_family.then_some(Wanted::Connection { local: one, remote: other }),
        // An `own` of `::` may belong to a dual-stack socket, which IPv4 reaches too.
        _ => {
            let can_meet =
                is_same_family || other.address.is_ipv6() && other.address.is_unspecified();
            can_meet.then_some(Wanted::Reply { peer: one, own: other })
        }
    }
}

fn port(protocol: &str, port: &str, state: &str) -> Option<Port> {
    let protocol = protocol_named(protocol)?;
    Some(Port {
        protocol,
        port: port.parse().ok()?,
        state: given(state, state_named)?,
        address: None,
    })
}

fn local_peer(socket: &str, pid: &str) -> Option<LocalPeer> {
    Some(LocalPeer { socket: socket.parse().ok()?, pid: pid.parse().ok()? })
}

fn filter(protocol: &str, state: &str, port: &str, pid: &str) -> Option<Filter> {
    Some(Filter {
        protocol: given(protocol, protocol_named)?,
        state: given(state, state_named)?,
        port: given(port, |text| text.parse().ok())?,
        pid: given(pid, |text| text.parse().ok())?,
    })
}

/// Returns an inner `None` if no value is given, and an outer `None` if it cannot be parsed.
fn given<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text == "-" { Some(None) } else { read(text).map(Some) }
}

fn protocol_named(text: &str) -> Option<Protocol> {
    match text {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        _ => None,
    }
}

fn state_named(text: &str) -> Option<State> {
    match text {
        "listening" => Some(State::Listening),
        "connected" => Some(State::Connected),
        "bound" => Some(State::Bound),
        _ => None,
    }
}

/// Returns `None` if the scope names no interface, or the text is not an end.
fn end(
    text: &str,
    port: &str,
    interface_index: impl Fn(&CStr) -> Result<Option<u32>, Error>,
) -> Result<Option<End>, Error> {
    let (address, scope) = text.split_once('%').unwrap_or((text, ""));
    let (Ok(address), Ok(port)) = (address.parse::<IpAddr>(), port.parse()) else {
        return Ok(None);
    };
    let scope = match scope {
        "" => Some(0),
        _ if !is_link_local(address.to_canonical()) => Some(0),
        scope => scope_index(scope, interface_index)?,
    };
    Ok(scope.map(|scope| End::new(address, scope, port)))
}

/// Tries a scope as an interface's name first, then as its index: an interface may be named `7`.
fn scope_index(
    scope: &str,
    interface_index: impl Fn(&CStr) -> Result<Option<u32>, Error>,
) -> Result<Option<u32>, Error> {
    let Ok(name) = CString::new(scope) else { return Ok(None) };
    let is_number = scope.bytes().all(|byte| byte.is_ascii_digit());
    let number = || scope.parse().ok().filter(|index| *index != 0 && is_number);
    Ok(interface_index(&name)?.or_else(number))
}

/// The rows of a list, and the interfaces that they refer to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// In the format at the head of this file.
    pub words: Vec<u32>,
    /// The interface names that the scopes refer to, in order.
    pub scopes: Vec<String>,
}

/// Encodes rows. `interface_name` finds an interface's name by its index; if it has none, its index
/// is the name.
pub fn rows(rows: &[SocketRow], interface_name: impl Fn(u32) -> Option<String>) -> Rows {
    let mut indices = Vec::new();
    let mut words = Vec::with_capacity(rows.len().saturating_mul(15));
    for SocketRow { socket, uid, pids } in rows {
        let (protocol, tcp_state) = match socket.kind {
            Kind::Tcp(state) => (6, state as u8),
            Kind::Udp { .. } => (17, 0),
        };
        let family = if socket.local.address.is_ipv4() { 4 } else { 6 };
        words.push(u32::from_le_bytes([protocol, tcp_state, socket.state() as u8, family]));
        words.push(u32::from(socket.local.port) << 16 | u32::from(socket.remote.port));
        words.extend(address_words(socket.local.address));
        words.extend(address_words(socket.remote.address));
        words.extend([&socket.local, &socket.remote].map(|end| place(end.scope, &mut indices)));
        words.push(uid.unwrap_or(u32::MAX));
        words.push(u32::try_from(pids.len()).unwrap_or_default());
        words.extend(pids.iter().map(|pid| pid.cast_unsigned()));
    }
    let name = |index: u32| interface_name(index).unwrap_or_else(|| index.to_string());
    Rows { words, scopes: indices.into_iter().map(name).collect() }
}

fn address_words(address: IpAddr) -> [u32; 4] {
    match address {
        IpAddr::V4(address) => [u32::from(address), 0, 0, 0],
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.segments();
            [(a, b), (c, d), (e, f), (g, h)]
                .map(|(high, low)| u32::from(high) << 16 | u32::from(low))
        }
    }
}

/// Returns 1 + the scope's position among the indices met so far.
fn place(scope: Option<u32>, indices: &mut Vec<u32>) -> u32 {
    let Some(scope) = scope else { return 0 };
    let known = indices.iter().position(|index| *index == scope);
    let place = known.unwrap_or_else(|| {
        indices.push(scope);
        indices.len().saturating_sub(1)
    });
    u32::try_from(place).unwrap_or_default().saturating_add(1)
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
