//! Which processes share a socket's control group: where to look before all others.
//!
//! sock_diag reports the group in which a socket was created (Linux 5.9), as the inode of a directory
//! in the cgroup2 file system. Desktops and servers give each app and each service a group of its own,
//! with a few processes in it. It is only a hint: a process may have been moved since, and an accepted
//! connection has its listener's group.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::platform::linux::proc::layout::decimal;
use crate::platform::linux::socket::Group;
use crate::question::Pid;

/// A group with more processes is no hint any more.
const MEMBERS: usize = 200;
/// A bound on what is remembered, some 100 bytes per group.
const KNOWN: usize = 4096;
/// How often the whole tree may be searched for an unknown group.
const BETWEEN_SCANS: Duration = Duration::from_secs(1);

/// The directories of known groups.
#[derive(Default)]
pub struct Groups {
    paths: HashMap<Group, PathBuf>,
    /// Directories whose children a scan under way has yet to read.
    unread: Vec<PathBuf>,
    scanned: Option<Instant>,
}

impl Groups {
    /// Returns the members of `group`: none if it is unknown, too large, or has gone. `None`: one more
    /// directory of the tree was read; ask again.
    pub fn members(&mut self, group: Group) -> Option<Vec<Pid>> {
        if let Some(path) = self.paths.get(&group) {
            if let Some(members) = members(path, group) {
                return Some(members);
            }
            self.paths.remove(&group); // Removed, or another under that inode.
        }
        if let Some(directory) = self.unread.pop() {
            self.read_children(&directory);
            return None;
        }
        let is_recent = self.scanned.is_some_and(|scanned| scanned.elapsed() < BETWEEN_SCANS);
        let root = if is_recent { None } else { mount() };
        self.scanned = self.scanned.filter(|_| is_recent).or_else(|| Some(Instant::now()));
        let Some(root) = root else { return Some(Vec::new()) };
        self.paths.clear();
        self.unread.push(root);
        None
    }

    /// Gives each group the directory of the one `by` places on: a test's wrong memory.
    #[cfg(test)]
    pub fn rotate(&mut self, by: usize) {
        let mut paths = self.paths.values().cloned().collect::<Vec<_>>();
        let by = by.checked_rem(paths.len()).unwrap_or_default();
        paths.rotate_left(by);
        self.paths.values_mut().zip(paths).for_each(|(path, other)| *path = other);
    }

    /// A directory entry has the inode, so no `stat` is needed.
    fn read_children(&mut self, directory: &Path) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let is_group = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_group && self.paths.len() < KNOWN {
                self.paths.insert(entry.ino(), entry.path());
                self.unread.push(entry.path());
            }
        }
    }
}

fn members(path: &Path, group: Group) -> Option<Vec<Pid>> {
    let pids = fs::read(path.join("cgroup.procs")).ok()?;
    fs::metadata(path).ok().filter(|directory| directory.ino() == group)?;
    let pids = pids.split(|byte| *byte == b'\n').filter_map(decimal::<Pid>);
    let pids = pids.take(MEMBERS.saturating_add(1)).collect::<Vec<_>>();
    Some(if pids.len() > MEMBERS { Vec::new() } else { pids })
}

/// Returns where cgroup2 is mounted: `/sys/fs/cgroup`, or `unified` in it beside version 1. The root
/// group itself is never a hint: without groups, every process is in it.
fn mount() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounts.lines().find_map(mount_point).map(PathBuf::from)
}

/// Returns the fifth field of a line if its file system, after the lone hyphen, is cgroup2
/// (`show_mountinfo` in fs/proc_namespace.c).
fn mount_point(line: &str) -> Option<&str> {
    let (mount, file_system) = line.split_once(" - ")?;
    let is_cgroup2 = file_system.split(' ').next() == Some("cgroup2");
    // A path with a space or a backslash has escapes; no cgroup mount has such a path.
    mount.split(' ').nth(4).filter(|path| is_cgroup2 && !path.contains('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_point_of_cgroup2_is_found_beside_version_1() {
        let lines = [
            "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd",
            "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw",
            "42 31 0:39 / /a\\040b rw - cgroup2 cgroup2 rw",
            "",
        ];

        assert_eq!(lines.map(mount_point), [None, Some("/sys/fs/cgroup/unified"), None, None]);
    }

    #[test]
    fn an_unknown_group_is_looked_for_once_and_has_nobody() {
        let mut groups = Groups::default();
        let mut steps = 0;

        while groups.members(Group::MAX).is_none() {
            steps += 1;
            assert!(steps < 10_000, "the scan does not end");
        }

        assert_eq!(groups.members(Group::MAX), Some(Vec::new()));
        assert!(groups.unread.is_empty());
    }
}
