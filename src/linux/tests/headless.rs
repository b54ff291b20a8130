//! A process whose first thread has exited while another lives.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};

use super::alone;
use crate::platform::linux::Search;
use crate::question::{Pid, Question, Wanted};
use crate::slice::Slice;

/// Its second thread waits for SIGUSR1 and then becomes another program, in the first one's place.
const PROGRAM: &str = "
import ctypes, os, signal, threading
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
def wait():
    signal.sigwait({signal.SIGUSR1})
    os.execvp('sleep', ['sleep', '600'])
threading.Thread(target=wait).start()
ctypes.CDLL(None).pthread_exit(None)
";

/// `None`: there is no Python.
fn headless(stdin: OwnedFd) -> Option<(Child, Pid)> {
    let mut python = Command::new("python3");
    let child = python.args(["-c", PROGRAM]).stdin(stdin).spawn().ok()?;
    let pid = child.id().cast_signed();
    while !stat(pid).contains(") Z ") {
        std::thread::yield_now();
    }
    Some((child, pid))
}

fn stat(pid: Pid) -> String {
    fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives")
}

#[test]
fn one_that_executes_another_program_is_found_when_its_threads_are_due() {
    let _alone = alone();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let Some((mut child, pid)) = headless(listener.into()) else {
        return eprintln!("skipped: there is no python3");
    };
    let mut search = Search::default();
    let mut answers = Vec::new();

    search.ask(Question::pid(1, Wanted::listener(port)));
    while !search.hunt.walk.as_ref().is_some_and(|walk| walk.is_at_threads()) {
        search.advance(&Slice::of_steps(1), &mut answers);
        assert_eq!(answers, []);
    }
    Command::new("kill").args(["-USR1", &pid.to_string()]).status().expect("kill runs");
    while stat(pid).contains(") Z ") {
        std::thread::yield_now();
    }
    while answers.is_empty() {
        search.advance(&Slice::of_steps(1), &mut answers);
    }

    child.kill().expect("it lives");
    child.wait().expect("it ends");
    assert_eq!(answers[0].owner(), Ok(Some(pid)));
}
