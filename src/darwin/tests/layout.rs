//! Bytes as a kernel writes them, with fields at the offsets of the SDK's <sys/proc_info.h>.

use super::asker::end;
use crate::platform::darwin::layout::{self, Sighting, SocketInfo};
use crate::socket::{Kind, Protocol, Socket, TcpState};

/// An established connection 127.0.0.1:8080 → 127.0.0.1:49152, with a different value in each
/// field.
fn bytes() -> SocketInfo {
    let mut info = [0x5A; 792];
    let mut put = |offset: usize, bytes: &[u8]| {
        info[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    put(4, &6_u32.to_ne_bytes()); // Close-on-exec and guarded.
    put(16, &2_i32.to_ne_bytes());
    put(160, &0x1234_5678_9ABC_DEF0_u64.to_ne_bytes());
    put(176, &1_i32.to_ne_bytes());
    put(180, &6_i32.to_ne_bytes());
    put(184, &2_i32.to_ne_bytes());
    put(256, &2_i32.to_ne_bytes());
    put(264, &49152_u16.to_be_bytes()); // Network order in the first two bytes of the int …
    put(268, &8080_u16.to_be_bytes());
    put(266, &[0, 0]); // … followed by zeros, as on a little-endian Mac.
    put(270, &[0, 0]);
    put(272, &77_u64.to_ne_bytes());
    put(288, &[1]);
    put(308, &[127, 0, 0, 1]);
    put(324, &[127, 0, 0, 1]);
    put(344, &4_i32.to_ne_bytes());
    info
}

fn seen(info: &SocketInfo) -> Sighting {
    layout::sighting(info).expect("no failure").expect("a live socket")
}

#[test]
#[cfg(target_endian = "little")]
fn each_field_is_where_the_headers_say() {
    let sighting = seen(&bytes());

    let socket = Socket {
        local: end("127.0.0.1:8080"),
        remote: end("127.0.0.1:49152"),
        kind: Kind::Tcp(TcpState::Established),
        takes_ipv4: false,
    };
    assert_eq!((sighting.socket, sighting.shared), (socket, false));
    let steady = (0x1234_5678_9ABC_DEF0, 77, Protocol::Tcp, 8080);
    assert_eq!(sighting.identity.steady(), steady);
}

#[test]
fn a_port_is_read_alike_in_either_byte_order() {
    // A host of either byte order stores its own int of the network-order short.
    let mut info = bytes();
    info[264..268].copy_from_slice(&u32::from(443_u16.to_be()).to_ne_bytes());
    info[268..272].copy_from_slice(&u32::from(1_u16.to_be()).to_ne_bytes());

    let socket = seen(&info).socket;

    assert_eq!((socket.local.port, socket.remote.port), (1, 443));
}

#[test]
fn the_shared_bit_is_the_lowest_of_its_word() {
    let mut info = bytes();
    info[4..8].copy_from_slice(&7_u32.to_ne_bytes());

    assert!(seen(&info).shared);
}

#[test]
fn a_socket_is_another_if_any_part_of_its_identity_is() {
    let one = seen(&bytes()).identity;
    for (offset, what) in [(160, "soi_so"), (272, "generation"), (311, "remote"), (327, "local")] {
        let mut info = bytes();
        info[offset] ^= 2;

        assert_ne!(seen(&info).identity, one, "{what}");
    }
    let mut same = bytes();
    for unread in [0, 8, 100, 168, 200, 289, 350, 500, 791] {
        same[unread] ^= 0xFF;
    }
    assert_eq!(seen(&same), seen(&bytes()), "what is not read does not matter");
}
