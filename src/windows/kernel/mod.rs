//! The calls to Windows; all the unsafe there is.
//!
//! Functions of iphlpapi return their error; those of kernel32 leave it to `GetLastError`, which is
//! read straight after the call; those of ntdll return an NTSTATUS, negative for a failure. Each
//! wrapper's doc says which numbers are answers and not errors.
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
