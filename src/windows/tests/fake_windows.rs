//! A scripted Windows in place of `kernel/imports.rs`. It lets the whole back end, wrappers
//! included, run on any system.
//!
//! It exists because nothing else runs those lines off Windows, and because what matters most, dead
//! owners and tables that grow, cannot be produced at will there either. The functions have the
//! types that the headers give them: if one differs from `imports.rs`, one of the two builds fails.
//! Offsets and numbers are written out here, never taken from the code that they test.
//!
//! Each thread has one machine.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "it stands where C stands, and a test that fails may panic"
)]

use std::ffi::c_void;

use crate::platform::windows::tests::fake_state::{answer, put};
use crate::platform::windows::tests::fake_texts::{command_line, process_list};
use crate::platform::windows::tests::rows::Family;

pub use crate::platform::windows::tests::fake_services::{
    GetProcAddress, LoadLibraryExW, Procedure,
};
pub use crate::platform::windows::tests::fake_state::{Handle, change, install};

const TOO_SMALL: u32 = 122;
const LENGTH_MISMATCH: i32 = 0xC000_0004_u32.cast_signed();

pub unsafe extern "system" fn GetExtendedTcpTable(
    table: *mut c_void,
    size: *mut u32,
    _: i32,
    family: u32,
    class: u32,
    _: u32,
) -> u32 {
    assert_eq!(class, 8, "TCP_TABLE_OWNER_MODULE_ALL");
    let family = if family == 2 { Family::Tcp4 } else { Family::Tcp6 };
    // SAFETY: as the caller of this function promises.
    unsafe { table_into(table, size, family) }
}

pub unsafe extern "system" fn GetExtendedUdpTable(
    table: *mut c_void,
    size: *mut u32,
    _: i32,
    family: u32,
    class: u32,
    _: u32,
) -> u32 {
    assert_eq!(class, 2, "UDP_TABLE_OWNER_MODULE");
    let family = if family == 2 { Family::Udp4 } else { Family::Udp6 };
    // SAFETY: as the caller of this function promises.
    unsafe { table_into(table, size, family) }
}

unsafe fn table_into(table: *mut c_void, size: *mut u32, family: Family) -> u32 {
    let (code, bytes) = change(|machine| {
        machine.note(format!("{family:?}"));
        let rows = machine.tables.get(&family).map_or(&[][..], Vec::as_slice);
        let mut bytes = (rows.len() as u32).to_le_bytes().to_vec();
        bytes.extend([0xEE; 4]);
        bytes.extend(rows.concat());
        (machine.codes.get_mut(&family).and_then(|codes| codes.pop_front()), bytes)
    });
    // SAFETY: the pointer is to a number of the caller's.
    let room = unsafe { *size } as usize;
    match code {
        None if room >= bytes.len() => {
            // SAFETY: there is room for these bytes.
            unsafe { put(table.cast(), &bytes) };
            0
        }
        None | Some(TOO_SMALL) => {
            // SAFETY: the pointer is to a number of the caller's.
            unsafe { *size = bytes.len() as u32 };
            TOO_SMALL
        }
        Some(code) => code,
    }
}

pub unsafe extern "system" fn GetUnicastIpAddressTable(_: u16, table: *mut *mut c_void) -> u32 {
    let (rows, code) = change(|machine| {
        machine.note("GetUnicastIpAddressTable");
        (machine.addresses.clone(), machine.addresses_code)
    });
    if code != 0 {
        return code;
    }
    let mut bytes = (rows.len() as u64).to_le_bytes().to_vec();
    bytes.extend(rows.concat());
    // SAFETY: the pointer is to a pointer of the caller's. The table that it gets is never freed
    // here.
    unsafe { *table = bytes.leak().as_mut_ptr().cast() };
    0
}

pub unsafe extern "system" fn FreeMibTable(_: *const c_void) {
    change(|machine| machine.note("FreeMibTable"));
}

pub unsafe extern "system" fn OpenProcess(access: u32, _: i32, pid: u32) -> Handle {
    assert_eq!(access, 0x1000, "PROCESS_QUERY_LIMITED_INFORMATION");
    answer("OpenProcess", |machine| {
        if let Some(code) = machine.open_errors.get(&pid) {
            return Err(*code);
        }
        let process = machine.process(pid).cloned().ok_or(87_u32)?;
        if process.is_refused {
            return Err(5);
        }
        machine.last_handle += 4;
        machine.handles.insert(machine.last_handle, process);
        Ok(machine.last_handle)
    })
}

pub unsafe extern "system" fn CloseHandle(handle: Handle) -> i32 {
    change(|machine| i32::from(machine.handles.remove(&handle).is_some()))
}

pub unsafe extern "system" fn GetLastError() -> u32 {
    change(|machine| machine.last_error)
}

