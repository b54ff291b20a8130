//! Whole tables of sockets, read for all the questions that need them: dumps of sock_diag, or text
//! where it is refused; one datagram or a page of text a step.

use std::collections::{BTreeMap, HashMap};

use super::candidates::Unlisted;
use super::diag_request::Dump;
use super::dumps::dumps;
use super::sock_diag::{Asking, SockDiag, Unavailable};
use super::text_table::{Text, TextTable};
use super::users;
use crate::error::Error;
use crate::platform::linux::socket::Row;
use crate::question::{Filter, Port, Wanted};
use crate::socket::{Protocol, State};

/// Whole tables being read for some questions.
pub struct Listing {
    questions: Vec<Unlisted>,
    /// The places in `questions` of those who want a local port, and of those who want any.
    by_port: BTreeMap<Option<u16>, Vec<usize>>,
    /// What is still to be read, the last one first.
    steps: Vec<Step>,
    /// What is to be read once more, since it came in pieces: from one to the next the kernel counts
    /// how many sockets of a hash chain it has told, so when one of those goes, another is passed over.
    again: Vec<Step>,
    is_second_reading: bool,
    /// Why a protocol's text is read.
    unavailable: HashMap<Protocol, Unavailable>,
}

enum Step {
    /// A quick question once more.
    Ask(usize),
    Begin(Dump),
    Dump(Asking),
    Open(TextTable),
    Read(Text),
}

impl Listing {
    /// Begins to read for `questions`.
    pub fn new(questions: Vec<Unlisted>) -> Self {
        let mut by_port = BTreeMap::<Option<u16>, Vec<usize>>::new();
        let wanted = || questions.iter().map(|unlisted| &unlisted.question.wanted).enumerate();
        for (index, wanted) in wanted() {
            by_port.entry(wanted.local_port()).or_default().push(index);
        }
        let asked = wanted().filter(|(_, wanted)| is_asked_quickly(wanted));
        let mut steps: Vec<_> =
            dumps(wanted().map(|(_, it)| it)).into_iter().map(Step::Begin).collect();
        steps.extend(asked.map(|(index, _)| Step::Ask(index)));
        Self {
            questions,
            by_port,
            steps,
            again: Vec::new(),
            is_second_reading: false,
            unavailable: HashMap::new(),
        }
    }

    /// Reads on, one datagram or one page of text. The questions come back when all is read, those
    /// too that nobody waits for any more.
    pub fn advance(&mut self, diag: &mut SockDiag) -> Result<Option<Vec<Unlisted>>, Error> {
        self.questions.iter_mut().try_for_each(Unlisted::resolve)?;
        if let Some(step) = self.steps.pop() {
            self.take(step, diag)?;
            return Ok(None);
        }
        if !self.is_second_reading && self.questions.iter().any(is_doubtful) {
            self.is_second_reading = true;
            self.steps = std::mem::take(&mut self.again);
            return Ok(None);
        }
        Ok(Some(self.end(diag)))
    }

    /// Why it does not prove that nothing was found for that question. The text does not have the
    /// TCP sockets that are bound and no more; it is believed all the same where there is no
    /// sock_diag, but not where sock_diag failed.
    pub fn doubt(&self, wanted: &Wanted) -> Option<&Error> {
        let failed = self.unavailable.get(&Protocol::Tcp).filter(|failed| !failed.is_absent)?;
        let wants_bound = match wanted {
            Wanted::Port(Port { protocol, state, .. }) => {
                *protocol == Protocol::Tcp && state.is_none()
            }
            Wanted::All(Filter { protocol, state, .. }) => {
                *protocol != Some(Protocol::Udp) && matches!(state, None | Some(State::Bound))
            }
            Wanted::Connection { .. } | Wanted::Reply { .. } | Wanted::LocalPeer(_) => false,
        };
        wants_bound.then_some(&failed.error)
    }

    /// The questions, after a failure.
    pub fn take_questions(&mut self) -> Vec<Unlisted> {
        std::mem::take(&mut self.questions)
    }

