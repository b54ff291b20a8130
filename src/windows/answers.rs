//! Which row answers a question, and what with.

use std::cmp::Reverse;

use super::layout::scope_index;
use super::layout::tables::Row;
use super::own_address::is_own;
use super::owners::Owners;
use super::process::ProcessList;
use super::tables::Snapshot;
use crate::answer::{Found, SocketRow};
use crate::error::Error;
use crate::question::{Filter, Gives, Port, Question, Wanted};
use crate::rank::Rank;
use crate::socket::{End, State};

/// Looks for the answer among the rows.
pub fn find(question: &Question, snapshot: &Snapshot, owners: &mut Owners) -> Result<Found, Error> {
    let wanted = &question.wanted;
    let candidates = snapshot.candidates(wanted)?;
    let ranked = candidates.filter_map(|row| Some((wanted.rank(&row.socket)?, row)));
    if let Wanted::All(filter) = wanted {
        return list(filter, ranked.map(|(_, row)| row), owners);
    }
    let mut ranked = ranked.collect::<Vec<_>>();
    if ranked.is_empty() || !stays_here(wanted, &ranked)? {
        return Ok(Found::Nobody);
    }
    ranked.sort_by_key(|(rank, _)| Reverse(*rank));
    if matches!(wanted, Wanted::Reply { .. }) {
        // A datagram goes to one socket: if that one's process cannot be told, no other is the answer.
        let best = ranked.first().map(|(rank, _)| *rank);
        ranked.retain(|(rank, _)| Some(*rank) == best);
    }
    holder(ranked.into_iter().map(|(_, row)| row).collect(), question.gives, owners)
}

/// Returns whether what is sent to the address that is asked about comes to sockets of this machine. One
/// that is bound to that very address shows it; a wildcard does not.
fn stays_here(wanted: &Wanted, ranked: &[(Rank, &Row)]) -> Result<bool, Error> {
    let to = match wanted {
        Wanted::Reply { peer, .. } => peer,
        Wanted::Port(Port { address: Some(address), .. }) if !address.is_no_one_machines() => {
            address
        }
        _ => return Ok(true),
    };
    let is_told = ranked.iter().any(|(_, row)| !row.socket.local.address.is_unspecified());
    Ok(is_told || is_own(to)?)
}

/// The first of `rows` whose process holds its socket answers.
fn holder(rows: Vec<&Row>, gives: Gives, owners: &mut Owners) -> Result<Found, Error> {
    for row in rows {
        if gives == Gives::Record {
            // The handle that showed the process to be the one stays open while it is read.
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

fn list<'a>(
    filter: &Filter,
    rows: impl Iterator<Item = &'a Row>,
    owners: &mut Owners,
) -> Result<Found, Error> {
    let mut list = Vec::new();
    for row in rows {
        // Nobody has a connection that no process is named for any more.
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

/// Gives the scopes of a question the form that those of rows have.
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
