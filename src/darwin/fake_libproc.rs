//! A scripted kernel behind the system's own symbols. It lets the whole back end, wrappers
//! included, run on any system.
//!
//! It exists because nothing else runs those lines off a Mac: `kernel.rs` declares the functions of
//! libproc, and the few others that it calls, as a Mac's headers do, and a test binary finds them
//! here instead of in libSystem. Their answers come from `fake_kernel.rs`.
//!
//! Each thread has one world. In a thread without one, the symbols that other tests also need call
//! the system's functions.
#![expect(unsafe_code, reason = "it stands where C stands")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails may panic, and a script may claim any number of bytes"
)]

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::{ptr, slice};

use super::fake_world::{Call, World};
use super::kernel::{self, Interface};

// If a declaration in `kernel.rs` and its definition here differ, this does not compile.
const _: [unsafe extern "C" fn(u32, u32, *mut c_void, c_int) -> c_int; 2] =
    [kernel::proc_listpids, proc_listpids];
const _: [unsafe extern "C" fn(c_int, c_int, u64, *mut c_void, c_int) -> c_int; 2] =
    [kernel::proc_pidinfo, proc_pidinfo];
const _: [unsafe extern "C" fn(c_int, c_int, c_int, *mut c_void, c_int) -> c_int; 2] =
    [kernel::proc_pidfdinfo, proc_pidfdinfo];
const _: [unsafe extern "C" fn(c_int, *mut c_void, u32) -> c_int; 2] =
    [kernel::proc_pidpath, proc_pidpath];
type Sysctl =
    unsafe extern "C" fn(*mut c_int, c_uint, *mut c_void, *mut usize, *mut c_void, usize) -> c_int;
const _: [Sysctl; 2] = [kernel::sysctl, sysctl];
type Getsockopt = unsafe extern "C" fn(c_int, c_int, c_int, *mut c_void, *mut u32) -> c_int;
const _: [Getsockopt; 2] = [kernel::getsockopt, getsockopt];
const _: [unsafe extern "C" fn(*mut *mut Interface) -> c_int; 2] = [kernel::getifaddrs, getifaddrs];
const _: [unsafe extern "C" fn(*mut Interface); 2] = [kernel::freeifaddrs, freeifaddrs];
const _: [unsafe extern "C" fn(*const c_char) -> c_uint; 2] =
    [kernel::if_nametoindex, if_nametoindex];
const _: [unsafe extern "C" fn(c_uint, *mut c_char) -> *mut c_char; 2] =
    [kernel::if_indextoname, if_indextoname];
const _: [unsafe extern "C" fn() -> u32; 2] = [kernel::geteuid, geteuid];

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Installs `world` as this thread's.
pub fn install(world: World) {
    WORLD.with_borrow_mut(|here| *here = Some(world));
}

/// Changes or reads this thread's world.
pub fn change<T>(look: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(|here| look(here.as_mut().expect("a world")))
}

/// Returns the calls made since it was last called.
pub fn calls() -> Vec<Call> {
    change(|world| std::mem::take(&mut world.calls))
}

/// Notes a call, runs the events that are due before it, and answers it: as many bytes as there is
/// room for go to `buffer`. Returns the number of bytes reported, or `None` if the call fails with
/// an errno. A success sets an errno that must not be believed. A success without bytes leaves
/// errno alone.
fn answer(
    call: Call,
    (buffer, room): (*mut c_void, usize),
    work: impl FnOnce(&mut World) -> Result<Vec<u8>, c_int>,
) -> Option<usize> {
    let told = change(|world| {
        world.enter(call);
        match (world.errnos.get(&call).copied(), world.bytes.get(&call).copied()) {
            (Some(errno), _) => Err(errno),
            (None, Some(claimed)) => Ok((Vec::new(), claimed as usize)),
            (None, None) => work(world).map(|told| {
                let bytes = told.len().min(room);
                (told, bytes)
            }),
        }
    });
    let bytes = told.as_ref().map_or(0, |(_, bytes)| *bytes);
    match &told {
        Ok((told, _)) => copy_out(told.get(..room).unwrap_or(told), buffer),
        Err(errno) => set_errno(*errno),
    }
    if bytes > 0 {
        set_errno(22);
    }
    told.is_ok().then_some(bytes)
}

