//! Names for Windows' error numbers. They are libuv's, which Node users know.
//!
//! The message contains the number itself, because most numbers have no name.

use crate::error::Error;

/// There is no such process, or no such object.
pub const ERROR_INVALID_PARAMETER: u32 = 87;
/// The process belongs to another user, or is protected.
pub const ERROR_ACCESS_DENIED: u32 = 5;
/// A process that has exited no longer has a path; the system's own processes never have one.
pub const ERROR_GEN_FAILURE: u32 = 31;
/// The buffer is too small. How much is needed is not reported.
pub const ERROR_INSUFFICIENT_BUFFER: u32 = 122;
/// There are more entries than the buffer has room for.
pub const ERROR_MORE_DATA: u32 = 234;
/// This machine has no such family of addresses.
pub const ERROR_NOT_SUPPORTED: u32 = 50;
/// The same, or there is no such entry.
pub const ERROR_NOT_FOUND: u32 = 1168;
/// What socket functions return instead of ERROR_NOT_SUPPORTED.
pub const WSAEAFNOSUPPORT: u32 = 10047;
/// STATUS_UNSUCCESSFUL, an NTSTATUS that the functions for tables pass on if their own call fails
/// under load. The next try succeeds.
pub const STATUS_UNSUCCESSFUL: u32 = 0xC000_0001;

/// There is no memory left.
pub const ERROR_NOT_ENOUGH_MEMORY: u32 = 8;
const ERROR_OUTOFMEMORY: u32 = 14;
const STATUS_NO_MEMORY: u32 = 0xC000_0017;
const STATUS_ACCESS_DENIED: u32 = 0xC000_0022;

/// Returns the error of a call that failed with a Win32 error or an NTSTATUS. `object` is what the
/// call was about; it may be empty.
pub fn failed(syscall: &'static str, code: u32, object: &str) -> Error {
    let name = name(code);
    let advice = match code {
        ERROR_ACCESS_DENIED | STATUS_ACCESS_DENIED => {
            "not permitted, perhaps by a sandbox; allow this process to use it"
        }
        ERROR_NOT_ENOUGH_MEMORY | ERROR_OUTOFMEMORY | STATUS_NO_MEMORY => {
            "out of memory; close some programs"
        }
        _ => "the call failed",
    };
    let object = if object.is_empty() { String::new() } else { format!(" '{object}'") };
    let number = if code >= 0x8000_0000 {
        format!("NTSTATUS 0x{code:08X}")
    } else {
        format!("Win32 error {code}")
    };
    let message = format!("{name}: {syscall}{object}: {advice} ({number})");
    Error { code: name, syscall, message }
}

/// Returns libuv's name for the numbers that our calls are known to return.
fn name(code: u32) -> &'static str {
    match code {
        2 | 3 => "ENOENT",
        4 => "EMFILE",
        ERROR_ACCESS_DENIED | STATUS_ACCESS_DENIED => "EPERM",
        6 => "EBADF",
        ERROR_NOT_ENOUGH_MEMORY | ERROR_OUTOFMEMORY | STATUS_NO_MEMORY => "ENOMEM",
        ERROR_GEN_FAILURE => "EIO",
        ERROR_NOT_SUPPORTED => "ENOTSUP",
        ERROR_INVALID_PARAMETER | ERROR_INSUFFICIENT_BUFFER => "EINVAL",
        _ => "UNKNOWN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_libuvs_name_the_call_and_the_number() {
        let error = failed("GetExtendedTcpTable", 8, "");

        assert_eq!((error.code, error.syscall), ("ENOMEM", "GetExtendedTcpTable"));
        assert_eq!(
            error.message,
            "ENOMEM: GetExtendedTcpTable: out of memory; close some programs (Win32 error 8)"
        );
    }

    #[test]
    fn what_libuv_has_no_name_for_is_told_by_number() {
        let error = failed("OpenProcess", 1450, "812");
        let status = failed("GetExtendedTcpTable", STATUS_UNSUCCESSFUL, "");

        assert_eq!([error.code, status.code], ["UNKNOWN"; 2]);
        assert!(error.message.contains("'812'") && error.message.contains("1450"));
        assert!(status.message.contains("0xC0000001"), "{}", status.message);
    }
}
