//! A scripted kernel behind libproc's own symbols, so that the whole back end, wrappers included,
//! runs on any system.
//!
//! It may exist because nothing else runs those lines off a Mac: `kernel.rs` declares libproc's
//! functions as a Mac's headers do, and a test binary finds them here instead of in libSystem. It
//! does what `bsd/kern/proc_info.c` of XNU does, check by check and in that order. Its offsets and
//! numbers come from the SDK's headers and are written out here, never taken from `layout.rs` or
//! `kernel.rs`, which it is there to doubt.
//!
//! A thread has one world; without one, the two symbols that other tests need too are the system's.
#![expect(unsafe_code, reason = "it stands where C stands")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails may panic"
)]

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use super::fake_world::{Call, Descriptor, Process, World};
use super::kernel;

// The declarations there and the definitions here are the same, or this does not compile.
const _: [unsafe extern "C" fn(u32, u32, *mut c_void, c_int) -> c_int; 2] =
    [kernel::proc_listpids, proc_listpids];
const _: [unsafe extern "C" fn(c_int, c_int, u64, *mut c_void, c_int) -> c_int; 2] =
    [kernel::proc_pidinfo, proc_pidinfo];
const _: [unsafe extern "C" fn(c_int, c_int, c_int, *mut c_void, c_int) -> c_int; 2] =
    [kernel::proc_pidfdinfo, proc_pidfdinfo];
const _: [unsafe extern "C" fn(c_int, *mut c_void, u32) -> c_int; 2] =
    [kernel::proc_pidpath, proc_pidpath];
const _: [unsafe extern "C" fn(*const c_char) -> c_uint; 2] =
    [kernel::if_nametoindex, if_nametoindex];
const _: [unsafe extern "C" fn() -> u32; 2] = [kernel::geteuid, geteuid];

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Makes `world` this thread's.
pub fn install(world: World) {
    WORLD.with_borrow_mut(|here| *here = Some(world));
}

/// Changes this thread's world, or looks at it.
pub fn change<T>(look: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(|here| look(here.as_mut().expect("a world")))
}

/// The calls made since the last time.
pub fn calls() -> Vec<Call> {
    change(|world| std::mem::take(&mut world.calls))
}

/// Notes a call, lets happen what is due before it, and answers it. A failure is 0 and errno, as
/// libproc hides the kernel's -1. A success leaves an errno that must not be believed.
fn answer(call: Call, work: impl FnOnce(&mut World) -> Result<c_int, c_int>) -> c_int {
    let answered = change(|world| {
        let now = world.calls.len();
        let events = std::mem::take(&mut world.events);
        let (due, rest) = events.into_iter().partition::<Vec<_>, _>(|(when, _)| *when <= now);
        world.events = rest;
        due.into_iter().for_each(|(_, event)| event(world));
        world.calls.push(call);
        match (world.errnos.get(&call).copied(), world.bytes.get(&call).copied()) {
            (Some(errno), _) => Err(errno),
            (None, Some(bytes)) => Ok(bytes),
            (None, None) => work(world),
        }
    });
    match answered {
        Ok(0) => 0,
        Ok(bytes) => {
            set_errno(22);
            bytes
        }
        Err(errno) => {
            set_errno(errno);
            0
        }
    }
}

fn set_errno(errno: c_int) {
    // SAFETY: `__error` gives the address of this thread's errno, here or in libSystem.
    let place = unsafe { kernel::__error() };
    // SAFETY: it is valid as long as the thread.
    unsafe { *place = errno }
}

/// Copies out what fits, as the kernel's copyout does.
fn copy_out(bytes: &[u8], buffer: *mut c_void) -> c_int {
    // SAFETY: every caller has cut `bytes` to the size that came with `buffer`.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.cast(), bytes.len()) };
    c_int::try_from(bytes.len()).expect("a small answer")
}

/// On a Mac errno stays the system's: its standard library reads it too.
#[cfg(not(target_vendor = "apple"))]
#[unsafe(no_mangle)]
extern "C" fn __error() -> *mut c_int {
    thread_local!(static ERRNO: std::cell::Cell<c_int> = const { std::cell::Cell::new(0) });
    ERRNO.with(std::cell::Cell::as_ptr)
}

