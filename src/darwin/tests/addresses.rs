//! If a question has an address, only sockets that a packet to it could reach answer. The best of
//! all processes wins: listeners before others, then the more exact match.

use super::asker::{Asker, tcp_port_at};
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{Socket, connected, listener};
use crate::platform::darwin::fake_world::{Call, World};
use crate::socket::State;

fn dual_stack() -> Socket {
    Socket { vflag: 3, ..listener("[::]:80") }
}

/// One process for each socket, from pid 100 on, the last one being the newest.
fn holding(sockets: Vec<Socket>) -> Asker {
    let mut world = World::new();
    for (pid, socket) in (100..).zip(sockets) {
        world.start(pid);
        world.open(pid, 5, socket);
    }
    Asker::in_world(world)
}

/// Returns every order in which `count` things can be placed.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let shorter = orders(count - 1);
    let with_last = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, count - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..count).map(|at| with_last(order, at))).collect()
}

#[test]
fn listening_comes_first_and_then_the_more_exact_whoever_is_read_first() {
    let best_first = [
        listener("127.0.0.1:80"),
        listener("0.0.0.0:80"),
        dual_stack(),
        connected("127.0.0.1:80", "127.0.0.1:9"),
    ];
    for left_out in 0..best_first.len() {
        let left = &best_first[left_out..];
        for order in orders(left.len()) {
            let mut asker = holding(order.iter().map(|nth| left[*nth].clone()).collect());
            let best = 100 + order.iter().position(|nth| *nth == 0).expect("there") as i32;
            for _ in 0..2 {
                let owner = asker.look(tcp_port_at(80, "127.0.0.1", None));

                assert_eq!(owner, Ok(Some(best)), "{order:?} without {left_out}");
            }
        }
    }
}

#[test]
fn a_packet_to_another_address_or_family_reaches_nobody() {
    let sockets = || {
        vec![
            listener("127.0.0.2:80"),
            listener("[::1]:80"),
            Socket { vflag: 2, ..listener("[::]:80") },
            connected("127.0.0.2:80", "127.0.0.1:9"),
        ]
    };

    assert_eq!(holding(sockets()).look(tcp_port_at(80, "127.0.0.1", None)), Ok(None));
    assert_eq!(holding(sockets()).look(tcp_port_at(80, "::2", None)), Ok(Some(102)));
    assert_eq!(holding(vec![listener("0.0.0.0:80")]).look(tcp_port_at(80, "::1", None)), Ok(None));
}

#[test]
fn a_best_one_ends_the_walk_and_any_other_does_not() {
    let sockets = || vec![connected("127.0.0.1:90", "127.0.0.1:9"), listener("0.0.0.0:80")];
    let mut wildcard = holding(sockets());
    let (to_the_end, owner) = wildcard.cost(tcp_port_at(80, "127.0.0.1", None));
    assert_eq!(owner, Ok(Some(101)));
    assert!(to_the_end.contains(&Call::Socket(100, 5)));
    let last = [Call::Bsd(101), Call::Socket(101, 5)];
    assert_eq!(to_the_end[to_the_end.len() - 2..], last, "it is asked whether it still holds it");

    let mut exact = holding(sockets());
    change(|world| world.open(101, 6, listener("127.0.0.1:80")));
    let (calls, owner) = exact.cost(tcp_port_at(80, "127.0.0.1", None));
    assert_eq!(owner, Ok(Some(101)));
    assert!(!calls.contains(&Call::ListFds(100)));
}

#[test]
fn a_second_best_that_has_gone_by_the_end_leaves_the_next() {
    let mut asker = holding(vec![dual_stack(), listener("0.0.0.0:80")]);
    let calls = asker.cost(tcp_port_at(80, "127.0.0.1", None)).0;
    let asked = calls.iter().position(|call| *call == Call::Bsd(101)).expect("asked");
    for when in [asked, asked + 1] {
        let mut asker = holding(vec![dual_stack(), listener("0.0.0.0:80")]);
        change(|world| world.before(when, |world| world.close(101, 5)));

        assert_eq!(asker.look(tcp_port_at(80, "127.0.0.1", None)), Ok(Some(100)), "{when}");
    }
}

#[test]
fn a_state_leaves_out_the_others_and_the_more_exact_still_wins() {
    let sockets = || {
        vec![
            listener("0.0.0.0:80"),
            listener("127.0.0.1:80"),
            connected("127.0.0.1:80", "127.0.0.1:9"),
        ]
    };
    let of = |state| holding(sockets()).look(tcp_port_at(80, "127.0.0.1", Some(state)));

    assert_eq!(of(State::Listening), Ok(Some(101)));
    assert_eq!(of(State::Connected), Ok(Some(102)));
    let mut wildcard = holding(vec![dual_stack(), listener("0.0.0.0:80")]);
    let wanted = tcp_port_at(80, "127.0.0.1", Some(State::Listening));
    assert_eq!(wildcard.look(wanted), Ok(Some(101)));
    calls();
}

#[test]
fn the_best_socket_answers_with_the_holder_that_started_first() {
    let mut world = World::new();
    world.start(100);
    world.open(100, 5, listener("0.0.0.0:80"));
    world.start(200);
    world.open(200, 5, listener("127.0.0.1:80"));
    world.fork(200, 300);
    world.start(400);
    world.open(400, 5, listener("0.0.0.0:80"));
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(tcp_port_at(80, "127.0.0.1", None)), Ok(Some(200)));
}
