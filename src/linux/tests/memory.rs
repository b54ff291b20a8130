//! What is remembered decides where to look first, never what is answered: whatever the memory
//! holds, right, stale or hostile, the answer is the one that an empty memory gives.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{self, Command};
use std::sync::mpsc;
use std::thread;

use super::holder::{ALONE, Holder, WITH_CHILD};
use super::{alone, end};
use crate::answer::Found;
use crate::platform::linux::holders::recent::{OWNERS, Owner, Recent};
use crate::platform::linux::socket::Group;
use crate::platform::linux::{Search, local_peer};
use crate::question::{Gives, LocalPeer, Pid, Question, Wanted};
use crate::slice::Slice;

/// Pseudo-random numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}

/// Processes and sockets, and each question about them with its answer.
struct World {
    holders: Vec<Holder>,
    questions: Vec<(Wanted, Option<Pid>)>,
    _server: TcpListener,
    _accepted: Vec<TcpStream>,
    _ours: Vec<UnixStream>,
}

impl World {
    fn new() -> Self {
        let localhost = (Ipv4Addr::LOCALHOST, 0);
        let server = TcpListener::bind(localhost).expect("a free port");
        let server_address = server.local_addr().expect("it is bound");
        let (holders, questions, _accepted, _ours) = (vec![], vec![], vec![], vec![]);
        let mut world = Self { holders, questions, _accepted, _server: server, _ours };
        for script in [ALONE, ALONE, WITH_CHILD, ALONE, WITH_CHILD, ALONE] {
            let client = TcpStream::connect(server_address).expect("it listens");
            let address = client.local_addr().expect("it is connected");
            world._accepted.push(world._server.accept().expect("it was asked").0);
            let holder = Holder::of(client, script);
            let exact = Wanted::Connection { local: end(address), remote: end(server_address) };
            for wanted in [exact, Wanted::port(address.port()), Wanted::connected(address.port())] {
                world.questions.push((wanted, Some(holder.pid())));
            }
            world.holders.push(holder);
        }
        let listener = TcpListener::bind(localhost).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let holder = Holder::of(listener, WITH_CHILD);
        world.questions.push((Wanted::port(port), Some(holder.pid())));
        world.questions.push((Wanted::connected(port), None));
        world.holders.push(holder);
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let holder = Holder::of(theirs, WITH_CHILD);
        let told = local_peer(ours.as_raw_fd(), false).expect("no failure").expect("connected");
        // Whichever process is recorded.
        for pid in [told.pid, holder.pid(), world.holders[0].pid(), 1, 0, Pid::MAX] {
            let wanted = Wanted::LocalPeer(LocalPeer { pid, ..told });
            world.questions.push((wanted, Some(holder.pid())));
        }
        world.holders.push(holder);
        world._ours.push(ours);
        let own = Some(process::id().cast_signed());
        world.questions.push((Wanted::listener(server_address.port()), own));
        world
    }

    /// Returns the pid of a process that is alive, has ended or never was.
    fn any_pid(&self, dice: &mut Dice, dead: Pid) -> Pid {
        match dice.below(10) {
            0 => dead,
            1 => Pid::MAX,
            2 => process::id().cast_signed(),
            _ => {
                let holder = &self.holders[dice.below(self.holders.len())];
                holder.child.filter(|_| dice.below(2) == 0).unwrap_or(holder.pid())
            }
        }
    }
}

fn look(search: &mut Search, wanted: &Wanted, dice: &mut Dice) -> Option<Pid> {
    let mut answers = Vec::new();
    search.ask(Question::pid(1, wanted.clone()));
    while answers.is_empty() {
        let steps = dice.one_of(&[1, 2, 7, 500, 100_000]);
        search.advance(&Slice::of_steps(steps), &mut answers);
    }
    answers.pop().and_then(|answer| answer.owner().expect("nothing fails"))
}

/// Returns the pid of a process that has ended and been reaped.
fn dead() -> Pid {
    let mut child = Command::new("true").spawn().expect("it starts");
    child.wait().expect("it ends");
    child.id().cast_signed()
}

