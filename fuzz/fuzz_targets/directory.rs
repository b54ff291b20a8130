//! Directory entries as getdents64 writes them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::proc::layout::directory_entry;
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
});
