//! The calls to Windows, and all the unsafe code of this back end.
//!
//! Functions of iphlpapi return their error. Those of kernel32 leave it to `GetLastError`, which is
//! read immediately after the call. Those of ntdll return an NTSTATUS, which is negative for a
//! failure. The doc of each wrapper says which numbers are answers rather than errors.
#![expect(unsafe_code, reason = "Windows is a C library; everything above this folder is safe")]

pub mod addresses;
#[cfg(not(test))]
mod imports;
#[cfg(test)]
#[path = "../tests/fake_windows.rs"]
pub mod imports;
pub mod processes;
pub mod services;
pub mod tables;
