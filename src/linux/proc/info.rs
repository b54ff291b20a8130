//! What `/proc/PID` says about a process.

use std::thread;
use std::time::Duration;

use super::layout::{ARGS_BYTES, ProcessStat, arguments, control_group};
use super::namespace::Numbers;
use super::place::{PAGE_BYTES, Place, Unread, in_directory, seen, stat_here};
use super::start::start_ms;
use crate::answer::ProcessInfo;
use crate::error::Error;
use crate::platform::linux::kernel;
use crate::platform::linux::socket::Hit;
use crate::question::Pid;

/// The kernel appends this to the path of a file that no longer has a name (`d_path` in
/// fs/d_path.c).
const DELETED: &[u8] = b" (deleted)";
/// Room for one line per hierarchy of control groups. Their paths are seldom longer than 200 bytes.
const CGROUP_BYTES: usize = 64 * 1024;

/// A program that is just being executed has no command line yet, because its memory is new, and
/// `spawn` of the C library and of libuv returns at about that moment. So an empty command line is
/// read again, for about as long as a slice at most.
const EXEC_READINGS: u32 = 20;
const EXEC_PAUSE: Duration = Duration::from_micros(100);

/// Returns the path of the program that `pid` runs.
///
/// `None`: no such process, a zombie, a kernel thread, a thread that is not a process, a process
/// that the caller may not see, or one whose program's path now names another file.
pub fn process_path(pid: Pid) -> Result<Option<String>, Error> {
    let Some(listed) = Numbers::current()?.listed(pid)? else { return Ok(None) };
    // Not through an open directory: reading a link takes no descriptor, and there may be none
    // left.
    let place = Place::by_number(listed);
    let mut buffer = vec![0; PAGE_BYTES];
    match of_living_thread(place, &mut buffer, |place, buffer| program(place, buffer)) {
        Err(Unread::Failed(error)) if error.is_out_of_descriptors() => {
            let path = match program(place, &mut buffer) {
                Err(Unread::Gone) => return Err(error),
                path => seen(path)?.flatten(),
            };
            // Needs no descriptor. It is not the first choice because a sandbox may log a denial
            // for each call.
            let is_process = kernel::is_process(pid).map_err(|_| error)?;
            Ok(path.filter(|_| is_process))
        }
        told => Ok(seen(told)?.and_then(|(path, _)| path)),
    }
}

/// Returns what `/proc` says about `pid`. Path and working directory are readable only by callers
/// that may trace the process: those with CAP_SYS_PTRACE, and its own user if it has not changed to
/// another. Everything else is readable by every user.
///
/// `None`: no such process, one that has exited, a thread that is not a process, or a process that
/// is hidden (`hidepid`).
pub fn process_info(pid: Pid) -> Result<Option<ProcessInfo>, Error> {
    let numbers = Numbers::current()?;
    let Some(listed) = numbers.listed(pid)? else { return Ok(None) };
    in_directory(listed, |place| told(numbers, place))
}

/// Returns what `/proc` says about a holder, read while it held the socket: everything is read
/// through one open directory, and the kernel shows the socket there once more at the end.
///
/// `None`: the process has gone, or no longer holds the socket under that number, or has no pid in
/// this process's namespace.
pub fn holder_info(numbers: &Numbers, hit: Hit) -> Result<Option<ProcessInfo>, Error> {
    in_directory(hit.pid, |place| {
        let info = told(*numbers, place)?;
        place.holds(hit).map(|()| info)
    })
}

fn told(numbers: Numbers, place: Place<'_>) -> Result<ProcessInfo, Unread> {
    let mut buffer = vec![0; PAGE_BYTES];
    let cgroup = seen(place.read("cgroup", &mut buffer, CGROUP_BYTES))?.and_then(control_group);
    let (doing, stat) = of_living_thread(place, &mut buffer, doing)?;
    Ok(ProcessInfo {
        pid: numbers.of(place)?,
        // A child that loses its parent is adopted by an older ancestor (`find_new_reaper` in
        // kernel/exit.c), so a parent is always older than its child, and its age need not be
        // checked.
        parent: if stat.parent == 0 { None } else { numbers.to_own(stat.parent)? },
        uid: Some(place.user()?),
        name: Some(String::from_utf8_lossy(stat.name).into_owned()),
        start_ms: start_ms(stat.start_ticks),
        cgroup,
        ..doing
    })
}

