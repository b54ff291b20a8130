//! Questions as JavaScript hands them over: addresses and scopes.

#![no_main]

use std::ffi::CStr;

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::print;
use socket_owner_fuzz::words::question;

fuzz_target!(|data: &[u8]| {
    let Some(bytes) = data.first_chunk::<80>() else { return };
    let word = |at: usize| u32::from_be_bytes(bytes[at * 4..at * 4 + 4].try_into().expect("four"));
    let words: [u32; 20] = std::array::from_fn(word);
    // Any name that does not begin with a digit is an interface's.
    let index = |name: &CStr| {
        Ok(name.to_bytes().first().filter(|byte| !byte.is_ascii_digit()).map(|byte| u32::from(*byte)))
    };
    if let Ok(Some(asked)) = question(&words, index) {
        assert_eq!(question(&print::words(&asked), index), Ok(Some(asked)));
    }
});
