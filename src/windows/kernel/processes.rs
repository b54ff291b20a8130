//! Opens, queries and closes processes.

use std::ffi::c_void;
use std::mem::{size_of, size_of_val};

use super::imports::{
    CloseHandle, GetLastError, GetProcessTimes, Handle, NtQueryInformationProcess,
    NtQuerySystemInformation, OpenProcess, QueryDosDeviceW, QueryFullProcessImageNameW,
};
use crate::question::Pid;

/// A process that is held open: its pid is nobody else's as long as this lives.
#[derive(Debug)]
pub struct Process(Handle);

/// `GetProcessTimes`, in FILETIMEs: units of 100 ns since 1601.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it was created.
    pub created: u64,
    /// When it exited; 0: it lives.
    pub exited: u64,
}

/// A process asks for no more than this; ordinary users may ask it of most processes.
const PROCESS_QUERY_LIMITED_INFORMATION: u32 = 0x1000;
/// `SYSTEM_INFORMATION_CLASS`: `SystemProcessInformation`, and the undocumented
/// `SystemProcessIdInformation`.
const SYSTEM_PROCESSES: i32 = 5;
const SYSTEM_PROCESS_ID: i32 = 88;
/// `PROCESSINFOCLASS`: `ProcessBasicInformation`, and `ProcessCommandLineInformation` since
/// Windows 8.1.
const BASIC: i32 = 0;
const COMMAND_LINE: i32 = 60;

impl Drop for Process {
    fn drop(&mut self) {
        // SAFETY: the handle is this value's own and is not used any more. Were it somebody else's,
        // theirs would be closed: it comes of `open` alone.
        unsafe { CloseHandle(self.0) };
    }
}

impl Process {
    /// `OpenProcess`, or the Win32 error: 87 no such process, 5 refused. It ignores the two lowest
    /// bits of a pid, so only multiples of four may be asked for.
    pub fn open(pid: Pid) -> Result<Self, u32> {
        let access = PROCESS_QUERY_LIMITED_INFORMATION;
        // SAFETY: it takes numbers and gives a handle of our own.
        match unsafe { OpenProcess(access, 0, pid.cast_unsigned()) } {
            0 => Err(last_error()),
            handle => Ok(Self(handle)),
        }
    }

    /// `GetProcessTimes`, or the Win32 error. That a living process's time of exit is 0 is not
    /// documented and has always been so.
    pub fn times(&self) -> Result<Times, u32> {
        let [mut created, mut exited, mut kernel, mut user] = [0_u64; 4];
        let (times, used) = ([&raw mut created, &raw mut exited], [&raw mut kernel, &raw mut user]);
        // SAFETY: it writes eight bytes, a FILETIME with its low half first, to each of the four
        // places, which are ours and outlive the call.
        let done = unsafe { GetProcessTimes(self.0, times[0], times[1], used[0], used[1]) };
        if done == 0 { Err(last_error()) } else { Ok(Times { created, exited }) }
    }

    /// `QueryFullProcessImageNameW`: the path, without a NUL, into the front of `path`; how many
    /// units, or the Win32 error: 122 too small, 31 the process has none or has exited.
    pub fn image_path(&self, path: &mut [u16]) -> Result<usize, u32> {
        let mut units = u32::try_from(path.len()).unwrap_or(u32::MAX);
        // SAFETY: it writes at most `units` units to `path`, which is borrowed until the call is
        // over, and keeps no pointer.
        let done =
            unsafe { QueryFullProcessImageNameW(self.0, 0, path.as_mut_ptr(), &raw mut units) };
        if done == 0 { Err(last_error()) } else { Ok(usize::try_from(units).unwrap_or(0)) }
    }

    /// `ProcessCommandLineInformation` into `text`, for `layout::command_line`; the status. The
    /// second number is how many bytes it wants.
    pub fn command_line(&self, text: &mut [u8]) -> (i32, u32) {
        self.information(COMMAND_LINE, text)
    }

