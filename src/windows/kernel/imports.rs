//! Windows' functions as its headers declare them, for 64-bit Windows.
//!
//! `raw-dylib` makes the import tables without import libraries or a crate of bindings. Names that
//! are not documented (`NtQuerySystemInformation` class 88, `NtQueryInformationProcess` class 60)
//! have been exported since Windows 8.1 and are used by every system tool. In tests,
//! `tests/fake_windows.rs` replaces this file.

use std::ffi::c_void;

/// `HANDLE` and `HMODULE`. 0 is no handle.
pub type Handle = isize;

/// What `GetProcAddress` returns.
pub type Procedure = unsafe extern "system" fn() -> isize;

#[link(name = "iphlpapi", kind = "raw-dylib")]
unsafe extern "system" {
    pub fn GetExtendedTcpTable(
        table: *mut c_void,
        size: *mut u32,
        is_sorted: i32,
        family: u32,
        class: u32,
        reserved: u32,
    ) -> u32;
    pub fn GetExtendedUdpTable(
        table: *mut c_void,
        size: *mut u32,
        is_sorted: i32,
        family: u32,
        class: u32,
        reserved: u32,
    ) -> u32;
    pub fn GetUnicastIpAddressTable(family: u16, table: *mut *mut c_void) -> u32;
    pub fn FreeMibTable(table: *const c_void);
}

#[link(name = "kernel32", kind = "raw-dylib")]
unsafe extern "system" {
    pub fn OpenProcess(access: u32, is_inherited: i32, pid: u32) -> Handle;
    pub fn CloseHandle(handle: Handle) -> i32;
    pub fn GetLastError() -> u32;
    pub fn GetProcessTimes(
        process: Handle,
        created: *mut u64,
        exited: *mut u64,
        kernel: *mut u64,
        user: *mut u64,
    ) -> i32;
    pub fn QueryFullProcessImageNameW(
        process: Handle,
        flags: u32,
        name: *mut u16,
        length: *mut u32,
    ) -> i32;
    pub fn QueryDosDeviceW(device: *const u16, target: *mut u16, length: u32) -> u32;
    pub fn LoadLibraryExW(name: *const u16, reserved: Handle, flags: u32) -> Handle;
    pub fn GetProcAddress(module: Handle, name: *const u8) -> Option<Procedure>;
}

#[link(name = "ntdll", kind = "raw-dylib")]
unsafe extern "system" {
    pub fn NtQuerySystemInformation(
        class: i32,
        information: *mut c_void,
        length: u32,
        needed: *mut u32,
    ) -> i32;
    pub fn NtQueryInformationProcess(
        process: Handle,
        class: i32,
        information: *mut c_void,
        length: u32,
        needed: *mut u32,
    ) -> i32;
}
