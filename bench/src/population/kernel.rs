//! The system calls of the population that `std` lacks.

use std::fs::File;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

/// The number of a child's control channel; 0 to 2 are the standard streams.
const CONTROL: RawFd = 3;
/// The most descriptors that one process may need, even with a FILL of 10.
const DESCRIPTORS_MAX: u64 = 20_000;

/// The channel between the population and one of its processes. A message is two numbers.
pub struct Control(OwnedFd);

impl Control {
    /// Sends an order and waits for the answer.
    pub fn ask(&self, order: u32) -> [u32; 2] {
        self.tell(order);
        self.hear()
    }

    /// Sends an order.
    pub fn tell(&self, order: u32) {
        self.say([order, 0]);
    }

    /// Sends two numbers.
    pub fn say(&self, numbers: [u32; 2]) {
        let (number, data) = (self.as_raw_fd(), numbers.as_ptr().cast());
        // SAFETY: the kernel reads eight bytes of an array of eight bytes.
        let sent = unsafe { libc::send(number, data, 8, libc::MSG_NOSIGNAL) };
        assert_eq!(sent, 8, "send");
    }

    /// Waits for two numbers.
    pub fn hear(&self) -> [u32; 2] {
        self.receive().expect("a process of the population has ended")
    }

    /// Waits for an order. `None`: the population has ended.
    pub fn listen(&self) -> Option<u32> {
        self.receive().map(|[order, _]| order)
    }

    /// Tells the process that the population ends.
    pub fn close(&self) {
        // SAFETY: the call takes integers only. The other end reads an end of file.
        unsafe { libc::shutdown(self.as_raw_fd(), libc::SHUT_WR) };
    }

    /// Waits until the process has ended.
    pub fn wait(&self) {
        while self.receive().is_some() {}
    }

    fn receive(&self) -> Option<[u32; 2]> {
        let mut numbers = [0_u32; 2];
        let (number, data) = (self.as_raw_fd(), numbers.as_mut_ptr().cast());
        // SAFETY: the kernel writes at most eight bytes into an array of eight bytes.
        let received = unsafe { libc::recv(number, data, 8, 0) };
        (received == 8).then_some(numbers)
    }
}

