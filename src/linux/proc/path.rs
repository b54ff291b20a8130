//! The program that a process runs, by the link `/proc/PID/exe`.

use std::ffi::{CStr, CString};

use super::layout;
use super::names::{Name, failure, is_gone_or_hidden};
use crate::error::Error;
use crate::platform::linux::kernel::{self, Errno, NO_DIRECTORY};
use crate::platform::linux::stat::Stat;
use crate::question::Pid;

/// The kernel makes the text in one page and fails if it does not fit (`do_proc_readlink`).
const PATH_BYTES: usize = 4096;
/// Put behind the path of a file that has no name any more (`d_path` in fs/d_path.c).
const DELETED: &[u8] = b" (deleted)";

/// The path of the program that `pid` runs.
///
/// `None`: no such process, a zombie, a kernel thread, a thread that is no process, or one that the
/// caller may not see.
pub fn process_path(pid: Pid) -> Result<Option<String>, Error> {
    let exe = Name::new(format_args!("{pid}/exe"));
    let mut buffer = vec![0; PATH_BYTES];
    let text = match kernel::read_link(NO_DIRECTORY, exe.text(), &mut buffer) {
        Ok(text) => text,
        Err(libc::ENOENT | libc::ESRCH) => return proc_is_there().map(|()| None),
        Err(libc::EACCES | libc::EPERM) => return Ok(None),
        Err(errno) => return Err(failure("readlink", errno, &exe)),
    };
    // `/proc/TID` is there for a thread too, though it is not listed.
    if !is_process(pid)? {
        return Ok(None);
    }
    let path = match text.strip_suffix(DELETED) {
        Some(path) if !is_running(pid, &exe, text) => path,
        _ => text,
    };
    Ok(Some(String::from_utf8_lossy(path).into_owned()))
}

/// Without /proc nobody has a path, which is a failure to look and not an answer.
pub fn proc_is_there() -> Result<(), Error> {
    let own = Name::new(format_args!("self"));
    let mut text = [0; 16];
    match kernel::read_link(NO_DIRECTORY, own.text(), &mut text) {
        Ok(_) => Ok(()),
        Err(errno) => Err(failure("readlink", errno, &own)),
    }
}

fn is_process(pid: Pid) -> Result<bool, Error> {
    let status = Name::new(format_args!("{pid}/status"));
    let mut text = [0; 4096];
    let failed = |call, errno| {
        if is_gone_or_hidden(errno) { Ok(false) } else { Err(failure(call, errno, &status)) }
    };
    match kernel::open(NO_DIRECTORY, status.text(), libc::O_RDONLY) {
        Ok(file) => match kernel::read(&file, &mut text) {
            Ok(text) => Ok(layout::thread_group(text) == Some(pid)),
            Err(errno) => failed("read", errno),
        },
        // Needs no descriptor. Not asked first: a sandbox may log a denial for each.
        Err(errno @ (libc::EMFILE | libc::ENFILE)) => {
            kernel::is_process(pid).or_else(|_| failed("open", errno))
        }
        Err(errno) => failed("open", errno),
    }
}

/// Whether a file of just that name is the one that runs: then " (deleted)" is part of the name.
/// In a container the name counts from the process's own root.
fn is_running(pid: Pid, exe: &Name, text: &[u8]) -> bool {
    let Ok(running) = kernel::stat(NO_DIRECTORY, exe.text()) else { return false };
    let root = format!("/proc/{pid}/root").into_bytes();
    let named = [text.to_vec(), [root.as_slice(), text].concat()];
    named.into_iter().any(|path| {
        let stat = CString::new(path).ok().map(|path| stat(&path));
        matches!(stat, Some(Ok(stat)) if stat.object == running.object)
    })
}

fn stat(path: &CStr) -> Result<Stat, Errno> {
    kernel::stat(NO_DIRECTORY, path)
}
