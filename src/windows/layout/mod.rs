//! Parses what Windows writes, at named offsets.
//!
//! Buffers filled by `kernel/` are read byte by byte, so nothing depends on alignment, and nothing
//! here reads outside the buffer. Offsets are those of 64-bit Windows, which are the same on x64
//! and arm64; `__test__/windows/layout-check.c` compares them with a compiler's.

pub mod addresses;
pub mod processes;
pub mod services;
pub mod tables;

/// Returns an interface's index, whichever byte order the number has.
///
/// According to the documentation, the scopes in these rows are in network order, but they have
/// also been seen in the machine's order. An index is a small number, so it is the smaller of the
/// two readings. The scopes in questions pass through here too: if the choice were wrong, it would
/// be wrong for both, and they would still be equal.
pub fn scope_index(scope: u32) -> u32 {
    scope.min(scope.swap_bytes())
}

/// Returns the bytes at an offset. `None`: some of them are missing.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(array(bytes, at)?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(array(bytes, at)?))
}

/// Returns the text at an address inside `bytes`, which is at `base`. The text has `bytes_max`
/// bytes unless a NUL ends it earlier. `None`: the address is outside `bytes`.
fn text(bytes: &[u8], base: usize, address: u64, bytes_max: usize) -> Option<Vec<u16>> {
    let at = usize::try_from(address).ok()?.checked_sub(base)?;
    let text = bytes.get(at..)?;
    let text = text.get(..bytes_max).unwrap_or(text);
    let (units, _) = text.as_chunks::<2>();
    Some(units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0).collect())
}
