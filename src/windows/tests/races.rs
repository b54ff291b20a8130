//! The pid of a process passes to another process between any two calls.

use super::asker::{LATER, THEN, ask, connection};
use super::fake_machine::{Machine, Process};
use super::rows::{ESTABLISHED, tcp};
use crate::answer::{Found, ProcessInfo};
use crate::platform::windows::kernel::imports::{change, install};
use crate::platform::windows::process_info;
use crate::question::Gives;

const SERVER: (&str, u16) = ("127.0.0.1", 80);
const CLIENT: (&str, u16) = ("127.0.0.1", 4000);
/// A time after the socket was made.
const AFTERWARDS: u64 = LATER + 10_000_000;

fn other(is_refused: bool) -> Process {
    let mut process = Process::new(400, AFTERWARDS);
    process.path = Some(r"C:\other.exe".encode_utf16().collect());
    process.native_path = Some(r"\Device\HarddiskVolume3\other.exe");
    process.name = "other.exe";
    process.command_line = Some("other.exe".encode_utf16().collect());
    Process { is_refused, ..process }
}

/// Installs a machine on which the pid passes to another process just before call `n`.
fn happens_before(n: usize, holder: Process, successor: Process) {
    let mut machine = Machine::new().with(tcp(ESTABLISHED, CLIENT, SERVER, 400, LATER)).and(holder);
    machine.events.insert(n, Box::new(|machine| machine.reuse(successor)));
    install(machine);
}

fn is_whole(info: &ProcessInfo) -> bool {
    let is = |name: &str, args: &[&str]| {
        info.name.as_deref() == Some(name)
            && info.path.as_ref().is_none_or(|path| path.ends_with(&format!("\\{name}")))
            && info.args.as_ref().is_none_or(|its| its == args)
    };
    is("app.exe", &["app.exe", "--port", "80"]) && info.start_ms == Some(1_704_067_200_000)
}

#[test]
fn a_record_is_never_anothers() {
    for holder in [Process::new(400, THEN), Process::refused(400, THEN)] {
        for is_refused in [false, true] {
            for n in 0.. {
                happens_before(n, holder.clone(), other(is_refused));

                let found = ask(connection(CLIENT, SERVER), Gives::Record).expect("no failure");

                match found {
                    Found::Record(info) => assert!(is_whole(&info), "before call {n}: {info:?}"),
                    Found::Nobody => {}
                    other => panic!("{other:?}"),
                }
                if change(|machine| machine.count) <= n {
                    assert!(n > 4);
                    break;
                }
            }
        }
    }
}

#[test]
fn a_pid_answers_only_for_the_process_that_had_it_when_the_socket_was_made() {
    for n in 0..4 {
        happens_before(n, Process::new(400, THEN), other(false));

        let found = ask(connection(CLIENT, SERVER), Gives::Pid).expect("no failure");

        // Once the process was seen alive, after the question and the row, it is the answer.
        let wanted = if n < 3 { Found::Nobody } else { Found::Process(400) };
        assert_eq!(found, wanted, "before call {n}");
    }
}

#[test]
fn what_is_told_of_a_pid_is_told_of_one_process() {
    for holder in [Process::new(400, THEN), Process::refused(400, THEN)] {
        for n in 0..12 {
            happens_before(n, holder.clone(), other(holder.is_refused));

            let info = process_info(400).expect("no failure");

            let is_other = |info: &ProcessInfo| info.name.as_deref() == Some("other.exe");
            assert!(info.as_ref().is_none_or(|info| is_whole(info) || is_other(info)), "{info:?}");
        }
    }
}
