//! Whole tables of sockets, read once for all the questions that need them: dumps from sock_diag,
//! or text if that is refused. A step reads one datagram or one page of text.

use std::collections::{BTreeMap, HashMap};

use super::candidates::{FILTERED_QUESTIONS, Unlisted};
use super::inet_diag::{Dump, Families};
use super::sock_diag::{Dumping, SockDiag, Unavailable};
use super::states;
use super::text_table::TextTable;
use super::users;
use crate::error::Error;
use crate::platform::linux::socket::Row;
use crate::question::{Filter, Port, Wanted};
use crate::socket::Protocol;

/// Whole tables that are being read for some questions.
pub struct Listing {
    questions: Vec<Unlisted>,
    /// Indices in `questions` by the local port that is wanted; `None`: any port.
    by_port: BTreeMap<Option<u16>, Vec<usize>>,
    /// What is still to be read, the last one first.
    steps: Vec<Step>,
    /// What must be read a second time because it came in pieces. Between pieces the kernel only
    /// counts how many sockets of a hash chain it has reported, so if one of those goes, another is
    /// skipped. `None`: it is being read.
    again: Option<Vec<Step>>,
    /// Why a protocol's text tables are read.
    unavailable: HashMap<Protocol, Unavailable>,
}

enum Step {
    /// A quick question, asked again, that no dump answers.
    Ask(usize),
    Dump(Dumping),
    Text(TextTable),
}

impl Listing {
    /// Starts to read for `questions`.
    pub fn new(questions: Vec<Unlisted>) -> Self {
        let mut by_port = BTreeMap::<Option<u16>, Vec<usize>>::new();
        let mut asked = Vec::new();
        let wanted = questions.iter().map(|unlisted| &unlisted.question.wanted);
        for (index, wanted) in wanted.clone().enumerate() {
            by_port.entry(wanted.local_port()).or_default().push(index);
            if matches!(wanted, Wanted::Reply { .. } | Wanted::LocalPeer(_)) {
                asked.push(Step::Ask(index));
            }
        }
        let dumps = dumps(wanted).into_iter().map(|dump| Step::Dump(dump.into()));
        let steps = dumps.chain(asked).collect();
        Self { questions, by_port, steps, again: Some(Vec::new()), unavailable: HashMap::new() }
    }

    /// Reads one more datagram or page of text. Returns the questions once everything is read,
    /// including those that nobody waits for any more.
    pub fn advance(&mut self, diag: &mut SockDiag) -> Result<Option<Vec<Unlisted>>, Error> {
        self.questions.iter_mut().try_for_each(Unlisted::resolve)?;
        if let Some(step) = self.steps.pop() {
            match step {
                Step::Ask(index) => self.ask(index, diag)?,
                Step::Dump(dumping) => self.dump(dumping, diag)?,
                Step::Text(table) => self.read(table)?,
            }
            return Ok(None);
        }
        if self.questions.iter().any(Unlisted::is_doubtful)
            && let Some(again) = self.again.take()
        {
            self.steps = again;
            return Ok(None);
        }
        Ok(Some(self.end(diag)))
    }

    /// Returns why finding nothing for that question proves nothing, if so. The text lacks TCP
    /// sockets that are only bound. It is believed all the same if there is no sock_diag, but not
    /// if sock_diag failed.
    pub fn doubt(&self, wanted: &Wanted) -> Option<&Error> {
        let failed = self.unavailable.get(&Protocol::Tcp).filter(|failed| !failed.is_absent)?;
        let has_bound =
            |dump: &Dump| dump.protocol == Protocol::Tcp && dump.states & states::BOUND != 0;
        dumps_of(wanted).iter().any(has_bound).then_some(&failed.error)
    }

    /// Takes the questions back after a failure.
    pub fn take_questions(&mut self) -> Vec<Unlisted> {
        std::mem::take(&mut self.questions)
    }

    fn ask(&mut self, index: usize, diag: &mut SockDiag) -> Result<(), Error> {
        let Some(unlisted) = self.questions.get_mut(index) else { return Ok(()) };
        let is_udp = unlisted.question.wanted.protocol() == Some(Protocol::Udp);
        if is_udp && self.unavailable.contains_key(&Protocol::Udp) {
            return Ok(());
        }
        match unlisted.ask(diag) {
            Ok(()) => Ok(()),
            Err(unavailable) if is_udp => self.read_text(Protocol::Udp, unavailable),
            // No text table shows the other end of a Unix-domain socket.
            Err(unavailable) => Err(unavailable.error),
        }
    }

