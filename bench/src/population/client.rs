//! A process that holds descriptors and connections, and opens more when told to.

use super::kernel::{self, Control, Socket};

/// The answer when everything is open.
pub const READY: [u32; 2] = [0, 0];
/// Opens a connection.
pub const CONNECT: u32 = 1;
/// Closes the newest connection.
pub const DROP: u32 = 2;
/// Opens one more descriptor, or closes it again.
pub const CHURN: u32 = 3;

/// One descriptor number in this many is free, as in a process that has run for a while.
const HOLE_EVERY: usize = 20;

/// Serves orders until the population ends.
pub fn run(control: &Control, descriptors: usize, connections: usize, port: u16) {
    let rest = descriptors.saturating_sub(connections + 4);
    let mut others = kernel::mixed_descriptors(rest / 2);
    let mut sockets: Vec<Socket> = (0..connections).map(|_| Socket::connect(port)).collect();
    others.extend(kernel::mixed_descriptors(rest - rest / 2));
    let mut at = 0;
    others.retain(|_| {
        at += 1;
        at % HOLE_EVERY != 0
    });
    let mut churned = None;
    control.say(READY);
    while let Some(order) = control.listen() {
        let mut answer = [0, 0];
        match order {
            CONNECT => {
                let socket = Socket::connect(port);
                answer = [socket.local.into(), socket.remote.into()];
                sockets.push(socket);
            }
            DROP => drop(sockets.pop()),
            CHURN => churned = if churned.is_none() { Some(kernel::event()) } else { None },
            other => panic!("no order {other}"),
        }
        control.say(answer);
    }
}