pub unsafe extern "system" fn GetProcessTimes(
    process: Handle,
    created: *mut u64,
    exited: *mut u64,
    _: *mut u64,
    _: *mut u64,
) -> i32 {
    answer("GetProcessTimes", |machine| {
        let process = machine.handles.get(&process).ok_or(6_u32)?;
        // SAFETY: the pointers are to numbers of the caller's.
        unsafe { *created = process.created };
        // SAFETY: as above.
        unsafe { *exited = process.exited };
        Ok(1)
    })
}

pub unsafe extern "system" fn QueryFullProcessImageNameW(
    process: Handle,
    _: u32,
    name: *mut u16,
    length: *mut u32,
) -> i32 {
    answer("QueryFullProcessImageNameW", |machine| {
        let process = machine.handles.get(&process).ok_or(6_u32)?;
        let path = process.path.clone().ok_or(31_u32)?;
        // SAFETY: the pointer is to a number of the caller's.
        if unsafe { *length } as usize <= path.len() {
            return Err(TOO_SMALL);
        }
        // SAFETY: there is room for these bytes.
        unsafe { put(name, &path) };
        // SAFETY: as above.
        unsafe { *length = path.len() as u32 };
        Ok(1)
    })
}

pub unsafe extern "system" fn QueryDosDeviceW(
    device: *const u16,
    target: *mut u16,
    length: u32,
) -> u32 {
    // SAFETY: the caller's text begins with a letter.
    let letter = char::from(unsafe { *device } as u8);
    answer("QueryDosDeviceW", |machine| {
        let drive = machine.drives.iter().find(|(drive, _)| *drive == letter);
        let name = drive.map(|(_, name)| format!("{name}\0\\Device\\Old\0\0")).ok_or(2_u32)?;
        let name = name.encode_utf16().collect::<Vec<_>>();
        assert!(name.len() <= length as usize);
        // SAFETY: there is room for these bytes.
        unsafe { put(target, &name) };
        Ok(name.len() as u32)
    })
}

pub unsafe extern "system" fn NtQuerySystemInformation(
    class: i32,
    information: *mut c_void,
    length: u32,
    needed: *mut u32,
) -> i32 {
    if class == 88 {
        // SAFETY: as the caller of this function promises.
        return unsafe { native_path(information.cast()) };
    }
    assert_eq!(class, 5, "SystemProcessInformation");
    let (status, bytes) = change(|machine| {
        machine.note("SystemProcessInformation");
        let bytes = process_list(&machine.processes, information.addr());
        (machine.list_status.pop_front().unwrap_or(0), bytes)
    });
    // SAFETY: the pointer is to a number of the caller's.
    unsafe { *needed = bytes.len() as u32 };
    if status != 0 || bytes.len() > length as usize {
        return if status == 0 { LENGTH_MISMATCH } else { status };
    }
    // SAFETY: there is room for these bytes.
    unsafe { put(information.cast(), &bytes) };
    0
}

/// Pid at 0, `Length` at 8, `MaximumLength` at 10, `Buffer` at 16.
unsafe fn native_path(asked: *mut u8) -> i32 {
    // SAFETY: the pointer is into the caller's structure, here and below.
    let pid = unsafe { asked.cast::<u64>().read_unaligned() };
    let path = change(|machine| {
        machine.note("SystemProcessIdInformation");
        machine.process(pid as u32).map(|process| process.native_path)
    });
    let Some(path) = path else { return 0xC000_000B_u32.cast_signed() };
    let path = path.unwrap_or_default().encode_utf16().collect::<Vec<_>>();
    let (length, buffer) = (asked.wrapping_add(8), asked.wrapping_add(16));
    // SAFETY: see above.
    let place = unsafe { buffer.cast::<*mut u16>().read_unaligned() };
    // SAFETY: the caller made room for the longest path.
    unsafe { put(place, &path) };
    // SAFETY: see above.
    unsafe { length.cast::<u16>().write_unaligned(path.len() as u16 * 2) };
    0
}

pub unsafe extern "system" fn NtQueryInformationProcess(
    process: Handle,
    class: i32,
    information: *mut c_void,
    length: u32,
    _: *mut u32,
) -> i32 {
    let bytes = change(|machine| {
        machine.note(if class == 60 { "CommandLine" } else { "BasicInformation" });
        let process = machine.handles.get(&process).cloned().expect("an open handle");
        if class == 60 {
            process.command_line.map(|line| command_line(&line, information.addr()))
        } else {
            let mut basic = vec![0xEE; 48];
            basic[40..].copy_from_slice(&process.parent.to_le_bytes());
            Some(basic)
        }
    });
    match bytes {
        None => 0xC000_0003_u32.cast_signed(),
        Some(bytes) if bytes.len() > length as usize => LENGTH_MISMATCH,
        Some(bytes) => {
            // SAFETY: there is room for these bytes.
            unsafe { put(information.cast(), &bytes) };
            0
        }
    }
}
