//! The list of services: <winsvc.h>.

use super::{long, number, text};
use crate::question::Pid;

/// `sizeof(ENUM_SERVICE_STATUS_PROCESSW)`.
const ENTRY_BYTES: usize = 56;
const SERVICE_NAME: usize = 0;
/// `dwProcessId` of the `SERVICE_STATUS_PROCESS` that follows two pointers.
const PROCESS_ID: usize = 44;
/// A service's short name has at most 256 characters.
const NAME_BYTES_MAX: usize = 512;

/// Returns the short names of the services that run in `pid`, from the first `entries` entries. The
/// names are in the same buffer.
pub fn names_of(pid: Pid, bytes: &[u8], entries: usize) -> impl Iterator<Item = String> {
    let base = bytes.as_ptr().addr();
    let entries = bytes.chunks_exact(ENTRY_BYTES).take(entries);
    let its = entries.filter(move |entry| number(entry, PROCESS_ID) == Some(pid.cast_unsigned()));
    its.filter_map(move |entry| {
        let name = text(bytes, base, long(entry, SERVICE_NAME)?, NAME_BYTES_MAX)?;
        Some(String::from_utf16_lossy(&name))
    })
}
