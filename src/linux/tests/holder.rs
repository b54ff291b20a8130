//! A process that holds a socket, for the tests.

use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::question::Pid;

/// A script for a process that holds the socket alone.
pub const ALONE: &str = "echo; exec sleep 1000";
/// The child holds it as 3 and is found as easily as the parent, which must be the answer.
pub const WITH_CHILD: &str = "exec 3<&0; sleep 1000 & echo $!; wait";

/// A process that holds one socket, as its standard input.
pub struct Holder {
    process: Child,
    /// A process that holds it too, and started later.
    pub child: Option<Pid>,
}

impl Holder {
    /// Starts a process that runs `script` and holds `socket`.
    pub fn of(socket: impl Into<OwnedFd>, script: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(socket.into()).stdout(Stdio::piped()).process_group(0);
        let mut process = command.spawn().expect("sh starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it says whom it started");
        Self { process, child: line.trim().parse().ok() }
    }

    /// Returns its pid.
    pub fn pid(&self) -> Pid {
        self.process.id().cast_signed()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Kills its child too: they are one process group.
        let group = format!("-{}", self.pid());
        let _ = Command::new("kill").args(["-9", "--", &group]).status();
        let _ = self.process.wait();
    }
}
