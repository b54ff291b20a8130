//! libproc's functions and sysctl, in place of a Mac's: they answer what a target scripts. Like the
//! real ones, they never write more than there is room for; what they claim to have written is
//! unlimited.

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};

thread_local! {
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static ANSWER: Cell<Option<c_int>> = const { Cell::new(None) };
    static ERRNO: Cell<c_int> = const { Cell::new(0) };
    static FAILURE: Cell<c_int> = const { Cell::new(0) };
}

/// Makes the next calls write `bytes`, as many as fit, and return their number, or return `answer`.
/// Sets `errno`.
pub fn script(bytes: &[u8], answer: Option<c_int>, errno: c_int) {
    BYTES.replace(bytes.to_vec());
    ANSWER.set(answer);
    FAILURE.set(errno);
}

fn answer(buffer: *mut c_void, room: usize) -> c_int {
    let written = BYTES.with_borrow(|bytes| {
        let written = bytes.len().min(room);
        // SAFETY: the caller provides `room` bytes at `buffer`, and no more are written.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.cast(), written) };
        written
    });
    ERRNO.set(FAILURE.get());
    ANSWER.get().unwrap_or_else(|| c_int::try_from(written).unwrap_or(c_int::MAX))
}

fn room(bytes: c_int) -> usize {
    usize::try_from(bytes).expect("no negative room")
}

#[unsafe(no_mangle)]
extern "C" fn __error() -> *mut c_int {
    ERRNO.with(Cell::as_ptr)
}

#[unsafe(no_mangle)]
extern "C" fn proc_listpids(_: u32, _: u32, buffer: *mut c_void, bytes: c_int) -> c_int {
    answer(buffer, room(bytes))
}

#[unsafe(no_mangle)]
extern "C" fn proc_pidinfo(_: c_int, _: c_int, _: u64, buffer: *mut c_void, bytes: c_int) -> c_int {
    answer(buffer, room(bytes))
}

#[unsafe(no_mangle)]
extern "C" fn proc_pidfdinfo(
    _: c_int,
    _: c_int,
    _: c_int,
    buffer: *mut c_void,
    bytes: c_int,
) -> c_int {
    answer(buffer, room(bytes))
}

#[unsafe(no_mangle)]
extern "C" fn proc_pidpath(_: c_int, buffer: *mut c_void, bytes: u32) -> c_int {
    answer(buffer, usize::try_from(bytes).expect("64 bits"))
}

/// Fails if libproc would return 0; otherwise reports how many bytes it claims to have written.
#[unsafe(no_mangle)]
extern "C" fn sysctl(
    _: *mut c_int,
    _: u32,
    buffer: *mut c_void,
    bytes: *mut usize,
    _: *mut c_void,
    _: usize,
) -> c_int {
    // SAFETY: the caller stores there how much room there is.
    let told = answer(buffer, unsafe { *bytes });
    let Ok(told) = usize::try_from(told) else { return -1 };
    // SAFETY: as above.
    unsafe { *bytes = told };
    if told == 0 { -1 } else { 0 }
}
