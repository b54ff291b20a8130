//! The processes of a whole machine, with descriptors and TCP connections on the loopback, which
//! obey orders: `population PROCESSES SOCKETS FILL`.
//!
//! Most have 10 to 60 descriptors; 3 in 100 have 1,000 to 1,500, and three fifths of the
//! connections. FILL multiplies the numbers of descriptors. The parent of every other client is
//! init; the others' parent is a session with 60 descriptors, since a lookup also asks whether
//! ancestors hold the socket. All processes end when standard input does.
//!
//! Orders are lines of input. The answer to each is a line of JSON:
//! - `connect K`: client K opens one more connection → its two ports
//! - `drop K`: closes the newest connection of client K
//! - `churn K K …`: each opens one more descriptor, or closes it again
//! - `fly N`: makes N connections with one end in flight, in a message that is never read: sockets
//!   with an inode that no process holds → their ports
//! - `land`: closes the connections in flight
//! - `wait N`: leaves N connections in TIME_WAIT

use std::io::{BufRead, Write, stdin, stdout};

mod client;
mod kernel;
mod server;

use kernel::{Control, Socket};

const SERVERS: usize = 4;
const SESSION_DESCRIPTORS: usize = 57; // Plus three standard streams.
/// One client in this many is as large as a browser or a proxy.
const HEAVY_EVERY: usize = 33;
/// `SCM_MAX_FD` is 253.
const FLYING_TOGETHER: usize = 200;

fn main() {
    let numbers: Vec<usize> =
        std::env::args().skip(1).map(|word| word.parse().expect("a number")).collect();
    let [processes, sockets, fill] = numbers[..] else {
        panic!("population PROCESSES SOCKETS FILL");
    };
    kernel::raise_descriptor_limit();
    let servers: Vec<Control> =
        (0..SERVERS).map(|_| kernel::start_orphan(Box::new(server::run))).collect();
    let server_pids = pids(&servers);
    let ports: Vec<u16> =
        servers.iter().map(|server| server.hear()[0].try_into().expect("a port")).collect();
    // Without the population itself, the servers and the session.
    let clients = processes - SERVERS - 2;
    let (session, clients) = start_clients(clients, (sockets - SERVERS) / 2, fill, &ports);
    pids(std::slice::from_ref(&session));
    let client_pids = pids(&clients);
    clients.iter().for_each(|client| assert_eq!(client.hear(), client::READY));
    let heavy: Vec<String> =
        (0..clients.len()).filter(|k| is_heavy(*k)).map(|k| k.to_string()).collect();
    let heavy = heavy.join(",");
    say(&format!(r#"{{"servers":[{server_pids}],"clients":[{client_pids}],"heavy":[{heavy}]}}"#));
    obey(&clients, &ports);
    let everybody = || clients.iter().chain(&servers).chain([&session]);
    everybody().for_each(Control::close);
    everybody().for_each(Control::wait);
}

/// Returns what each process says first: its pid.
fn pids(controls: &[Control]) -> String {
    let pids: Vec<String> = controls.iter().map(|control| control.hear()[0].to_string()).collect();
    pids.join(",")
}

fn is_heavy(client: usize) -> bool {
    client % HEAVY_EVERY == HEAVY_EVERY / 2
}

/// Returns the session and the clients. Those with even numbers are not the session's children.
fn start_clients(
    count: usize,
    connections: usize,
    fill: usize,
    ports: &[u16],
) -> (Control, Vec<Control>) {
    let mut lives = lives(count, connections, fill, ports).into_iter();
    let mut orphans = Vec::new();
    let mut of_session = Vec::new();
    while let Some(life) = lives.next() {
        orphans.push(kernel::start_orphan(life));
        of_session.extend(lives.next());
    }
    let (session, of_session) = kernel::start_session(of_session, SESSION_DESCRIPTORS);
    let mut of_session = of_session.into_iter();
    let in_turn = orphans.into_iter().flat_map(|orphan| [Some(orphan), of_session.next()]);
    (session, in_turn.flatten().collect())
}

fn lives(count: usize, connections: usize, fill: usize, ports: &[u16]) -> Vec<kernel::Life> {
    let heavy = (0..count).filter(|k| is_heavy(*k)).count();
    let of_heavy = if heavy == 0 { 0 } else { connections * 3 / 5 };
    let share = |total: usize, among: usize, at: usize| {
        total * (at + 1) / among.max(1) - total * at / among.max(1)
    };
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap_or(0) % below
    };
    let (mut heavies, mut lights) = (0, 0);
    let mut life = |k: usize| -> kernel::Life {
        let (descriptors, connections) = if is_heavy(k) {
            heavies += 1;
            (1_000 + random(501), share(of_heavy, heavy, heavies - 1))
        } else {
            lights += 1;
            (10 + random(51), share(connections - of_heavy, count - heavy, lights - 1))
        };
        let port = ports[k % ports.len()];
        Box::new(move |control| client::run(control, descriptors * fill, connections, port))
    };
    (0..count).map(&mut life).collect()
}

fn obey(clients: &[Control], ports: &[u16]) {
    let mut flight = kernel::Flight::new();
    for line in stdin().lock().lines() {
        let line = line.expect("standard input is text");
        let (order, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let numbers: Vec<usize> =
            rest.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        match order {
            "connect" => {
                let [local, remote] = clients[numbers[0]].ask(client::CONNECT);
                say(&format!("[{local},{remote}]"));
            }
            "drop" => {
                clients[numbers[0]].ask(client::DROP);
                say("null");
            }
            "churn" => {
                numbers.iter().for_each(|k| clients[*k].tell(client::CHURN));
                for k in &numbers {
                    clients[*k].hear();
                }
                say("null");
            }
            "fly" => say(&fly(&mut flight, numbers[0], ports)),
            "land" => {
                flight = kernel::Flight::new();
                say("null");
            }
            "wait" => {
                (0..numbers[0]).for_each(|k| drop(Socket::connect(ports[k % ports.len()])));
                say("null");
            }
            other => panic!("no order {other}"),
        }
    }
}

fn fly(flight: &mut kernel::Flight, count: usize, ports: &[u16]) -> String {
    let mut ends = Vec::new();
    for first in (0..count).step_by(FLYING_TOGETHER) {
        let together = FLYING_TOGETHER.min(count - first);
        let sockets: Vec<Socket> =
            (0..together).map(|k| Socket::connect(ports[k % ports.len()])).collect();
        ends.extend(sockets.iter().map(|socket| format!("[{},{}]", socket.local, socket.remote)));
        flight.take_off(sockets);
    }
    format!("[{}]", ends.join(","))
}

fn say(line: &str) {
    println!("{line}");
    stdout().flush().expect("standard output is open");
}
