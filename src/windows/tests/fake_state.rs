//! The state of the scripted Windows: which machine this thread has, and how a call is answered
//! from it.
#![expect(unsafe_code, reason = "it stands where C stands")]

use std::cell::RefCell;
use std::ptr::copy_nonoverlapping;

use super::fake_machine::Machine;

/// As in `kernel/imports.rs`.
pub type Handle = isize;

thread_local! {
    static MACHINE: RefCell<Machine> = RefCell::new(Machine::new());
}

/// Installs `machine` as this thread's.
pub fn install(machine: Machine) {
    MACHINE.with_borrow_mut(|here| *here = machine);
}

/// Changes or reads this thread's machine.
pub fn change<T>(look: impl FnOnce(&mut Machine) -> T) -> T {
    MACHINE.with_borrow_mut(look)
}

/// Notes a call and answers it. `GetLastError` returns the error, if there is one.
pub fn answer<T: Default>(call: &str, work: impl FnOnce(&mut Machine) -> Result<T, u32>) -> T {
    change(|machine| {
        machine.note(call);
        work(machine).unwrap_or_else(|code| {
            machine.last_error = code;
            T::default()
        })
    })
}

/// Writes through a pointer as C does.
pub unsafe fn put<T>(place: *mut T, items: &[T]) {
    // SAFETY: the callers have compared the length with the room that they were given.
    unsafe { copy_nonoverlapping(items.as_ptr(), place, items.len()) }
}
