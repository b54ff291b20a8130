//! Reads the socket tables, each at most once for all questions of a slice.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use super::filetime;
use super::kernel::tables::{self, Outcome};
use super::layout::tables::{Row, Table, filled_bytes, rows};
use super::win32_error::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_FOUND, ERROR_NOT_SUPPORTED,
    STATUS_UNSUCCESSFUL, WSAEAFNOSUPPORT, failed,
};
use crate::error::Error;
use crate::question::{Question, Wanted};
use crate::socket::Protocol;

/// Enough for 1,300 sockets, which few machines have.
const LEAST_BYTES: usize = 256 * 1024;
/// Enough for a million sockets. A system that asks for more is not believed.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// How often a table is requested. Tables grow between calls, and under load the call fails now and
/// then with STATUS_UNSUCCESSFUL; five failures in a row have been reported.
const TRIES: u32 = 20;
/// How long to wait after such a failure, whose cause lasts for a moment only.
const PAUSE: Duration = Duration::from_millis(1);

/// The sizes of the tables.
#[derive(Debug)]
pub struct Tables {
    tcp: [usize; 2],
    udp: [usize; 2],
}

impl Default for Tables {
    fn default() -> Self {
        Self { tcp: [LEAST_BYTES; 2], udp: [LEAST_BYTES; 2] }
    }
}

/// What the tables showed, separately for each protocol.
pub struct Snapshot {
    tcp: Result<Rows, Error>,
    udp: Result<Rows, Error>,
}

/// The rows of one protocol, for both families, sorted by local port.
#[derive(Default)]
struct Rows(Vec<Row>);

impl Snapshot {
    /// Returns the rows with the protocol and local port that are wanted.
    pub fn candidates(&self, wanted: &Wanted) -> Result<impl Iterator<Item = &Row>, Error> {
        let of = |protocol| wanted.protocol().is_none_or(|its| its == protocol);
        let tables = [(Protocol::Tcp, &self.tcp), (Protocol::Udp, &self.udp)];
        let mut rows = [const { [].as_slice() }; 2];
        for (place, (protocol, table)) in rows.iter_mut().zip(tables) {
            if of(protocol) {
                *place = table.as_ref().map_err(Error::clone)?.with_port(wanted.local_port());
            }
        }
        Ok(rows.into_iter().flatten())
    }
}

impl Rows {
    fn with_port(&self, port: Option<u16>) -> &[Row] {
        let Some(port) = port else { return &self.0 };
        let begin = self.0.partition_point(|row| row.socket.local.port < port);
        let behind = self.0.get(begin..).unwrap_or_default();
        let count = behind.partition_point(|row| row.socket.local.port == port);
        behind.get(..count).unwrap_or_default()
    }
}

impl Tables {
    /// Reads the rows that some of `questions` may want, but no table that none of them is about.
    pub fn read(&mut self, questions: &[Question]) -> Snapshot {
        Snapshot {
            tcp: self.read_protocol(Protocol::Tcp, questions),
            udp: self.read_protocol(Protocol::Udp, questions),
        }
    }

    /// A connection of an IPv4-mapped address may be in the table of either family, so both are
    /// read, whichever family was asked for. They are read at two moments, but a socket is entirely
    /// in one of them.
    fn read_protocol(&mut self, protocol: Protocol, questions: &[Question]) -> Result<Rows, Error> {
        let wanted = questions
            .iter()
            .map(|question| &question.wanted)
            .filter(|wanted| wanted.protocol().is_none_or(|its| its == protocol))
            .map(Wanted::local_port)
            .collect::<HashSet<_>>();
        if wanted.is_empty() {
            return Ok(Rows::default());
        }
        let is_all = wanted.contains(&None);
        let is_wanted = |port| is_all || wanted.contains(&Some(port));
        let (families, room) = match protocol {
            Protocol::Tcp => ([Table::Tcp4, Table::Tcp6], &mut self.tcp),
            Protocol::Udp => ([Table::Udp4, Table::Udp6], &mut self.udp),
        };
        let began = filetime::now();
        let (mut found, mut absent) = (Vec::new(), None);
        for (table, room) in families.into_iter().zip(room) {
            match read_table(table, room)? {
                Ok(bytes) => rows(table, &bytes, is_wanted, &mut found)?,
                // A machine without IPv6 is not a failure, but a machine without both families is.
                Err(code) => match absent.replace(code) {
                    None => {}
                    Some(_) => return Err(failed(table.call(), code, "")),
                },
            }
        }
        for row in &mut found {
            // If the system does not report the time, the socket is at least older than this
            // reading of the table.
            if row.created == 0 {
                row.created = began;
            }
        }
        found.sort_by_key(|row| row.socket.local.port);
        Ok(Rows(found))
    }
}

/// Reads one table's bytes. The inner error means that this machine has no such family.
///
/// The first call already has the room that was enough last time. A size that the call returns is
/// already out of date, so more room than that is made.
fn read_table(table: Table, room: &mut usize) -> Result<Result<Vec<u8>, u32>, Error> {
    let mut last = STATUS_UNSUCCESSFUL;
    for _ in 0..TRIES {
        let mut buffer = buffer(table, *room)?;
        match tables::read(table, &mut buffer) {
            Outcome::Filled => {
                let filled = filled_bytes(table, &buffer).unwrap_or(0);
                *room = with_reserve(filled).min(MOST_BYTES);
                return Ok(Ok(buffer));
            }
            Outcome::TooSmall(needed) => {
                last = ERROR_INSUFFICIENT_BUFFER;
                *room = with_reserve(needed.max(*room)).min(MOST_BYTES);
            }
            Outcome::Failed(STATUS_UNSUCCESSFUL) => {
                last = STATUS_UNSUCCESSFUL;
                thread::sleep(PAUSE);
            }
            Outcome::Failed(code @ (ERROR_NOT_SUPPORTED | ERROR_NOT_FOUND | WSAEAFNOSUPPORT)) => {
                return Ok(Err(code));
            }
            Outcome::Failed(code) => return Err(failed(table.call(), code, "")),
        }
    }
    Err(failed(table.call(), last, ""))
}

fn with_reserve(bytes: usize) -> usize {
    bytes.saturating_add(bytes / 4).saturating_add(4096).max(LEAST_BYTES)
}

fn buffer(table: Table, bytes: usize) -> Result<Vec<u8>, Error> {
    let mut buffer = Vec::new();
    if buffer.try_reserve_exact(bytes).is_err() {
        return Err(failed(table.call(), ERROR_NOT_ENOUGH_MEMORY, ""));
    }
    buffer.resize(bytes, 0);
    Ok(buffer)
}
