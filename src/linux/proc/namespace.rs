//! Whose numbers `/proc` has.
//!
//! A pid is a number in a pid namespace: a process has one in its own and one in each that it lies
//! in. `/proc` has those of the namespace that it was mounted in. After `unshare --pid` or in a
//! sandbox without a `/proc` of its own that is an outer one, and its numbers are other processes'
//! here. `NSpid:` of `/proc/PID/status` (Linux 4.1) tells a process's numbers from there inwards.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::layout;
use super::names::{Name, failure, numbers};
use super::place::{PAGE_BYTES, Place, Unread, in_directory, seen};
use crate::error::Error;
use crate::platform::linux::kernel;
use crate::platform::linux::socket::Hit;
use crate::question::Pid;

/// Why this process is not in `/proc`.
const NO_PROC: &str = "no proc file system is mounted there, or one of a pid namespace that this \
    process is not in; mount it: mount -t proc proc /proc";

/// How the numbers of `/proc` and those of this process's own namespace go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// This process, as `/proc` numbers it.
    own: Pid,
    /// `None` where both are the same.
    inner: Option<Inner>,
}

/// This process's namespace, where it lies within that of `/proc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inner {
    /// How deep: which of the numbers in `NSpid:` is the one here.
    depth: usize,
    /// Device and inode of the namespace. Others as deep are its siblings or in one.
    object: (u64, u64),
}

impl Numbers {
    /// As it is now: one `stat`, since `/proc` may have been mounted anew. An error where `/proc` is
    /// none, or that of a namespace that this process is not in: it would seem to be empty.
    pub fn current() -> Result<Self, Error> {
        /// The device of a `/proc` with the same numbers, and this process's own, since a forked one
        /// may be in another namespace.
        static SAME: AtomicU64 = AtomicU64::new(0);
        let name = Name::root();
        let stat = name.stat().map_err(|errno| failure("stat", errno, &name))?;
        let own = process::id();
        let device = u32::try_from(stat.object.0);
        let mark = device.map_or(0, |device| u64::from(device) << 32 | u64::from(own));
        if mark != 0 && SAME.load(Ordering::Relaxed) == mark {
            return Ok(Self { own: own.cast_signed(), inner: None });
        }
        let read = Self::read()?;
        if read.inner.is_none() {
            SAME.store(mark, Ordering::Relaxed);
        }
        Ok(read)
    }

    fn read() -> Result<Self, Error> {
        let name = Name::new(format_args!("self/status"));
        let mut buffer = [0; PAGE_BYTES];
        let status = name.read(&mut buffer).map_err(|(call, errno)| match (call, errno) {
            ("open", libc::ENOENT) => {
                Error::advised(call, errno, &name.text().to_string_lossy(), NO_PROC)
            }
            _ => failure(call, errno, &name),
        })?;
        let told = own_number(status, process::id().cast_signed());
        let (own, depth) = told.ok_or_else(|| failure("read", libc::EINVAL, &name))?;
        if depth == 0 {
            return Ok(Self { own, inner: None });
        }
        let name = Name::new(format_args!("self/ns/pid"));
        let stat = name.stat().map_err(|errno| failure("stat", errno, &name))?;
        Ok(Self { own, inner: Some(Inner { depth, object: stat.object }) })
    }

    /// Whether `/proc` has the numbers that system calls take.
    pub fn are_own(self) -> bool {
        self.inner.is_none()
    }

    /// This process, as `/proc` numbers it.
    pub fn own(self) -> Pid {
        self.own
    }

    /// The number here of a process by its number in `/proc`. `None`: it has none, it has gone, or
    /// the caller may not see in which namespace it is.
    pub fn to_own(self, listed: Pid) -> Result<Option<Pid>, Error> {
        match self.inner {
            None => Ok(Some(listed)),
            Some(_) => in_directory(listed, |place| self.of(place)),
        }
    }

    /// The same of a holder that was found, if it still is one: its number in `/proc` may have been
    /// given away before it is translated.
    pub fn holder_to_own(self, hit: Hit) -> Result<Option<Pid>, Error> {
        match self.inner {
            None => Ok(Some(hit.pid)),
            Some(_) => in_directory(hit.pid, |place| {
                let own = self.of(place)?;
                place.holds(hit).map(|()| own)
            }),
        }
    }

