//! Parses bytes from `/proc` into values. No system call is made here, and no length is trusted.
//!
//! `inet_diag.rs` parses sock_diag's bytes, `proc_net.rs` the text of the socket tables.

use std::ffi::CStr;

use crate::platform::linux::socket::Inode;
use crate::question::Pid;

/// Offset of the next entry's position in `struct linux_dirent64`, <linux/dirent.h>: after the
/// inode (8 bytes).
const D_OFF: usize = 8;
/// Offset of the record's length: after the position (8 bytes).
const D_RECLEN: usize = 16;
/// Offset of the name: after the length (2 bytes) and the type (1 byte).
const D_NAME: usize = 19;

/// Returns the first entry's name and the offset in `entries` of the next one. `None` at the end,
/// and if the bytes are not an entry.
pub fn directory_entry(entries: &[u8]) -> Option<(&CStr, usize)> {
    let length = entries.get(D_RECLEN..D_RECLEN.checked_add(2)?)?.try_into().ok()?;
    let length = usize::from(u16::from_ne_bytes(length));
    let name = CStr::from_bytes_until_nul(entries.get(D_NAME..length)?).ok()?;
    Some((name, length))
}

/// Returns the position after the first entry, from which `lseek(2)` can continue the listing.
pub fn position_after(entry: &[u8]) -> Option<i64> {
    let bytes = entry.get(D_OFF..D_RECLEN)?.try_into().ok()?;
    Some(i64::from_ne_bytes(bytes))
}

/// Parses a decimal number with nothing around it, such as the names in `/proc` and `/proc/PID/fd`.
pub fn decimal<N: TryFrom<u64>>(digits: &[u8]) -> Option<N> {
    if digits.is_empty() {
        return None;
    }
    let number = digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })?;
    N::try_from(number).ok()
}

/// Returns the inode in a link's text, `socket:[123]` (`sockfs_dname` in net/socket.c), or `None`
/// for any other file.
pub fn socket_inode(link: &[u8]) -> Option<Inode> {
    let digits = link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    decimal(digits)
}

/// The fields of `/proc/PID/stat` that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessStat<'a> {
    /// Field 2: at most 15 bytes, chosen by the process or by whoever started it.
    pub name: &'a [u8],
    /// Whether field 3 is `Z` or `X`: the first thread has exited.
    pub has_exited: bool,
    /// Field 4: the parent, 0 if there is none or it is in an outer pid namespace.
    pub parent: Pid,
    /// Field 20: the number of threads, including a first thread that has exited.
    pub threads: u64,
    /// Field 22: when the process started, in clock ticks since the system started.
    pub start_ticks: u64,
    /// Whether field 38, the signal that is sent at exit, is -1. That is how the kernel itself
    /// distinguishes the first thread of a process from the others (`thread_group_leader` in
    /// linux/sched/signal.h).
    pub is_thread: bool,
}

/// Parses the line in `/proc/PID/stat` (`do_task_stat` in fs/proc/array.c). The name in parentheses
/// may contain anything, so fields are counted from the last parenthesis.
pub fn process_stat(line: &[u8]) -> Option<ProcessStat<'_>> {
    let name_start = line.iter().position(|byte| *byte == b'(')?.checked_add(1)?;
    let name_end = line.iter().rposition(|byte| *byte == b')')?;
    let mut fields = line.get(name_end.checked_add(2)?..)?.split(|byte| *byte == b' ');
    let state = fields.next()?;
    Some(ProcessStat {
        name: line.get(name_start..name_end)?,
        has_exited: matches!(state, b"Z" | b"X"),
        parent: decimal(fields.next()?)?,
        threads: decimal(fields.nth(15)?)?,
        start_ticks: decimal(fields.nth(1)?)?,
        is_thread: fields.nth(15)?.starts_with(b"-"),
    })
}

/// Returns `Tgid:` of `/proc/PID/status`: the process that a thread belongs to.
pub fn thread_group(status: &[u8]) -> Option<Pid> {
    decimal(line_after(status, b"Tgid:\t")?)
}

/// Returns `NSpid:` of `/proc/PID/status`: the process's pid in the namespace of `/proc`, then in
/// each nested namespace down to its own. Empty before Linux 4.1.
pub fn namespace_pids(status: &[u8]) -> Vec<Pid> {
    let numbers = line_after(status, b"NSpid:\t").unwrap_or_default().split(|byte| *byte == b'\t');
    // All or none: leaving out an unreadable number would shift the others.
    numbers.map(decimal).collect::<Option<_>>().unwrap_or_default()
}

fn line_after<'a>(text: &'a [u8], head: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(head))
}

/// How much of a command line is returned, including the NULs. Programs can be started with far
/// more (a list of files, a class path), and an answer must stay small.
pub const ARGS_BYTES: usize = 256 * 1024;

/// Splits the text of `/proc/PID/cmdline` into arguments. Each ends with a NUL, except that the
/// last one may lack it if the program has overwritten its arguments (`get_mm_proctitle` in
/// fs/proc/base.c). Bytes that are not UTF-8 become U+FFFD.
pub fn arguments(text: &[u8]) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let text = within_limit(text);
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    let arguments = text.split(|byte| *byte == 0);
    arguments.map(|argument| String::from_utf8_lossy(argument).into_owned()).collect()
}

/// Returns as many whole arguments as fit, or the beginning of the first one if it does not fit.
fn within_limit(text: &[u8]) -> &[u8] {
    let lacks_nul = text.last() != Some(&0);
    if text.len().saturating_add(usize::from(lacks_nul)) <= ARGS_BYTES {
        return text;
    }
    let head = text.get(..ARGS_BYTES).unwrap_or(text);
    let is_end = |byte: &u8| *byte == 0;
    match head.iter().rposition(is_end) {
        Some(end) => head.get(..=end).unwrap_or_default(),
        None => whole_characters(head.split_last().map(|(_, head)| head).unwrap_or_default()),
    }
}

/// Drops the last character, which may have been cut in two, unless it is ASCII.
fn whole_characters(text: &[u8]) -> &[u8] {
    let begins = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
    match text.iter().rposition(begins) {
        Some(last) if text.get(last).is_some_and(|byte| !byte.is_ascii()) => {
            text.get(..last).unwrap_or_default()
        }
        _ => text,
    }
}

/// Returns the control group: the path in the most informative line of `/proc/PID/cgroup`. That is
/// `0::`, the only hierarchy of version 2; if that is not mounted, systemd's own hierarchy, which
/// contains every unit and session; otherwise `pids`, in which container runtimes put everything.
pub fn control_group(text: &[u8]) -> Option<String> {
    let controllers = |wanted: &[u8]| {
        path_of(text, |_, names| names.split(|byte| *byte == b',').any(|name| name == wanted))
    };
    path_of(text, |hierarchy, names| hierarchy == b"0" && names.is_empty())
        .or_else(|| controllers(b"name=systemd"))
        .or_else(|| controllers(b"pids"))
        .map(|path| String::from_utf8_lossy(path).into_owned())
}

/// Finds a line by its first two fields and returns its path. Lines are
/// `hierarchy:controllers:path` (`proc_cgroup_show` in kernel/cgroup/cgroup.c); a path may contain
/// colons but no line feed.
fn path_of(text: &[u8], is_wanted: impl Fn(&[u8], &[u8]) -> bool) -> Option<&[u8]> {
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.splitn(3, |byte| *byte == b':');
        let (hierarchy, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        is_wanted(hierarchy, controllers).then_some(path)
    })
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
