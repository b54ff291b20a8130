//! The program that a process runs, by the link `/proc/PID/exe`.

use super::layout;
use super::namespace::Numbers;
use super::place::{Place, Unread, seen, stat_here};
use crate::error::Error;
use crate::platform::linux::kernel;
use crate::question::Pid;

/// The kernel makes a link's text in one page and fails if it does not fit (`do_proc_readlink`).
pub const PATH_BYTES: usize = 4096;
/// Put behind the path of a file that has no name any more (`d_path` in fs/d_path.c).
const DELETED: &[u8] = b" (deleted)";

/// The path of the program that `pid` runs.
///
/// `None`: no such process, a zombie, a kernel thread, a thread that is no process, or one that the
/// caller may not see; and one whose program's path is another file's by now.
pub fn process_path(pid: Pid) -> Result<Option<String>, Error> {
    let Some(listed) = Numbers::current()?.listed(pid)? else { return Ok(None) };
    // Not by an open directory: a link takes no descriptor to be read, and there may be none left.
    let place = Place::by_number(listed);
    let mut buffer = vec![0; PATH_BYTES];
    let program = match program(place, &mut buffer) {
        Err(Unread::Hidden) => return Ok(None),
        Err(Unread::Failed(error)) => return Err(error),
        Err(Unread::Gone) => None,
        Ok(program) => Some(program),
    };
    let threads = match place.read("stat", &mut buffer) {
        Ok(line) => {
            layout::process_stat(line).filter(|stat| !stat.is_thread).map(|stat| stat.threads)
        }
        // Needs no descriptor. Not asked first: a sandbox may log a denial for each.
        Err(Unread::Failed(error)) if error.is_out_of_descriptors() && program.is_some() => {
            kernel::is_process(pid).map_err(|_| error)?.then_some(1)
        }
        other => seen(other)?.and(None),
    };
    match (threads, program) {
        (None, _) => Ok(None),
        (Some(_), Some(program)) => Ok(program),
        (Some(0 | 1), None) => Ok(None),
        // Its first thread has exited.
        (Some(_), None) => {
            seen(place.of_another_thread(|thread| self::program(thread, &mut buffer)))
                .map(Option::flatten)
        }
    }
}

/// What `/proc/PID/exe` tells; `None` if that names another file.
pub fn program(place: Place<'_>, buffer: &mut [u8]) -> Result<Option<String>, Unread> {
    let mut named_another = Vec::new();
    loop {
        let text = place.read_link("exe", buffer)?;
        let path = match (text.strip_suffix(DELETED), named(place, "exe", text)) {
            (_, Named::Same) | (None, Named::Nothing) => text,
            (Some(path), _) => path,
            // As after `umount --lazy`, when the kernel tells the rest of the path as if it were
            // whole. Or it has become another program since the link was read.
            (None, Named::Another) if text == named_another => return Ok(None),
            (None, Named::Another) => {
                named_another = text.to_vec();
                continue;
            }
        };
        return Ok(Some(lossy(path)));
    }
}

/// What `/proc/PID/cwd` tells.
pub fn folder(place: Place<'_>, buffer: &mut [u8]) -> Result<String, Unread> {
    let text = place.read_link("cwd", buffer)?;
    Ok(lossy(match text.strip_suffix(DELETED) {
        Some(path) if named(place, "cwd", text) != Named::Same => path,
        _ => text,
    }))
}

/// What has the name that a link tells.
#[derive(PartialEq, Eq)]
enum Named {
    /// That which the link leads to.
    Same,
    /// Another file.
    Another,
    /// Nothing, as far as can be seen.
    Nothing,
}

/// By device and inode, from this process's root and then, as for a container's process, from its
/// own.
fn named(place: Place<'_>, link: &str, text: &[u8]) -> Named {
    let Ok(target) = place.stat(link) else { return Named::Nothing };
    if stat_here(text).is_ok_and(|here| here.object == target.object) {
        return Named::Same;
    }
    match place.stat_in_root(text) {
        Ok(there) if there.object == target.object => Named::Same,
        Ok(_) => Named::Another,
        Err(_) => Named::Nothing,
    }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
