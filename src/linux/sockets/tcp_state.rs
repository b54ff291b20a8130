//! The kernel's TCP states, <linux/tcp_states.h>, and what they mean here.

use crate::socket;

/// A state's number, as sock_diag and `/proc/net/tcp` tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpState(pub u8);

const TIME_WAIT: u8 = 6;
const CLOSE: u8 = 7;
const LISTEN: u8 = 10;
const NEW_SYN_RECV: u8 = 12;

/// The bit of sockets that listen, in a dump's `states`.
pub const LISTENING: u32 = 1 << LISTEN;

/// The bits of every other state in which a process can hold a socket. Bit 13 asks for sockets that
/// are bound and no more (TCP_BOUND_INACTIVE, about Linux 6.8), which come as CLOSE; older kernels
/// ignore it. TIME_WAIT and half-open requests belong to no process and may be thousands.
pub const OTHERS: u32 = 0x3ffe & !(LISTENING | 1 << TIME_WAIT | 1 << NEW_SYN_RECV);

/// The bits of the states with a remote end.
pub const CONNECTED: u32 = OTHERS & !(1 << CLOSE | 1 << 13);

/// Returns the state by its number; `None`: no process can hold a socket in that state.
pub fn live(state: TcpState) -> Option<socket::TcpState> {
    use socket::TcpState as Live;
    match state.0 {
        1 => Some(Live::Established),
        2 => Some(Live::SynSent),
        3 => Some(Live::SynReceived),
        4 => Some(Live::FinWait1),
        5 => Some(Live::FinWait2),
        CLOSE => Some(Live::Closed),
        8 => Some(Live::CloseWait),
        9 => Some(Live::LastAck),
        LISTEN => Some(Live::Listen),
        11 => Some(Live::Closing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_wait_and_half_open_requests_are_not_live() {
        assert_eq!([0, 6, 12, 13, 255].map(|state| live(TcpState(state))), [None; 5]);
    }

    #[test]
    fn every_state_with_a_remote_end_is_connected() {
        let connected = [1, 2, 3, 4, 5, 8, 9, 11];

        assert!(connected.iter().all(|state| live(TcpState(*state)).is_some()));
        assert_eq!(connected.iter().fold(0, |bits, state| bits | 1 << state), CONNECTED);
        assert_eq!(live(TcpState(10)), Some(socket::TcpState::Listen));
        assert_eq!(live(TcpState(7)), Some(socket::TcpState::Closed));
    }
}
