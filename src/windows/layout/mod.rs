//! Parses what Windows writes, at named offsets.
//!
//! Buffers filled by `kernel/` are read byte by byte, so nothing depends on alignment, and nothing
//! here reads outside the buffer. Offsets are those of 64-bit Windows, the same on x64 and arm64;
//! `__test__/windows/layout-check.c` compares them with a compiler's.

pub mod addresses;
pub mod processes;
pub mod services;
pub mod tables;

/// Returns an interface's index, whichever way round the number stands.
///
/// The scopes of these rows are in network order by the documentation and have been seen in the
/// machine's own. An index is a small number, so of the two readings the smaller one is it. What is
/// asked for comes through here too: if one were wrong, then both would be, and still be equal.
pub fn scope_index(scope: u32) -> u32 {
    scope.min(scope.swap_bytes())
}

/// The bytes at an offset; `None`: they are not all there.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(array(bytes, at)?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(array(bytes, at)?))
}

/// The text at an address inside of `bytes`, which lie at `base`; `bytes_max` is its length where
/// no NUL comes before. `None`: it lies elsewhere.
fn text(bytes: &[u8], base: usize, address: u64, bytes_max: usize) -> Option<Vec<u16>> {
    let at = usize::try_from(address).ok()?.checked_sub(base)?;
    let text = bytes.get(at..)?;
    let text = text.get(..bytes_max).unwrap_or(text);
    let (units, _) = text.as_chunks::<2>();
    Some(units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0).collect())
}
