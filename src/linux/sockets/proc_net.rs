//! Parses the kernel's socket tables in text form: `/proc/net/tcp`, `tcp6`, `udp`, `udp6`. No
//! system call is made here.

use std::net::{IpAddr, Ipv6Addr};

use super::states;
use crate::platform::linux::proc::layout::decimal;
use crate::platform::linux::socket::Row;
use crate::socket::{End, Protocol, Socket};

/// Passes the live sockets in one more piece of text to `each`. `rest` is what is left of the
/// earlier pieces: the start of a line that continues in the next one.
pub fn take_rows(rest: &mut Vec<u8>, piece: &[u8], protocol: Protocol, each: &mut dyn FnMut(Row)) {
    rest.extend_from_slice(piece);
    let end = rest.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let lines = rest.get(..end).unwrap_or_default().split(|byte| *byte == b'\n');
    lines.filter_map(|line| row(line, protocol)).for_each(each);
    rest.drain(..end);
}

/// Reads one line: number, local and remote end in hexadecimal, state, …, the user as the eighth
/// field, the inode as the tenth (`get_tcp4_sock` in net/ipv4/tcp_ipv4.c, `udp4_format_sock` in
/// udp.c). Returns `None` for the header line and for a socket that is not live.
///
/// The text shows neither the interface that a socket is bound to nor whether it takes IPv6 only.
pub fn row(line: &[u8], protocol: Protocol) -> Option<Row> {
    let mut fields = line.split(|byte| *byte == b' ').filter(|field| !field.is_empty());
    let local = end(fields.nth(1)?)?;
    let remote = end(fields.next()?)?;
    let state = u8::try_from(hexadecimal(fields.next()?, 2)?).ok()?;
    let kind = states::kind(protocol, state)?;
    let uid = decimal(fields.nth(3)?)?;
    let inode = decimal(fields.nth(1)?)?;
    let takes_ipv4 = local.address.is_ipv6() && local.address.is_unspecified();
    let socket = Socket { kind, local, remote, takes_ipv4 };
    Some(Row { socket, inode, uid: Some(uid), device: 0, group: None })
}

/// Reads `0100007F:1F90`: the address as words in host byte order, the port as a number.
fn end(field: &[u8]) -> Option<End> {
    let colon = field.iter().position(|byte| *byte == b':')?;
    let (address, port) = field.split_at_checked(colon)?;
    let port = u16::try_from(hexadecimal(port.get(1..)?, 4)?).ok()?;
    let word = |digits| hexadecimal(digits, 8).map(u32::to_ne_bytes);
    let address = match address.len() {
        8 => IpAddr::from(word(address)?),
        32 => {
            let mut octets = [0; 16];
            for (to, digits) in octets.chunks_exact_mut(4).zip(address.chunks_exact(8)) {
                to.copy_from_slice(&word(digits)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    // The text doesn't show the interface of a link-local address.
    Some(End::new(address, 0, port))
}

/// Reads exactly `length` hexadecimal digits.
fn hexadecimal(digits: &[u8], length: usize) -> Option<u32> {
    let is_hexadecimal = digits.len() == length && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_hexadecimal)?;
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;
    use crate::socket::{Kind, TcpState};

    fn end_of(address: &str, port: u16) -> End {
        End::new(address.parse().expect("an address"), 0, port)
    }

    // Lines from Linux 6.18 on x86-64.
    const LISTENER: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 \
        00000000     0        0 20611 1 0000000000000000 100 0 0 10 0                     ";
    const MAPPED: &str = "   1: 0000000000000000FFFF00000100007F:9C40 \
        0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000 \
        0 20650 1 0000000000000000 20 4 30 10 -1";
    const UDP: &str = " 5735: 0100007F:9BAB 0100007F:ABAE 01 00000000:00000000 00:00000000 \
        00000000     0        0 324086 2 00000000e70f3fbf 0        ";
    const UDP6: &str = " 8284: 00000000000000000000000000000000:A5A0 \
        00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0 \
        0 324087 2 000000007f1a4e0c 0";

    #[test]
    fn a_line_is_a_socket() {
        let listener = row(LISTENER.as_bytes(), Protocol::Tcp);

        let socket = Socket {
            local: end_of("127.0.0.1", 8080),
            remote: end_of("0.0.0.0", 0),
            kind: Kind::Tcp(TcpState::Listen),
            takes_ipv4: false,
        };
        let row = Row { socket, inode: 20611, uid: Some(0), device: 0, group: None };
        assert_eq!(listener, Some(row));
    }

    #[test]
    fn a_mapped_address_is_its_plain_form() {
        let row = row(MAPPED.as_bytes(), Protocol::Tcp).expect("a socket");

        assert_eq!(row.uid, Some(1000));
        assert_eq!(
            row.socket,
            Socket {
                local: end_of("127.0.0.1", 40000),
                remote: end_of("127.0.0.1", 8080),
                kind: Kind::Tcp(TcpState::Established),
                takes_ipv4: false,
            }
        );
    }

    #[test]
    fn a_line_may_come_in_any_pieces() {
        let text = [LISTENER, "no line", MAPPED, ""].join("\n");
        let in_pieces_of = |bytes| {
            let (mut rest, mut inodes) = (Vec::new(), Vec::new());
            let each = &mut |row: Row| inodes.push(row.inode);
            let pieces = text.as_bytes().chunks(bytes);
            pieces.for_each(|piece| take_rows(&mut rest, piece, Protocol::Tcp, each));
            inodes
        };

        for bytes in [7, 61, 64, text.len()] {
            assert_eq!(in_pieces_of(bytes), [20611, 20650], "{bytes} bytes a piece");
        }
    }

    #[test]
    fn a_udp_socket_is_connected_or_not() {
        let rows = [UDP, UDP6].map(|line| row(line.as_bytes(), Protocol::Udp).expect("a socket"));
        let [connected, unconnected] = rows;

        assert_eq!(connected.socket.kind, Kind::Udp { is_connected: true });
        assert_eq!(connected.socket.remote, end_of("127.0.0.1", 43950));
        assert_eq!(unconnected.socket.kind, Kind::Udp { is_connected: false });
        assert_eq!((unconnected.socket.local.port, unconnected.inode), (42400, 324_087));
        assert!(unconnected.socket.takes_ipv4, "as far as the text tells");
    }

    #[test]
    fn a_line_that_is_no_live_socket_is_none() {
        let headline = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
            uid  timeout inode";
        let time_wait = LISTENER.replace(" 0A ", " 06 ");
        let others = [
            headline,
            &time_wait,
            &LISTENER[..40],
            "",
            "   0: 0100007F 0",
            "a b:c d:e 0A f g h i 1",
        ];

        for line in others {
            assert_eq!(row(line.as_bytes(), Protocol::Tcp), None, "{line}");
        }
        assert_eq!(row(LISTENER.as_bytes(), Protocol::Udp), None, "UDP does not listen");
    }
}
