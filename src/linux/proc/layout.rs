//! Bytes of `/proc` become values. No system call is made here and nothing is trusted for length.
//!
//! sock_diag's bytes are read in `inet_diag.rs`, the socket tables' text in `proc_net.rs`.

use std::ffi::CStr;

use crate::platform::linux::socket::Inode;
use crate::question::Pid;

/// Where the next entry's position stands in `struct linux_dirent64`, <linux/dirent.h>: after the
/// inode, 8 bytes.
const D_OFF: usize = 8;
/// Where the record's length stands, after the position, 8 bytes.
const D_RECLEN: usize = 16;
/// Where its name begins, after the length (2 bytes) and the type (1 byte).
const D_NAME: usize = 19;

/// The first entry's name and where in `entries` the next one begins. `None` at the end, and for
/// bytes that are no entry.
pub fn directory_entry(entries: &[u8]) -> Option<(&CStr, usize)> {
    let length = entries.get(D_RECLEN..D_RECLEN.checked_add(2)?)?.try_into().ok()?;
    let length = usize::from(u16::from_ne_bytes(length));
    let name = CStr::from_bytes_until_nul(entries.get(D_NAME..length)?).ok()?;
    Some((name, length))
}

/// Where the listing goes on after the first entry: what `lseek(2)` takes.
pub fn position_after(entry: &[u8]) -> Option<i64> {
    let bytes = entry.get(D_OFF..D_RECLEN)?.try_into().ok()?;
    Some(i64::from_ne_bytes(bytes))
}

/// A decimal number and nothing else, as the names in `/proc` and `/proc/PID/fd`.
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

/// The inode in a link's text, `socket:[123]` (`sockfs_dname` in net/socket.c); `None` for any
/// other file.
pub fn socket_inode(link: &[u8]) -> Option<Inode> {
    let digits = link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    decimal(digits)
}

/// What `/proc/PID/stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessStat<'a> {
    /// Field 2, at most 15 bytes of whatever the process or its starter chose.
    pub name: &'a [u8],
    /// Field 3 is `Z` or `X`: its first thread has exited.
    pub has_exited: bool,
    /// Field 4; 0 where there is no parent to be seen.
    pub parent: Pid,
    /// Field 20: how many threads there are, the exited first one among them.
    pub threads: u64,
    /// Field 22: when the process started, in clock ticks since the system did.
    pub start_ticks: u64,
    /// Field 38, the signal that its end sends, is -1: by that the kernel itself tells the other
    /// threads of a process from its first one (`thread_group_leader` in linux/sched/signal.h).
    pub is_thread: bool,
}

/// Reads a line of `/proc/PID/stat`, `do_task_stat` in fs/proc/array.c. The name in parentheses may
/// hold anything, so fields are counted from the last parenthesis.
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

/// `Tgid:` of `/proc/PID/status`: the process that a thread belongs to.
pub fn thread_group(status: &[u8]) -> Option<Pid> {
    decimal(line_after(status, b"Tgid:\t")?)
}

/// `NSpid:` of `/proc/PID/status`: its number in the pid namespace of `/proc` and in each within that,
/// up to its own. None before Linux 4.1.
pub fn namespace_pids(status: &[u8]) -> Vec<Pid> {
    let numbers = line_after(status, b"NSpid:\t").unwrap_or_default().split(|byte| *byte == b'\t');
    // One that cannot be read would shift the others.
    numbers.map(decimal).collect::<Option<_>>().unwrap_or_default()
}