/// Remembers recent owners with pids that now belong to other processes, and numbers under which
/// those hold other sockets. Or one holds the very socket, but `owner` holds it too and started
/// first.
fn shuffle_recent(search: &mut Search, world: &World, owner: Option<Pid>, dice: &mut Dice) {
    let dead = dead();
    let entry = |dice: &mut Dice| {
        let pid = world.any_pid(dice, dead);
        let number = |dice: &mut Dice| dice.one_of(&[0, 0, 0, 0, 0, -1, 3, i32::MAX]);
        let numbers = (0..dice.below(5)).map(|_| number(dice)).collect();
        Owner { pid, numbers, count: dice.one_of(&[0, 4, u64::MAX]) }
    };
    let mut recent = (0..dice.below(OWNERS)).map(|_| entry(dice)).collect::<Vec<_>>();
    let owner = world.holders.iter().find(|holder| Some(holder.pid()) == owner);
    if let Some(child) = owner.and_then(|holder| holder.child).filter(|_| dice.below(2) == 0) {
        recent.insert(0, Owner { pid: child, numbers: vec![3], count: 4 });
    }
    search.hunt.recent = Recent::of(recent);
}

/// Remembers descriptor counts that hide which processes have changed, or make all of them look
/// changed.
fn shuffle_counts(search: &mut Search, dice: &mut Dice) {
    search.hunt.known.counts.clear();
    for entry in fs::read_dir("/proc").expect("it is mounted").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let count = fs::metadata(entry.path().join("fd")).map_or(0, |metadata| metadata.len());
        let known = [None, Some(count), Some(count), Some(count + 1), Some(0), Some(u64::MAX)];
        search.hunt.known.counts.extend(dice.one_of(&known).map(|known| (pid, known)));
    }
}

/// Learns the groups, and may give each the directory of another.
fn shuffle_groups(search: &mut Search, dice: &mut Dice) {
    let groups = &mut search.hunt.known.groups;
    while groups.members(Group::MAX).is_none() {}
    groups.rotate(dice.below(3));
}

/// Moves a holder out of the group in which its socket was created, if that is allowed. The group
/// is removed with the last of its processes.
fn move_to_other_group(holder: &Holder, name: &str) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    let group = format!("{}/socket-owner-{}-{name}", line.split(' ').nth(4)?, process::id());
    fs::create_dir(&group).ok()?;
    let moved = fs::write(Path::new(&group).join("cgroup.procs"), holder.pid().to_string());
    moved.ok().map(|()| group)
}

#[test]
fn whatever_is_remembered_the_answer_is_the_one_of_an_empty_memory() {
    let _alone = alone();
    let world = World::new();
    let group = move_to_other_group(&world.holders[0], "moved");
    let mut warm = Search::default();
    for seed in 0..8 {
        let mut dice = Dice(seed);
        for (wanted, expected) in &world.questions {
            match dice.below(4) {
                0 => {} // As the last lookups left it.
                1 => warm = Search::default(),
                _ => {
                    shuffle_recent(&mut warm, &world, *expected, &mut dice);
                    shuffle_counts(&mut warm, &mut dice);
                    shuffle_groups(&mut warm, &mut dice);
                }
            }

            assert_eq!(look(&mut warm, wanted, &mut dice), *expected, "{wanted:?}, seed {seed}");
        }
    }
    drop(world);
    group.into_iter().for_each(|group| fs::remove_dir(group).expect("it is empty"));
}

#[test]
fn a_remembered_number_that_is_a_threads_by_now_answers_with_its_process() {
    let _alone = alone();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let client = TcpStream::connect(address).expect("it listens");
    let local = end(client.local_addr().expect("it is connected"));
    let sockets = [
        (listener.as_raw_fd(), Wanted::listener(address.port())),
        (client.as_raw_fd(), Wanted::Connection { local, remote: end(address) }),
    ];
    let (end, told) = (mpsc::channel::<()>(), mpsc::channel());
    let thread = thread::spawn(move || {
        let own = fs::read_link("/proc/thread-self").expect("it is told");
        let number = own.file_name().and_then(|name| name.to_str()?.parse().ok());
        told.0.send(number.expect("PID/task/TID")).expect("it is awaited");
        end.1.recv().expect_err("it is never told anything");
    });
    let number: Pid = told.1.recv().expect("it runs");
    // Under that number, so that it is seen at a glance; and under none, so in its whole table.
    for (fd, wanted) in sockets {
        for numbers in [vec![fd], vec![]] {
            let mut search = Search::default();
            search.hunt.recent = Recent::of(vec![Owner { pid: number, numbers, count: 1 }]);

            let found = super::look(&mut search, wanted.clone(), Gives::Record, 1000);

            let Found::Record(record) = found else { panic!("{found:?} is no record") };
            assert_eq!(record.pid, process::id().cast_signed());
        }
    }
    drop(end.0);
    thread.join().expect("it ends");
}
