//! Opens, queries and closes processes.

use std::ffi::c_void;
use std::mem::{size_of, size_of_val};

use super::imports::{
    CloseHandle, GetLastError, GetProcessTimes, Handle, NtQueryInformationProcess,
    NtQuerySystemInformation, OpenProcess, QueryDosDeviceW, QueryFullProcessImageNameW,
};
use crate::question::Pid;

/// A process held open: no other process can get its pid as long as this lives.
#[derive(Debug)]
pub struct Process(Handle);

/// `GetProcessTimes`, in FILETIMEs: units of 100 ns since 1601.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it was created.
    pub created: u64,
    /// When it exited. 0: it is alive.
    pub exited: u64,
}

/// The only access requested. Ordinary users get it for most processes.
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
        // SAFETY: this value owns the handle, which is not used after this. A handle that belonged
        // to other code would be closed under it, but only `open` makes these.
        unsafe { CloseHandle(self.0) };
    }
}

impl Process {
    /// `OpenProcess`: returns the process, or the Win32 error: 87 if there is no such process, 5 if
    /// refused. The call ignores the two lowest bits of a pid, so only multiples of four may be
    /// passed.
    pub fn open(pid: Pid) -> Result<Self, u32> {
        let access = PROCESS_QUERY_LIMITED_INFORMATION;
        // SAFETY: it takes numbers and returns a handle of our own.
        match unsafe { OpenProcess(access, 0, pid.cast_unsigned()) } {
            0 => Err(last_error()),
            handle => Ok(Self(handle)),
        }
    }

    /// `GetProcessTimes`: returns the times, or the Win32 error. It is not documented that the exit
    /// time of a live process is 0, but it always has been.
    pub fn times(&self) -> Result<Times, u32> {
        let [mut created, mut exited, mut kernel, mut user] = [0_u64; 4];
        let (times, used) = ([&raw mut created, &raw mut exited], [&raw mut kernel, &raw mut user]);
        // SAFETY: it writes eight bytes, a FILETIME with its low half first, to each of the four
        // places, which are ours and outlive the call.
        let done = unsafe { GetProcessTimes(self.0, times[0], times[1], used[0], used[1]) };
        if done == 0 { Err(last_error()) } else { Ok(Times { created, exited }) }
    }

    /// `QueryFullProcessImageNameW`: writes the path, without a NUL, to the front of `path`.
    /// Returns its length in units, or the Win32 error: 122 if `path` is too small, 31 if the
    /// process has no path or has exited.
    pub fn image_path(&self, path: &mut [u16]) -> Result<usize, u32> {
        let mut units = u32::try_from(path.len()).unwrap_or(u32::MAX);
        // SAFETY: it writes at most `units` units to `path`, which is borrowed until it returns,
        // and keeps no pointer.
        let done =
            unsafe { QueryFullProcessImageNameW(self.0, 0, path.as_mut_ptr(), &raw mut units) };
        if done == 0 { Err(last_error()) } else { Ok(usize::try_from(units).unwrap_or(0)) }
    }

    /// Writes `ProcessCommandLineInformation` to `text`, for `layout::command_line`. Returns the
    /// status and how many bytes the call needs.
    pub fn command_line(&self, text: &mut [u8]) -> (i32, u32) {
        self.information(COMMAND_LINE, text)
    }

    /// Writes `ProcessBasicInformation` to `basic`, for `layout::parent`. Returns the status.
    pub fn basic(&self, basic: &mut [u8]) -> i32 {
        self.information(BASIC, basic).0
    }

    fn information(&self, class: i32, buffer: &mut [u8]) -> (i32, u32) {
        let (place, length) = (buffer.as_mut_ptr().cast(), bytes(buffer));
        let mut needed = 0;
        // SAFETY: it writes at most `length` bytes to `place` and four to `needed`, all of which
        // are ours and live until it returns. What it writes may contain pointers into `buffer`;
        // they are only compared with its address, never followed.
        let status =
            unsafe { NtQueryInformationProcess(self.0, class, place, length, &raw mut needed) };
        (status, needed)
    }
}

/// `NtQuerySystemInformation(SystemProcessInformation)`: writes all processes to `buffer`, for any
/// caller. Returns the status and how many bytes the call needs.
pub fn all(buffer: &mut [u8]) -> (i32, u32) {
    let (place, length) = (buffer.as_mut_ptr().cast(), bytes(buffer));
    system_information(SYSTEM_PROCESSES, place, length)
}

/// The longest text that a `UNICODE_STRING` can describe.
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

/// `NtQuerySystemInformation(SystemProcessIdInformation)`: writes the path of a process that may
/// not be opened, in the object manager's form, to the front of `path`. Returns its length in
/// units, or the NTSTATUS: 0xC000000B if there is no such process, 0xC0000004 if `path` is too
/// small.
pub fn native_path(pid: Pid, path: &mut [u16]) -> Result<usize, i32> {
    let room_bytes = u16::try_from(size_of_val(path)).unwrap_or(MOST_STRING_BYTES);
    let pid = usize::try_from(pid).unwrap_or(0);
    let mut asked = ProcessId { pid, length_bytes: 0, room_bytes, path: path.as_mut_ptr() };
    let length = 24; // The size of `ProcessId`.
    match system_information(SYSTEM_PROCESS_ID, (&raw mut asked).cast(), length) {
        (0, _) => Ok(usize::from(asked.length_bytes / 2)),
        (status, _) => Err(status),
    }
}

/// `place` must have room for `length` bytes. In class 88, the buffer that it points to must have
/// room for the number of bytes given beside the pointer.
fn system_information(class: i32, place: *mut c_void, length: u32) -> (i32, u32) {
    let mut needed = 0;
    // SAFETY: it writes at most `length` bytes to `place`, and for class 88 at most `room_bytes` to
    // `path`. Both callers above borrow these buffers until it returns, and it keeps no pointer.
    // Pointers that it writes for class 5 are compared with addresses, never followed.
    let status = unsafe { NtQuerySystemInformation(class, place, length, &raw mut needed) };
    (status, needed)
}

/// `QueryDosDeviceW`: writes what the object manager calls the drive `letter` to the front of
/// `target`. Returns how many units that is with all its NULs, or 0 if there is no such drive.
pub fn device_of(letter: u8, target: &mut [u16]) -> usize {
    let drive = [u16::from(letter), u16::from(b':'), 0];
    let units = u32::try_from(target.len()).unwrap_or(u32::MAX);
    // SAFETY: it reads `drive` up to its NUL and writes at most `units` units to `target`, which is
    // borrowed until it returns.
    let filled = unsafe { QueryDosDeviceW(drive.as_ptr(), target.as_mut_ptr(), units) };
    usize::try_from(filled).unwrap_or(0)
}

fn bytes(buffer: &[u8]) -> u32 {
    u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}

fn last_error() -> u32 {
    // SAFETY: it takes nothing and reads a number that belongs to this thread.
    unsafe { GetLastError() }
}