/// libproc hides the kernel's -1: for a failure it returns 0 and sets errno.
fn libproc(
    call: Call,
    buffer: *mut c_void,
    room: c_int,
    work: impl FnOnce(&mut World) -> Result<Vec<u8>, c_int>,
) -> c_int {
    let room = usize::try_from(room).expect("no negative room");
    answer(call, (buffer, room), work).map_or(0, |bytes| bytes as c_int)
}

fn set_errno(errno: c_int) {
    // SAFETY: `__error` returns the address of this thread's errno, here or in libSystem.
    let place = unsafe { kernel::__error() };
    // SAFETY: the address is valid as long as the thread lives.
    unsafe { *place = errno }
}

/// Copies `bytes`, which were cut to the room that came with `buffer`.
fn copy_out(bytes: &[u8], buffer: *mut c_void) {
    // SAFETY: every caller has room for that many bytes.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.cast(), bytes.len()) };
}

/// On a Mac, errno remains the system's, because the standard library reads it too.
#[cfg(not(target_vendor = "apple"))]
#[unsafe(no_mangle)]
extern "C" fn __error() -> *mut c_int {
    thread_local!(static ERRNO: std::cell::Cell<c_int> = const { std::cell::Cell::new(0) });
    ERRNO.with(std::cell::Cell::as_ptr)
}

#[unsafe(no_mangle)]
extern "C" fn proc_listpids(kind: u32, of: u32, buffer: *mut c_void, bytes: c_int) -> c_int {
    libproc(Call::ListPids, buffer, bytes, |world| Ok(world.pids(kind, of)))
}

#[unsafe(no_mangle)]
extern "C" fn proc_pidinfo(
    pid: c_int,
    flavor: c_int,
    arg: u64,
    buffer: *mut c_void,
    bytes: c_int,
) -> c_int {
    assert_eq!(arg, 0, "no flavor that is used here takes one");
    let room = usize::try_from(bytes).expect("no negative room");
    match flavor {
        1 => libproc(Call::ListFds(pid), buffer, bytes, |world| world.fds(pid, room)),
        3 => libproc(Call::Bsd(pid), buffer, bytes, |world| world.bsd_info(pid, room)),
        9 => libproc(Call::Cwd(pid), buffer, bytes, |world| world.vnode_info(pid, room)),
        13 => libproc(Call::ShortBsd(pid), buffer, bytes, |world| world.short_info(pid, room)),
        _ => unreachable!("no such flavor is used here"),
    }
}

#[unsafe(no_mangle)]
extern "C" fn proc_pidfdinfo(
    pid: c_int,
    fd: c_int,
    flavor: c_int,
    buffer: *mut c_void,
    bytes: c_int,
) -> c_int {
    assert_eq!(flavor, 3, "PROC_PIDFDSOCKETINFO");
    let room = usize::try_from(bytes).expect("no negative room");
    let call = if pid == -1 { Call::Probe(bytes) } else { Call::Socket(pid, fd) };
    libproc(call, buffer, bytes, |world| world.socket_info(pid, fd, room))
}

#[unsafe(no_mangle)]
extern "C" fn proc_pidpath(pid: c_int, buffer: *mut c_void, bytes: u32) -> c_int {
    let room = c_int::try_from(bytes).expect("a small number");
    // The kernel writes the whole buffer, and libproc returns the length of the string.
    match libproc(Call::Path(pid), buffer, room, |world| world.path(pid, bytes as usize)) {
        all if all == room => change(|world| world.paths[&pid].len() as c_int),
        other => other,
    }
}

#[unsafe(no_mangle)]
extern "C" fn sysctl(
    name: *mut c_int,
    names: c_uint,
    value: *mut c_void,
    bytes: *mut usize,
    new: *mut c_void,
    new_bytes: usize,
) -> c_int {
    assert!(new.is_null() && new_bytes == 0, "nothing is set");
    // SAFETY: the caller passes an array of `names` numbers.
    let name = unsafe { slice::from_raw_parts(name, names as usize) };
    // SAFETY: the caller passes a pointer to the size of its buffer.
    let room = unsafe { *bytes };
    let told = match *name {
        [1, 14, 1, pid] => {
            answer(Call::Start(pid), (value, room), |world| world.kinfo_proc(pid, room))
        }
        [1, 49, pid] => answer(Call::Args(pid), (value, room), |world| world.procargs(pid, room)),
        _ => unreachable!("no such value is used here"),
    };
    let Some(told) = told else { return -1 };
    // SAFETY: as above. The same place receives the number of bytes written.
    unsafe { *bytes = told };
    0
}

