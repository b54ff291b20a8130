//! A process's control group, out of the text of `/proc/PID/cgroup`. No system call is made here.

/// The path in the line that tells most: `0::` is the one hierarchy of version 2. Where that is not
/// mounted, systemd's own, which holds every unit and session; else that of `pids`, where container
/// runtimes put everything.
pub fn control_group(text: &[u8]) -> Option<String> {
    let controllers = |wanted: &[u8]| {
        path_of(text, |_, names| names.split(|byte| *byte == b',').any(|name| name == wanted))
    };
    path_of(text, |hierarchy, names| hierarchy == b"0" && names.is_empty())
        .or_else(|| controllers(b"name=systemd"))
        .or_else(|| controllers(b"pids"))
        .map(|path| String::from_utf8_lossy(path).into_owned())
}

/// Lines are `hierarchy:controllers:path` (`proc_cgroup_show` in kernel/cgroup/cgroup.c); a path may
/// hold colons but no line feed.
fn path_of(text: &[u8], is_wanted: impl Fn(&[u8], &[u8]) -> bool) -> Option<&[u8]> {
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.splitn(3, |byte| *byte == b':');
        let (hierarchy, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        is_wanted(hierarchy, controllers).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(text: &str) -> Option<String> {
        control_group(text.as_bytes())
    }

    /// Written for this test in the form of version 2; not captured.
    const VERSION_2: &str = "0::/user.slice/user-1000.slice/session-3.scope\n";

    /// Written for this test: both mounted, the controllers in version 1; not captured.
    const HYBRID: &str = "12:pids:/user.slice/user-1000.slice\n11:cpuset:/\n\
        4:net_cls,net_prio:/\n1:name=systemd:/user.slice/user-1000.slice/session-2.scope\n\
        0::/user.slice/user-1000.slice/session-2.scope\n";

    /// Written for this test in the form of version 1, in a container; not captured.
    const VERSION_1: &str = "11:cpuacct,cpu:/docker/3f5a\n10:pids:/docker/3f5a/pids\n\
        3:memory:/docker/3f5a\n1:name=systemd:/docker/3f5a\n";

    #[test]
    fn version_2_has_one_line_which_comes_before_all_others() {
        assert_eq!(
            group(VERSION_2).as_deref(),
            Some("/user.slice/user-1000.slice/session-3.scope")
        );
        assert_eq!(group(HYBRID).as_deref(), Some("/user.slice/user-1000.slice/session-2.scope"));
    }

    #[test]
    fn version_1_is_told_by_systemds_hierarchy_or_else_by_that_of_pids() {
        assert_eq!(group(VERSION_1).as_deref(), Some("/docker/3f5a"));
        assert_eq!(group("5:cpu,pids:/lxc/a\n4:memory:/m\n").as_deref(), Some("/lxc/a"));
        assert_eq!(group("4:memory:/m\n3:mypids:/x\n"), None);
    }

    #[test]
    fn a_path_is_all_that_follows_the_second_colon() {
        assert_eq!(group("0::/a:b::c d\n").as_deref(), Some("/a:b::c d"));
        assert_eq!(group("0::/..").as_deref(), Some("/.."));
        assert_eq!(group("10::/a\n0:x:/b\n"), None);
        assert_eq!([group(""), group("0:"), group("\n\n")], [None, None, None]);
    }
}
