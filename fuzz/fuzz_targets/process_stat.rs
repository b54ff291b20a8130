//! Lines of `/proc/PID/stat`, with names that contain anything.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::proc::layout::process_stat;
use socket_owner_fuzz::print;

fuzz_target!(|data: &[u8]| {
    if let Some(stat) = process_stat(data) {
        let printed = print::stat_line(&stat);
        assert_eq!(process_stat(&printed), Some(stat));
    }
});
