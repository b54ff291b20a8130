//! Tests of the parsers for the text of `/proc`.

use super::*;

/// getdents64 of `/proc/PID/fd` as Linux 6.18 returns it on x86-64: ".", "0" and "19".
const ENTRIES: [u8; 72] = {
    let mut bytes = [0; 72];
    bytes[0] = 7;
    bytes[16] = 24;
    bytes[18] = 4;
    bytes[19] = b'.';
    bytes[24] = 9;
    bytes[40] = 24;
    bytes[42] = 10;
    bytes[43] = b'0';
    bytes[48] = 11;
    bytes[64] = 24;
    bytes[66] = 10;
    bytes[67] = b'1';
    bytes[68] = b'9';
    bytes
};

#[test]
#[cfg_attr(target_endian = "big", ignore = "recorded on a little-endian machine")]
fn directory_entries_are_read_one_after_the_other() {
    let mut names = Vec::new();
    let mut rest = ENTRIES.as_slice();

    while let Some((name, next)) = directory_entry(rest) {
        names.push(name.to_str().expect("ASCII"));
        rest = &rest[next..];
    }

    assert_eq!(names, [".", "0", "19"]);
    assert!(rest.is_empty());
}

#[test]
fn a_directory_entry_that_is_cut_off_or_has_no_length_is_none() {
    let mut no_length = ENTRIES;
    no_length[16] = 0;

    assert_eq!(directory_entry(&ENTRIES[..20]), None);
    assert_eq!(directory_entry(&[]), None);
    assert_eq!(directory_entry(&no_length), None);
}

#[test]
fn a_decimal_is_digits_that_fit() {
    let pid = |text: &str| decimal::<Pid>(text.as_bytes());

    assert_eq!([pid("0"), pid("812"), pid("2147483647")], [Some(0), Some(812), Some(i32::MAX)]);
    let refused = ["", "self", "-1", "+1", "1 ", "2147483648", "18446744073709551616", "1a"];
    assert_eq!(refused.map(pid), [None; 8]);
}

#[test]
fn a_link_is_a_socket_by_its_whole_text() {
    let inode = |text: &str| socket_inode(text.as_bytes());

    assert_eq!(inode("socket:[41234]"), Some(41234));
    assert_eq!(inode("socket:[4294967295]"), Some(u32::MAX));
    let others = [
        "socket:[]",
        "socket:[4294967296]",
        "socket:[1]x",
        "socket:[1",
        "pipe:[41234]",
        "/tmp/socket:[41234]",
        "anon_inode:[eventpoll]",
        "socket:",
        "",
    ];
    assert_eq!(others.map(inode), [None; 9]);
}

#[test]
fn a_stat_line_is_read_past_any_name() {
    // The name of this process, on Linux 6.18, is `a) S 1 (b\n`.
    let line = b"812 (a) S 1 (b\n) S 811 812 811 34816 812 4194304 95 0 0 0 0 0 0 0 20 0 1 0 \
        7744 2830336 419 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n";

    let name = b"a) S 1 (b\n".as_slice();
    let stat = ProcessStat {
        name,
        has_exited: false,
        parent: 811,
        threads: 1,
        start_ticks: 7744,
        is_thread: false,
    };
    assert_eq!(process_stat(line), Some(stat));
    let thread = String::from_utf8_lossy(line).replace(" 17 1 0 0", " -1 1 0 0");
    assert_eq!(process_stat(thread.as_bytes()), Some(ProcessStat { is_thread: true, ..stat }));
    for broken in ["812 (cat) S 811 812", "812 cat", ")(", ")", ""] {
        assert_eq!(process_stat(broken.as_bytes()), None, "{broken}");
    }
}

#[test]
fn a_thread_group_is_the_tgid_line() {
    let status = b"Name:\tnode\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t812\nNgid:\t0\n";

    assert_eq!(thread_group(status), Some(812));
    assert_eq!(thread_group(b"Name:\tTgid:\t5\n"), None);
    assert_eq!(thread_group(b""), None);
}

