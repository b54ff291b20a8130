//! The scripted service manager: the part of `fake_windows.rs` that is found by name.
#![expect(unsafe_code, reason = "it stands where C stands")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "it stands where C stands, and a test that fails may panic"
)]

use std::ffi::{CStr, c_char};
use std::mem::transmute;

use super::fake_state::{Handle, answer, change, put};
use super::fake_texts::service_list;

/// As in `imports.rs`.
pub type Procedure = unsafe extern "system" fn() -> isize;

pub unsafe extern "system" fn LoadLibraryExW(_: *const u16, _: Handle, flags: u32) -> Handle {
    assert_eq!(flags, 0x800, "LOAD_LIBRARY_SEARCH_SYSTEM32");
    answer("LoadLibraryExW", |_| Ok(1))
}

pub unsafe extern "system" fn GetProcAddress(_: Handle, name: *const u8) -> Option<Procedure> {
    // SAFETY: the caller's text ends with a NUL.
    let name = unsafe { CStr::from_ptr(name.cast::<c_char>()) };
    let function = match name.to_bytes() {
        b"OpenSCManagerW" => OpenSCManagerW as *const (),
        b"EnumServicesStatusExW" => EnumServicesStatusExW as *const (),
        b"CloseServiceHandle" => CloseServiceHandle as *const (),
        _ => return None,
    };
    // SAFETY: the caller converts it back to its own type.
    Some(unsafe { transmute::<*const (), Procedure>(function) })
}

unsafe extern "system" fn OpenSCManagerW(_: *const u16, _: *const u16, access: u32) -> Handle {
    assert_eq!(access, 4, "SC_MANAGER_ENUMERATE_SERVICE");
    answer("OpenSCManagerW", |machine| if machine.services_refused { Err(5) } else { Ok(1) })
}

unsafe extern "system" fn CloseServiceHandle(_: Handle) -> i32 {
    change(|machine| machine.note("CloseServiceHandle"));
    1
}

unsafe extern "system" fn EnumServicesStatusExW(
    _: Handle,
    _: u32,
    _: u32,
    _: u32,
    place: *mut u8,
    length: u32,
    needed: *mut u32,
    entries: *mut u32,
    resume: *mut u32,
    _: *const u16,
) -> i32 {
    answer("EnumServicesStatusExW", |machine| {
        if let Some(code) = machine.service_codes.pop_front() {
            return Err(code);
        }
        // SAFETY: the pointer is to a number of the caller's, here and below.
        let begin = unsafe { *resume } as usize;
        let (bytes, count, left) =
            service_list(&machine.services, begin, place.addr(), length as usize);
        // SAFETY: there are at most `length` bytes.
        unsafe { put(place, &bytes) };
        // SAFETY: see above.
        unsafe { *entries = count as u32 };
        // SAFETY: see above.
        unsafe { *needed = left as u32 };
        // SAFETY: see above.
        unsafe { *resume = if left == 0 { 0 } else { (begin + count) as u32 } };
        if left == 0 { Ok(1) } else { Err(234) }
    })
}