/// Returns what `read` finds for the first thread, or for another thread if the first one has
/// exited, and the process's `stat`.
fn of_living_thread<'b, T>(
    place: Place<'_>,
    buffer: &'b mut Vec<u8>,
    read: impl Fn(Place<'_>, &mut Vec<u8>) -> Result<T, Unread>,
) -> Result<(T, ProcessStat<'b>), Unread> {
    let first = match read(place, buffer) {
        Ok(told) => Some(told),
        Err(Unread::Gone) => None,
        Err(unread) => return Err(unread),
    };
    // Read after everything that may be missing. A thread that is alive now was alive all the time,
    // so whatever was missing does not exist. It was not missing because the thread had exited.
    let stat = place.process_stat(buffer)?;
    let told = match first {
        Some(told) if !stat.has_exited => told,
        _ if stat.threads > 1 => {
            place.of_another_thread(|thread| read(thread, &mut vec![0; PAGE_BYTES]))?
        }
        _ => return Err(Unread::Gone),
    };
    Ok((told, stat))
}

/// Returns path, arguments and working directory. `Gone`: that thread has exited.
fn doing(place: Place<'_>, buffer: &mut Vec<u8>) -> Result<ProcessInfo, Unread> {
    let mut readings = 0_u32;
    loop {
        // A kernel thread has a working directory but no program.
        let path = seen(program(place, buffer))?.flatten();
        let cwd = match folder(place, buffer) {
            Err(Unread::Hidden) => None,
            folder => Some(folder?),
        };
        // One byte more than the limit, to see whether the command line is longer.
        let args =
            seen(place.read("cmdline", buffer, ARGS_BYTES.saturating_add(1)))?.map(arguments);
        readings = readings.saturating_add(1);
        let has_begun = path.is_none() || !args.as_ref().is_some_and(Vec::is_empty);
        if has_begun || readings == EXEC_READINGS {
            return Ok(ProcessInfo { path, args, cwd, ..ProcessInfo::default() });
        }
        thread::sleep(EXEC_PAUSE);
    }
}

/// Returns the path in `/proc/PID/exe`, or `None` if that path names another file.
fn program(place: Place<'_>, buffer: &mut [u8]) -> Result<Option<String>, Unread> {
    let mut named_another = Vec::new();
    loop {
        let text = place.read_link("exe", buffer)?;
        let path = match (text.strip_suffix(DELETED), named(place, "exe", text)) {
            (_, Named::Same) | (None, Named::Nothing) => text,
            (Some(path), _) => path,
            // The path names another file, for example after `umount --lazy`, when the kernel
            // returns the remaining part of the path as if it were whole. Or the process has
            // executed another program since the link was read, so read it once more.
            (None, Named::Another) if text == named_another => return Ok(None),
            (None, Named::Another) => {
                named_another = text.to_vec();
                continue;
            }
        };
        return Ok(Some(lossy(path)));
    }
}

/// Returns the path in `/proc/PID/cwd`.
fn folder(place: Place<'_>, buffer: &mut [u8]) -> Result<String, Unread> {
    let text = place.read_link("cwd", buffer)?;
    Ok(lossy(match text.strip_suffix(DELETED) {
        Some(path) if named(place, "cwd", text) != Named::Same => path,
        _ => text,
    }))
}

/// What a link's text names.
#[derive(PartialEq, Eq)]
enum Named {
    /// The file that the link leads to.
    Same,
    /// Another file.
    Another,
    /// No file that can be seen.
    Nothing,
}

/// Compares device and inode: of the file that this process finds under the name, then of the one
/// found from the other process's own root, which differs for a process in a container.
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
