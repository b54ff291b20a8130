//! The kernel's socket states, <linux/tcp_states.h>, and what they mean here.

use crate::socket::{Kind, Protocol, State, TcpState};

const ESTABLISHED: u8 = 1;
const TIME_WAIT: u8 = 6;
const CLOSE: u8 = 7;
const LISTEN: u8 = 10;
const NEW_SYN_RECV: u8 = 12;
const BOUND_INACTIVE: u8 = 13;

/// The bit of listening sockets in a dump's `states`.
pub const LISTENING: u32 = 1 << LISTEN;

/// The bits of TCP sockets that are only bound. Bit 13 asks for them (TCP_BOUND_INACTIVE, about
/// Linux 6.8), and they are reported as CLOSE. Older kernels ignore it and report none.
pub const BOUND: u32 = 1 << CLOSE | 1 << BOUND_INACTIVE;

/// The bits of the TCP states with a remote end. TIME_WAIT and half-open requests belong to no
/// process, and there may be thousands.
pub const CONNECTED: u32 = 0xffe & !(LISTENING | 1 << TIME_WAIT | 1 << CLOSE);

/// The bits of UDP sockets without a peer, and of those with one.
const UDP_UNCONNECTED: u32 = 1 << CLOSE;
const UDP_CONNECTED: u32 = 1 << ESTABLISHED;

/// Returns the bits to ask for if a socket must be in `state`. 0: there can be no such socket.
pub fn bits(protocol: Protocol, state: Option<State>) -> u32 {
    match (protocol, state) {
        (Protocol::Tcp, None) => LISTENING | BOUND | CONNECTED,
        (Protocol::Tcp, Some(State::Listening)) => LISTENING,
        (Protocol::Tcp, Some(State::Bound)) => BOUND,
        (Protocol::Tcp, Some(State::Connected)) => CONNECTED,
        (Protocol::Udp, None) => UDP_UNCONNECTED | UDP_CONNECTED,
        (Protocol::Udp, Some(State::Listening)) => 0,
        (Protocol::Udp, Some(State::Bound)) => UDP_UNCONNECTED,
        (Protocol::Udp, Some(State::Connected)) => UDP_CONNECTED,
    }
}

/// Returns the bits of all states in which a dump may still report sockets after one in `last`.
/// TCP's listeners are in one table, sockets that are only bound in a second, connections in a
/// third.
pub fn after(protocol: Protocol, last: State) -> u32 {
    match (protocol, last) {
        (Protocol::Tcp, State::Connected) => CONNECTED,
        (Protocol::Tcp, State::Bound) => CONNECTED | BOUND,
        (Protocol::Tcp, State::Listening) | (Protocol::Udp, _) => u32::MAX,
    }
}

/// Returns the meaning of a state's number in sock_diag and the text tables. `None`: no process can
/// hold a socket in that state.
pub fn kind(protocol: Protocol, state: u8) -> Option<Kind> {
    match protocol {
        Protocol::Tcp => live(state).map(Kind::Tcp),
        Protocol::Udp => match state {
            ESTABLISHED => Some(Kind::Udp { is_connected: true }),
            CLOSE => Some(Kind::Udp { is_connected: false }),
            _ => None,
        },
    }
}

fn live(state: u8) -> Option<TcpState> {
    match state {
        ESTABLISHED => Some(TcpState::Established),
        2 => Some(TcpState::SynSent),
        3 => Some(TcpState::SynReceived),
        4 => Some(TcpState::FinWait1),
        5 => Some(TcpState::FinWait2),
        CLOSE => Some(TcpState::Closed),
        8 => Some(TcpState::CloseWait),
        9 => Some(TcpState::LastAck),
        LISTEN => Some(TcpState::Listen),
        11 => Some(TcpState::Closing),
        // BOUND_INACTIVE, which is among these, is only ever asked for.
        0 | TIME_WAIT | NEW_SYN_RECV.. => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_wait_and_half_open_requests_are_not_live() {
        let numbers = [0, 6, 12, 13, 255];

        assert_eq!(numbers.map(|state| kind(Protocol::Tcp, state)), [None; 5]);
    }

    #[test]
    fn every_state_with_a_remote_end_is_connected() {
        let connected = [1, 2, 3, 4, 5, 8, 9, 11];

        assert!(connected.iter().all(|state| live(*state).is_some()));
        assert_eq!(connected.iter().fold(0, |bits, state| bits | 1 << state), CONNECTED);
        assert_eq!([live(10), live(7)], [Some(TcpState::Listen), Some(TcpState::Closed)]);
    }

    #[test]
    fn a_udp_socket_is_connected_or_not() {
        let is_connected = |state| match kind(Protocol::Udp, state) {
            Some(Kind::Udp { is_connected }) => Some(is_connected),
            _ => None,
        };

        assert_eq!([1, 7, 10, 2].map(is_connected), [Some(true), Some(false), None, None]);
        assert_eq!(bits(Protocol::Udp, None), 1 << 1 | 1 << 7);
        assert_eq!(bits(Protocol::Udp, Some(State::Listening)), 0);
    }

    #[test]
    fn after_a_connection_come_connections_only() {
        let tcp = |last| after(Protocol::Tcp, last) & bits(Protocol::Tcp, None);

        assert_eq!(tcp(State::Listening), bits(Protocol::Tcp, None));
        assert_eq!(tcp(State::Bound), BOUND | CONNECTED);
        assert_eq!(tcp(State::Connected), CONNECTED);
        let udp = bits(Protocol::Udp, None);
        assert_eq!(after(Protocol::Udp, State::Connected) & udp, udp);
    }

    #[test]
    fn without_a_state_everything_live_is_asked_for() {
        assert_eq!(bits(Protocol::Tcp, None), 0x3ffe & !(1 << TIME_WAIT | 1 << NEW_SYN_RECV));
    }
}
