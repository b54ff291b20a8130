//! A failed lookup: code, system call, and a message that says what to do about it.
//!
//! "No process holds it", "it is gone" and "it is hidden from this user" are answers (`None`), not
//! errors.

use std::io;

/// Why a lookup failed as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The errno's name: `EMFILE`.
    pub code: &'static str,
    /// The call that failed, named as in its manual page: `open`.
    pub syscall: &'static str,
    /// `code: syscall 'object': what it means`.
    pub message: String,
}

impl Error {
    /// Builds the error for a system call that failed with `errno`. `object` is the path or other
    /// thing that the call was about; it may be empty.
    pub fn system(syscall: &'static str, errno: i32, object: &str) -> Self {
        let advice = match errno {
            libc::EMFILE => {
                "this process has no file descriptors left; close some or raise its limit"
                    .to_owned()
            }
            libc::ENFILE => "this machine has no file descriptors left".to_owned(),
            libc::EPERM | libc::EACCES => {
                "not permitted, perhaps by a sandbox; allow this process to use it".to_owned()
            }
            _ => io::Error::from_raw_os_error(errno).to_string(),
        };
        Self::advised(syscall, errno, object, &advice)
    }

    /// The same, with advice for when more is known about the cause than the errno says.
    pub fn advised(syscall: &'static str, errno: i32, object: &str, advice: &str) -> Self {
        let code = errno_name(errno);
        let object = if object.is_empty() { String::new() } else { format!(" '{object}'") };
        Self { code, syscall, message: format!("{code}: {syscall}{object}: {advice}") }
    }

    /// Returns whether no descriptor was left, which closing some can cure.
    pub fn is_out_of_descriptors(&self) -> bool {
        matches!(self.code, "EMFILE" | "ENFILE")
    }

    /// Builds the error for an answer that contradicts the kernel's manual, for example after a
    /// change to a structure's layout: nothing that was read can be trusted. `what` says what was
    /// seen.
    pub fn outside_manual(syscall: &'static str, what: &str) -> Self {
        let advice = format!("{what}; a newer version of this package may support this system");
        Self::advised(syscall, libc::EBADMSG, "", &advice)
    }
}

/// The errnos that the back ends' calls are documented to return; the numbers differ between
/// systems.
const ERRNO_NAMES: [(i32, &str); 30] = [
    (libc::EPERM, "EPERM"),
    (libc::ENOENT, "ENOENT"),
    (libc::ESRCH, "ESRCH"),
    (libc::EINTR, "EINTR"),
    (libc::EIO, "EIO"),
    (libc::ENXIO, "ENXIO"),
    (libc::EBADF, "EBADF"),
    (libc::EAGAIN, "EAGAIN"),
    (libc::ENOMEM, "ENOMEM"),
    (libc::EACCES, "EACCES"),
    (libc::EFAULT, "EFAULT"),
    (libc::EBUSY, "EBUSY"),
    (libc::ENODEV, "ENODEV"),
    (libc::ENOTDIR, "ENOTDIR"),
    (libc::EINVAL, "EINVAL"),
    (libc::ENFILE, "ENFILE"),
    (libc::EMFILE, "EMFILE"),
    (libc::ESPIPE, "ESPIPE"),
    (libc::ENAMETOOLONG, "ENAMETOOLONG"),
    (libc::ENOSYS, "ENOSYS"),
    (libc::ELOOP, "ELOOP"),
    (libc::EOVERFLOW, "EOVERFLOW"),
    (libc::ENOTSOCK, "ENOTSOCK"),
    (libc::EMSGSIZE, "EMSGSIZE"),
    (libc::EPROTONOSUPPORT, "EPROTONOSUPPORT"),
    (libc::EOPNOTSUPP, "EOPNOTSUPP"),
    (libc::EAFNOSUPPORT, "EAFNOSUPPORT"),
    (libc::ENOBUFS, "ENOBUFS"),
    (libc::EPROTO, "EPROTO"),
    (libc::EBADMSG, "EBADMSG"),
];

fn errno_name(errno: i32) -> &'static str {
    ERRNO_NAMES.iter().find(|(number, _)| *number == errno).map_or("EUNKNOWN", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_code_call_object_and_advice() {
        let error = Error::system("open", libc::EMFILE, "/proc/812/fd");

        assert_eq!(
            (error.code, error.syscall, error.message.as_str()),
            (
                "EMFILE",
                "open",
                "EMFILE: open '/proc/812/fd': this process has no file descriptors left; close \
                 some or raise its limit"
            )
        );
    }

    #[test]
    fn an_errno_without_a_name_is_still_told_by_number() {
        let error = Error::system("recvfrom", 9999, "");

        assert_eq!(error.code, "EUNKNOWN");
        assert!(error.message.contains("9999"), "{}", error.message);
    }
}
