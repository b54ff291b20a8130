//! What getdents64 fills in, and numbers at any place of a structure.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::proc::layout::{directory_entry, native_number};
use socket_owner_fuzz::print;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    while let Some((name, next)) = directory_entry(rest) {
        assert!((20..=rest.len()).contains(&next), "{next} of {}", rest.len());
        let printed = print::directory_entry(&name.to_bytes()[..name.count_bytes().min(255)]);
        let (again, end) = directory_entry(&printed).expect("an entry");
        assert_eq!((again.count_bytes(), end), (name.count_bytes().min(255), printed.len()));
        rest = &rest[next..];
    }
    if let Some(offset) = data.first_chunk().copied().map(usize::from_ne_bytes) {
        for bytes in [4, 8, data.len()] {
            let number = native_number(data, offset, bytes);
            assert!(number.is_none() || offset < data.len());
        }
    }
});
