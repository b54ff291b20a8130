//! The machine behind the scripted kernel: processes, descriptors, sockets, and what happens to
//! them between which calls.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails may panic"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use super::kernel::Fd;
use crate::question::Pid;

/// One call as a test names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    ListPids,
    ListFds(Pid),
    Socket(Pid, Fd),
    Bsd(Pid),
    ShortBsd(Pid),
    Path(Pid),
    Probe(i32),
}

pub struct Process {
    pub pid: Pid,
    pub uid: u32,
    pub parent: Pid,
    /// Its name whole; the kernel cuts it.
    pub name: &'static [u8],
    pub started: (u64, u64),
    pub fds: BTreeMap<Fd, Descriptor>,
}

#[derive(Clone, Copy)]
pub enum Descriptor {
    File,
    Socket(u64),
}

/// What the kernel knows of a socket; `vflag`, `state` and the rest as in its headers.
#[derive(Clone)]
pub struct Socket {
    pub kind: i32,
    pub kind_of_file: i32,
    pub socket_type: i32,
    pub protocol: i32,
    pub family: i32,
    pub generation: u64,
    pub vflag: u8,
    pub state: i32,
    pub local: ([u8; 16], u32),
    pub remote: ([u8; 16], u32),
}

type Event = Box<dyn FnOnce(&mut World)>;

pub struct World {
    pub euid: u32,
    /// The newest first.
    pub processes: Vec<Process>,
    pub zombies: Vec<(Pid, u32)>,
    pub sockets: BTreeMap<u64, Socket>,
    pub calls: Vec<Call>,
    /// What happens before which call, counted from 0.
    pub events: Vec<(usize, Event)>,
    /// How many processes of which user are born inside each listing, after its room was made.
    pub births: VecDeque<(usize, u32)>,
    /// `sizeof(struct socket_fdinfo)` in this kernel.
    pub struct_bytes: usize,
    /// These calls fail with this errno.
    pub errnos: BTreeMap<Call, i32>,
    /// These calls answer this many bytes, and leave errno alone.
    pub bytes: BTreeMap<Call, i32>,
    /// These calls fill whatever room they get.
    pub fill: BTreeSet<Call>,
    pub paths: BTreeMap<Pid, Vec<u8>>,
    pub interfaces: BTreeMap<&'static str, Result<u32, i32>>,
    pub in_flight: BTreeSet<u64>,
    clock: u64,
    next_socket: u64,
    next_pid: Pid,
}

impl World {
    pub fn new() -> Self {
        Self {
            euid: 501,
            processes: Vec::new(),
            zombies: Vec::new(),
            sockets: BTreeMap::new(),
            calls: Vec::new(),
            events: Vec::new(),
            births: VecDeque::new(),
            struct_bytes: 792,
            errnos: BTreeMap::new(),
            bytes: BTreeMap::new(),
            fill: BTreeSet::new(),
            paths: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            clock: 1_000,
            next_socket: 0xF000,
            next_pid: 70_000,
        }
    }

    /// A process of the caller's user starts: the newest.
    pub fn start(&mut self, pid: Pid) {
        self.clock += 1;
        let (uid, started) = (self.euid, (self.clock, 0));
        self.processes
            .insert(0, Process { pid, uid, parent: 1, name: b"", started, fds: BTreeMap::new() });
    }

    pub fn start_as(&mut self, pid: Pid, uid: u32) {
        self.start(pid);
        self.process(pid).uid = uid;
    }

    /// Some process that nobody asks for.
    pub fn start_any(&mut self, uid: u32) {
        self.next_pid += 1;
        self.start_as(self.next_pid, uid);
    }

    pub fn process(&mut self, pid: Pid) -> &mut Process {
        self.processes.iter_mut().find(|process| process.pid == pid).expect("a live process")
    }

    pub fn is_alive(&self, pid: Pid) -> bool {
        self.processes.iter().any(|process| process.pid == pid)
    }

    pub fn open(&mut self, pid: Pid, fd: Fd, mut socket: Socket) -> u64 {
        self.next_socket += 1;
        socket.generation = self.next_socket * 3;
        self.sockets.insert(self.next_socket, socket);
        self.share(self.next_socket, pid, fd);
        self.next_socket
    }

    pub fn open_file(&mut self, pid: Pid, fd: Fd) {
        self.process(pid).fds.insert(fd, Descriptor::File);
    }

