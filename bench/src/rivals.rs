//! The Rust rivals and a plain walk, in one long-lived process that reads requests from standard
//! input. Each measures its own time, so that the figures include neither the start of a process
//! nor a pipe.
//!
//! `listeners PORT`, `netstat2 PORT REMOTE_PORT`, `walk` → `NANOSECONDS ANSWER`. The answer is a
//! pid or 0, and for the walk the number of system calls. `listeners-all`, `netstat2-all`: the
//! answer is the number of sockets listed. `least PORT SERVER_PORT PID`: the answer is the smallest
//! number of calls for a recent owner.

use std::ffi::{CStr, CString};
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

mod least;

use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, get_sockets_info};

fn main() {
    for line in stdin().lock().lines() {
        let line = line.expect("standard input is text");
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<u16>().expect("a port");
        if words[0] == "least" {
            let (took, calls) =
                least::least(number(1), number(2), words[3].parse().expect("a pid"));
            println!("{} {calls}", took.as_nanos());
            continue;
        }
        let begun = Instant::now();
        let answer = match words[0] {
            "listeners" => by_listeners(number(1)),
            "netstat2" => by_netstat2(number(1), number(2)),
            "listeners-all" => all_of_listeners(),
            "netstat2-all" => all_of_netstat2(),
            "walk" => plain_walk(),
            other => panic!("no method {other}"),
        };
        println!("{} {answer}", begun.elapsed().as_nanos());
        stdout().flush().expect("standard output is open");
    }
}

fn by_listeners(port: u16) -> u32 {
    let process = listeners::get_process_by_port(port, listeners::Protocol::TCP);
    process.map_or(0, |process| process.pid)
}

fn all_of_listeners() -> u32 {
    let listed = listeners::get_all().map_or(0, |all| all.len());
    u32::try_from(listed).expect("fewer sockets")
}

fn all_of_netstat2() -> u32 {
    let families = AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6;
    let protocols = ProtocolFlags::TCP | ProtocolFlags::UDP;
    let listed = get_sockets_info(families, protocols).map_or(0, |all| all.len());
    u32::try_from(listed).expect("fewer sockets")
}

/// netstat2 has no lookup: its users list all sockets and filter.
fn by_netstat2(port: u16, remote_port: u16) -> u32 {
    let families = AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6;
    let sockets = get_sockets_info(families, ProtocolFlags::TCP).unwrap_or_default();
    let is_wanted = |info: &ProtocolSocketInfo| {
        let ProtocolSocketInfo::Tcp(tcp) = info else { return false };
        tcp.local_port == port && tcp.remote_port == remote_port
    };
    let wanted = sockets.into_iter().filter(|socket| is_wanted(&socket.protocol_socket_info));
    wanted.flat_map(|socket| socket.associated_pids).next().unwrap_or(0)
}

/// Reads every link in every table of every process, in the order of `/proc`, with as few calls as
/// possible: the cost of a lookup that knows nothing and finds nothing.
fn plain_walk() -> u32 {
    let mut calls = 0;
    let mut entries = vec![0; 32 * 1024];
    let Some(proc) = Directory::open(libc::AT_FDCWD, c"/proc", &mut calls) else { return 0 };
    let mut link = [0; 32];
    for pid in proc.numbers(&mut entries, &mut calls) {
        let name = CString::new(format!("{pid}/fd")).expect("digits");
        let Some(table) = Directory::open(proc.0, &name, &mut calls) else { continue };
        for number in table.numbers(&mut entries, &mut calls) {
            let name = CString::new(number.to_string()).expect("digits");
            calls += 1;
            // SAFETY: `name` ends with a NUL, and the kernel writes at most as many bytes as `link`
            // has.
            unsafe {
                libc::readlinkat(table.0, name.as_ptr(), link.as_mut_ptr().cast(), link.len())
            };
        }
        calls += 1; // close
    }
    calls + 1
}

struct Directory(i32);

impl Directory {
    fn open(at: i32, name: &CStr, calls: &mut u32) -> Option<Self> {
        *calls += 1;
        let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
        // SAFETY: the name ends with a NUL.
        let number = unsafe { libc::openat(at, name.as_ptr(), flags) };
        (number >= 0).then_some(Self(number))
    }

    fn numbers(&self, entries: &mut [u8], calls: &mut u32) -> Vec<u32> {
        let mut numbers = Vec::new();
        loop {
            *calls += 1;
            let (buffer, room) = (entries.as_mut_ptr(), entries.len());
            // SAFETY: the kernel writes at most `room` bytes to the buffer.
            let filled = unsafe { libc::syscall(libc::SYS_getdents64, self.0, buffer, room) };
            let Ok(filled @ 1..) = usize::try_from(filled) else { return numbers };
            let mut at = 0;
            while at < filled {
                // `struct linux_dirent64` has the entry's length at offset 16 and its name from 19
                // on.
                let bytes = u16::from_ne_bytes([entries[at + 16], entries[at + 17]]);
                let name = CStr::from_bytes_until_nul(&entries[at + 19..filled]);
                let name = name.ok().and_then(|name| name.to_str().ok());
                numbers.extend(name.and_then(|name| name.parse::<u32>().ok()));
                at += usize::from(bytes);
            }
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours.
        unsafe { libc::close(self.0) };
    }
}
