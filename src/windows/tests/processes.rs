//! Paths and records.

use super::asker::{LATER, THEN};
use super::fake_machine::{Machine, Process};
use crate::answer::ProcessInfo;
use crate::error::Error;
use crate::platform::windows::kernel::imports::{change, install};
use crate::platform::windows::{process_info, process_path};
use crate::question::Pid;

/// 2024-01-01 in milliseconds since 1970, as in JavaScript.
const THEN_MS: i64 = 1_704_067_200_000;

fn path_of(process: Process) -> Result<Option<String>, Error> {
    let pid = process.pid as Pid;
    install(Machine::new().and(process));
    process_path(pid)
}

fn with_path(path: &str) -> Process {
    Process { path: Some(path.encode_utf16().collect()), ..Process::new(400, THEN) }
}

#[test]
fn a_path_comes_whole_whatever_its_length() {
    for length in [10, 260, 511, 512, 4000, 32_760] {
        let path = format!("C:\\{}", "é".repeat(length));
        assert_eq!(path_of(with_path(&path)), Ok(Some(path)), "{length} units");
    }
}

#[test]
fn units_that_are_no_text_are_replaced() {
    let mut path = r"C:\".encode_utf16().collect::<Vec<_>>();
    path.push(0xD800);

    let found = path_of(Process { path: Some(path), ..Process::new(400, THEN) });

    assert_eq!(found.expect("no failure").as_deref(), Some("C:\\\u{FFFD}"));
}

#[test]
fn a_share_is_a_path_and_a_bare_name_is_none() {
    assert_eq!(path_of(with_path(r"\\host\a.exe")), Ok(Some(r"\\host\a.exe".to_owned())));
    assert_eq!(path_of(with_path("Registry")), Ok(None));
    assert_eq!(path_of(with_path("")), Ok(None));
    assert_eq!(path_of(Process { path: None, ..Process::new(400, THEN) }), Ok(None));
}

#[test]
fn who_is_gone_has_no_path() {
    install(Machine::new().and(Process { exited: LATER, ..Process::new(400, THEN) }));

    for pid in [400, 404, 401, 402, 403, 1, i32::MAX] {
        assert_eq!(process_path(pid), Ok(None), "{pid}");
        assert_eq!(process_info(pid), Ok(None), "{pid}");
    }
}

#[test]
fn a_pid_that_is_no_multiple_of_four_is_not_asked_for() {
    install(Machine::new().and(Process::new(400, THEN)));

    assert_eq!(process_path(401), Ok(None));
    assert!(change(|machine| machine.calls.is_empty()));
}

#[test]
fn a_process_that_may_not_be_opened_has_its_path_by_another_way() {
    let of = |native| path_of(Process { native_path: native, ..Process::refused(400, THEN) });

    assert_eq!(of(Some(r"\Device\HarddiskVolume3\a.exe")), Ok(Some(r"C:\a.exe".to_owned())));
    assert_eq!(of(Some(r"\Device\HarddiskVolume4\a.exe")), Ok(None));
    assert_eq!(of(None), Ok(None));
}

#[test]
fn a_record_has_all_that_is_told() {
    let child = Process { parent: 800, ..Process::new(400, LATER) };
    install(Machine::new().and(child).and(Process::new(800, THEN)));

    let info = process_info(400).expect("no failure").expect("a process");

    assert_eq!(
        info,
        ProcessInfo {
            pid: 400,
            parent: Some(800),
            name: Some("app.exe".to_owned()),
            path: Some(r"C:\app\app.exe".to_owned()),
            args: Some(["app.exe", "--port", "80"].map(str::to_owned).to_vec()),
            start_ms: Some(THEN_MS + 1000),
            ..ProcessInfo::default()
        }
    );
    assert_eq!(change(|machine| machine.handles.len()), 0);
}

#[test]
fn a_parent_that_has_exited_or_is_younger_is_none() {
    let child = || Process { parent: 800, ..Process::new(400, LATER) };
    let parent_of = |others: &[Process]| {
        let mut machine = Machine::new().and(child());
        machine.processes.extend_from_slice(others);
        install(machine);
        process_info(400).expect("no failure").expect("a process").parent
    };

    assert_eq!(parent_of(&[]), None);
    assert_eq!(parent_of(&[Process::new(800, LATER + 1)]), None);
    assert_eq!(parent_of(&[Process { exited: LATER, ..Process::new(800, THEN) }]), None);
    assert_eq!(parent_of(&[Process::refused(800, THEN)]), Some(800));
    assert_eq!(parent_of(&[Process::refused(800, LATER + 1)]), None);
}

#[test]
fn of_a_process_that_may_not_be_opened_everything_but_the_arguments_is_told() {
    let process = Process { parent: 4, ..Process::refused(400, LATER) };
    let system = Process { name: "System", path: None, ..Process::refused(4, THEN) };
    install(Machine::new().and(process).and(system));

    let info = process_info(400).expect("no failure").expect("a process");

    assert_eq!((info.parent, info.args), (Some(4), None));
    assert_eq!(info.name.as_deref(), Some("app.exe"));
    assert_eq!(info.path.as_deref(), Some(r"C:\app\app.exe"));
    assert_eq!(info.start_ms, Some(THEN_MS + 1000));
}

#[test]
fn the_system_has_a_name_and_nothing_else() {
    for is_refused in [true, false] {
        let system = Process {
            name: "System",
            path: None,
            native_path: None,
            command_line: None,
            is_refused,
            ..Process::new(4, THEN)
        };
        install(Machine::new().and(system));

        let info = process_info(4).expect("no failure").expect("a process");

        assert_eq!((info.name.as_deref(), info.path), (Some("System"), None));
        assert_eq!((info.parent, info.args), (None, None));
    }
}

#[test]
fn a_command_line_may_be_empty_long_or_unknown() {
    let args_of = |line: Option<String>| {
        let command_line = line.map(|line| line.encode_utf16().collect());
        install(Machine::new().and(Process { command_line, ..Process::new(400, THEN) }));
        process_info(400).expect("no failure").expect("a process").args
    };
    let long = "x".repeat(30_000);

    assert_eq!(args_of(None), None);
    assert_eq!(args_of(Some(String::new())), Some(Vec::new()));
    assert_eq!(args_of(Some(format!("a {long}"))), Some(vec!["a".to_owned(), long]));
}

#[test]
fn a_list_of_processes_that_cannot_be_read_is_an_error_where_it_is_needed() {
    let status = 0xC000_0022_u32.cast_signed();
    let mut machine = Machine::new().and(Process::refused(400, THEN));
    machine.list_status = [status].into();
    install(machine);

    let error = process_path(400).expect_err("refused");

    assert_eq!((error.code, error.syscall), ("EPERM", "NtQuerySystemInformation"));
}

#[test]
fn a_list_of_processes_that_grows_is_asked_for_again() {
    let mut machine = Machine::new().and(Process::refused(400, THEN));
    for pid in 0..2000 {
        machine = machine.and(Process::new(1000 + pid * 4, THEN));
    }
    machine.list_status = [0xC000_0004_u32.cast_signed(); 3].into();
    install(machine);

    assert_eq!(process_path(400), Ok(Some(r"C:\app\app.exe".to_owned())));
}
