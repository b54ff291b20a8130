//! A hit becomes an answer; a record first has to be shown to be the holder's.

use super::context::Context;
use super::gathered::Gathered;
use super::hit::{Hit, Owner};
use super::info;
use super::libproc;
use crate::answer::Found;
use crate::error::Error;
use crate::question::Gives;

/// Answers a question with the process that showed its socket, which is a recent owner from now on.
///
/// Returns `false` where a record is wanted and the process did not show the socket once more after
/// the record was read: it may be another process's by then.
pub fn settle(
    context: &mut Context,
    gathered: &mut Gathered,
    id: u32,
    hit: &Hit,
) -> Result<bool, Error> {
    let Some(asked) = context.waiting.get(id) else { return Ok(true) };
    let found = match asked.question.gives {
        Gives::Record => match record(gathered, hit)? {
            None => return Ok(false),
            Some(found) => found,
        },
        Gives::Pid | Gives::Rows => Ok(Found::Process(hit.owner.pid)),
    };
    if found.is_ok() {
        context.recent.hit(hit.owner);
    }
    context.waiting.answer(id, found, gathered.found_by);
    Ok(true)
}

/// `None`: it could not be shown. A failure to read the record is the question's alone.
fn record(gathered: &mut Gathered, hit: &Hit) -> Result<Option<Result<Found, Error>>, Error> {
    match info::process_info(hit.owner.pid) {
        Err(error) => Ok(Some(Err(error))),
        Ok(record) if shows_again(gathered, hit)? => {
            Ok(record.map(|record| Ok(Found::Record(Box::new(record)))))
        }
        Ok(_) => Ok(None),
    }
}

/// Returns whether the process shows the socket once more. One that does not is worth a second look:
/// what it held may have gone to a process that was not listed.
pub fn shows_again(gathered: &mut Gathered, hit: &Hit) -> Result<bool, Error> {
    let Owner { pid, fd } = hit.owner;
    match libproc::socket(pid, fd) {
        Ok(Some(seen)) if seen.identity == hit.identity => return Ok(true),
        Ok(_) => {}
        Err(unread) => gathered.doubts.note(pid, unread)?,
    }
    gathered.doubts.again.insert(pid);
    Ok(false)
}
