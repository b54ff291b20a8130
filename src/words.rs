//! A question on its way from JavaScript: twenty 32-bit words.
//!
//! | word | holds |
//! | --- | --- |
//! | 0 | the question's id |
//! | 1 | 0 any live socket, 1 a listener, 2 a connected one, 3 one connection |
//! | 2, 3 | local and remote port of the wanted socket; the remote one only for 3 |
//! | 4..8, 8..12 | local and remote address, as IPv6 in network order |
//! | 12..16, 16..20 | scope of the local and of the remote address: a name or digits, NUL-padded |
//!
//! `lib/address.js` and `lib/queue.js` write them.

use std::ffi::CStr;
use std::net::{IpAddr, Ipv6Addr};

use crate::error::Error;
use crate::question::{End, Question, Wanted};

/// How many words a question takes.
pub const QUESTION_WORDS: usize = 20;

/// Reads a question. `interface_index` finds an interface by name.
///
/// `None`: no such connection can exist (its ends are of different families, or a scope names no
/// interface), or the words are not a question.
pub fn question(
    words: &[u32; QUESTION_WORDS],
    interface_index: impl Fn(&CStr) -> Result<Option<u32>, Error>,
) -> Result<Option<Question>, Error> {
    let [id, wanted, local_port, remote_port, ends @ ..] = *words;
    let (Ok(local_port), Ok(remote_port)) = (u16::try_from(local_port), u16::try_from(remote_port))
    else {
        return Ok(None);
    };
    let wanted = match wanted {
        0 => Wanted::Port(local_port),
        1 => Wanted::Listener(local_port),
        2 => Wanted::Connected(local_port),
        3 => {
            let [l0, l1, l2, l3, r0, r1, r2, r3, scopes @ ..] = ends;
            let [a, b, c, d, e, f, g, h] = scopes;
            let local = end([l0, l1, l2, l3], [a, b, c, d], local_port, &interface_index)?;
            let remote = end([r0, r1, r2, r3], [e, f, g, h], remote_port, &interface_index)?;
            let (Some(local), Some(remote)) = (local, remote) else { return Ok(None) };
            if local.address.is_ipv4() != remote.address.is_ipv4() {
                return Ok(None);
            }
            Wanted::Connection { local, remote }
        }
        _ => return Ok(None),
    };
    Ok(Some(Question { id, wanted }))
}

/// `None`: the scope names no interface.
fn end(
    address: [u32; 4],
    scope: [u32; 4],
    port: u16,
    interface_index: impl Fn(&CStr) -> Result<Option<u32>, Error>,
) -> Result<Option<End>, Error> {
    let address = IpAddr::V6(Ipv6Addr::from(bytes(address)));
    let mut text = [0; 17]; // One more than its four words, so that it always ends with a NUL.
    text.iter_mut().zip(bytes(scope)).for_each(|(to, from)| *to = from);
    let Ok(name) = CStr::from_bytes_until_nul(&text) else { return Ok(None) };
    if name.is_empty() {
        return Ok(Some(End::new(address, 0, port)));
    }
    // A name goes first, as in getaddrinfo: an interface may be named "4".
    let index = match interface_index(name)? {
        Some(index) => Some(index),
        None => name.to_str().ok().and_then(|digits| digits.parse().ok()),
    };
    Ok(index.filter(|index| *index != 0).map(|index| End::new(address, index, port)))
}

fn bytes(words: [u32; 4]) -> [u8; 16] {
    let mut bytes = [0; 16];
    let big_endian = words.iter().flat_map(|word| word.to_be_bytes());
    bytes.iter_mut().zip(big_endian).for_each(|(to, from)| *to = from);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_of(address: &str, scope: u32, port: u16) -> End {
        End::new(address.parse().expect("an address"), scope, port)
    }

    fn words(wanted: u32, local: (&str, &str, u16), remote: (&str, &str, u16)) -> [u32; 20] {
        let mut words = [7, wanted, u32::from(local.2), u32::from(remote.2)].to_vec();
        for text in [local.0, remote.0] {
            let address = text.parse::<Ipv6Addr>().expect("an IPv6 address").octets();
            words.extend(address.chunks(4).map(|c| u32::from_be_bytes(c.try_into().expect("4"))));
        }
        for text in [local.1, remote.1] {
            let mut scope = [0; 16];
            scope[..text.len()].copy_from_slice(text.as_bytes());
            words.extend(scope.chunks(4).map(|c| u32::from_be_bytes(c.try_into().expect("4"))));
        }
        words.try_into().expect("20 words")
    }

    fn read(words: &[u32; 20]) -> Option<Wanted> {
        let index = |name: &CStr| Ok((name == c"en0").then_some(4));
        question(words, index).expect("no failure").map(|question| question.wanted)
    }

    #[test]
    fn words_become_the_question_that_was_asked() {
        let connection =
            read(&words(3, ("::ffff:127.0.0.1", "", 4000), ("::ffff:127.0.0.1", "", 80)));

        assert_eq!(
            connection,
            Some(Wanted::Connection {
                local: end_of("127.0.0.1", 0, 4000),
                remote: end_of("127.0.0.1", 0, 80)
            })
        );
        let ports = [0, 1, 2].map(|wanted| read(&words(wanted, ("::", "", 80), ("::", "", 0))));
        assert_eq!(
            ports,
            [Some(Wanted::Port(80)), Some(Wanted::Listener(80)), Some(Wanted::Connected(80))]
        );
    }

    #[test]
    fn a_scope_is_a_name_or_an_index() {
        let local_scope = |text| match read(&words(3, ("fe80::1", text, 4000), ("fe80::2", "", 80)))
        {
            Some(Wanted::Connection { local, .. }) => Some(local.scope),
            _ => None,
        };

        assert_eq!(local_scope("en0"), Some(Some(4)));
        assert_eq!(local_scope("17"), Some(Some(17)));
        assert_eq!(local_scope(""), Some(None));
        assert_eq!(local_scope("nosuch"), None);
        assert_eq!(local_scope("0"), None);
        assert_eq!(local_scope("sixteen-letters-"), None);
    }

    #[test]
    fn ends_of_different_families_are_no_connection() {
        assert_eq!(read(&words(3, ("::ffff:127.0.0.1", "", 4000), ("::1", "", 80))), None);
    }

    #[test]
    fn words_that_are_no_question_are_refused() {
        assert_eq!(read(&words(4, ("::1", "", 4000), ("::1", "", 80))), None);
        let mut too_big = words(0, ("::1", "", 1), ("::1", "", 0));
        too_big[2] = 65536;
        assert_eq!(read(&too_big), None);
    }
}
