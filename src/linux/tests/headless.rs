//! A process whose first thread has exited while another lives.

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{self, Child, Command};
use std::{env, fs};

use super::alone;
use crate::platform::linux::Search;
use crate::question::{Pid, Question, Wanted};
use crate::slice::Slice;

/// Starts one, compiled from `__test__/fixtures/headless.c` by the C compiler that links this test.
pub fn headless(stdin: OwnedFd) -> (Child, Pid) {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/__test__/fixtures/headless.c");
    let program = env::temp_dir().join(format!("socket-owner-headless-{}", process::id()));
    let mut cc = Command::new("cc");
    let made = cc.args(["-pthread", "-o"]).arg(&program).arg(source).status();
    assert!(made.expect("cc is there, it links Rust").success());
    let child = Command::new(&program).stdin(stdin).spawn().expect("it starts");
    let pid = child.id().cast_signed();
    while !stat(pid).contains(") Z ") {
        std::thread::yield_now();
    }
    fs::remove_file(program).expect("it is there");
    (child, pid)
}

fn stat(pid: Pid) -> String {
    fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives")
}

#[test]
fn one_that_executes_another_program_is_found_when_its_threads_are_due() {
    let _alone = alone();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let (mut child, pid) = headless(listener.into());
    let mut search = Search::default();
    let mut answers = Vec::new();

    search.ask(Question::pid(1, Wanted::listener(port)));
    while !search.hunt.walk.as_ref().is_some_and(|walk| walk.is_at_threads()) {
        search.advance(&Slice::of_steps(1), &mut answers);
        assert_eq!(answers, []);
    }
    let killed = Command::new("sh").args(["-c", &format!("kill -USR1 {pid}")]).status();
    assert!(killed.expect("sh is there").success());
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