    /// One more descriptor of the same socket, as by dup, fork or SCM_RIGHTS.
    pub fn share(&mut self, socket: u64, pid: Pid, fd: Fd) {
        self.process(pid).fds.insert(fd, Descriptor::Socket(socket));
    }

    pub fn close(&mut self, pid: Pid, fd: Fd) {
        self.process(pid).fds.remove(&fd);
    }

    /// It is a zombie until `reap`.
    pub fn exit(&mut self, pid: Pid) {
        let uid = self.process(pid).uid;
        self.processes.retain(|process| process.pid != pid);
        self.zombies.insert(0, (pid, uid));
    }

    pub fn reap(&mut self, pid: Pid) {
        self.zombies.retain(|zombie| zombie.0 != pid);
    }

    pub fn fork(&mut self, parent: Pid, child: Pid) {
        let fds = self.process(parent).fds.clone();
        self.start(child);
        self.process(child).fds = fds;
    }

    /// Since macOS 13 an exec may make a new process structure: that pid comes first then. What is
    /// in `closing` was open with close-on-exec.
    pub fn exec(&mut self, pid: Pid, closing: &[Fd]) {
        let position = self.processes.iter().position(|process| process.pid == pid);
        let mut process = self.processes.remove(position.expect("a live process"));
        process.fds.retain(|fd, _| !closing.contains(fd));
        self.processes.insert(0, process);
    }

    pub fn before(&mut self, call: usize, event: impl FnOnce(&mut Self) + 'static) {
        self.events.push((call, Box::new(event)));
    }

    pub fn socket(&mut self, socket: u64) -> &mut Socket {
        self.sockets.get_mut(&socket).expect("a socket")
    }

    /// The connection died while the descriptor stays open: `in_pcbdetach` clears the version and
    /// leaves the ports.
    pub fn tear_down(&mut self, socket: u64) {
        let socket = self.socket(socket);
        (socket.vflag, socket.state) = (0, 0);
    }

    /// Whether more than one reference to the socket's file exists.
    pub fn is_shared(&self, socket: u64) -> bool {
        let all = self.processes.iter().flat_map(|process| process.fds.values());
        let here = all.filter(|fd| matches!(fd, Descriptor::Socket(so) if *so == socket));
        here.take(2).count() + usize::from(self.in_flight.contains(&socket)) > 1
    }

    /// How many calls a plain walk over everything makes: 1 + P + S.
    pub fn plain_walk(&self) -> usize {
        let mine = || self.processes.iter().filter(|process| process.uid == self.euid);
        let sockets = mine().flat_map(|process| process.fds.values());
        let sockets = sockets.filter(|fd| matches!(fd, Descriptor::Socket(_))).count();
        1 + mine().count() + self.zombies.iter().filter(|z| z.1 == self.euid).count() + sockets
    }
}

/// A live TCP socket between two ends; by `state`, 1 LISTEN and 4 ESTABLISHED.
pub fn tcp(local: &str, remote: &str, state: i32) -> Socket {
    let end = |text: &str| {
        let end: SocketAddr = text.parse().expect("an address with a port");
        let port = u32::from(end.port().to_be());
        match end.ip() {
            IpAddr::V4(address) => {
                let mut bytes = [0; 16];
                bytes[12..].copy_from_slice(&address.octets());
                (bytes, port)
            }
            IpAddr::V6(address) => (address.octets(), port),
        }
    };
    let is_v4 = local.parse::<SocketAddr>().expect("an address with a port").is_ipv4();
    Socket {
        kind: 2,
        kind_of_file: 2,
        socket_type: 1,
        protocol: 6,
        family: if is_v4 { 2 } else { 30 },
        generation: 0,
        vflag: if is_v4 { 1 } else { 2 },
        state,
        local: end(local),
        remote: end(remote),
    }
}

pub fn listener(local: &str) -> Socket {
    let nowhere = if local.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
    tcp(local, nowhere, 1)
}

pub fn connected(local: &str, remote: &str) -> Socket {
    tcp(local, remote, 4)
}

/// A socket that is not TCP, as most are: a Unix-domain one.
pub fn other() -> Socket {
    Socket { kind: 3, family: 1, protocol: 0, ..listener("0.0.0.0:0") }
}
