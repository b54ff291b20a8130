//! Processes whose first thread has exited while others live: their own table is empty, their
//! threads' is not.

use super::tables::Visit;
use crate::error::Error;
use crate::platform::linux::kernel::Errno;
use crate::platform::linux::proc::names::{
    Name, ProcDir, failure, fd_directory, has_one_thread, is_gone_or_hidden, numbers,
};
use crate::question::Pid;

/// Those that may be, and what is to be read in their stead.
#[derive(Default)]
pub struct Headless {
    suspects: Vec<Pid>,
    visits: Vec<Visit>,
}

impl Headless {
    /// These may be.
    pub fn suspect(&mut self, pids: impl IntoIterator<Item = Pid>) {
        self.suspects.extend(pids);
    }

    /// Whether nothing is left to be read.
    pub fn is_empty(&self) -> bool {
        self.suspects.is_empty() && self.visits.is_empty()
    }

    /// The next table to read; `None` where a suspect turned out to have none. A failure is told with
    /// the process whose threads could not be listed.
    pub fn next(&mut self, proc: &ProcDir) -> Result<Option<Visit>, (Pid, Error)> {
        if let Some(visit) = self.visits.pop() {
            return Ok(Some(visit));
        }
        let Some(pid) = self.suspects.pop() else { return Ok(None) };
        if has_one_thread(proc, pid) {
            // Its own table is whole again, if it is no zombie: a thread that executes another
            // program takes the first one's place.
            let stat = proc.stat(&fd_directory(pid));
            let is_whole = stat.is_ok_and(|stat| stat.size != 0);
            return Ok(is_whole.then_some(Visit { pid, thread: None, expected: 1 }));
        }
        let tasks = Name::new(format_args!("{pid}/task"));
        match threads(proc, &tasks) {
            Ok(threads) => {
                let visit = |thread| Visit { pid, thread: Some(thread), expected: 0 };
                self.visits.extend(threads.into_iter().map(visit));
            }
            Err((_, errno)) if is_gone_or_hidden(errno) => {}
            Err((call, errno)) => return Err((pid, failure(call, errno, &tasks))),
        }
        Ok(None)
    }
}

fn threads(proc: &ProcDir, tasks: &Name) -> Result<Vec<Pid>, (&'static str, Errno)> {
    let directory = proc.open(tasks, libc::O_DIRECTORY).map_err(|errno| ("open", errno))?;
    numbers(&directory).map_err(|errno| ("getdents64", errno))
}
