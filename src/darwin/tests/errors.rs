//! A failure to look is an error, a hit is a hit, and `None` is never a failure in disguise.

use super::asker::{Asker, Owner};
use crate::error::Error;
use crate::platform::darwin::fake_libproc::{calls, change};
use crate::platform::darwin::fake_sockets::{Socket, listener, other};
use crate::platform::darwin::fake_world::{Call, World};
use crate::question::Wanted;

/// Process 100 listens on 80. Process 200, which is newer, has something else.
fn two() -> World {
    let mut world = World::new();
    world.start(100);
    world.open(100, 5, listener("127.0.0.1:80"));
    world.start(200);
    world.open(200, 6, other());
    world
}

fn of_struct_bytes(struct_bytes: usize) -> World {
    let mut world = two();
    world.struct_bytes = struct_bytes;
    world
}

fn told(owner: Owner) -> (&'static str, &'static str) {
    let Error { code, syscall, message } = owner.expect_err("a failure");
    assert!(message.starts_with(&format!("{code}: {syscall}")), "{message}");
    (code, syscall)
}

#[test]
fn a_structure_that_grew_is_an_error_of_two_calls_at_most() {
    let mut asker = Asker::in_world(of_struct_bytes(800));

    let (calls, owner) = asker.cost(Wanted::port(80));

    let message = owner.clone().expect_err("a failure").message;
    assert!(message.contains("larger than 792 bytes; a newer version"), "{message}");
    assert_eq!(told(owner), ("ENOMEM", "proc_pidfdinfo"));
    assert_eq!(calls, [Call::Probe(792)]);
}

#[test]
fn a_structure_that_shrank_is_an_error() {
    let mut asker = Asker::in_world(of_struct_bytes(784));

    assert_eq!(told(asker.look(Wanted::port(80))), ("EBADMSG", "proc_pidfdinfo"));
}

#[test]
fn a_failed_proof_is_not_remembered_and_a_good_one_is() {
    let mut asker = Asker::in_world(of_struct_bytes(800));
    told(asker.look(Wanted::port(80)));
    change(|world| world.struct_bytes = 792);

    let proved = asker.cost(Wanted::port(80));
    let again = asker.cost(Wanted::port(80));

    assert_eq!((proved.1, again.1), (Ok(Some(100)), Ok(Some(100))));
    assert!(proved.0.contains(&Call::Probe(791)));
    assert!(!again.0.contains(&Call::Probe(791)));
}

#[test]
fn a_probe_that_a_sandbox_refuses_is_its_error() {
    let mut world = two();
    world.errnos.insert(Call::Probe(792), 1);
    let mut asker = Asker::in_world(world);

    assert_eq!(told(asker.look(Wanted::port(80))), ("EPERM", "proc_pidfdinfo"));
}

#[test]
fn a_probe_that_finds_a_socket_is_outside_the_manual() {
    for (probe, bytes) in [(792, 792), (792, 0), (791, 791), (791, 0)] {
        let mut world = two();
        world.bytes.insert(Call::Probe(probe), bytes);
        let mut asker = Asker::in_world(world);

        assert_eq!(told(asker.look(Wanted::port(80))), ("EBADMSG", "proc_pidfdinfo"));
    }
}

#[test]
fn a_structure_that_grows_under_way_stops_the_lookup_at_once() {
    let mut world = two();
    world.before(4, |world| world.struct_bytes = 800);
    let mut asker = Asker::in_world(world);

    let (calls, owner) = asker.cost(Wanted::port(80));

    assert_eq!(told(owner), ("ENOMEM", "proc_pidfdinfo"));
    assert_eq!(calls.last(), Some(&Call::Socket(200, 6)));
}

#[test]
fn each_field_that_cannot_be_is_an_error_of_the_whole_lookup() {
    let good = || listener("127.0.0.1:81");
    let wrong = [
        Socket { kind_of_file: 1, ..other() },
        Socket { protocol: 17, ..good() },
        Socket { socket_type: 2, ..good() },
        Socket { family: 1, ..good() },
        Socket { local: ([0; 16], 0x1_0050), ..good() },
        Socket { remote: ([0; 16], 0xFFFF_0000), ..good() },
        Socket { state: 12, ..good() },
        Socket { state: -1, ..good() },
    ];
    for (nth, socket) in wrong.into_iter().enumerate() {
        let mut world = two();
        world.open(200, 7, socket);
        let mut asker = Asker::in_world(world);

        assert_eq!(told(asker.look(Wanted::port(80))), ("EBADMSG", "proc_pidfdinfo"), "{nth}");
    }
}

#[test]
fn a_short_or_impossible_answer_is_an_error_of_the_whole_lookup() {
    for bytes in [1, 264, 791, 793, -1] {
        let mut world = two();
        // The bytes left in place would be a good answer, the previous one.
        world.open(200, 7, other());
        world.bytes.insert(Call::Socket(200, 7), bytes);
        let mut asker = Asker::in_world(world);

        assert_eq!(told(asker.look(Wanted::port(80))), ("EBADMSG", "proc_pidfdinfo"), "{bytes}");
    }
}

#[test]
fn a_listing_that_is_refused_is_an_error_for_every_question() {
    let mut world = two();
    world.errnos.insert(Call::ListPids, 1);
    let mut asker = Asker::in_world(world);
    asker.ask(Wanted::port(80));
    asker.ask(Wanted::listener(90));

    let answers = asker.finish();

    assert_eq!(answers.len(), 2);
    for answer in answers {
        assert_eq!(told(answer.owner()), ("EPERM", "proc_listpids"));
    }
    change(|world| world.errnos.clear());
    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)), "the next lookup starts anew");
}

