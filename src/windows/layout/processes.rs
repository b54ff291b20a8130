//! Facts about processes: <winternl.h> and, for the command line, <ntddk.h> of later kits.

use super::{array, long, number, text};
use crate::question::Pid;

/// A process as shown in the list of all processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its pid.
    pub pid: Pid,
    /// The pid of the process that created it, which may belong to another process by now.
    pub parent: Pid,
    /// When it was created, as a FILETIME. 0 for the processes that the kernel creates first.
    pub created: u64,
    /// The file name of its program, or the kernel's name for one of its own processes.
    pub name: String,
}

/// `sizeof(PROCESS_BASIC_INFORMATION)`, and the offset of `InheritedFromUniqueProcessId` in it.
pub const BASIC_BYTES: usize = 48;
const BASIC_PARENT: usize = 40;

// `UNICODE_STRING`: `Length` in bytes, `MaximumLength`, `Buffer`.
const STRING_LENGTH: usize = 0;
const STRING_BUFFER: usize = 8;

// `SYSTEM_PROCESS_INFORMATION`. What <winternl.h> calls `Reserved1` begins with the size of the
// private working set and ends with the three times. They have been there since Windows Vista.
const NEXT_ENTRY_OFFSET: usize = 0;
const CREATE_TIME: usize = 32;
const IMAGE_NAME: usize = 56;
const UNIQUE_PROCESS_ID: usize = 80;
const INHERITED_FROM: usize = 88;

/// Returns the parent of the process that `ProcessBasicInformation` describes.
pub fn parent(basic: &[u8]) -> Option<Pid> {
    Pid::try_from(long(basic, BASIC_PARENT)?).ok()
}

/// Returns the command line that `ProcessCommandLineInformation` wrote: a `UNICODE_STRING`,
/// followed by its text in the same buffer.
pub fn command_line(bytes: &[u8]) -> Option<Vec<u16>> {
    let length = u16::from_le_bytes(array(bytes, STRING_LENGTH)?);
    if length == 0 {
        return Some(Vec::new());
    }
    text(bytes, bytes.as_ptr().addr(), long(bytes, STRING_BUFFER)?, usize::from(length))
}

/// Returns the processes of a list, which must be at the address at which the system wrote it.
pub fn list(bytes: &[u8]) -> Vec<Listed> {
    let base = bytes.as_ptr().addr();
    let mut listed = Vec::new();
    let mut at = 0;
    // Each entry says how far away the next one begins, and the last one says 0. So the loop only
    // moves forward.
    while let Some(entry) = bytes.get(at..) {
        listed.extend(process(bytes, base, entry));
        match number(entry, NEXT_ENTRY_OFFSET).map(usize::try_from) {
            Some(Ok(next @ 1..)) => at = at.saturating_add(next),
            _ => break,
        }
    }
    listed
}

fn process(bytes: &[u8], base: usize, entry: &[u8]) -> Option<Listed> {
    let string = entry.get(IMAGE_NAME..)?;
    let length = u16::from_le_bytes(array(string, STRING_LENGTH)?);
    let name = text(bytes, base, long(string, STRING_BUFFER)?, usize::from(length));
    Some(Listed {
        pid: Pid::try_from(long(entry, UNIQUE_PROCESS_ID)?).ok()?,
        parent: Pid::try_from(long(entry, INHERITED_FROM)?).unwrap_or(0),
        created: long(entry, CREATE_TIME)?,
        name: String::from_utf16_lossy(&name.unwrap_or_default()),
    })
}
