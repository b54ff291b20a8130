//! Tables that grow, calls that fail, and what is an error.

use super::asker::{LATER, THEN, ask_all, connection, owner};
use super::fake_machine::{Machine, Process};
use super::rows::{ESTABLISHED, Family, tcp};
use crate::error::Error;
use crate::platform::windows::Search;
use crate::platform::windows::kernel::imports::{change, install};
use crate::question::{Pid, Question, Wanted};
use crate::slice::Slice;

const SERVER: (&str, u16) = ("127.0.0.1", 80);
const CLIENT: (&str, u16) = ("127.0.0.1", 4000);
const UNSUCCESSFUL: u32 = 0xC000_0001;

fn machine() -> Machine {
    Machine::new().with(tcp(ESTABLISHED, CLIENT, SERVER, 400, LATER)).and(Process::new(400, THEN))
}

fn after(codes: &[u32]) -> Result<Option<Pid>, Error> {
    let mut machine = machine();
    machine.codes.insert(Family::Tcp4, codes.iter().copied().collect());
    owner(machine, connection(CLIENT, SERVER))
}

#[test]
fn a_table_that_was_too_large_is_asked_for_again() {
    assert_eq!(after(&[122]), Ok(Some(400)));
    assert_eq!(after(&[122; 19]), Ok(Some(400)));

    let error = after(&[122; 20]).expect_err("it never ends");
    assert_eq!((error.code, error.syscall), ("EINVAL", "GetExtendedTcpTable"));
}

#[test]
fn twenty_thousand_rows_are_read_and_their_size_is_remembered() {
    let mut machine = machine();
    for i in 0..20_000 {
        let local = ("10.0.0.1", 10_000 + i);
        machine = machine.with(tcp(ESTABLISHED, local, SERVER, 400, LATER));
    }
    install(machine);
    let mut search = Search::default();
    let mut answers = Vec::new();

    for _ in 0..2 {
        search.ask(Question::pid(1, connection(CLIENT, SERVER)));
        search.advance(&Slice::begin(), &mut answers);
    }

    assert!(answers.iter().all(|answer| answer.owner() == Ok(Some(400))));
    assert_eq!(change(|machine| machine.count_of("Tcp4")), 3);
}

#[test]
fn the_failure_that_passes_under_load_is_asked_again() {
    assert_eq!(after(&[UNSUCCESSFUL; 5]), Ok(Some(400)));
    assert_eq!(after(&[UNSUCCESSFUL, 122, UNSUCCESSFUL, 122]), Ok(Some(400)));
}

#[test]
fn a_failure_that_stays_is_an_error_with_its_number() {
    let error = after(&[UNSUCCESSFUL; 20]).expect_err("it never works");
    assert_eq!((error.code, error.syscall), ("UNKNOWN", "GetExtendedTcpTable"));
    assert!(error.message.contains("0xC0000001"), "{}", error.message);

    for (code, name) in [(5, "EPERM"), (8, "ENOMEM"), (87, "EINVAL"), (1450, "UNKNOWN")] {
        let error = after(&[code]).expect_err("a failure");
        assert_eq!(error.code, name);
        assert!(error.message.contains(&format!("Win32 error {code}")), "{}", error.message);
    }
}

#[test]
fn a_machine_without_any_family_is_an_error() {
    let mut machine = machine();
    machine.codes.insert(Family::Tcp4, [50].into());
    machine.codes.insert(Family::Tcp6, [50].into());

    let error = owner(machine, connection(CLIENT, SERVER)).expect_err("no family");

    assert_eq!(error.code, "ENOTSUP");
}

#[test]
fn a_count_that_the_buffer_has_no_room_for_is_outside_the_manual() {
    let row = tcp(ESTABLISHED, CLIENT, SERVER, 400, LATER).1;
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    bytes.extend([0; 4]);
    bytes.extend(row);

    let of = |count: u32| {
        bytes.clone().splice(..4, count.to_le_bytes()).count();
        let mut bytes = bytes.clone();
        bytes[..4].copy_from_slice(&count.to_le_bytes());
        let mut rows = Vec::new();
        let table = crate::platform::windows::layout::tables::Table::Tcp4;
        crate::platform::windows::layout::tables::rows(table, &bytes, |_| true, &mut rows)
            .map(|()| rows.len())
            .map_err(|error| error.code)
    };

    assert_eq!([of(0), of(1)], [Ok(0), Ok(1)]);
    assert_eq!([of(2), of(u32::MAX)], [Err("EBADMSG"); 2]);
}

#[test]
fn a_process_that_cannot_be_asked_for_want_of_something_is_an_error() {
    let mut machine = machine();
    machine.open_errors.insert(400, 1450);

    let error = owner(machine, connection(CLIENT, SERVER)).expect_err("no resources");

    assert_eq!((error.code, error.syscall), ("UNKNOWN", "OpenProcess"));
    assert!(error.message.contains("'400'"), "{}", error.message);
}

#[test]
fn a_failure_of_one_protocol_is_not_the_others() {
    let mut machine = machine();
    machine.codes.insert(Family::Udp4, [5].into());
    install(machine);

    let answers = ask_all(vec![
        Question::pid(1, connection(CLIENT, SERVER)),
        Question::pid(2, super::asker::udp_port(53)),
    ]);

    assert_eq!(answers[0].owner(), Ok(Some(400)));
    assert_eq!(answers[1].owner().expect_err("refused").code, "EPERM");
}

#[test]
fn a_forgotten_question_is_not_answered_and_asks_nothing() {
    install(machine());
    let mut search = Search::default();
    let mut answers = Vec::new();

    search.ask(Question::pid(1, Wanted::port(80)));
    search.forget(1);
    search.forget(2);
    search.advance(&Slice::begin(), &mut answers);

    assert!(answers.is_empty());
    assert!(change(|machine| machine.calls.is_empty()));
}