#[test]
fn a_list_without_even_this_process_is_an_error() {
    for bytes in [0, -4, 1 << 30] {
        let mut world = two();
        world.bytes.insert(Call::ListPids, bytes);
        let mut asker = Asker::in_world(world);

        assert_eq!(told(asker.look(Wanted::port(80))), ("EBADMSG", "proc_listpids"), "{bytes}");
        assert_eq!(calls().len(), 2 + 1, "{bytes}");
    }
}

#[test]
fn a_process_that_is_refused_is_passed_over() {
    let mut world = two();
    world.errnos.insert(Call::ListFds(200), 1);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
    assert_eq!(asker.look(Wanted::port(81)), Ok(None));
}

#[test]
fn a_process_that_becomes_another_users_is_left_in_the_middle() {
    let mut world = two();
    world.open(200, 7, other());
    world.errnos.insert(Call::Socket(200, 6), 1);
    let mut asker = Asker::in_world(world);

    let (calls, owner) = asker.cost(Wanted::port(80));

    assert_eq!(owner, Ok(Some(100)));
    assert!(!calls.contains(&Call::Socket(200, 7)));
}

#[test]
fn no_memory_for_a_list_is_no_change_of_layout() {
    let mut world = two();
    world.errnos.insert(Call::ListFds(200), 12);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)), "a hit is a hit");
    assert_eq!(told(asker.look(Wanted::port(81))), ("ENOMEM", "proc_pidinfo"));
}

#[test]
fn a_descriptor_that_cannot_be_read_makes_nobody_an_error() {
    let mut world = two();
    world.errnos.insert(Call::Socket(200, 6), 14);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
    assert_eq!(told(asker.look(Wanted::port(81))), ("EFAULT", "proc_pidfdinfo"));
    change(|world| world.errnos.clear());
    assert_eq!(asker.look(Wanted::port(81)), Ok(None), "it is not remembered");
}

#[test]
fn a_descriptor_that_fails_without_an_errno_makes_nobody_an_error() {
    let mut world = two();
    world.bytes.insert(Call::Socket(200, 6), 0);
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));
    assert_eq!(told(asker.look(Wanted::port(81))), ("EBADMSG", "proc_pidfdinfo"));
}

#[test]
fn a_list_of_descriptors_longer_than_its_room_makes_nobody_an_error() {
    for bytes in [-1, 1 << 30] {
        let mut world = two();
        world.bytes.insert(Call::ListFds(200), bytes);
        let mut asker = Asker::in_world(world);

        let (calls, owner) = asker.cost(Wanted::port(81));

        assert_eq!(told(owner), ("EBADMSG", "proc_pidinfo"), "{bytes}");
        assert_eq!(calls.iter().filter(|call| **call == Call::ListFds(200)).count(), 1);
    }
}

#[test]
fn a_holder_that_cannot_be_asked_for_its_start_makes_nobody_an_error() {
    let mut world = two();
    let socket = world.open(200, 8, listener("127.0.0.1:90"));
    world.in_flight.insert(socket);
    world.errnos.insert(Call::Bsd(200), 14);
    let mut asker = Asker::in_world(world);

    assert_eq!(told(asker.look(Wanted::port(90))), ("EFAULT", "proc_pidinfo"));
    change(|world| world.errnos.clear());
    assert_eq!(asker.look(Wanted::port(90)), Ok(Some(200)));
    change(|world| world.bytes.insert(Call::Bsd(200), 64));
    assert_eq!(told(asker.look(Wanted::port(90))), ("EBADMSG", "proc_pidinfo"));
}

#[test]
fn a_start_time_of_another_process_is_outside_the_manual() {
    let mut world = two();
    let socket = world.open(200, 8, listener("127.0.0.1:90"));
    world.in_flight.insert(socket);
    // Nothing is written, so the buffer's initial zeros are read: pid 0.
    world.bytes.insert(Call::Bsd(200), 136);
    let mut asker = Asker::in_world(world);

    assert_eq!(told(asker.look(Wanted::port(90))), ("EBADMSG", "proc_pidinfo"));
}

#[test]
fn root_lists_again_until_the_oldest_are_there() {
    let mut world = two();
    world.euid = 0;
    world.births.extend([(25, 0), (30, 0)]);
    let mut asker = Asker::in_world(world);

    // 100 and 200, the oldest, are missing from the first two listings.
    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)));

    assert_eq!(calls().iter().filter(|call| **call == Call::ListPids).count(), 3);
}

#[test]
fn root_never_takes_a_cut_list_for_nobody() {
    let mut world = two();
    world.euid = 0;
    world.births.extend([(25, 0); 9]);
    let mut asker = Asker::in_world(world);

    assert_eq!(told(asker.look(Wanted::port(80))), ("EBADMSG", "proc_listpids"));
    assert_eq!(calls().iter().filter(|call| **call == Call::ListPids).count(), 4);
}

#[test]
fn an_ordinary_user_lists_again_after_a_leap() {
    let mut asker = Asker::in_world(two());
    assert_eq!(asker.look(Wanted::port(81)), Ok(None));
    change(|world| world.births.push_back((25, 501)));
    calls();

    assert_eq!(asker.look(Wanted::port(80)), Ok(Some(100)), "the oldest was pushed out");

    assert_eq!(calls().iter().filter(|call| **call == Call::ListPids).count(), 2);
}
