//! Which sockets may answer a question: asked of sock_diag, or read in the text tables.
//!
//! A quick question costs some ten microseconds whatever the machine does: the exact connection, or
//! the listeners of a port. What it leaves open is settled by whole tables (`Listing`), one
//! datagram or a page of text a step.

use std::collections::HashMap;

use super::diag_request::{Family, Request, family};
use super::proc_net::{self, Text};
use super::sock_diag::{Asking, SockDiag, Unavailable};
use super::tcp_state::{CONNECTED, LISTENING, OTHERS};
use crate::error::Error;
use crate::platform::linux::socket::{Candidate, Row};
use crate::question::{Port, Question, Wanted};
use crate::socket::{Protocol, State};

const FAMILIES: [Family; 2] = [Family::Inet, Family::Inet6];

/// Up to here each question has dumps of its own; for more, one dump of everything is cheaper.
const FILTERED_QUESTIONS: usize = 4;

/// What a quick question finds. Nothing proves nothing: whole tables must be read.
pub fn quick(diag: &mut SockDiag, wanted: &Wanted) -> Vec<Candidate> {
    let requests = match wanted {
        Wanted::Connection { local, remote } => {
            vec![Request::Exact { local: *local, remote: *remote }]
        }
        Wanted::Port(Port { state: Some(State::Connected), .. }) => return Vec::new(),
        Wanted::Port(Port { port, .. }) => dumps(*port, 0, LISTENING, &FAMILIES),
        Wanted::Reply { .. } | Wanted::LocalPeer(_) | Wanted::All(_) => return Vec::new(),
    };
    let mut candidates = Vec::new();
    for request in requests {
        if diag.ask(request, &mut |row| consider(wanted, &row, &mut candidates)).is_err() {
            // It comes again when the whole tables are read, and is told then.
            return Vec::new();
        }
    }
    candidates
}

fn dumps(port: u16, remote_port: u16, states: u32, families: &[Family]) -> Vec<Request> {
    let dump =
        |family: &Family| Request::Dump { family: *family, states, local_port: port, remote_port };
    families.iter().map(dump).collect()
}

fn consider(wanted: &Wanted, row: &Row, candidates: &mut Vec<Candidate>) {
    let Some(rank) = wanted.rank(&row.socket) else { return };
    let is_connection =
        row.socket.protocol() == Protocol::Tcp && row.socket.state() == State::Connected;
    let candidate = Candidate { inode: row.inode, rank, group: row.group, is_connection };
    // Inode 0: nobody has it any more, or nobody has accepted it yet.
    if row.inode != 0 && !candidates.contains(&candidate) {
        candidates.push(candidate);
    }
}

/// A question on its way through the whole tables, with what the quick question found.
pub struct Unlisted {
    /// The question.
    pub question: Question,
    /// What was found so far.
    pub candidates: Vec<Candidate>,
}

impl Unlisted {
    /// Whether what was found quickly may not be all that can answer.
    pub fn needs_tables(&self) -> bool {
        // A port's listener may be hidden, and then its other sockets answer.
        self.candidates.is_empty()
            || matches!(self.question.wanted, Wanted::Port(Port { state: None, .. }))
    }
}

/// Whole tables being read for some questions.
pub struct Listing {
    questions: Vec<Unlisted>,
    by_port: HashMap<Option<u16>, Vec<usize>>,
    /// What is still to be read, the last one first.
    steps: Vec<Step>,
    /// Whether what was read so far may lack a socket that moved meanwhile.
    may_lack: bool,
    is_second_reading: bool,
    /// Why the text is read.
    unavailable: Option<Unavailable>,
}

enum Step {
    Dump(Asking),
    Open(&'static std::ffi::CStr),
    Read(Text),
}

impl Listing {
    /// Begins to read for `questions`.
    pub fn new(questions: Vec<Unlisted>) -> Self {
        let mut by_port = HashMap::<Option<u16>, Vec<usize>>::new();
        for (index, unlisted) in questions.iter().enumerate() {
            by_port.entry(unlisted.question.wanted.local_port()).or_default().push(index);
        }
        let steps = dump_steps(&questions);
        Self {
            questions,
            by_port,
            steps,
            may_lack: false,
            is_second_reading: false,
            unavailable: None,
        }
    }

