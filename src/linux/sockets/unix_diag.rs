//! sock_diag for a Unix-domain socket, as bytes: which socket is its other end. No system call is
//! made here, and no length is trusted.
//!
//! `struct unix_diag_req` and `struct unix_diag_msg` in <linux/unix_diag.h>. Numbers are in host
//! byte order.

use super::inet_diag::{NO_COOKIE, SOCK_DIAG_BY_FAMILY};
use super::netlink::{self, attribute};
use crate::platform::linux::socket::Inode;

const AF_UNIX: u8 = 1;
/// The length of `struct unix_diag_msg`: family, type, state, padding, inode, cookie.
const SOCKET_BYTES: usize = 16;

/// Returns the request for the other end of socket `inode`.
pub fn request(inode: Inode, sequence: u32) -> Vec<u8> {
    const UDIAG_SHOW_PEER: u32 = 4;
    let any_state = u32::MAX.to_ne_bytes();
    let (inode, show) = (inode.to_ne_bytes(), UDIAG_SHOW_PEER.to_ne_bytes());
    let body: [&[u8]; 5] = [&[AF_UNIX, 0, 0, 0], &any_state, &inode, &show, &NO_COOKIE];
    netlink::request(SOCK_DIAG_BY_FAMILY, netlink::ONE, sequence, &body)
}

/// Reads the other end's inode. `None`: the bytes are no reply about `inode`. `Some(None)`: it has
/// no other end, has not been accepted yet, or its other end was closed.
pub fn peer(body: &[u8], inode: Inode) -> Option<Option<Inode>> {
    const UNIX_DIAG_PEER: u16 = 2;
    let (head, attributes) = body.split_first_chunk::<SOCKET_BYTES>()?;
    let [family, _, _, _, i0, i1, i2, i3, ..] = *head;
    if family != AF_UNIX || u32::from_ne_bytes([i0, i1, i2, i3]) != inode {
        return None;
    }
    let peer = attribute(attributes, UNIX_DIAG_PEER).and_then(|peer| peer.try_into().ok());
    Some(peer.map(Inode::from_ne_bytes).filter(|peer| *peer != 0))
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;
    use crate::platform::linux::sockets::netlink::recorded;

    // Replies of Linux 6.18 on x86-64 about one end of a socket pair, 161241, before and after its
    // other end, 161242, was closed; and about a listening socket, 161243.
    const PAIR: &str = "01010100d9750200fa1300000000000008000200da7502000500060000000000";
    const CLOSED: &str = "01010100d9750200fa1300000000000008000200000000000500060003000000";
    const LISTENING: &str = "01010a00db750200fc130000000000000500060000000000";
    // The request as the kernel returned it, after an errno.
    const ASKED: &str =
        "2800000014000100060000000000000001000000ffffffffd975020004000000ffffffffffffffff";

    #[test]
    fn a_request_is_what_the_kernel_took_for_that_question() {
        assert_eq!(request(161_241, 6), recorded(ASKED));
    }

    #[test]
    fn the_other_end_is_an_inode() {
        assert_eq!(peer(&recorded(PAIR), 161_241), Some(Some(161_242)));
    }

    #[test]
    fn who_is_closed_or_was_never_there_is_nobody() {
        assert_eq!(peer(&recorded(CLOSED), 161_241), Some(None));
        assert_eq!(peer(&recorded(LISTENING), 161_243), Some(None));
    }

    #[test]
    fn an_answer_about_another_socket_does_not_count() {
        assert_eq!(peer(&recorded(PAIR), 161_242), None);
    }

    #[test]
    fn a_body_that_is_cut_off_tells_no_other_end() {
        let body = recorded(PAIR);

        for length in 0..24 {
            let told = peer(&body[..length], 161_241);
            assert_eq!(told, (length >= 16).then_some(None), "{length} bytes");
        }
    }
}
