//! Netlink's messages and attributes, as bytes. No system call is made, and no length is trusted.
//!
//! A message is a header and a body, padded to four bytes; see `struct nlmsghdr` in
//! <linux/netlink.h>. Numbers are in host byte order.

/// The length of `struct nlmsghdr`: length, type, flags, sequence, port id.
const HEADER_BYTES: usize = 16;

/// `NLM_F_REQUEST` in a header's flags: asks for one thing.
pub const ONE: u16 = 1;
/// `NLM_F_REQUEST | NLM_F_DUMP`: asks for everything that matches.
pub const ALL: u16 = 0x301;

/// One message of a reply.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// What was asked for, or part of it.
    Body(&'a [u8]),
    /// The end of a dump, or an acknowledgement: 0, or the errno of a failure.
    Done(i32),
    /// Something else, a reply to someone else, or unreadable.
    Other,
}

/// Returns a request to the kernel with a body made of these parts.
pub fn request(kind: u16, flags: u16, sequence: u32, body: &[&[u8]]) -> Vec<u8> {
    let length = body.iter().fold(HEADER_BYTES, |sum, part| sum.saturating_add(part.len()));
    let ([k0, k1], [f0, f1]) = (kind.to_ne_bytes(), flags.to_ne_bytes());
    let length_bytes = u32::try_from(length).unwrap_or_default().to_ne_bytes();
    let the_kernel = [0; 4];
    let header = [length_bytes, [k0, k1, f0, f1], sequence.to_ne_bytes(), the_kernel];
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(header.as_flattened());
    body.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// Reads the first message of `datagram` and returns it with the number of bytes it takes. It is
/// `Other` unless it answers request `sequence` of `port_id`. Returns `None` at the end and for
/// bytes that are not a message.
pub fn message(datagram: &[u8], sequence: u32, port_id: u32) -> Option<(Message<'_>, usize)> {
    const NLMSG_ERROR: u16 = 2;
    const NLMSG_DONE: u16 = 3;
    const NLMSG_MIN_TYPE: u16 = 16;
    let header = datagram.first_chunk::<HEADER_BYTES>()?;
    let [l0, l1, l2, l3, t0, t1, _, _, s0, s1, s2, s3, p0, p1, p2, p3] = *header;
    let length = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).ok()?;
    let body = datagram.get(HEADER_BYTES..length)?;
    let padded = length.checked_next_multiple_of(4)?.min(datagram.len());
    let is_ours = u32::from_ne_bytes([s0, s1, s2, s3]) == sequence
        && u32::from_ne_bytes([p0, p1, p2, p3]) == port_id;
    let message = match u16::from_ne_bytes([t0, t1]) {
        _ if !is_ours => Message::Other,
        NLMSG_ERROR | NLMSG_DONE => errno(body).map_or(Message::Other, Message::Done),
        NLMSG_MIN_TYPE.. => Message::Body(body),
        _ => Message::Other,
    };
    Some((message, padded))
}

/// Returns the errno at the start of NLMSG_ERROR and NLMSG_DONE, which is negative there, or 0.
fn errno(body: &[u8]) -> Option<i32> {
    body.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes).saturating_neg())
}

/// Returns the value of the attribute of type `wanted`. An attribute is a `struct nlattr` (length,
/// type) and a value, padded to four bytes.
pub fn attribute(attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut rest = attributes;
    while let Some(([l0, l1, t0, t1], _)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_ne_bytes([*l0, *l1]));
        let value = rest.get(4..length)?;
        if u16::from_ne_bytes([*t0, *t1]) == wanted {
            return Some(value);
        }
        rest = rest.get(length.checked_next_multiple_of(4)?..)?;
    }
    None
}

/// Decodes the hexadecimal digits in which tests keep what a kernel has sent.
#[cfg(test)]
pub fn recorded(hexadecimal: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(digits, 16).expect("two digits")
    };
    hexadecimal.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    // Replies of Linux 6.18 on x86-64 to a socket with port id 24196: to request 8, for a
    // connection that doesn't exist, and the end of a dump, request 9.
    const NO_SOCKET: &str = "5c0000000200000008000000845e0000feffffff4800000014000100080000000000000002\
        060000ffffffff0001bca37f0000010000000000000000000000007f000001000000000000000000000000000000\
        00ffffffffffffffff";
    const DONE: &str = "140000000300020009000000845e000000000000";
    const PORT_ID: u32 = 24196;

    #[test]
    fn an_error_and_an_end_tell_their_errno() {
        assert_eq!(
            message(&recorded(NO_SOCKET), 8, PORT_ID),
            Some((Message::Done(libc::ENOENT), 92))
        );
        assert_eq!(message(&recorded(DONE), 9, PORT_ID), Some((Message::Done(0), 20)));
    }

    #[test]
    fn a_reply_to_somebody_elses_question_is_passed_over() {
        assert_eq!(message(&recorded(NO_SOCKET), 7, PORT_ID), Some((Message::Other, 92)));
        assert_eq!(message(&recorded(NO_SOCKET), 8, 1), Some((Message::Other, 92)));
    }

    #[test]
    fn a_message_that_is_cut_off_or_lies_about_its_length_is_none() {
        let whole = recorded(NO_SOCKET);

        for length in 0..whole.len() {
            assert_eq!(message(&whole[..length], 8, PORT_ID), None, "{length} bytes");
        }
        for lie in [0_u32, 15, 93, u32::MAX] {
            let mut datagram = whole.clone();
            datagram[..4].copy_from_slice(&lie.to_ne_bytes());
            assert_eq!(message(&datagram, 8, PORT_ID), None, "a length of {lie}");
        }
    }

    #[test]
    fn a_request_is_a_header_and_a_body() {
        let sent = request(20, ALL, 8, &[&[1, 2], &[3, 4]]);

        assert_eq!(message(&sent, 8, 0), Some((Message::Body(&[1, 2, 3, 4]), 20)));
        assert_eq!(sent[6..8], 0x301_u16.to_ne_bytes());
    }

    #[test]
    fn an_attribute_is_found_among_others_and_none_is_made_up() {
        let attributes = recorded("0500080000000000080002000a000000");

        assert_eq!(attribute(&attributes, 2), Some([10, 0, 0, 0].as_slice()));
        assert_eq!(attribute(&attributes, 3), None);
        for length in 0..attributes.len() {
            assert_eq!(attribute(&attributes[..length], 2), None, "{length} bytes");
        }
        assert_eq!(attribute(&recorded("03000200"), 2), None, "shorter than its head");
    }
}
