//! The remote ends of connections that were found by local port alone. A caller that asks by port,
//! as a proxy may, asks again and again about clients of one server. Once that server's end is
//! known, sock_diag can be asked for the exact connection, in microseconds, before whole tables are
//! read. What is remembered only decides what is asked first.

use crate::socket::{End, Socket};

/// Each one costs a request, which takes as long as a listener's if it finds nothing.
const PEERS: usize = 4;

/// The pairs of ends, newest first. A pair's local port differs by question and is not kept.
#[derive(Default)]
pub struct Peers(Vec<(End, End)>);

impl Peers {
    /// Remembers a connection that has answered.
    pub fn remember(&mut self, socket: &Socket) {
        let pair = (End { port: 0, ..socket.local }, socket.remote);
        self.0.retain(|known| *known != pair);
        self.0.insert(0, pair);
        self.0.truncate(PEERS);
    }

    /// Returns the connections that a socket with this local port may be, as local and remote ends.
    pub fn connections(&self, port: u16) -> Vec<(End, End)> {
        self.0.iter().map(|(local, remote)| (End { port, ..*local }, *remote)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{Kind, TcpState};

    fn end_of(port: u16) -> End {
        End::new("127.0.0.1".parse().expect("an address"), 0, port)
    }

    fn connection(local: u16, remote: u16) -> Socket {
        let kind = Kind::Tcp(TcpState::Established);
        Socket { kind, local: end_of(local), remote: end_of(remote), takes_ipv4: false }
    }

    #[test]
    fn the_newest_servers_are_asked_for_and_each_once() {
        let mut peers = Peers::default();

        for remote in [1, 2, 3, 4, 5, 4] {
            peers.remember(&connection(9000, remote));
        }

        let asked =
            peers.connections(7).into_iter().map(|(local, remote)| (local.port, remote.port));
        assert_eq!(asked.collect::<Vec<_>>(), [(7, 4), (7, 5), (7, 3), (7, 2)]);
    }
}
