//! macOS: command lines as `KERN_PROCARGS2` returns them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::darwin::procargs::arguments;

const BYTES_MAX: usize = 256 * 1024;

fuzz_target!(|data: &[u8]| {
    // Long ones are made by repetition, but seldom, since each takes a thousand times as long.
    let is_long = data.len() > 64 && data.len().is_multiple_of(32);
    let longer = data.repeat(if is_long { 1 + 300_000 / data.len() } else { 1 });
    for bytes in [data, &longer] {
        let Some(told) = arguments(bytes) else { continue };
        let count = bytes.first_chunk().copied().map(i32::from_ne_bytes).expect("a count");
        assert!(told.len() <= usize::try_from(count).expect("no negative count"));
        if told.iter().any(|each| each.contains('\u{FFFD}')) {
            continue;
        }
        assert!(told.iter().map(|each| each.len() + 1).sum::<usize>() <= BYTES_MAX);

        let all = told.iter().flat_map(|each| [each.as_bytes(), b"\0"].concat());
        let mut printed = i32::try_from(told.len()).expect("few").to_ne_bytes().to_vec();
        printed.extend([b"/program".as_slice(), &[0; 8]].concat().into_iter().chain(all));
        assert_eq!(arguments(&printed), Some(told));
    }
});