    /// Reads on, one datagram or one page of text. The questions come back when all is read, those
    /// too that nobody waits for any more.
    pub fn advance(&mut self, diag: &mut SockDiag) -> Result<Option<Vec<Unlisted>>, Error> {
        if let Some(step) = self.steps.pop() {
            self.take(step, diag)?;
            return Ok(None);
        }
        let is_miss = self.questions.iter().any(|unlisted| unlisted.candidates.is_empty());
        if is_miss && self.may_lack && !self.is_second_reading {
            self.is_second_reading = true;
            self.steps =
                if self.unavailable.is_some() { text_steps() } else { dump_steps(&self.questions) };
            return Ok(None);
        }
        Ok(Some(self.take_questions()))
    }

    /// Why it does not prove that nothing was found for that question. The text does not have the
    /// sockets that are bound and no more; it is believed all the same where there is no sock_diag,
    /// but not where sock_diag failed.
    pub fn doubt(&self, wanted: &Wanted) -> Option<&Error> {
        let failed = self.unavailable.as_ref().filter(|unavailable| !unavailable.is_absent)?;
        matches!(wanted, Wanted::Port(Port { state: None, .. })).then_some(&failed.error)
    }

    /// The questions, after a failure.
    pub fn take_questions(&mut self) -> Vec<Unlisted> {
        std::mem::take(&mut self.questions)
    }

    fn take(&mut self, step: Step, diag: &mut SockDiag) -> Result<(), Error> {
        let (questions, by_port) = (&mut self.questions, &self.by_port);
        let each = &mut |row: Row| {
            for index in by_port.get(&Some(row.socket.local.port)).into_iter().flatten() {
                if let Some(unlisted) = questions.get_mut(*index) {
                    consider(&unlisted.question.wanted, &row, &mut unlisted.candidates);
                }
            }
        };
        match step {
            Step::Dump(mut asking) => match diag.ask_on(&mut asking, each) {
                Ok(None) => self.steps.push(Step::Dump(asking)),
                Ok(Some(at_one_go)) => self.may_lack |= !at_one_go,
                // Text takes a descriptor as well.
                Err(Unavailable { error, .. }) if error.is_out_of_descriptors() => {
                    return Err(error);
                }
                Err(unavailable) => {
                    self.unavailable = Some(unavailable);
                    self.may_lack = true; // The text is never read at one go.
                    self.steps = text_steps();
                }
            },
            Step::Open(path) => match Text::open(path) {
                Ok(text) => self.steps.extend(text.map(Step::Read)),
                Err(error) if error.is_out_of_descriptors() => return Err(error),
                // The first failure is the one to tell: without sock_diag it was text or nothing.
                Err(error) => {
                    let first = self.unavailable.take().map(|unavailable| unavailable.error);
                    return Err(first.unwrap_or(error));
                }
            },
            Step::Read(mut text) => {
                if text.read_on(each)? {
                    self.steps.push(Step::Read(text));
                }
            }
        }
        Ok(())
    }
}

fn text_steps() -> Vec<Step> {
    proc_net::FILES.map(Step::Open).into()
}

fn dump_steps(questions: &[Unlisted]) -> Vec<Step> {
    if questions.len() > FILTERED_QUESTIONS {
        let all = dumps(0, 0, LISTENING | OTHERS, &FAMILIES);
        return all.into_iter().map(|request| Step::Dump(request.into())).collect();
    }
    let of_question = |unlisted: &Unlisted| match &unlisted.question.wanted {
        Wanted::Port(Port { port, state, .. }) => {
            let states = match state {
                None => LISTENING | OTHERS,
                Some(State::Listening) => LISTENING,
                Some(_) => CONNECTED,
            };
            dumps(*port, 0, states, &FAMILIES)
        }
        Wanted::Reply { .. } | Wanted::LocalPeer(_) | Wanted::All(_) => Vec::new(),
        Wanted::Connection { local, remote } => {
            // An IPv6 socket with mapped addresses is in its own family's dump.
            let families: &[Family] = match family(local.address) {
                Family::Inet => &FAMILIES,
                Family::Inet6 => &[Family::Inet6],
            };
            dumps(local.port, remote.port, CONNECTED, families)
        }
    };
    let requests = questions.iter().flat_map(of_question);
    requests.map(|request| Step::Dump(request.into())).collect()
}
