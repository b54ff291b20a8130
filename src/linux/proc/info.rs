//! What `/proc/PID` tells of a process.

use std::thread;
use std::time::Duration;

use super::args::{ARGS_BYTES, arguments};
use super::cgroup::control_group;
use super::layout::{self, ProcessStat};
use super::namespace::Numbers;
use super::path::{PATH_BYTES, folder, program};
use super::place::{Place, ProcessDirectory, Unread, seen};
use super::start::start_ms;
use crate::answer::ProcessInfo;
use crate::error::Error;
use crate::platform::linux::socket::Hit;
use crate::question::Pid;

/// A line for each hierarchy of control groups, whose paths are seldom longer than 200 bytes.
const CGROUP_BYTES: usize = 64 * 1024;

/// A program that is just being executed has no command line yet: its memory is new, and `spawn` of the
/// C library and of libuv return at about that moment. So an empty one is read again, up to about a
/// slice's time.
const EXEC_READINGS: u32 = 20;
const EXEC_PAUSE: Duration = Duration::from_micros(100);

/// What is told of `pid`. Path and folder are told only to those who may trace the process: its
/// own user, if it has changed to no other, and who has CAP_SYS_PTRACE. All else is told to everybody.
///
/// `None`: no such process, one that has exited, a thread that is no process, or one that is hidden
/// (`hidepid`).
pub fn process_info(pid: Pid) -> Result<Option<ProcessInfo>, Error> {
    let numbers = Numbers::current()?;
    let Some(listed) = numbers.listed(pid)? else { return Ok(None) };
    seen(ProcessDirectory::open(listed).and_then(|process| told(&numbers, &process, None)))
}

/// What is told of a holder that was found, read while it held the socket: through one open
/// directory, in which the kernel shows the socket once more after all else has been read.
///
/// `None`: it has gone or holds the socket no more under that number; or, where `/proc` has another
/// namespace's numbers, it has none here.
pub fn holder_info(numbers: &Numbers, hit: Hit) -> Result<Option<ProcessInfo>, Error> {
    seen(ProcessDirectory::open(hit.pid).and_then(|process| told(numbers, &process, Some(hit))))
}

/// What a process does. Its first thread's directory tells it, as long as that one lives.
struct Doing {
    path: Option<String>,
    args: Option<Vec<String>>,
    cwd: Option<String>,
}

fn told(
    numbers: &Numbers,
    process: &ProcessDirectory,
    hit: Option<Hit>,
) -> Result<ProcessInfo, Unread> {
    let place = process.place();
    let mut buffer = vec![0; PATH_BYTES];
    let doing = doing(place, &mut buffer);
    let cgroup = cgroup(place, &mut buffer)?;
    // After all that may be missing: what lives now has lived all the while, so what was not there
    // is not there, and not gone.
    let line = place.read("stat", &mut buffer)?;
    let stat = layout::process_stat(line).filter(|stat| !stat.is_thread).ok_or(Unread::Gone)?;
    let Doing { path, args, cwd } = match doing {
        Ok(doing) if !stat.has_exited => doing,
        Err(Unread::Failed(error)) => return Err(Unread::Failed(error)),
        _ if stat.threads > 1 => {
            place.of_another_thread(|thread| self::doing(thread, &mut vec![0; PATH_BYTES]))?
        }
        _ => return Err(Unread::Gone),
    };
    let info = ProcessInfo {
        pid: numbers.of(place)?.ok_or(Unread::Gone)?,
        parent: parent(numbers, &stat)?,
        uid: Some(process.user()?),
        name: Some(String::from_utf8_lossy(stat.name).into_owned()),
        path,
        args,
        cwd,
        start_ms: start_ms(stat.start_ticks),
        cgroup,
        services: None,
    };
    if let Some(hit) = hit {
        place.holds(hit)?;
    }
    Ok(info)
}

/// `Gone`: that thread has exited.
fn doing(place: Place<'_>, buffer: &mut Vec<u8>) -> Result<Doing, Unread> {
    for _ in 1..EXEC_READINGS {
        let doing = doing_now(place, buffer)?;
        if doing.path.is_none() || !doing.args.as_ref().is_some_and(Vec::is_empty) {
            return Ok(doing);
        }
        thread::sleep(EXEC_PAUSE);
    }
    doing_now(place, buffer)
}

fn doing_now(place: Place<'_>, buffer: &mut Vec<u8>) -> Result<Doing, Unread> {
    // A kernel thread has a folder and no program.
    let path = seen(program(place, buffer))?.flatten();
    let cwd = match folder(place, buffer) {
        Err(Unread::Hidden) => None,
        folder => Some(folder?),
    };
    // A byte more, to see whether it is longer.
    let filled = seen(place.read_whole("cmdline", buffer, ARGS_BYTES.saturating_add(1)))?;
    let text = filled.and_then(|filled| buffer.get(..filled));
    Ok(Doing { path, args: text.map(arguments), cwd })
}

fn cgroup(place: Place<'_>, buffer: &mut Vec<u8>) -> Result<Option<String>, Unread> {
    let filled = seen(place.read_whole("cgroup", buffer, CGROUP_BYTES))?;
    Ok(filled.and_then(|filled| buffer.get(..filled)).and_then(control_group))
}

/// An orphan's is the ancestor that has adopted it (`find_new_reaper` in kernel/exit.c), so a parent
/// is always older than its child, and need not be looked at.
fn parent(numbers: &Numbers, stat: &ProcessStat<'_>) -> Result<Option<Pid>, Error> {
    match stat.parent {
        0 => Ok(None),
        parent => numbers.to_own(parent),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::os::fd::AsRawFd;
    use std::process;

    use super::*;
    use crate::platform::linux::kernel;
    use crate::platform::linux::socket::Inode;

    fn own_listener() -> (TcpListener, Hit) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let fd = listener.as_raw_fd();
        let inode = kernel::stat_of_number(fd).unwrap().object.1;
        let hit =
            Hit { inode: Inode::try_from(inode).unwrap(), pid: process::id().cast_signed(), fd };
        (listener, hit)
    }

    #[test]
    fn a_holder_is_told_as_the_same_process_is_without_a_socket() {
        let (_listener, hit) = own_listener();

        let holder = holder_info(&Numbers::current().unwrap(), hit).unwrap().unwrap();

        assert_eq!(process_info(hit.pid), Ok(Some(holder.clone())));
        assert_eq!(holder.args, Some(std::env::args().collect()));
        assert_eq!(holder.cwd, Some(std::env::current_dir().unwrap().display().to_string()));
    }

    #[test]
    fn one_that_has_another_file_or_none_under_that_number_is_no_holder() {
        let (_listener, hit) = own_listener();
        let numbers = Numbers::current().unwrap();

        for other in [Hit { inode: 1, ..hit }, Hit { fd: i32::MAX, ..hit }, Hit { fd: 0, ..hit }] {
            assert_eq!(holder_info(&numbers, other), Ok(None), "{other:?}");
        }
        assert_eq!(holder_info(&numbers, Hit { pid: i32::MAX, ..hit }), Ok(None));
    }
}
