//! The machine of the scripted Windows: which one this thread has, and how a call is answered out of it.
#![expect(unsafe_code, reason = "it stands where C stands")]

use std::cell::RefCell;
use std::ptr::copy_nonoverlapping;

use super::fake_machine::Machine;

/// As in `kernel/imports.rs`.
pub type Handle = isize;

thread_local! {
    static MACHINE: RefCell<Machine> = RefCell::new(Machine::new());
}

/// Makes `machine` this thread's.
pub fn install(machine: Machine) {
    MACHINE.with_borrow_mut(|here| *here = machine);
}

/// Changes this thread's machine, or looks at it.
pub fn change<T>(look: impl FnOnce(&mut Machine) -> T) -> T {
    MACHINE.with_borrow_mut(look)
}

/// Notes a call and answers it; an error goes where `GetLastError` finds it.
pub fn answer<T: Default>(call: &str, work: impl FnOnce(&mut Machine) -> Result<T, u32>) -> T {
    change(|machine| {
        machine.note(call);
        work(machine).unwrap_or_else(|code| {
            machine.last_error = code;
            T::default()
        })
    })
}

/// Copies what C writes through a pointer.
pub unsafe fn put<T>(place: *mut T, items: &[T]) {
    // SAFETY: the callers have compared the length with what they were told.
    unsafe { copy_nonoverlapping(items.as_ptr(), place, items.len()) }
}
