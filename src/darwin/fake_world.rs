//! The machine behind the scripted kernel: its processes, descriptors and sockets, and what happens
//! to them between calls.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails may panic"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::fake_sockets::{Socket, address};
use super::kernel::Fd;
use crate::question::Pid;

/// One call, as tests name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    ListPids,
    ListFds(Pid),
    Socket(Pid, Fd),
    Bsd(Pid),
    ShortBsd(Pid),
    Path(Pid),
    Cwd(Pid),
    /// `kern.proc.pid`.
    Start(Pid),
    /// `KERN_PROCARGS2`.
    Args(Pid),
    /// `LOCAL_PEERPID` of this descriptor.
    PeerPid(Fd),
    Addresses,
    Probe(i32),
}

pub struct Process {
    pub pid: Pid,
    pub uid: u32,
    pub parent: Pid,
    /// Its whole name. The kernel truncates it.
    pub name: &'static [u8],
    pub started: (u64, u64),
    pub fds: BTreeMap<Fd, Descriptor>,
    pub cwd: Vec<u8>,
    pub args: Vec<Vec<u8>>,
    pub environment: Vec<Vec<u8>>,
    /// What the kernel finds in place of path, arguments and environment, if the process wrote over
    /// them.
    pub strings: Option<Vec<u8>>,
}

pub struct Zombie {
    pub pid: Pid,
    pub uid: u32,
    pub started: (u64, u64),
}

#[derive(Clone, Copy)]
pub enum Descriptor {
    File,
    Socket(u64),
}

type Event = Box<dyn FnOnce(&mut World)>;

pub struct World {
    pub euid: u32,
    /// The newest process first.
    pub processes: Vec<Process>,
    pub zombies: Vec<Zombie>,
    pub sockets: BTreeMap<u64, Socket>,
    pub calls: Vec<Call>,
    /// Events, each with the number of the call before which it happens, counted from 0.
    pub events: Vec<(usize, Event)>,
    /// For each listing, how many processes are born after its room was made, and of which user.
    pub births: VecDeque<(usize, u32)>,
    /// `sizeof(struct socket_fdinfo)` in this kernel.
    pub struct_bytes: usize,
    /// These calls fail with this errno.
    pub errnos: BTreeMap<Call, i32>,
    /// These calls report this many bytes, and leave errno alone.
    pub bytes: BTreeMap<Call, i32>,
    /// These calls fill whatever buffer they get.
    pub fill: BTreeSet<Call>,
    pub paths: BTreeMap<Pid, Vec<u8>>,
    pub interfaces: BTreeMap<&'static str, Result<u32, i32>>,
    pub in_flight: BTreeSet<u64>,
    /// One per interface, each a `struct sockaddr`. `None` is an interface without an address.
    pub addresses: Vec<Option<Vec<u8>>>,
    /// The process that last used the other end of a descriptor of this process, or an errno.
    pub peers: BTreeMap<Fd, Result<Pid, i32>>,
    /// Whether `kern.proc.pid` reports nothing to any caller.
    pub hides_starts: bool,
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
            addresses: ["127.0.0.1", "::1", "192.168.1.5"].map(|own| Some(address(own, 0))).into(),
            peers: BTreeMap::new(),
            hides_starts: false,
            clock: 1_000,
            next_socket: 0xF000,
            next_pid: 70_000,
        }
    }

    /// Starts a process of the caller's user, which becomes the newest.
    pub fn start(&mut self, pid: Pid) {
        self.clock += 1;
        let (uid, started) = (self.euid, (self.clock, 0));
        let process = Process {
            pid,
            uid,
            parent: 1,
            name: b"",
            started,
            fds: BTreeMap::new(),
            cwd: b"/".to_vec(),
            args: Vec::new(),
            environment: Vec::new(),
            strings: None,
        };
        self.processes.insert(0, process);
    }

    pub fn start_as(&mut self, pid: Pid, uid: u32) {
        self.start(pid);
        self.process(pid).uid = uid;
    }

    /// Starts a process that no question is about.
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

    /// Adds a descriptor of the same socket, as dup, fork or SCM_RIGHTS do.
    pub fn share(&mut self, socket: u64, pid: Pid, fd: Fd) {
        self.process(pid).fds.insert(fd, Descriptor::Socket(socket));
    }

    pub fn close(&mut self, pid: Pid, fd: Fd) {
        self.process(pid).fds.remove(&fd);
    }

    /// Ends the process, which remains a zombie until `reap`.
    pub fn exit(&mut self, pid: Pid) {
        let Process { uid, started, .. } = *self.process(pid);
        self.processes.retain(|process| process.pid != pid);
        self.zombies.insert(0, Zombie { pid, uid, started });
    }

    pub fn reap(&mut self, pid: Pid) {
        self.zombies.retain(|zombie| zombie.pid != pid);
    }

    pub fn fork(&mut self, parent: Pid, child: Pid) {
        let fds = self.process(parent).fds.clone();
        self.start(child);
        self.process(child).fds = fds;
    }

    /// Since macOS 13 an exec may create a new process structure, which moves that pid to the front
    /// of the list. The descriptors in `closing` were open with close-on-exec.
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

    /// Ends the connection while the descriptor stays open: `in_pcbdetach` clears the version and
    /// leaves the ports.
    pub fn tear_down(&mut self, socket: u64) {
        let socket = self.socket(socket);
        (socket.vflag, socket.state) = (0, 0);
    }

    /// Returns whether more than one reference to the socket's file exists.
    pub fn is_shared(&self, socket: u64) -> bool {
        let all = self.processes.iter().flat_map(|process| process.fds.values());
        let here = all.filter(|fd| matches!(fd, Descriptor::Socket(so) if *so == socket));
        here.take(2).count() + usize::from(self.in_flight.contains(&socket)) > 1
    }

    /// Returns how many calls a plain walk over everything makes: 1 + P + S.
    pub fn plain_walk(&self) -> usize {
        let mine = || self.processes.iter().filter(|process| process.uid == self.euid);
        let sockets = mine().flat_map(|process| process.fds.values());
        let sockets = sockets.filter(|fd| matches!(fd, Descriptor::Socket(_))).count();
        1 + mine().count() + self.zombies.iter().filter(|z| z.uid == self.euid).count() + sockets
    }
}