#[unsafe(no_mangle)]
extern "C" fn proc_listpids(kind: u32, of: u32, buffer: *mut c_void, bytes: c_int) -> c_int {
    answer(Call::ListPids, |world| {
        let room = usize::try_from(bytes).expect("no negative room") / 4;
        let room = room.min(world.processes.len() + world.zombies.len() + 20);
        if let Some((count, uid)) = world.births.pop_front() {
            (0..count).for_each(|_| world.start_any(uid));
        }
        let live = world.processes.iter().map(|process| (process.pid, process.uid));
        let all = live.chain([(0, 0)]).chain(world.zombies.iter().copied());
        let pids = all.filter(|(_, uid)| kind == 1 || (kind == 4 && *uid == of)).take(room);
        let bytes: Vec<u8> = pids.flat_map(|(pid, _)| pid.to_ne_bytes()).collect();
        Ok(copy_out(&bytes, buffer))
    })
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
        1 => answer(Call::ListFds(pid), |world| {
            if world.fill.contains(&Call::ListFds(pid)) {
                return Ok(bytes / 8 * 8);
            }
            let process = visible(world, pid)?;
            let fds = process.fds.iter().take(room / 8);
            let bytes: Vec<u8> = fds
                .flat_map(|(fd, descriptor)| {
                    let kind: u32 = if matches!(descriptor, Descriptor::File) { 1 } else { 2 };
                    [fd.to_ne_bytes(), kind.to_ne_bytes()].concat()
                })
                .collect();
            Ok(copy_out(&bytes, buffer))
        }),
        3 => answer(Call::Bsd(pid), |world| {
            let process = visible(world, pid)?;
            let mut info = [0xAA; 136];
            put(&mut info, 12, &pid.to_ne_bytes());
            put(&mut info, 16, &process.parent.to_ne_bytes());
            put(&mut info, 20, &process.uid.to_ne_bytes());
            put(&mut info, 48, &name::<16>(process));
            put(&mut info, 64, &name::<32>(process));
            put(&mut info, 120, &process.started.0.to_ne_bytes());
            put(&mut info, 128, &process.started.1.to_ne_bytes());
            if room < 136 { Err(12) } else { Ok(copy_out(&info, buffer)) }
        }),
        13 => answer(Call::ShortBsd(pid), |world| {
            let process = alive(world, pid)?;
            let mut info = [0xAA; 64];
            put(&mut info, 0, &pid.to_ne_bytes());
            put(&mut info, 4, &process.parent.to_ne_bytes());
            put(&mut info, 16, &name::<16>(process));
            put(&mut info, 36, &process.uid.to_ne_bytes());
            if room < 64 { Err(12) } else { Ok(copy_out(&info, buffer)) }
        }),
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
    answer(call, |world| {
        if room < world.struct_bytes {
            return Err(12);
        }
        match visible(world, pid)?.fds.get(&fd) {
            None => Err(9),
            Some(Descriptor::File) => Err(38),
            Some(Descriptor::Socket(so)) => {
                let info = socket_info(world, *so);
                Ok(copy_out(info.get(..world.struct_bytes).unwrap_or(&info), buffer))
            }
        }
    })
}

/// A live process that the caller may inspect: `proc_find`, then the same-user check.
fn visible(world: &World, pid: c_int) -> Result<&Process, c_int> {
    let process = alive(world, pid)?;
    if world.euid == 0 || process.uid == world.euid { Ok(process) } else { Err(1) }
}

fn alive(world: &World, pid: c_int) -> Result<&Process, c_int> {
    world.processes.iter().find(|process| process.pid == pid).ok_or(3)
}

/// Cut so that a NUL stands at the end.
fn name<const N: usize>(process: &Process) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(process.name.iter().take(N - 1)).for_each(|(to, from)| *to = *from);
    bytes
}

fn socket_info(world: &World, so: u64) -> [u8; 792] {
    let socket = world.sockets.get(&so).expect("a socket");
    let mut info = [0; 792];
    let shared = u32::from(world.is_shared(so));
    put(&mut info, 4, &(shared | 2).to_ne_bytes());
    put(&mut info, 16, &socket.kind_of_file.to_ne_bytes());
    put(&mut info, 160, &so.to_ne_bytes());
    put(&mut info, 176, &socket.socket_type.to_ne_bytes());
    put(&mut info, 180, &socket.protocol.to_ne_bytes());
    put(&mut info, 184, &socket.family.to_ne_bytes());
    put(&mut info, 256, &socket.kind.to_ne_bytes());
    put(&mut info, 264, &socket.remote.1.to_ne_bytes());
    put(&mut info, 268, &socket.local.1.to_ne_bytes());
    put(&mut info, 272, &socket.generation.to_ne_bytes());
    put(&mut info, 288, &[socket.vflag]);
    put(&mut info, 296, &socket.remote.0);
    put(&mut info, 312, &socket.local.0);
    put(&mut info, 344, &socket.state.to_ne_bytes());
    info
}

fn put(info: &mut [u8], offset: usize, bytes: &[u8]) {
    info[offset..offset + bytes.len()].copy_from_slice(bytes);
}

#[unsafe(no_mangle)]
extern "C" fn proc_pidpath(pid: c_int, buffer: *mut c_void, bytes: u32) -> c_int {
    answer(Call::Path(pid), |world| match bytes {
        0..1024 => Err(12),
        4097.. => Err(84),
        _ => {
            let path = world.paths.get(&pid).ok_or(3)?;
            let mut all = vec![0; usize::try_from(bytes).expect("a small number")];
            put(&mut all, 0, path);
            copy_out(&all, buffer);
            Ok(c_int::try_from(path.len()).expect("a short path"))
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn if_nametoindex(name: *const c_char) -> c_uint {
    // SAFETY: the caller passes a string that ends with a NUL, as the manual demands.
    let text = unsafe { CStr::from_ptr(name) };
    let scripted = WORLD.with_borrow(|world| {
        let interfaces = &world.as_ref()?.interfaces;
        Some(text.to_str().ok().and_then(|text| interfaces.get(text).copied()).unwrap_or(Err(6)))
    });
    match scripted {
        Some(Ok(index)) => index,
        Some(Err(errno)) => {
            set_errno(errno);
            0
        }
        None => {
            // SAFETY: the system's function of that name, which has this type.
            let system: extern "C" fn(*const c_char) -> c_uint =
                unsafe { std::mem::transmute(next(c"if_nametoindex")) };
            system(name)
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn geteuid() -> u32 {
    WORLD.with_borrow(|world| world.as_ref().map(|world| world.euid)).unwrap_or_else(|| {
        // SAFETY: the system's function of that name, which has this type.
        let system: extern "C" fn() -> u32 = unsafe { std::mem::transmute(next(c"geteuid")) };
        system()
    })
}

/// The system's function that this file's stands before.
fn next(name: &CStr) -> *mut c_void {
    // SAFETY: `name` ends with a NUL, and nothing is kept.
    unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) }
}
