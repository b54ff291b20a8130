//! Which services a process runs.

use super::asker::THEN;
use super::fake_machine::{Machine, Process};
use crate::platform::windows::kernel::imports::{change, install};
use crate::platform::windows::process_info;

fn host(name: &str) -> Process {
    let path = format!(r"C:\Windows\System32\{name}").encode_utf16().collect();
    Process { path: Some(path), ..Process::new(400, THEN) }
}

fn services_of(machine: Machine) -> Option<Vec<String>> {
    install(machine);
    process_info(400).expect("no failure").expect("a process").services
}

fn machine(name: &str) -> Machine {
    let services = vec![("Dhcp", 400), ("Eventlog", 800), ("Dnscache", 400)];
    Machine { services, ..Machine::new().and(host(name)) }
}

#[test]
fn a_host_of_services_has_their_short_names() {
    let wanted = Some(vec!["Dhcp".to_owned(), "Dnscache".to_owned()]);

    assert_eq!(services_of(machine("svchost.exe")), wanted);
    assert_eq!(services_of(machine("LSASS.EXE")), wanted);
    assert_eq!(change(|machine| machine.count_of("CloseServiceHandle")), 1);
}

#[test]
fn nobody_else_is_asked_about_and_no_library_is_loaded_for_it() {
    assert_eq!(services_of(machine("node.exe")), None);
    assert_eq!(change(|machine| machine.count_of("LoadLibraryExW")), 0);
}

#[test]
fn a_host_that_runs_none_has_an_empty_list() {
    assert_eq!(services_of(Machine::new().and(host("svchost.exe"))), Some(Vec::new()));
}

#[test]
fn a_refusal_is_null() {
    let refused = Machine { services_refused: true, ..machine("svchost.exe") };
    let failed = Machine { service_codes: [1115].into(), ..machine("svchost.exe") };

    assert_eq!([services_of(refused), services_of(failed)], [None, None]);
}

#[test]
fn more_services_than_one_call_has_room_for_are_all_seen() {
    let mut machine = Machine::new().and(host("svchost.exe"));
    machine.services =
        (0..3000).map(|i| ("A_service_of_thirty_characters", 400 + i % 2 * 4)).collect();

    assert_eq!(services_of(machine).map(|names| names.len()), Some(1500));
    assert!(change(|machine| machine.count_of("EnumServicesStatusExW")) > 1);
}

#[test]
fn an_answer_of_more_data_and_none_of_it_is_stood() {
    let machine = Machine { service_codes: [234, 234].into(), ..machine("svchost.exe") };
    assert_eq!(services_of(machine).map(|names| names.len()), Some(2));

    let endless = Machine { service_codes: vec![234; 64].into(), ..self::machine("svchost.exe") };
    assert_eq!(services_of(endless), None);
}
