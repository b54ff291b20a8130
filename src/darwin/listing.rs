//! The list of processes, whole as far as that can be known.
//!
//! The kernel makes room for the processes there are and 20 more, and fills it from the newest on.
//! If more than 20 are born between the two, the *oldest* are missing, and nothing says so. For
//! root the last one, pid 0, must be there. An ordinary user's list has no such mark, but a cut one
//! is 20 longer than the last at least, so one that has grown so much is asked for again. A known
//! limit: it escapes if as many processes ended since the last listing. It takes a user who has
//! nearly all processes of the machine, for the others' leave room.

use super::context::Context;
use super::doubts::Doubts;
use super::kernel;
use crate::error::Error;
use crate::question::Pid;

/// Processes that may be born while the kernel makes the list (`proc_listpids`, since macOS 10.14
/// at least).
const ROOM_FOR_NEW: usize = 20;
/// A machine that forks that fast four times in a row is not waited for any longer.
const LISTINGS_MAX: usize = 4;

/// The pids of all processes that the caller may inspect, in the kernel's order: the newest first,
/// zombies last.
pub fn list(context: &mut Context, doubts: &mut Doubts) -> Result<Vec<Pid>, Error> {
    let everybody = kernel::effective_user() == 0;
    let mut pids = Vec::new();
    for _ in 0..LISTINGS_MAX {
        let listed = context.buffers.list_pids(everybody)?;
        let grown_by = |before: usize| listed.len().saturating_sub(before);
        let has_grown = context.listed_count.is_some_and(|count| grown_by(count) >= ROOM_FOR_NEW);
        let is_whole = if everybody { listed.contains(&0) } else { !has_grown };
        context.listed_count = Some(listed.len());
        pids.clear();
        // Pid 0 is the kernel itself, which has no descriptors.
        pids.extend(listed.iter().filter(|pid| **pid > 0));
        if is_whole {
            return Ok(pids);
        }
    }
    if everybody {
        let what = "the list of all processes is cut: pid 0 is missing";
        doubts.fail(Error::outside_manual("proc_listpids", what));
    }
    Ok(pids)
}
