//! What another socket costs if its process answered lately.

use super::asker::{Asker, connection};
use super::costs::{MISS, PROCESSES, SOCKETS_EACH, seasoned};
use crate::platform::darwin::fake_libproc::change;
use crate::platform::darwin::fake_sockets::{connected, listener, other};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::Wanted;
use crate::slice::Slice;

#[test]
fn a_recent_owner_costs_two_calls_under_its_old_number_or_a_new_one() {
    let mut asker = seasoned();
    let opens = |fd, port: u16| {
        let local = format!("127.0.0.1:{port}");
        change(|world| world.open(1003, fd, connected(&local, "127.0.0.1:80")));
        connection(&local, "127.0.0.1:80")
    };
    let first = opens(40, 4000);
    assert_eq!(asker.look(first), Ok(Some(1003)));

    let same_number = asker.cost(opens(40, 4001));
    let new_number = asker.cost(opens(60, 4002));

    assert_eq!(same_number.1, Ok(Some(1003)));
    assert_eq!(same_number.0, [Call::ListFds(1003), Call::Socket(1003, 40)]);
    assert_eq!(new_number.1, Ok(Some(1003)));
    assert_eq!(new_number.0, [Call::ListFds(1003), Call::Socket(1003, 60)]);
}

#[test]
fn a_recent_owner_that_reused_the_number_after_costs_three_calls() {
    let mut asker = seasoned();
    change(|world| world.open(1003, 13, connected("127.0.0.1:4000", "127.0.0.1:80")));
    assert_eq!(asker.look(connection("127.0.0.1:4000", "127.0.0.1:80")), Ok(Some(1003)));
    change(|world| world.open(1003, 14, connected("127.0.0.1:4001", "127.0.0.1:80")));

    let (calls, owner) = asker.cost(connection("127.0.0.1:4001", "127.0.0.1:80"));

    assert_eq!(owner, Ok(Some(1003)));
    let asked = [Call::ListFds(1003), Call::Socket(1003, 13), Call::Socket(1003, 14)];
    assert_eq!(calls, asked);
}

#[test]
fn a_known_owners_further_connection_on_an_old_number_costs_twelve_calls_at_most() {
    for fd in 10..10 + SOCKETS_EACH {
        let mut asker = seasoned();
        change(|world| world.open(1003, 60, connected("127.0.0.1:4000", "127.0.0.1:80")));
        assert_eq!(asker.look(connection("127.0.0.1:4000", "127.0.0.1:80")), Ok(Some(1003)));
        change(|world| world.open(1003, fd, connected("127.0.0.1:4001", "127.0.0.1:80")));

        let (calls, owner) = asker.cost(connection("127.0.0.1:4001", "127.0.0.1:80"));

        assert_eq!(owner, Ok(Some(1003)));
        assert!(calls.len() <= 12, "{} for {fd}", calls.len());
        assert_eq!(asker.cost(Wanted::port(1)).0.len(), MISS + 1, "a miss costs what it did");
    }
}

#[test]
fn the_numbers_that_an_owner_used_lately_come_before_its_other_old_ones() {
    let mut asker = seasoned();
    // As many connections as a browser makes to one host, among forty sockets.
    let lately: Vec<i32> = (70..76).collect();
    change(|world| {
        for fd in 20..80 {
            world.open(1003, fd, other());
        }
    });
    assert_eq!(asker.look(Wanted::port(1)), Ok(None));
    let opens = |fd: i32, port: u16| {
        let local = format!("127.0.0.1:{port}");
        change(|world| world.open(1003, fd, connected(&local, "127.0.0.1:80")));
        connection(&local, "127.0.0.1:80")
    };
    for fd in &lately {
        assert_eq!(asker.look(opens(*fd, 5000 + *fd as u16)), Ok(Some(1003)));
    }
    for (nth, fd) in lately.iter().enumerate() {
        let (calls, owner) = asker.cost(opens(*fd, 6000 + nth as u16));

        assert_eq!(owner, Ok(Some(1003)));
        assert!(calls.len() <= 12, "{} for {fd}", calls.len());
    }
}

#[test]
fn an_old_number_beyond_the_budget_is_found_by_the_walk() {
    let mut asker = seasoned();
    change(|world| {
        for fd in 20..80 {
            world.open(1003, fd, other());
        }
        world.open(1003, 90, connected("127.0.0.1:4000", "127.0.0.1:80"));
    });
    assert_eq!(asker.look(connection("127.0.0.1:4000", "127.0.0.1:80")), Ok(Some(1003)));
    assert_eq!(asker.look(Wanted::port(1)), Ok(None));
    change(|world| world.open(1003, 77, connected("127.0.0.1:4001", "127.0.0.1:80")));

    let (calls, owner) = asker.cost(connection("127.0.0.1:4001", "127.0.0.1:80"));

    assert_eq!(owner, Ok(Some(1003)));
    let lists = calls.iter().filter(|call| matches!(call, Call::ListFds(_))).count();
    assert!(lists == PROCESSES as usize && calls.len() <= change(|world| world.plain_walk()));
}

#[test]
fn each_recent_owner_asked_before_costs_three_calls_at_most() {
    let mut asker = seasoned();
    for pid in [1003, 1004, 1005, 1006] {
        assert_eq!(asker.look(Wanted::port(20_000 + (pid - 1000) as u16)), Ok(Some(pid)));
    }
    change(|world| world.open(1003, 10, connected("127.0.0.1:4000", "127.0.0.1:80")));

    let (calls, owner) = asker.cost(connection("127.0.0.1:4000", "127.0.0.1:80"));

    assert_eq!(owner, Ok(Some(1003)));
    assert_eq!(calls.len(), 3 + 2 + 2 + 2);
}

#[test]
fn an_old_number_is_found_beside_a_walk_that_is_under_way() {
    for fd in 10..10 + SOCKETS_EACH {
        let mut asker = seasoned();
        assert_eq!(asker.look(Wanted::port(20_003)), Ok(Some(1003)));
        let slow = asker.ask(Wanted::port(1));
        (0..30).for_each(|_| drop(asker.advance(&Slice::of_steps(1))));
        change(|world| world.open(1003, fd, connected("127.0.0.1:4000", "127.0.0.1:80")));
        let late = asker.ask(connection("127.0.0.1:4000", "127.0.0.1:80"));

        let first = (0..14).flat_map(|_| asker.advance(&Slice::of_steps(1))).next();

        let first = first.map(|answer| (answer.id, answer.owner()));
        assert_eq!(first, Some((late, Ok(Some(1003)))), "under {fd}");
        asker.search.forget(slow);
    }
}

#[test]
fn an_owner_is_asked_under_the_numbers_it_used_last() {
    let mut world = World::new();
    world.start(100);
    for fd in 3..60 {
        world.open(100, fd, other());
    }
    let mut asker = Asker::in_world(world);
    assert_eq!(asker.look(Wanted::port(1)), Ok(None));
    for fd in [50, 30, 40] {
        change(|world| world.open(100, fd, listener(&format!("127.0.0.1:{fd}"))));
        assert_eq!(asker.look(Wanted::port(fd as u16)), Ok(Some(100)));
    }

    let asked = asker.cost(Wanted::port(1)).0;

    let numbers: Vec<i32> = asked
        .iter()
        .filter_map(|call| if let Call::Socket(_, fd) = call { Some(*fd) } else { None })
        .collect();
    assert_eq!(numbers[..7], [40, 41, 30, 50, 3, 4, 5]);
}