    fn take(&mut self, step: Step, diag: &mut SockDiag) -> Result<(), Error> {
        match step {
            Step::Ask(index) => self.ask(index, diag)?,
            Step::Begin(dump) => self.begin_dumps(diag.dumps(dump)),
            Step::Dump(mut asking) => {
                let dumped = diag.dump_on(&mut asking, &mut self.considering());
                match dumped {
                    Ok(None) => self.steps.push(Step::Dump(asking)),
                    Ok(Some(doubtful)) => {
                        self.again.extend(doubtful.map(|dump| Step::Dump(dump.into())));
                    }
                    Err(failed) => match diag.refuse_both(*asking.dump(), &failed) {
                        Some(dumps) => self.begin_dumps(dumps),
                        None => self.read_text(asking.dump().protocol, failed)?,
                    },
                }
            }
            Step::Open(table) => match Text::open(table) {
                Ok(text) => self.steps.extend(text.map(Step::Read)),
                Err(error) if error.is_out_of_descriptors() => return Err(error),
                // The first failure is the one to tell: without sock_diag it was text or nothing.
                Err(error) => {
                    let first = self.unavailable.remove(&table.protocol);
                    return Err(first.map_or(error, |unavailable| unavailable.error));
                }
            },
            Step::Read(mut text) => {
                if text.read_on(&mut self.considering())? {
                    self.steps.push(Step::Read(text));
                }
            }
        }
        Ok(())
    }

    /// Gives each row to the questions that want its port, or any.
    fn considering(&mut self) -> impl FnMut(Row) {
        let (questions, by_port) = (&mut self.questions, &self.by_port);
        |row| {
            for port in [Some(row.socket.local.port), None] {
                for index in by_port.get(&port).into_iter().flatten() {
                    questions.get_mut(*index).into_iter().for_each(|one| one.consider(&row));
                }
            }
        }
    }

    fn ask(&mut self, index: usize, diag: &mut SockDiag) -> Result<(), Error> {
        let Some(unlisted) = self.questions.get_mut(index) else { return Ok(()) };
        let is_udp = unlisted.question.wanted.protocol() == Some(Protocol::Udp);
        match unlisted.ask(diag) {
            Ok(()) => Ok(()),
            Err(unavailable) if is_udp => self.read_text(Protocol::Udp, unavailable),
            // There is no text that tells the other end of a Unix-domain socket.
            Err(unavailable) => Err(unavailable.error),
        }
    }

    fn begin_dumps(&mut self, dumps: impl IntoIterator<Item = Dump>) {
        self.steps.extend(dumps.into_iter().map(|dump| Step::Dump(dump.into())));
    }

    fn read_text(&mut self, protocol: Protocol, unavailable: Unavailable) -> Result<(), Error> {
        // Text takes a descriptor as well.
        if unavailable.error.is_out_of_descriptors() {
            return Err(unavailable.error);
        }
        let questions = &self.questions;
        let wanted = |index: &usize| questions.get(*index).map(|one| &one.question.wanted);
        let is_kept = |step: &Step| match step {
            Step::Ask(index) => wanted(index).and_then(Wanted::protocol) != Some(protocol),
            Step::Begin(dump) => dump.protocol != protocol,
            Step::Dump(asking) => asking.dump().protocol != protocol,
            Step::Open(_) | Step::Read(_) => true,
        };
        for steps in [&mut self.steps, &mut self.again] {
            steps.retain(is_kept);
            steps.extend(TextTable::of(protocol).map(Step::Open)); // Never read at one go.
        }
        self.unavailable.insert(protocol, unavailable);
        Ok(())
    }

    fn end(&mut self, diag: &mut SockDiag) -> Vec<Unlisted> {
        let mut questions = std::mem::take(&mut self.questions);
        let has_list = questions.iter().any(|unlisted| !unlisted.rows.is_empty());
        let placeholder = if has_list { users::placeholder() } else { None };
        for unlisted in &mut questions {
            unlisted.choose_one();
            unlisted.connection().into_iter().for_each(|socket| diag.peers.remember(socket));
            for row in &mut unlisted.rows {
                row.uid = row.uid.filter(|uid| Some(*uid) != placeholder);
            }
        }
        questions
    }
}

/// Returns whether a socket that moved while the tables were read matters to the question.
fn is_doubtful(unlisted: &Unlisted) -> bool {
    match &unlisted.question.wanted {
        Wanted::All(_) => true,
        Wanted::Reply { .. } => unlisted.rows.is_empty() && unlisted.candidates.is_empty(),
        _ => unlisted.candidates.is_empty(),
    }
}

/// Returns whether all of it can be asked for quickly, if sock_diag is there.
fn is_asked_quickly(wanted: &Wanted) -> bool {
    match wanted {
        Wanted::Port(port) => port.protocol == Protocol::Udp,
        Wanted::Reply { .. } | Wanted::LocalPeer(_) => true,
        Wanted::Connection { .. } | Wanted::All(_) => false,
    }
}