#[unsafe(no_mangle)]
extern "C" fn getsockopt(
    fd: c_int,
    level: c_int,
    option: c_int,
    value: *mut c_void,
    bytes: *mut u32,
) -> c_int {
    if WORLD.with_borrow(Option::is_none) {
        let system: Getsockopt = next(c"getsockopt");
        // SAFETY: the arguments are passed on as the caller gave them.
        return unsafe { system(fd, level, option, value, bytes) };
    }
    assert_eq!((level, option), (0, 2), "LOCAL_PEERPID");
    // SAFETY: the caller passes a pointer to the size of its buffer.
    let room = unsafe { *bytes } as usize;
    let told = answer(Call::PeerPid(fd), (value, room), |world| world.peer_pid(fd));
    let Some(told) = told else { return -1 };
    // SAFETY: as above. The same place receives the number of bytes written.
    unsafe { *bytes = told as u32 };
    0
}

#[unsafe(no_mangle)]
extern "C" fn getifaddrs(first: *mut *mut Interface) -> c_int {
    if answer(Call::Addresses, (ptr::null_mut(), 0), |_| Ok(Vec::new())).is_none() {
        return -1;
    }
    let list = change(|world| {
        world.addresses.iter().rev().fold(ptr::null_mut(), |next, address| {
            let address = address.as_ref().map_or(ptr::null(), |bytes| bytes.as_ptr());
            Box::into_raw(Box::new(Interface { next, _name: ptr::null(), _flags: 0, address }))
        })
    });
    // SAFETY: the caller passes a place with room for a pointer.
    unsafe { *first = list };
    0
}

/// Frees the entries. The addresses that they point to belong to the world.
#[unsafe(no_mangle)]
extern "C" fn freeifaddrs(first: *mut Interface) {
    let mut entry = first;
    while !entry.is_null() {
        // SAFETY: each entry was made by `getifaddrs`, and is freed once.
        entry = unsafe { Box::from_raw(entry) }.next;
    }
}

#[unsafe(no_mangle)]
extern "C" fn if_nametoindex(name: *const c_char) -> c_uint {
    // SAFETY: the caller passes a NUL-terminated string, as the manual requires.
    let text = unsafe { CStr::from_ptr(name) };
    match WORLD.with_borrow(|world| Some(world.as_ref()?.interface_index(text))) {
        Some(Ok(index)) => index,
        Some(Err(errno)) => {
            set_errno(errno);
            0
        }
        None => next::<extern "C" fn(*const c_char) -> c_uint>(c"if_nametoindex")(name),
    }
}

#[unsafe(no_mangle)]
extern "C" fn if_indextoname(index: c_uint, name: *mut c_char) -> *mut c_char {
    match WORLD.with_borrow(|world| Some(world.as_ref()?.interface_name(index))) {
        Some(Some(text)) => {
            copy_out(&[text.as_bytes(), b"\0"].concat(), name.cast());
            name
        }
        Some(None) => ptr::null_mut(),
        None => next::<extern "C" fn(c_uint, *mut c_char) -> *mut c_char>(c"if_indextoname")(
            index, name,
        ),
    }
}

#[unsafe(no_mangle)]
extern "C" fn geteuid() -> u32 {
    let scripted = WORLD.with_borrow(|world| world.as_ref().map(|world| world.euid));
    scripted.unwrap_or_else(|| next::<extern "C" fn() -> u32>(c"geteuid")())
}

/// Returns the system's function that one in this file shadows.
fn next<F>(name: &CStr) -> F {
    // SAFETY: `name` ends with a NUL, and `dlsym` keeps no pointer to it.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    // SAFETY: it is the address of a function of type `F`.
    unsafe { std::mem::transmute_copy(&found) }
}
