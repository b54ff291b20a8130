//! Which pid namespace `/proc` belongs to.
//!
//! A process has a pid in its own pid namespace and one in each enclosing namespace. `/proc` shows
//! the pids of the namespace that it was mounted in. After `unshare --pid`, or in a sandbox without
//! its own `/proc`, that is an outer namespace, and the numbers in it belong to other processes
//! here. `NSpid:` in `/proc/PID/status` (Linux 4.1) lists a process's pids from that namespace
//! inwards.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::layout;
use super::names::{Name, failure, numbers};
use super::place::{PAGE_BYTES, Place, Unread, in_directory, seen};
use crate::error::Error;
use crate::platform::linux::kernel;
use crate::platform::linux::socket::Hit;
use crate::question::Pid;

/// The advice when this process is not in `/proc`.
const NO_PROC: &str = "no proc file system is mounted there, or one of a pid namespace that this \
    process is not in; mount it: mount -t proc proc /proc";

/// How the pids in `/proc` relate to those of this process's own namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// This process's pid in `/proc`.
    own: Pid,
    /// `None` if both namespaces are the same.
    inner: Option<Inner>,
}

/// This process's namespace, if it is nested in that of `/proc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inner {
    /// How deep it is nested: which number in `NSpid:` is the pid here.
    depth: usize,
    /// Device and inode of the namespace. Other namespaces at the same depth are siblings, or
    /// nested in one.
    object: (u64, u64),
}

impl Numbers {
    /// Returns the current relation. It costs one `stat`, because another `/proc` may have been
    /// mounted. Fails if no `/proc` is mounted, or one of a namespace that this process is not in,
    /// which would seem to have no processes.
    pub fn current() -> Result<Self, Error> {
        /// The device of a `/proc` that has the same pids, and this process's own pid, since a
        /// forked process may be in another namespace.
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

    /// Returns whether the pids in `/proc` are those that system calls take.
    pub fn are_own(self) -> bool {
        self.inner.is_none()
    }

    /// Returns this process's pid in `/proc`.
    pub fn own(self) -> Pid {
        self.own
    }

    /// Translates a pid in `/proc` into the pid here. `None`: the process has none here, or has
    /// gone, or the caller may not see its namespace.
    pub fn to_own(self, listed: Pid) -> Result<Option<Pid>, Error> {
        match self.inner {
            None => Ok(Some(listed)),
            Some(_) => in_directory(listed, |place| self.of(place)),
        }
    }

    /// Translates the pid of a holder, if it still holds the socket: its pid in `/proc` may have
    /// been reused before the translation.
    pub fn holder_to_own(self, hit: Hit) -> Result<Option<Pid>, Error> {
        match self.inner {
            None => Ok(Some(hit.pid)),
            Some(_) => in_directory(hit.pid, |place| {
                let own = self.of(place)?;
                place.holds(hit).map(|()| own)
            }),
        }
    }

    /// Translates a pid here into the pid in `/proc`. If the two differ, every process has to be
    /// checked.
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

    /// The same for processes only: `/proc` does not list threads, but each thread's number names a
    /// directory in it. `None` also if the caller may not see the process.
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

    /// Returns the pid here of the process in `place`, or `Gone` if it has none.
    pub fn of(self, place: Place<'_>) -> Result<Pid, Unread> {
        let Some(Inner { depth, object }) = self.inner else { return Ok(place.pid()) };
        let mut buffer = vec![0; PAGE_BYTES];
        let numbers = layout::namespace_pids(place.read("status", &mut buffer, 0)?);
        let number = numbers.get(depth).ok_or(Unread::Gone)?;
        let deeper = numbers.len().saturating_sub(depth).saturating_sub(1);
        if is_within(place, deeper, object)? { Ok(*number) } else { Err(Unread::Gone) }
    }
}

/// Returns whether the process's namespace is `object`, or nested in it `deeper` levels down.
fn is_within(place: Place<'_>, deeper: usize, object: (u64, u64)) -> Result<bool, Unread> {
    if deeper == 0 {
        return Ok(place.stat("ns/pid").is_ok_and(|stat| stat.object == object));
    }
    let mut namespace = place.open("ns/pid", 0)?;
    for _ in 0..deeper {
        // EPERM: the enclosing namespace is not visible from ours.
        let Ok(outer) = kernel::parent_namespace(&namespace) else { return Ok(false) };
        namespace = outer;
    }
    Ok(kernel::stat_of_number(namespace.number()).is_ok_and(|stat| stat.object == object))
}

/// Returns, from `/proc/self/status`, this process's pid in `/proc` and how deep its namespace is
/// nested in that of `/proc`: 0 if they are the same. `here` is its pid in its own namespace.
fn own_number(status: &[u8], here: Pid) -> Option<(Pid, usize)> {
    match layout::namespace_pids(status).as_slice() {
        [listed, inner @ ..] => Some((*listed, inner.len())),
        // Before Linux 4.1 the kernel does not say. Two equal numbers are very unlikely to be a
        // coincidence; if they differ, no other process's pid can be translated.
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
        // Equal by coincidence.
        assert_eq!(own_number(b"Tgid:\t812\nNSpid:\t812\t812\n", 812), Some((812, 1)));
    }

    #[test]
    fn before_linux_4_1_equal_numbers_are_our_own_namespace() {
        assert_eq!(own_number(b"Tgid:\t812\nPid:\t812\n", 812), Some((812, 0)));
        assert_eq!(own_number(b"Tgid:\t812\nPid:\t812\n", 1), Some((812, 1)));
        assert_eq!(own_number(b"Pid:\t812\n", 812), None);
    }
}
