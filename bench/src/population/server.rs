//! A process that accepts connections and closes each one after its client has.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};

use super::kernel::{self, Control, Ready};

/// Accepts until the population ends.
pub fn run(control: &Control) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    kernel::listen_for_many(listener.as_raw_fd());
    listener.set_nonblocking(true).expect("a socket can be non-blocking");
    let ready = Ready::new();
    ready.watch(control.as_raw_fd());
    ready.watch(listener.as_raw_fd());
    control.say([listener.local_addr().expect("it is bound").port().into(), 0]);
    let mut accepted = HashMap::<RawFd, TcpStream>::new();
    loop {
        for number in ready.wait() {
            if number == control.as_raw_fd() {
                return; // It gets no orders: the population has ended.
            }
            if number != listener.as_raw_fd() {
                accepted.remove(&number); // Clients never send.
                continue;
            }
            loop {
                match listener.accept() {
                    Ok((stream, _)) => {
                        ready.watch(stream.as_raw_fd());
                        accepted.insert(stream.as_raw_fd(), stream);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("accept: {error}"),
                }
            }
        }
    }
}
