//! Whether a row's process is still the one that made the socket.

use super::asker::{LATER, THEN, ask_all, connection, owner};
use super::fake_machine::{Machine, Process};
use super::rows::{ESTABLISHED, tcp};
use crate::error::Error;
use crate::platform::windows::kernel::imports::{change, install};
use crate::question::{Pid, Question, Wanted};

const SERVER: (&str, u16) = ("127.0.0.1", 80);
const CLIENT: (&str, u16) = ("127.0.0.1", 4000);

fn owned_by(pid: u32, created: u64, processes: &[Process]) -> Result<Option<Pid>, Error> {
    let mut machine = Machine::new().with(tcp(ESTABLISHED, CLIENT, SERVER, pid, created));
    machine.processes.extend_from_slice(processes);
    owner(machine, connection(CLIENT, SERVER))
}

#[test]
fn a_process_that_lives_and_is_older_than_the_socket_answers() {
    assert_eq!(owned_by(400, LATER, &[Process::new(400, THEN)]), Ok(Some(400)));
}

#[test]
fn a_younger_process_with_its_number_does_not() {
    assert_eq!(owned_by(400, THEN, &[Process::new(400, LATER)]), Ok(None));
    assert_eq!(owned_by(400, THEN, &[Process::refused(400, LATER)]), Ok(None));
}

#[test]
fn a_socket_that_was_made_in_the_tick_of_its_process_is_its_own() {
    assert_eq!(owned_by(400, THEN, &[Process::new(400, THEN + 150_000)]), Ok(Some(400)));
    assert_eq!(owned_by(400, THEN, &[Process::new(400, THEN + 160_000)]), Ok(None));
}

#[test]
fn where_the_moment_is_not_told_the_process_must_be_older_than_the_question() {
    let tomorrow = u64::MAX / 2;

    assert_eq!(owned_by(400, 0, &[Process::new(400, THEN)]), Ok(Some(400)));
    assert_eq!(owned_by(400, 0, &[Process::new(400, tomorrow)]), Ok(None));
}

#[test]
fn a_dead_one_does_not_even_if_somebody_holds_it_open() {
    let exited = Process { exited: LATER, ..Process::new(400, THEN) };

    assert_eq!(owned_by(400, LATER, &[exited]), Ok(None));
    assert_eq!(owned_by(400, LATER, &[]), Ok(None));
}

#[test]
fn one_that_may_not_be_opened_answers_if_it_is_in_the_list() {
    assert_eq!(owned_by(400, LATER, &[Process::refused(400, THEN)]), Ok(Some(400)));

    let mut machine = Machine::new().with(tcp(ESTABLISHED, CLIENT, SERVER, 400, LATER));
    machine.open_errors.insert(400, 5);
    assert_eq!(owner(machine, connection(CLIENT, SERVER)), Ok(None));
}

#[test]
fn the_system_answers_and_nobody_does_not() {
    let system = Process { name: "System", path: None, ..Process::refused(4, THEN) };

    assert_eq!(owned_by(4, LATER, &[system]), Ok(Some(4)));
    assert_eq!(owned_by(0, LATER, &[Process::new(0, THEN)]), Ok(None));
}

#[test]
fn a_number_that_is_no_multiple_of_four_is_nobodys_although_it_can_be_opened() {
    assert_eq!(owned_by(402, LATER, &[Process::new(400, THEN)]), Ok(None));
    assert_eq!(owned_by(u32::MAX - 3, LATER, &[Process::new(400, THEN)]), Ok(None));
}

#[test]
fn each_process_is_asked_once_and_each_table_read_once_for_all_questions() {
    let mut machine = Machine::new();
    let mut questions = Vec::new();
    for i in 0..50_u16 {
        let client = ("127.0.0.1", 4000 + i);
        machine = machine.with(tcp(ESTABLISHED, client, SERVER, 400, LATER));
        questions.push(Question::pid(u32::from(i), connection(client, SERVER)));
    }
    questions.push(Question::pid(99, Wanted::port(4001)));
    install(machine.and(Process::new(400, THEN)));

    let answers = ask_all(questions);

    assert_eq!(answers.len(), 51);
    assert!(answers.iter().all(|answer| answer.owner() == Ok(Some(400))));
    let calls = change(|machine| std::mem::take(&mut machine.calls));
    assert_eq!(calls, ["Tcp4", "Tcp6", "OpenProcess", "GetProcessTimes"]);
}