    fn dump(&mut self, mut dumping: Dumping, diag: &mut SockDiag) -> Result<(), Error> {
        let protocol = dumping.dump.protocol;
        if self.unavailable.contains_key(&protocol) {
            return Ok(());
        }
        let advanced = dumping.advance(diag, &mut self.adding());
        match advanced {
            Ok(true) => self.steps.push(Step::Dump(dumping)),
            Ok(false) => {
                if let Some(again) = &mut self.again {
                    let doubtful = dumping.doubtful.into_iter().map(Dumping::from);
                    again.extend(doubtful.map(Step::Dump));
                }
            }
            Err(failed) => self.read_text(protocol, failed)?,
        }
        Ok(())
    }

    fn read(&mut self, mut table: TextTable) -> Result<(), Error> {
        let advanced = table.advance(&mut self.adding());
        match advanced {
            Ok(true) => self.steps.push(Step::Text(table)),
            Ok(false) => {}
            Err(error) if table.is_open() || error.is_out_of_descriptors() => return Err(error),
            // The first failure is the one to report, since it left nothing but text to read.
            Err(error) => {
                let first = self.unavailable.remove(&table.protocol);
                return Err(first.map_or(error, |unavailable| unavailable.error));
            }
        }
        Ok(())
    }

    /// Returns a function that adds a row to the questions that want its port or any port.
    fn adding(&mut self) -> impl FnMut(Row) {
        let (questions, by_port) = (&mut self.questions, &self.by_port);
        |row| {
            for port in [Some(row.socket.local.port), None] {
                for index in by_port.get(&port).into_iter().flatten() {
                    questions.get_mut(*index).into_iter().for_each(|one| one.add(&row));
                }
            }
        }
    }

    /// From now on, reads the text tables of `protocol` instead of its dumps.
    fn read_text(&mut self, protocol: Protocol, unavailable: Unavailable) -> Result<(), Error> {
        // Reading text takes a descriptor too.
        if unavailable.error.is_out_of_descriptors() {
            return Err(unavailable.error);
        }
        // Text always comes in pieces, so it may have to be read again.
        for steps in [Some(&mut self.steps), self.again.as_mut()].into_iter().flatten() {
            steps.extend(TextTable::of(protocol).map(Step::Text));
        }
        self.unavailable.insert(protocol, unavailable);
        Ok(())
    }

    fn end(&mut self, diag: &mut SockDiag) -> Vec<Unlisted> {
        let mut questions = std::mem::take(&mut self.questions);
        for unlisted in &mut questions {
            unlisted.choose(&mut diag.peers);
        }
        let lists = questions.iter_mut().filter(|it| matches!(it.question.wanted, Wanted::All(_)));
        let mut rows = lists.flat_map(|list| &mut list.rows).peekable();
        let placeholder = rows.peek().and_then(|_| users::placeholder());
        rows.for_each(|row| row.uid = row.uid.filter(|uid| Some(*uid) != placeholder));
        questions
    }
}

/// Returns the dumps that bring every socket for `wanted`, except for questions that are only ever
/// asked quickly.
fn dumps<'a>(wanted: impl Iterator<Item = &'a Wanted>) -> Vec<Dump> {
    let all: Vec<_> = wanted.flat_map(dumps_of).collect();
    let of_protocol = |protocol| {
        let is_its = |dump: &Dump| dump.protocol == protocol;
        let dumps: Vec<_> = all.iter().copied().filter(is_its).collect();
        if dumps.len() > FILTERED_QUESTIONS || dumps.iter().any(|dump| dump.local_port == 0) {
            let states = dumps.iter().fold(0, |states, dump| states | dump.states);
            vec![Dump::new(protocol, states, 0)]
        } else {
            dumps
        }
    };
    [Protocol::Tcp, Protocol::Udp].into_iter().flat_map(of_protocol).collect()
}

fn dumps_of(wanted: &Wanted) -> Vec<Dump> {
    match *wanted {
        Wanted::Port(Port { protocol, port, state, .. }) => {
            vec![Dump::new(protocol, states::bits(protocol, state), port)]
        }
        Wanted::Connection { local, remote } => {
            let dump = Dump::new(Protocol::Tcp, states::CONNECTED, local.port);
            // An IPv6 socket with mapped addresses is in its own family's dump.
            let is_ipv4 = local.address.is_ipv4();
            let families = if is_ipv4 { Families::Both } else { Families::Inet6 };
            vec![Dump { families, remote_port: remote.port, ..dump }]
        }
        Wanted::All(Filter { protocol, state, port, .. }) => {
            let is_wanted = |one: &Protocol| protocol.is_none_or(|protocol| protocol == *one);
            let dump =
                |protocol| Dump::new(protocol, states::bits(protocol, state), port.unwrap_or(0));
            let dumps = [Protocol::Tcp, Protocol::Udp].into_iter().filter(is_wanted).map(dump);
            dumps.filter(|dump| dump.states != 0).collect()
        }
        Wanted::Reply { .. } | Wanted::LocalPeer(_) => Vec::new(),
    }
}
