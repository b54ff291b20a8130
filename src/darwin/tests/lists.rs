//! Lists have every socket once, with all its holders.

use std::collections::BTreeMap;

use super::asker::Asker;
use crate::answer::SocketRow;
use crate::error::Error;
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{Socket, connected, listener, other, tcp, udp};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::{Filter, Pid};
use crate::socket::{Protocol, State};

/// The parts that are short and can be compared: local port, state, holders.
fn short(rows: &[SocketRow]) -> Vec<(u16, State, &[Pid])> {
    rows.iter().map(|row| (row.socket.local.port, row.socket.state(), &row.pids[..])).collect()
}

/// A world with one of everything. 300 has a copy of the listener on 80, which 100 opened.
pub fn world() -> World {
    let mut world = World::new();
    world.start(100);
    let shared = world.open(100, 5, listener("0.0.0.0:80"));
    world.open(100, 6, connected("127.0.0.1:80", "127.0.0.1:4000"));
    world.open(100, 7, other());
    world.open_file(100, 8);
    world.start(200);
    world.open(200, 5, udp("127.0.0.1:53", None));
    world.open(200, 6, udp("127.0.0.1:54", Some("127.0.0.1:9")));
    world.open(200, 7, tcp("127.0.0.1:81", "0.0.0.0:0", 0)); // Bound.
    world.open(200, 8, udp("0.0.0.0:0", None)); // Without a port.
    world.open(200, 9, Socket { vflag: 0, ..connected("127.0.0.1:82", "127.0.0.1:9") });
    world.open(200, 10, Socket { vflag: 3, ..listener("[::]:83") });
    world.start(300);
    world.share(shared, 300, 33);
    world
}

pub const ALL: Filter = Filter { protocol: None, state: None, port: None, pid: None };

#[test]
fn every_live_socket_with_a_port_is_there_once_with_its_holders() {
    let mut asker = Asker::in_world(world());
    for _ in 0..2 {
        let rows = asker.list(ALL).expect("a list");

        let expected: [(u16, State, &[Pid]); 6] = [
            (53, State::Bound, &[200]),
            (54, State::Connected, &[200]),
            (80, State::Listening, &[100, 300]),
            (80, State::Connected, &[100]),
            (81, State::Bound, &[200]),
            (83, State::Listening, &[200]),
        ];
        assert_eq!(short(&rows), expected);
        assert!(rows.iter().all(|row| row.uid == Some(501)), "{rows:?}");
        assert!(rows[5].socket.takes_ipv4);
        assert_eq!(rows[1].socket.remote.port, 9);
    }
}

#[test]
fn what_is_given_narrows_it() {
    let of = |filter: Filter| -> Vec<u16> {
        let rows = Asker::in_world(world()).list(filter).expect("a list");
        rows.iter().map(|row| row.socket.local.port).collect()
    };

    assert_eq!(of(Filter { protocol: Some(Protocol::Udp), ..ALL }), [53, 54]);
    assert_eq!(of(Filter { state: Some(State::Listening), ..ALL }), [80, 83]);
    assert_eq!(of(Filter { state: Some(State::Bound), ..ALL }), [53, 81]);
    assert_eq!(of(Filter { port: Some(80), ..ALL }), [80, 80]);
    assert_eq!(of(Filter { port: Some(80), state: Some(State::Connected), ..ALL }), [80]);
    assert_eq!(of(Filter { port: Some(80), protocol: Some(Protocol::Udp), ..ALL }), [] as [u16; 0]);
    assert_eq!(of(Filter { port: Some(1), ..ALL }), [] as [u16; 0]);
    assert_eq!(of(Filter { pid: Some(200), state: Some(State::Bound), ..ALL }), [53, 81]);
}

#[test]
fn a_pids_list_reads_its_table_and_no_other() {
    let mut asker = Asker::in_world(world());
    asker.list(ALL).expect("a list");
    calls();

    let rows = asker.list(Filter { pid: Some(300), ..ALL }).expect("a list");

    assert_eq!(short(&rows), [(80, State::Listening, &[300][..])]);
    assert_eq!(calls(), [Call::ListFds(300), Call::Socket(300, 33)]);
    // A socket that the process holds twice is one row.
    change(|world| world.share(*world.sockets.keys().next().expect("the listener"), 300, 34));
    assert_eq!(asker.list(Filter { pid: Some(300), ..ALL }).expect("a list"), rows);
}

