//! Questions as JavaScript passes them: one per line, with any fields, addresses and scopes.

#![no_main]

use std::ffi::CStr;

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::node::wire::{id, question};
use socket_owner_fuzz::print;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    // Any name that does not begin with a digit is an interface's name.
    let index = |name: &CStr| {
        let first = name.to_bytes().first().filter(|byte| !byte.is_ascii_digit());
        Ok(first.map(|byte| u32::from(*byte)))
    };
    for line in text.lines() {
        let Some((id, rest)) = id(line) else { continue };
        if let Ok(Some(asked)) = question(id, rest, index) {
            assert_eq!(question(id, &print::question(&asked), index), Ok(Some(asked)));
        }
    }
});
