//! Requests that the kernel accepted, and its replies.

use super::*;
use crate::platform::linux::sockets::netlink::recorded;
use crate::socket::{Kind, TcpState};

fn end_of(address: &str, port: u16) -> End {
    End::new(address.parse().expect("an address"), 0, port)
}

// Two requests as Linux 6.18 on x86-64 returned them, after the errno of its NLMSG_ERROR.
const ASKED_CONNECTION: &str = "48000000140001000800000000000000020600\
    00ffffffff0001bca37f0000010000000000000000000000007f00000100000000000000000000000000000000ff\
    ffffffffffffff";
const ASKED_REPLY: &str = "4800000014000100050000000000000002110000ffffffffd1cf00097f00000100000000000000\
    00000000007f00000100000000000000000000000001000000ffffffffffffffff";

#[test]
fn a_request_is_what_the_kernel_took_for_that_question() {
    let (local, remote) = (end_of("127.0.0.1", 1), end_of("127.0.0.1", 48291));

    let sent = exact(&Exact::connection(local, remote), 8);

    assert_eq!(sent, recorded(ASKED_CONNECTION));
}

#[test]
fn a_udp_socket_is_asked_for_with_its_ends_swapped() {
    let (peer, own) = (end_of("127.0.0.1", 9), end_of("127.0.0.1", 53711));

    let sent = exact(&Exact::receiver(peer, own, 1), 5);

    assert_eq!(sent, recorded(ASKED_REPLY));
}

#[test]
fn an_interface_goes_with_a_link_local_question() {
    let local = End::new("fe80::1".parse().expect("an address"), 3, 1);
    let remote = end_of("fe80::2", 2);

    let sent = exact(&Exact::connection(local, remote), 1);

    assert_eq!(sent[60..64], 3_u32.to_ne_bytes());
    assert_eq!(sent[16], 10);
}

#[test]
fn a_dump_of_both_families_is_the_request_of_old() {
    let both = Dump::new(Protocol::Tcp, 1 << 10, 0x1234);

    let sent = [both, Dump { families: Families::Inet6, ..both }].map(|one| dump(&one, 1));

    // Type, family and port; then the states.
    assert_eq!((sent[0][4], sent[0][16], &sent[0][20..22]), (18, 0, [0x12, 0x34].as_slice()));
    assert_eq!(sent[0][68..72], (1_u32 << 10).to_ne_bytes());
    assert_eq!((sent[1][4], sent[1][16], &sent[1][24..26]), (20, 10, [0x12, 0x34].as_slice()));
    assert_eq!(sent[1][20..24], (1_u32 << 10).to_ne_bytes());
    assert_eq!((sent[0].len(), sent[1].len()), (76, 72));
}

// Reply bodies of Linux 6.18 on x86-64: the connection 127.0.0.1:60166 → 127.0.0.1:48291, an IPv6
// listener, and four UDP sockets: one on `::`, one that takes IPv6 only, one bound to interface 1,
// one connected to 127.0.0.1:53711.
const CONNECTION: &str = "02010000eb06bca37f00000100000000000000000000\
    00007f00000100000000000000000000000000000000ed110000000000000000000000000000000000000000\
    00003e790100050008000000000008000f00000000000c00150001000000000000000600160052000000";
const LISTENER: &str = "0a0a0000af8d000000000000000000000000000000000000\
    0000000000000000000000000000000000000000ee110000000000000000000000000000ff010000000000\
    00177f0100050008000000000005000b000000000008000f00000000000c0015000100000000000000060016\
    0012000000";
const DUAL_STACK: &str = "0a070000cd110000000000000000000000000000000000000000000000000000000000000000\
    00000000000017050000000000000000000000000000000000000000000060730200050008000000000005000b00\
    0000000008000f00000000000c00150001000000000000000600160010000000";
const IPV6_ONLY: &str = "0a070000cfa70000000000000000000000000000000000000000000000000000000000000000\
    00000000000018050000000000000000000000000000000000000000000061730200050008000000000005000b00\
    0100000008000f00000000000c00150001000000000000000600160010000000";
const DEVICE: &str = "02070000da66000000000000000000000000000000000000000000000000000000000000\
    00000000010000001a05000000000000000000000000000000000000000000006373020005000800000000000800\
    0f00000000000c00150001000000000000000600160050000000";
const UDP_PEER: &str = "02010000c91bd1cf7f0000010000000000000000000000007f00000100000000000000000000\
    00000000000019050000000000000000000000000000000000000000000062730200050008000000000008000f00\
    000000000c00150001000000000000000600160050000000";

fn tcp(body: &str) -> Option<Row> {
    row(&recorded(body), Protocol::Tcp)
}

fn udp(body: &str) -> Row {
    row(&recorded(body), Protocol::Udp).expect("a socket")
}

#[test]
fn a_reply_is_the_socket() {
    let (local, remote) = (end_of("127.0.0.1", 60166), end_of("127.0.0.1", 48291));
    let socket =
        Socket { kind: Kind::Tcp(TcpState::Established), local, remote, takes_ipv4: false };

    assert_eq!(
        tcp(CONNECTION),
        Some(Row { socket, inode: 96574, uid: Some(0), device: 0, group: Some(1) })
    );
}

#[test]
fn a_listener_has_its_user() {
    let (local, remote) = (end_of("::", 44941), end_of("::", 0));
    let socket = Socket { kind: Kind::Tcp(TcpState::Listen), local, remote, takes_ipv4: true };

    assert_eq!(
        tcp(LISTENER),
        Some(Row { socket, inode: 98071, uid: Some(0), device: 0, group: Some(1) })
    );
}

#[test]
fn udp_sockets_have_a_peer_or_not_and_may_take_ipv6_only() {
    let unconnected = Kind::Udp { is_connected: false };
    let rows = [DUAL_STACK, IPV6_ONLY, DEVICE].map(udp);

    assert_eq!([&rows[0], &rows[1], &rows[2]].map(|row| row.socket.kind), [unconnected; 3]);
    assert_eq!(
        [&rows[0], &rows[1], &rows[2]].map(|row| (row.socket.takes_ipv4, row.device)),
        [(true, 0), (false, 0), (false, 1)]
    );
    let peer = udp(UDP_PEER).socket;
    assert_eq!(peer.kind, Kind::Udp { is_connected: true });
    assert_eq!((peer.local.port, peer.remote), (51483, end_of("127.0.0.1", 53711)));
}

#[test]
fn a_socket_in_time_wait_is_nobodys() {
    let mut body = recorded(CONNECTION);
    body[1] = 6;

    assert_eq!(row(&body, Protocol::Tcp), None);
    assert_eq!(row(&body, Protocol::Udp), None);
}

#[test]
fn a_body_that_is_cut_off_is_none() {
    let body = recorded(CONNECTION);

    for length in 0..SOCKET_BYTES {
        assert_eq!(row(&body[..length], Protocol::Tcp), None, "{length} bytes");
    }
    assert!(row(&body[..SOCKET_BYTES], Protocol::Tcp).is_some_and(|row| row.group.is_none()));
}