impl AsRawFd for Control {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

fn pair() -> (OwnedFd, OwnedFd) {
    let mut pair = [0; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: the kernel writes two descriptors into an array of two, and no one else owns them.
    unsafe {
        let made = libc::socketpair(libc::AF_UNIX, kind, 0, pair.as_mut_ptr());
        assert_eq!(made, 0, "socketpair: {}", std::io::Error::last_os_error());
        (OwnedFd::from_raw_fd(pair[0]), OwnedFd::from_raw_fd(pair[1]))
    }
}

/// What a process of the population does until the population ends.
pub type Life = Box<dyn FnOnce(&Control)>;

/// Starts a process whose parent is init, as a daemon's is.
pub fn start_orphan(life: Life) -> Control {
    let (ours, theirs) = pair();
    orphan(move || live(theirs, life));
    Control(ours)
}

/// Starts processes whose parent is a session with descriptors of its own, as a user's processes
/// have. The session's channel is the first result.
pub fn start_session(lives: Vec<Life>, descriptors: usize) -> (Control, Vec<Control>) {
    let (ours, theirs) = pair();
    let (controls, channels): (Vec<_>, Vec<_>) =
        lives.iter().map(|_| pair()).map(|(ours, theirs)| (Control(ours), theirs)).unzip();
    orphan(move || {
        for (channel, life) in channels.into_iter().zip(lives) {
            if is_child() {
                live(channel, life);
            }
        }
        live(
            theirs,
            Box::new(move |control| {
                let _held = mixed_descriptors(descriptors);
                control.listen();
            }),
        );
    });
    (Control(ours), controls)
}

fn is_child() -> bool {
    // SAFETY: there is only one thread, so the child may do anything.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork: {}", std::io::Error::last_os_error());
    pid == 0
}

/// Runs `body` in a process whose parent has ended.
fn orphan(body: impl FnOnce()) {
    if is_child() {
        if is_child() {
            body();
        }
        // SAFETY: ends the process.
        unsafe { libc::_exit(0) }
    }
    // SAFETY: a null pointer means that no status is wanted.
    unsafe { libc::wait(std::ptr::null_mut()) };
}

/// Sends the pid, runs `life`, and ends. A process whose channel is closed ends too.
fn live(channel: OwnedFd, life: Life) -> ! {
    let null = File::options().read(true).write(true).open("/dev/null").expect("/dev/null");
    // SAFETY: the owners of the closed descriptors are never used or dropped, because this process
    // leaves through `_exit` below.
    let channel = unsafe {
        libc::dup2(null.as_raw_fd(), 0);
        libc::dup2(null.as_raw_fd(), 1);
        libc::dup2(channel.as_raw_fd(), CONTROL);
        libc::close_range(4, libc::c_uint::MAX, 0);
        OwnedFd::from_raw_fd(CONTROL)
    };
    std::mem::forget(null);
    let control = Control(channel);
    control.say([std::process::id(), 0]);
    life(&control);
    // SAFETY: ends the process.
    unsafe { libc::_exit(0) }
}

/// A connection to a port on the loopback, and its two ports.
pub struct Socket {
    stream: TcpStream,
    /// The client's port.
    pub local: u16,
    /// The server's port.
    pub remote: u16,
}

impl Socket {
    /// Connects to the port `remote`.
    pub fn connect(remote: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", remote)).expect("the server listens");
        let local = stream.local_addr().expect("it is connected").port();
        Self { stream, local, remote }
    }
}

/// A channel whose messages are never read: no process holds the descriptors in them.
pub struct Flight(UnixStream, #[expect(dead_code, reason = "the end that never reads")] UnixStream);

impl Flight {
    /// Makes an empty channel. When the old one is dropped, the kernel closes what was in flight.
    pub fn new() -> Self {
        let (sender, receiver) = UnixStream::pair().expect("a pair of sockets");
        Self(sender, receiver)
    }

    /// Puts the sockets in flight; this process closes its own descriptors for them.
    pub fn take_off(&mut self, sockets: Vec<Socket>) {
        let numbers: Vec<RawFd> = sockets.iter().map(|socket| socket.stream.as_raw_fd()).collect();
        let bytes = u32::try_from(size_of_val(&numbers[..])).expect("few");
        let mut data = [0_u8; 1];
        let mut part = libc::iovec { iov_base: data.as_mut_ptr().cast(), iov_len: data.len() };
        // SAFETY: the buffer is as large as CMSG_SPACE requires, aligned for u64, and lives until
        // sendmsg returns; all fields of the message that are not set are zero.
        let sent = unsafe {
            let room = usize::try_from(libc::CMSG_SPACE(bytes)).expect("few");
            let mut control = vec![0_u64; room.div_ceil(8)];
            let mut message: libc::msghdr = std::mem::zeroed();
            message.msg_iov = &mut part;
            message.msg_iovlen = 1;
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = room;
            let header = libc::CMSG_FIRSTHDR(&message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = usize::try_from(libc::CMSG_LEN(bytes)).expect("few");
            let place = libc::CMSG_DATA(header).cast::<RawFd>();
            std::ptr::copy_nonoverlapping(numbers.as_ptr(), place, numbers.len());
            libc::sendmsg(self.0.as_raw_fd(), &message, 0)
        };
        assert_eq!(sent, 1, "sendmsg: {}", std::io::Error::last_os_error());
    }
}

/// `epoll`: which descriptors are ready.
pub struct Ready(OwnedFd);

impl Ready {
    /// Watches no descriptor yet.
    pub fn new() -> Self {
        // SAFETY: the call makes a descriptor that no one else owns.
        Self(unsafe { OwnedFd::from_raw_fd(libc::epoll_create1(libc::EPOLL_CLOEXEC)) })
    }

    /// Watches one more descriptor.
    pub fn watch(&self, number: RawFd) {
        let events = (libc::EPOLLIN | libc::EPOLLRDHUP).cast_unsigned();
        let mut event = libc::epoll_event { events, u64: number.cast_unsigned().into() };
        // SAFETY: the kernel reads the event before the call returns.
        let added =
            unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, number, &mut event) };
        assert_eq!(added, 0, "epoll_ctl");
    }

    /// Waits until some are ready, and returns them.
    pub fn wait(&self) -> Vec<RawFd> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: the kernel writes at most 64 events into an array of 64.
        let count = unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), 64, -1) };
        let count = usize::try_from(count).unwrap_or(0);
        events[..count].iter().map(|event| RawFd::try_from(event.u64).expect("a number")).collect()
    }
}

/// Makes the queue longer than `std` does: a thousand clients connect at once, and a client whose
/// SYN finds the queue full retries only after a second.
pub fn listen_for_many(listener: RawFd) {
    // SAFETY: the call takes integers only.
    assert_eq!(unsafe { libc::listen(listener, 4_096) }, 0, "listen");
}

/// Makes an eventfd.
pub fn event() -> OwnedFd {
    // SAFETY: the call makes a descriptor that no one else owns.
    unsafe {
        let number = libc::eventfd(0, libc::EFD_CLOEXEC);
        assert!(number >= 0, "eventfd: {}", std::io::Error::last_os_error());
        OwnedFd::from_raw_fd(number)
    }
}

/// Makes `count` descriptors: pipes, Unix-domain sockets, eventfds and files.
pub fn mixed_descriptors(count: usize) -> Vec<OwnedFd> {
    let mut made = Vec::with_capacity(count + 1);
    while made.len() < count {
        match made.len() % 7 {
            0 => {
                let (reader, writer) = std::io::pipe().expect("a pipe");
                made.extend([OwnedFd::from(reader), OwnedFd::from(writer)]);
            }
            2 | 3 => {
                let (one, other) = UnixStream::pair().expect("a pair of sockets");
                made.extend([OwnedFd::from(one), OwnedFd::from(other)]);
            }
            4 => made.push(event()),
            _ => made.push(File::open("/dev/null").expect("/dev/null").into()),
        }
    }
    made.truncate(count);
    made
}

/// Raises the limit as far as the system allows, up to what the largest process needs.
pub fn raise_descriptor_limit() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls get a valid `struct rlimit`, the one to fill and the other to read.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max.min(DESCRIPTORS_MAX);
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
}