fn line_after<'a>(text: &'a [u8], head: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// getdents64 of `/proc/PID/fd` as Linux 6.18 gives it on x86-64: ".", "0" and "19".
    const ENTRIES: [u8; 72] = {
        let mut bytes = [0; 72];
        bytes[0] = 7;
        bytes[16] = 24;
        bytes[18] = 4;
        bytes[19] = b'.';
        bytes[24] = 9;
        bytes[40] = 24;
        bytes[42] = 10;
        bytes[43] = b'0';
        bytes[48] = 11;
        bytes[64] = 24;
        bytes[66] = 10;
        bytes[67] = b'1';
        bytes[68] = b'9';
        bytes
    };

    #[test]
    #[cfg_attr(target_endian = "big", ignore = "recorded on a little-endian machine")]
    fn directory_entries_are_read_one_after_the_other() {
        let mut names = Vec::new();
        let mut rest = ENTRIES.as_slice();

        while let Some((name, next)) = directory_entry(rest) {
            names.push(name.to_str().expect("ASCII"));
            rest = &rest[next..];
        }

        assert_eq!(names, [".", "0", "19"]);
        assert!(rest.is_empty());
    }

    #[test]
    fn a_directory_entry_that_is_cut_off_or_has_no_length_is_none() {
        let mut no_length = ENTRIES;
        no_length[16] = 0;

        assert_eq!(directory_entry(&ENTRIES[..20]), None);
        assert_eq!(directory_entry(&[]), None);
        assert_eq!(directory_entry(&no_length), None);
    }

    #[test]
    fn a_decimal_is_digits_that_fit() {
        let pid = |text: &str| decimal::<Pid>(text.as_bytes());

        assert_eq!([pid("0"), pid("812"), pid("2147483647")], [Some(0), Some(812), Some(i32::MAX)]);
        let refused = ["", "self", "-1", "+1", "1 ", "2147483648", "18446744073709551616", "1a"];
        assert_eq!(refused.map(pid), [None; 8]);
    }

    #[test]
    fn a_link_is_a_socket_by_its_whole_text() {
        let inode = |text: &str| socket_inode(text.as_bytes());

        assert_eq!(inode("socket:[41234]"), Some(41234));
        assert_eq!(inode("socket:[4294967295]"), Some(u32::MAX));
        let others = [
            "socket:[]",
            "socket:[4294967296]",
            "socket:[1]x",
            "socket:[1",
            "pipe:[41234]",
            "/tmp/socket:[41234]",
            "anon_inode:[eventpoll]",
            "socket:",
            "",
        ];
        assert_eq!(others.map(inode), [None; 9]);
    }

    #[test]
    fn a_stat_line_is_read_past_any_name() {
        // The name of this process, on Linux 6.18, is `a) S 1 (b\n`.
        let line = b"812 (a) S 1 (b\n) S 811 812 811 34816 812 4194304 95 0 0 0 0 0 0 0 20 0 1 0 \
            7744 2830336 419 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n";

        let name = b"a) S 1 (b\n".as_slice();
        let stat = ProcessStat {
            name,
            has_exited: false,
            parent: 811,
            threads: 1,
            start_ticks: 7744,
            is_thread: false,
        };
        assert_eq!(process_stat(line), Some(stat));
        let thread = String::from_utf8_lossy(line).replace(" 17 1 0 0", " -1 1 0 0");
        assert_eq!(process_stat(thread.as_bytes()), Some(ProcessStat { is_thread: true, ..stat }));
        for broken in ["812 (cat) S 811 812", "812 cat", ")(", ")", ""] {
            assert_eq!(process_stat(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn a_thread_group_is_the_tgid_line() {
        let status = b"Name:\tnode\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t812\nNgid:\t0\n";

        assert_eq!(thread_group(status), Some(812));
        assert_eq!(thread_group(b"Name:\tTgid:\t5\n"), None);
        assert_eq!(thread_group(b""), None);
    }

    #[test]
    fn the_numbers_in_each_namespace_are_the_nspid_line() {
        assert_eq!(namespace_pids(b"Tgid:\t812\nNSpid:\t812\t40\t1\nNSpgid:\t5\n"), [812, 40, 1]);
        assert_eq!(namespace_pids(b"NSpid:\t812\n"), [812]);
        for broken in ["", "NSpid:\t", "NSpid:\t812\t\t1\n", "NSpid:\t812\tx\n", "NSpid: 1\n"] {
            assert_eq!(namespace_pids(broken.as_bytes()), [0; 0], "{broken}");
        }
    }
}