#[test]
fn a_pids_list_of_nobody_or_of_one_that_may_not_be_seen_is_empty() {
    let own = Filter { pid: Some(200), ..ALL };
    assert_eq!(Asker::in_world(world()).list(Filter { pid: Some(999), ..ALL }), Ok(vec![]));
    let mut foreign = world();
    foreign.process(200).uid = 0;
    assert_eq!(Asker::in_world(foreign).list(own), Ok(vec![]));
    let events: [fn(&mut World); 2] = [|world| world.exit(200), |world| world.process(200).uid = 0];
    for event in events {
        let mut world = world();
        world.before(5, event);
        assert_eq!(Asker::in_world(world).list(own), Ok(vec![]), "in the middle");
    }
    let mut closing = world();
    closing.before(3, |world| world.close(200, 5));
    let rows = Asker::in_world(closing).list(own).expect("a list");
    assert_eq!(rows.len(), 3, "what was closed meanwhile is passed over");
}

#[test]
fn a_failure_to_read_makes_a_list_an_error_and_not_a_shorter_one() {
    for (call, filter) in [
        (Call::Socket(200, 5), ALL),
        (Call::ListFds(200), ALL),
        (Call::Bsd(300), ALL),
        (Call::ListPids, ALL),
        (Call::ListFds(200), Filter { pid: Some(200), ..ALL }),
        (Call::Socket(200, 5), Filter { pid: Some(200), ..ALL }),
    ] {
        let mut asker = Asker::in_world(world());
        change(|world| world.errnos.insert(call, 14));

        let error: Error = asker.list(filter).expect_err("a failure");

        assert_eq!(error.code, "EFAULT", "{call:?}");
        change(|world| world.errnos.clear());
        assert!(asker.list(filter).is_ok(), "the next one is whole");
    }
    let mut grown = world();
    grown.struct_bytes = 800;
    let mut asker = Asker::in_world(grown);
    for filter in [ALL, Filter { pid: Some(200), ..ALL }] {
        assert_eq!(asker.list(filter).expect_err("a failure").code, "ENOMEM");
    }
}

#[test]
fn root_sees_everybodys_with_the_holders_user() {
    let mut world = world();
    world.euid = 0;
    world.process(200).uid = 502;
    let mut asker = Asker::in_world(world);

    let rows = asker.list(ALL).expect("a list");
    let of_pid = asker.list(Filter { pid: Some(200), ..ALL }).expect("a list");

    let uids: BTreeMap<u16, Option<u32>> =
        rows.iter().map(|row| (row.socket.local.port, row.uid)).collect();
    assert_eq!(uids[&80], Some(501));
    assert_eq!([53, 54, 81, 83].map(|port| uids[&port]), [Some(502); 4]);
    assert!(of_pid.iter().all(|row| row.uid == Some(502)));
}

#[test]
fn holders_stand_in_the_order_of_their_start() {
    let mut world = World::new();
    for pid in [100, 200, 300] {
        world.start(pid);
    }
    let shared = world.open(200, 5, listener("0.0.0.0:80"));
    world.share(shared, 100, 40);
    world.share(shared, 300, 3);
    world.share(shared, 300, 4);
    world.process(300).started = (1, 0);
    world.process(100).started = (1, 1);
    let mut asker = Asker::in_world(world);

    let rows = asker.list(ALL).expect("a list");

    assert_eq!(short(&rows), [(80, State::Listening, &[300, 100, 200][..])]);
}

#[test]
fn a_holder_that_has_gone_is_none_and_a_socket_without_any_is_not_there() {
    for gone in [vec![100], vec![300], vec![100, 300]] {
        let mut asker = Asker::in_world(world());
        asker.list(ALL).expect("a list");
        let whole = calls();
        let asked = whole.iter().position(|call| matches!(call, Call::Bsd(_))).expect("asked");
        let mut asker = Asker::in_world(world());
        let all_gone = gone.clone();
        change(|world| {
            world.before(asked, move |world| all_gone.iter().for_each(|pid| world.exit(*pid)));
        });

        let rows = asker.list(Filter { port: Some(80), state: Some(State::Listening), ..ALL });

        let left: Vec<Pid> = [100, 300].into_iter().filter(|pid| !gone.contains(pid)).collect();
        let rows = rows.expect("a list");
        assert_eq!(
            rows.iter().map(|row| row.pids.clone()).collect::<Vec<_>>(),
            match left[..] {
                [] => vec![],
                _ => vec![left],
            }
        );
    }
}
