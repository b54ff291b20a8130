//! Link targets and small files of `/proc`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::layout;

fuzz_target!(|data: &[u8]| {
    if let Some(inode) = layout::socket_inode(data) {
        assert_eq!(layout::socket_inode(format!("socket:[{inode}]").as_bytes()), Some(inode));
    }
    if let Some(number) = layout::decimal::<u64>(data) {
        assert_eq!(layout::decimal(number.to_string().as_bytes()), Some(number));
    }
    if let Some(pid) = layout::thread_group(data) {
        let line = format!("Name:\tx\nTgid:\t{pid}\n");
        assert_eq!(layout::thread_group(line.as_bytes()), Some(pid));
    }
    if let Some(uid) = layout::effective_uid(data) {
        assert_eq!(layout::effective_uid(format!("Uid:\t0\t{uid}\t0\t0\n").as_bytes()), Some(uid));
    }
    if let Some(seconds) = layout::boot_seconds(data) {
        assert_eq!(layout::boot_seconds(format!("btime {seconds}").as_bytes()), Some(seconds));
    }
});
