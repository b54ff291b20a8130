//! The system calls without which a recent owner cannot be found, and no others. Only the netlink
//! socket is kept open: the kernel says which socket it is, one link shows that the owner has it,
//! and for each ancestor up to init, the kernel says who it is and one link shows that it does not
//! have the socket. Whatever else a lookup costs is for finding the owner and its descriptor
//! number, for checking what is kept, and for the way to another thread and back.

use std::ffi::CString;
use std::fs;
use std::time::{Duration, Instant};

const INIT: i32 = 1;
/// `struct nlmsghdr` and `struct inet_diag_req_v2`.
const REQUEST_BYTES: usize = 16 + 56;
/// Offset of `idiag_inode` in the reply: after `struct nlmsghdr` and the rest of `inet_diag_msg`.
const INODE_AT: usize = 16 + 68;

/// Returns how long the calls took that show `pid` to own the connection between these ports on
/// 127.0.0.1, and how many there were: 0 if the kernel does not report parents (before Linux 6.13).
pub fn least(port: u16, server_port: u16, pid: i32) -> (Duration, u32) {
    // SAFETY: the call takes integers only.
    let netlink = unsafe {
        libc::socket(
            libc::AF_NETLINK,
            libc::SOCK_DGRAM | libc::SOCK_CLOEXEC,
            libc::NETLINK_SOCK_DIAG,
        )
    };
    let wanted = socket(netlink, port, server_port);
    let number = fs::read_dir(format!("/proc/{pid}/fd")).ok().and_then(|mut all| {
        let holds = |name: &String| link(pid, name) == wanted;
        all.find_map(|entry| entry.ok()?.file_name().into_string().ok().filter(holds))
    });
    let number = number.expect("the owner has it");
    let begun = Instant::now();
    let wanted = socket(netlink, port, server_port);
    let mut calls = 3; // send, recv, readlink
    let mut holder = if link(pid, &number) == wanted { pid } else { 0 };
    while holder > INIT {
        let Some(parent) = parent(holder) else { return (begun.elapsed(), 0) };
        calls += 4; // pidfd_open, ioctl, close, readlink
        assert_ne!(link(parent, &number), wanted, "nobody of this population shares a socket");
        holder = parent;
    }
    let took = begun.elapsed();
    // SAFETY: the descriptor is ours.
    unsafe { libc::close(netlink) };
    (took, calls)
}

/// Returns the text of the socket's link.
fn socket(netlink: i32, port: u16, server_port: u16) -> String {
    let mut request = [0_u8; REQUEST_BYTES];
    request[0] = REQUEST_BYTES as u8;
    request[4] = 20; // SOCK_DIAG_BY_FAMILY
    request[6] = 1; // NLM_F_REQUEST
    request[16] = libc::AF_INET as u8;
    request[17] = libc::IPPROTO_TCP as u8;
    request[20..24].fill(0xff); // Any state.
    request[24..26].copy_from_slice(&port.to_be_bytes());
    request[26..28].copy_from_slice(&server_port.to_be_bytes());
    request[28..32].copy_from_slice(&[127, 0, 0, 1]);
    request[44..48].copy_from_slice(&[127, 0, 0, 1]);
    request[64..72].fill(0xff); // No cookie.
    let mut reply = [0_u8; 4096];
    // SAFETY: the kernel reads exactly the bytes of the request.
    unsafe { libc::send(netlink, request.as_ptr().cast(), request.len(), 0) };
    // SAFETY: the kernel writes at most as many bytes as `reply` has.
    unsafe { libc::recv(netlink, reply.as_mut_ptr().cast(), reply.len(), 0) };
    let inode = reply[INODE_AT..].first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
    format!("socket:[{inode}]")
}

fn parent(pid: i32) -> Option<i32> {
    // SAFETY: the structure consists of integers, for which any bits are valid.
    let mut info: libc::pidfd_info = unsafe { std::mem::zeroed() };
    info.mask = libc::PIDFD_INFO_PID.into();
    // SAFETY: the call takes integers only.
    let process = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as i32;
    // SAFETY: the kernel writes at most as many bytes as the request number encodes: those of
    // `info`.
    let told = unsafe { libc::ioctl(process, libc::PIDFD_GET_INFO, &raw mut info) };
    // SAFETY: the descriptor is ours.
    unsafe { libc::close(process) };
    (told == 0).then_some(info.ppid as i32)
}

fn link(pid: i32, number: &str) -> String {
    let name = CString::new(format!("/proc/{pid}/fd/{number}")).expect("digits");
    let mut text = [0_u8; 32];
    // SAFETY: `name` ends with a NUL, and the kernel writes at most as many bytes as `text` has.
    let filled = unsafe { libc::readlink(name.as_ptr(), text.as_mut_ptr().cast(), text.len()) };
    let filled = usize::try_from(filled).unwrap_or(0);
    String::from_utf8_lossy(&text[..filled]).into_owned()
}
