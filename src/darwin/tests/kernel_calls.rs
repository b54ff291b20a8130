//! The wrappers on their own: paths, interfaces, buffers that grow, errnos that are not believed.

use super::asker::Asker;
use crate::platform::darwin::fake_libproc::{calls, change, install};
use crate::platform::darwin::fake_sockets::listener;
use crate::platform::darwin::fake_world::{Call, World};
use crate::platform::darwin::{interface_index, process_path};
use crate::question::Wanted;

#[test]
fn a_path_is_what_the_kernel_tells_whosever_process_it_is() {
    let mut world = World::new();
    world.start_as(100, 0);
    world.paths.insert(100, b"/Applications/A B.app/Contents/MacOS/a".to_vec());
    world.paths.insert(101, b"/tmp/\xFFx".to_vec());
    world.paths.insert(102, vec![b'a'; 4096]);
    install(world);

    assert_eq!(process_path(100), Ok(Some("/Applications/A B.app/Contents/MacOS/a".to_owned())));
    assert_eq!(process_path(101), Ok(Some("/tmp/\u{FFFD}x".to_owned())));
    assert_eq!(process_path(102), Ok(Some("a".repeat(4096))));
}

#[test]
fn a_process_that_has_gone_or_is_hidden_has_no_path() {
    for errno in [3, 2, 1, 13, 19] {
        let mut world = World::new();
        world.errnos.insert(Call::Path(100), errno);
        install(world);

        assert_eq!(process_path(100), Ok(None), "errno {errno}");
    }
}

#[test]
fn a_path_that_cannot_be_asked_for_is_an_error() {
    let mut world = World::new();
    world.errnos.insert(Call::Path(100), 5);
    world.bytes.insert(Call::Path(101), 0);
    world.bytes.insert(Call::Path(102), 4097);
    world.bytes.insert(Call::Path(103), -1);
    install(world);

    let codes = [100, 101, 102, 103].map(|pid| process_path(pid).expect_err("a failure").code);

    assert_eq!(codes, ["EIO", "EBADMSG", "EBADMSG", "EBADMSG"]);
}

#[test]
fn an_interface_is_a_number_nothing_or_an_error() {
    let mut world = World::new();
    world.interfaces.insert("en0", Ok(4));
    world.interfaces.insert("broken", Err(24));
    world.interfaces.insert("silent", Err(0));
    install(world);

    assert_eq!(interface_index(c"en0"), Ok(Some(4)));
    assert_eq!(interface_index(c"nosuch"), Ok(None));
    assert_eq!(interface_index(c"broken").expect_err("a failure").code, "EMFILE");
    assert_eq!(interface_index(c"silent").expect_err("a failure").code, "EBADMSG");
    assert_eq!(interface_index(c"nosuch"), Ok(None), "after a success, too");
}

#[test]
fn a_list_of_descriptors_that_fills_its_room_is_asked_again() {
    let mut world = World::new();
    world.start(100);
    (0..9000).for_each(|fd| world.open_file(100, fd));
    world.open(100, 9000, listener("127.0.0.1:80"));
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.cost(Wanted::port(80)).1, Ok(Some(100)));

    let again = asker.cost(Wanted::port(80)).0;
    assert_eq!(again, [Call::ListFds(100), Call::Socket(100, 9000)], "the room is kept");
}

#[test]
fn a_list_that_fills_its_room_to_the_last_is_asked_again() {
    let mut world = World::new();
    world.start(100);
    (0..4095).for_each(|fd| world.open_file(100, fd));
    world.open(100, 4095, listener("127.0.0.1:80"));
    let mut asker = Asker::in_world(world);

    let (calls, owner) = asker.cost(Wanted::port(80));

    assert_eq!(owner, Ok(Some(100)));
    assert_eq!(calls.iter().filter(|call| **call == Call::ListFds(100)).count(), 2);
}

#[test]
fn a_list_of_processes_that_fills_its_room_is_asked_again() {
    let mut world = World::new();
    world.start(100);
    world.open(100, 5, listener("127.0.0.1:80"));
    (0..5000).for_each(|_| world.start_any(501));
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.cost(Wanted::port(80)).1, Ok(Some(100)));
}

#[test]
fn room_for_one_unusual_process_is_given_back() {
    let mut world = World::new();
    world.start(100);
    (0..70_000).for_each(|fd| world.open_file(100, fd));
    let mut asker = Asker::in_world(world);

    assert_eq!(asker.look(Wanted::port(80)), Ok(None));

    assert!(asker.search.context.buffers.kept_bytes() <= 2 * 256 * 1024);
}

#[test]
fn a_list_without_an_end_is_a_failure_not_a_loop() {
    let mut world = World::new();
    world.start(100);
    let mut asker = Asker::in_world(world);
    asker.look(Wanted::port(1)).expect("no failure");
    calls();
    change(|world| world.fill.insert(Call::ListFds(100)));

    let error = asker.look(Wanted::port(80)).expect_err("a failure");

    assert_eq!((error.code, error.syscall), ("EBADMSG", "proc_pidinfo"));
    assert_eq!(calls().len(), 1 + 12);
}
