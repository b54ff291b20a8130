//! Finds the services that a process runs, because the name svchost.exe alone says nothing.

use super::kernel::services::{Manager, Told};
use super::layout::services::names_of;
use super::win32_error::ERROR_MORE_DATA;
use crate::question::Pid;

/// The call takes at most 256 KiB at a time. A machine in use has some 300 services, in 60 KiB.
const LEAST_BYTES: usize = 64 * 1024;
const MOST_BYTES: usize = 256 * 1024;
/// No machine has enough services for this many calls.
const TRIES: u32 = 64;

/// Returns the short names of the services in `pid`, in the manager's order. `None`: this process
/// may not ask.
pub fn of(pid: Pid) -> Option<Vec<String>> {
    let manager = Manager::open()?;
    let mut buffer = vec![0; LEAST_BYTES];
    let (mut names, mut resume) = (Vec::new(), 0);
    for _ in 0..TRIES {
        let Told { entries, code, needed } = manager.enumerate(&mut buffer, &mut resume);
        let entries = usize::try_from(entries).unwrap_or(0);
        match code {
            0 => {
                names.extend(names_of(pid, &buffer, entries));
                return Some(names);
            }
            ERROR_MORE_DATA => {
                names.extend(names_of(pid, &buffer, entries));
                // There are no entries at all: not even the first one fitted.
                if entries == 0 {
                    let needed = usize::try_from(needed).unwrap_or(MOST_BYTES);
                    buffer = vec![0; needed.clamp(LEAST_BYTES, MOST_BYTES)];
                }
            }
            _ => return None,
        }
    }
    None
}
