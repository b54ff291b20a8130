//! Which dumps bring all the sockets that some questions want.

use super::diag_request::{Dump, Families};
use super::states;
use crate::question::{Filter, Port, Wanted};
use crate::socket::Protocol;

/// Up to here each question has dumps of its own; for more, one dump of everything is cheaper.
pub const FILTERED_QUESTIONS: usize = 4;

/// Returns the dumps for `wanted`, but for questions that are all asked for quickly.
pub fn dumps<'a>(wanted: impl Iterator<Item = &'a Wanted>) -> Vec<Dump> {
    let dumps: Vec<_> = wanted.flat_map(dumps_of).collect();
    let has_all = |dump: &Dump| dump.local_port == 0;
    let of_protocol = |protocol| {
        let dumps = dumps.iter().filter(move |dump: &&Dump| dump.protocol == protocol);
        let dumps: Vec<_> = dumps.copied().collect();
        if dumps.len() > FILTERED_QUESTIONS || dumps.iter().any(has_all) {
            let states = dumps.iter().fold(0, |states, dump| states | dump.states);
            let families = Families::Both;
            vec![Dump { protocol, families, states, local_port: 0, remote_port: 0 }]
        } else {
            dumps
        }
    };
    [Protocol::Tcp, Protocol::Udp].into_iter().flat_map(of_protocol).collect()
}

/// Returns whether a UDP socket is asked for by its port.
pub fn is_udp_port(wanted: &Wanted) -> bool {
    matches!(wanted, Wanted::Port(Port { protocol: Protocol::Udp, .. }))
}

fn dumps_of(wanted: &Wanted) -> Vec<Dump> {
    let families = Families::Both;
    match *wanted {
        Wanted::Port(Port { protocol, port, state, .. }) => {
            let states = states::bits(protocol, state);
            vec![Dump { protocol, families, states, local_port: port, remote_port: 0 }]
        }
        Wanted::Connection { local, remote } => {
            // An IPv6 socket with mapped addresses is in its own family's dump.
            let families = if local.address.is_ipv4() { families } else { Families::Inet6 };
            vec![Dump {
                protocol: Protocol::Tcp,
                families,
                states: states::CONNECTED,
                local_port: local.port,
                remote_port: remote.port,
            }]
        }
        Wanted::All(Filter { protocol, state, port, .. }) => {
            let protocols = match protocol {
                Some(protocol) => vec![protocol],
                None => vec![Protocol::Tcp, Protocol::Udp],
            };
            let dump = |protocol| Dump {
                protocol,
                families,
                states: states::bits(protocol, state),
                local_port: port.unwrap_or(0),
                remote_port: 0,
            };
            protocols.into_iter().map(dump).filter(|dump| dump.states != 0).collect()
        }
        Wanted::Reply { .. } | Wanted::LocalPeer(_) => Vec::new(),
    }
}