#[test]
fn the_numbers_in_each_namespace_are_the_nspid_line() {
    assert_eq!(namespace_pids(b"Tgid:\t812\nNSpid:\t812\t40\t1\nNSpgid:\t5\n"), [812, 40, 1]);
    assert_eq!(namespace_pids(b"NSpid:\t812\n"), [812]);
    for broken in ["", "NSpid:\t", "NSpid:\t812\t\t1\n", "NSpid:\t812\tx\n", "NSpid: 1\n"] {
        assert_eq!(namespace_pids(broken.as_bytes()), [0; 0], "{broken}");
    }
}

#[test]
fn each_argument_ends_with_a_nul() {
    assert_eq!(arguments(b"node\0server.js\0--port=80\0"), ["node", "server.js", "--port=80"]);
    assert_eq!(arguments(b"a\nb\0c d\0"), ["a\nb", "c d"]);
}

#[test]
fn empty_arguments_are_kept() {
    assert_eq!(arguments(b"sh\0\0x\0\0"), ["sh", "", "x", ""]);
    assert_eq!(arguments(b"\0"), [""]);
}

#[test]
fn no_text_is_no_arguments() {
    assert_eq!(arguments(b""), [""; 0]);
}

#[test]
fn an_overwritten_command_line_may_end_without_a_nul() {
    assert_eq!(arguments(b"nginx: master process"), ["nginx: master process"]);
}

#[test]
fn bytes_that_are_not_utf_8_are_replaced() {
    assert_eq!(arguments(b"caf\xe9\0\xff\0"), ["caf\u{fffd}", "\u{fffd}"]);
}

fn text_of(lengths: &[usize]) -> Vec<u8> {
    lengths.iter().flat_map(|length| [vec![b'x'; *length], vec![0]].concat()).collect()
}

fn lengths(arguments: &[String]) -> Vec<usize> {
    arguments.iter().map(String::len).collect()
}

#[test]
fn a_command_line_that_just_fits_is_whole_and_one_byte_more_costs_the_last_argument() {
    assert_eq!(lengths(&arguments(&text_of(&[100_000, 162_142]))), [100_000, 162_142]);
    assert_eq!(lengths(&arguments(&text_of(&[100_000, 162_143]))), [100_000]);
    assert_eq!(lengths(&arguments(&text_of(&[100_000, 162_141, 0, 5]))), [100_000, 162_141, 0]);
}

#[test]
fn a_first_argument_that_does_not_fit_is_cut_between_characters() {
    assert_eq!(lengths(&arguments(&text_of(&[300_000]))), [ARGS_BYTES - 1]);
    assert_eq!(lengths(&arguments(&text_of(&[ARGS_BYTES, 5]))), [ARGS_BYTES - 1]);
    let cut = arguments("é".repeat(ARGS_BYTES).as_bytes());
    assert_eq!(cut, ["é".repeat(ARGS_BYTES / 2 - 1)]);
}

fn group(text: &str) -> Option<String> {
    control_group(text.as_bytes())
}

/// Written for this test in the format of version 2; not captured.
const VERSION_2: &str = "0::/user.slice/user-1000.slice/session-3.scope\n";

/// Written for this test with both versions mounted, the controllers in version 1; not captured.
const HYBRID: &str = "12:pids:/user.slice/user-1000.slice\n11:cpuset:/\n\
    4:net_cls,net_prio:/\n1:name=systemd:/user.slice/user-1000.slice/session-2.scope\n\
    0::/user.slice/user-1000.slice/session-2.scope\n";

/// Written for this test in the format of version 1, in a container; not captured.
const VERSION_1: &str = "11:cpuacct,cpu:/docker/3f5a\n10:pids:/docker/3f5a/pids\n\
    3:memory:/docker/3f5a\n1:name=systemd:/docker/3f5a\n";

#[test]
fn version_2_has_one_line_which_comes_before_all_others() {
    assert_eq!(group(VERSION_2).as_deref(), Some("/user.slice/user-1000.slice/session-3.scope"));
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