    /// The number in `/proc` of a process by its number here. Where they differ all processes have
    /// to be looked through.
    pub fn listed(self, pid: Pid) -> Result<Option<Pid>, Error> {
        if self.inner.is_none() {
            return Ok(Some(pid));
        }
        if pid == process::id().cast_signed() {
            return Ok(Some(self.own));
        }
        let name = Name::root();
        let opened = name.open(libc::O_DIRECTORY).map_err(|errno| failure("open", errno, &name))?;
        let listed = numbers(&opened).map_err(|errno| failure("getdents64", errno, &name))?;
        for listed in listed {
            if self.to_own(listed)? == Some(pid) {
                return Ok(Some(listed));
            }
        }
        Ok(None)
    }

    /// The same, of a process only: `/proc` lists no thread, but each one's number names a directory in
    /// it. `None` also where the caller may not see the process.
    pub fn listed_process(self, pid: Pid) -> Result<Option<Pid>, Error> {
        let Some(listed) = self.listed(pid)? else { return Ok(None) };
        let is_process = match Place::by_number(listed).process_stat(&mut vec![0; PAGE_BYTES]) {
            // Needs no descriptor.
            Err(Unread::Failed(error)) if error.is_out_of_descriptors() => {
                kernel::is_process(pid).map_err(|_| error)?
            }
            other => seen(other)?.is_some(),
        };
        Ok(is_process.then_some(listed))
    }

    /// The number here of the process in `place`; `Gone` where it has none.
    pub fn of(self, place: Place<'_>) -> Result<Pid, Unread> {
        let Some(Inner { depth, object }) = self.inner else { return Ok(place.pid()) };
        let mut buffer = vec![0; PAGE_BYTES];
        let numbers = layout::namespace_pids(place.read("status", &mut buffer, 0)?);
        let number = numbers.get(depth).ok_or(Unread::Gone)?;
        let deeper = numbers.len().saturating_sub(depth).saturating_sub(1);
        if is_within(place, deeper, object)? { Ok(*number) } else { Err(Unread::Gone) }
    }
}

/// Whether the process's namespace is that one, or lies so many levels `deeper` in it.
fn is_within(place: Place<'_>, deeper: usize, object: (u64, u64)) -> Result<bool, Unread> {
    if deeper == 0 {
        return Ok(place.stat("ns/pid").is_ok_and(|stat| stat.object == object));
    }
    let mut namespace = place.open("ns/pid", 0)?;
    for _ in 0..deeper {
        // EPERM: the one that it lies in is none of ours.
        let Ok(outer) = kernel::parent_namespace(&namespace) else { return Ok(false) };
        namespace = outer;
    }
    Ok(kernel::stat_of_number(namespace.number()).is_ok_and(|stat| stat.object == object))
}

/// Out of `/proc/self/status`: this process as `/proc` numbers it, and how deep its namespace lies
/// within that of `/proc`, 0 where they are the same. `here`: its number in its own.
fn own_number(status: &[u8], here: Pid) -> Option<(Pid, usize)> {
    match layout::namespace_pids(status).as_slice() {
        [listed, inner @ ..] => Some((*listed, inner.len())),
        // An older kernel does not tell. Two numbers that are equal are hardly so by chance; where they
        // differ nobody else's can be translated.
        [] => layout::thread_group(status).map(|listed| (listed, usize::from(listed != here))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_our_own_namespace_and_more_are_outer_ones() {
        assert_eq!(own_number(b"Tgid:\t812\nNSpid:\t812\n", 812), Some((812, 0)));
        assert_eq!(own_number(b"Tgid:\t812\nNSpid:\t812\t40\t1\n", 1), Some((812, 2)));
        // By chance.
        assert_eq!(own_number(b"Tgid:\t812\nNSpid:\t812\t812\n", 812), Some((812, 1)));
    }

    #[test]
    fn before_linux_4_1_equal_numbers_are_our_own_namespace() {
        assert_eq!(own_number(b"Tgid:\t812\nPid:\t812\n", 812), Some((812, 0)));
        assert_eq!(own_number(b"Tgid:\t812\nPid:\t812\n", 1), Some((812, 1)));
        assert_eq!(own_number(b"Pid:\t812\n", 812), None);
    }
}
