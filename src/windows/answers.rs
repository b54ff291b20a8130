//! Chooses the row that answers a question, and makes the answer.

use std::cmp::Reverse;

use super::layout::scope_index;
use super::layout::tables::Row;
use super::own_address::is_own;
use super::owners::Owners;
use super::process::ProcessList;
use super::tables::Snapshot;
use crate::answer::{Found, SocketRow};
use crate::error::Error;
use crate::question::{Filter, Gives, Port, Question, Rank, Wanted};
use crate::socket::{End, State};

/// Finds the answer among the rows.
pub fn find(question: &Question, snapshot: &Snapshot, owners: &mut Owners) -> Result<Found, Error> {
    let wanted = &question.wanted;
    let candidates = snapshot.candidates(wanted)?;
    let ranked = candidates.filter_map(|row| Some((wanted.rank(&row.socket)?, row)));
    match wanted {
        Wanted::All(filter) => list(filter, ranked.map(|(_, row)| row), owners),
        Wanted::Reply { peer, .. } => {
            let best = only_best(ranked.collect());
            // A socket bound to the address proves that the address is ours; a wildcard socket does
            // not.
            let is_told =
                best.first().is_some_and(|row| !row.socket.local.address.is_unspecified());
            if best.is_empty() || !(is_told || is_own(peer)?) {
                return Ok(Found::Nobody);
            }
            holder(best, question.gives, owners)
        }
        _ => {
            let mut ranked = ranked.collect::<Vec<_>>();
            ranked.sort_by_key(|(rank, _)| Reverse(*rank));
            let rows = ranked.into_iter().map(|(_, row)| row).collect();
            holder(rows, question.gives, owners)
        }
    }
}

/// Answers with the first of `rows` whose process holds its socket.
fn holder(rows: Vec<&Row>, gives: Gives, owners: &mut Owners) -> Result<Found, Error> {
    for row in rows {
        if gives == Gives::Record {
            // The handle that identified the process stays open while the record is read.
            let subject = owners.hold(row)?;
            if let Some(subject) = subject {
                let info = subject.info(&mut ProcessList::default())?;
                return Ok(info.map_or(Found::Nobody, |info| Found::Record(Box::new(info))));
            }
        } else if owners.holds(row)? {
            return Ok(Found::Process(row.pid));
        }
    }
    Ok(Found::Nobody)
}

/// Returns the best-ranked rows. A datagram goes to one socket: if the process of that socket
/// cannot be found, no other socket is the answer.
fn only_best(ranked: Vec<(Rank, &Row)>) -> Vec<&Row> {
    let best = ranked.iter().map(|(rank, _)| *rank).max();
    ranked.into_iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, row)| row).collect()
}

fn list<'a>(
    filter: &Filter,
    rows: impl Iterator<Item = &'a Row>,
    owners: &mut Owners,
) -> Result<Found, Error> {
    let mut list = Vec::new();
    for row in rows {
        // A connection for which Windows no longer names a process has no holder.
        let is_orphan = row.pid == 0 && row.socket.state() == State::Connected;
        if is_orphan || filter.pid.is_some_and(|pid| pid != row.pid) {
            continue;
        }
        let pids = if owners.holds(row)? { vec![row.pid] } else { Vec::new() };
        if filter.pid.is_none() || !pids.is_empty() {
            list.push(SocketRow { socket: row.socket.clone(), uid: None, pids });
        }
    }
    Ok(Found::Sockets(list))
}

/// Converts the scopes in a question to the form that those in rows have.
pub fn with_known_scopes(mut question: Question) -> Question {
    let ends: [Option<&mut End>; 2] = match &mut question.wanted {
        Wanted::Connection { local, remote } => [Some(local), Some(remote)],
        Wanted::Reply { peer, own } => [Some(peer), Some(own)],
        Wanted::Port(Port { address, .. }) => [address.as_mut(), None],
        Wanted::LocalPeer(_) | Wanted::All(_) => [None, None],
    };
    for end in ends.into_iter().flatten() {
        end.scope = end.scope.map(scope_index);
    }
    question
}