    /// `ProcessBasicInformation` into `basic`, for `layout::parent`; the status.
    pub fn basic(&self, basic: &mut [u8]) -> i32 {
        self.information(BASIC, basic).0
    }

    fn information(&self, class: i32, buffer: &mut [u8]) -> (i32, u32) {
        let (place, length) = (buffer.as_mut_ptr().cast(), bytes(buffer));
        let mut needed = 0;
        // SAFETY: it writes at most `length` bytes to `place` and four to `needed`, all of them ours
        // and alive until the call is over. What it writes may hold pointers into `buffer`; they
        // are only compared with its address, never followed.
        let status =
            unsafe { NtQueryInformationProcess(self.0, class, place, length, &raw mut needed) };
        (status, needed)
    }
}

/// `NtQuerySystemInformation(SystemProcessInformation)`: all processes into `buffer`, whoever
/// asks; the status, and how many bytes it wants.
pub fn all(buffer: &mut [u8]) -> (i32, u32) {
    let (place, length) = (buffer.as_mut_ptr().cast(), bytes(buffer));
    system_information(SYSTEM_PROCESSES, place, length)
}

/// The longest text that a `UNICODE_STRING` can tell.
const MOST_STRING_BYTES: u16 = 0xFFFE;

/// `SYSTEM_PROCESS_ID_INFORMATION`: a process, and a `UNICODE_STRING` for its path.
#[repr(C)]
struct ProcessId {
    pid: usize,
    length_bytes: u16,
    room_bytes: u16,
    path: *mut u16,
}
const _: () = assert!(size_of::<ProcessId>() == 24);

/// `NtQuerySystemInformation(SystemProcessIdInformation)`: the path of a process that may not be
/// opened, as the object manager names it, into the front of `path`; how many units, or the
/// NTSTATUS: 0xC000000B no such process, 0xC0000004 too small.
pub fn native_path(pid: Pid, path: &mut [u16]) -> Result<usize, i32> {
    let room_bytes = u16::try_from(size_of_val(path)).unwrap_or(MOST_STRING_BYTES);
    let pid = usize::try_from(pid).unwrap_or(0);
    let mut asked = ProcessId { pid, length_bytes: 0, room_bytes, path: path.as_mut_ptr() };
    let length = 24; // As above.
    match system_information(SYSTEM_PROCESS_ID, (&raw mut asked).cast(), length) {
        (0, _) => Ok(usize::from(asked.length_bytes / 2)),
        (status, _) => Err(status),
    }
}

/// `place` has room for `length` bytes, and the buffer that it names in class 88 for those that
/// stand beside it.
fn system_information(class: i32, place: *mut c_void, length: u32) -> (i32, u32) {
    let mut needed = 0;
    // SAFETY: it writes at most `length` bytes to `place`, and for class 88 at most `room_bytes` to
    // `path`; both callers above borrow what they tell until the call is over, and no pointer is
    // kept. Pointers that it writes for class 5 are compared with addresses, never followed.
    let status = unsafe { NtQuerySystemInformation(class, place, length, &raw mut needed) };
    (status, needed)
}

/// `QueryDosDeviceW`: what the object manager calls the drive `letter`, into the front of `target`;
/// how many units with all its NULs, 0 where there is no such drive.
pub fn device_of(letter: u8, target: &mut [u16]) -> usize {
    let drive = [u16::from(letter), u16::from(b':'), 0];
    let units = u32::try_from(target.len()).unwrap_or(u32::MAX);
    // SAFETY: it reads `drive` up to its NUL and writes at most `units` units to `target`, which is
    // borrowed until the call is over.
    let filled = unsafe { QueryDosDeviceW(drive.as_ptr(), target.as_mut_ptr(), units) };
    usize::try_from(filled).unwrap_or(0)
}

fn bytes(buffer: &[u8]) -> u32 {
    u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}

fn last_error() -> u32 {
    // SAFETY: it takes nothing and reads a number of this thread.
    unsafe { GetLastError() }
}
