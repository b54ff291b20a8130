//! Link targets and small files of `/proc`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_owner_fuzz::linux::proc::layout;

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
    let pids = layout::namespace_pids(data);
    if !pids.is_empty() {
        let numbers: Vec<_> = pids.iter().map(i32::to_string).collect();
        let line = format!("NSpid:\t{}\n", numbers.join("\t"));
        assert_eq!(layout::namespace_pids(line.as_bytes()), pids);
    }
    if let Some(path) = layout::control_group(data) {
        assert_eq!(layout::control_group(format!("0::{path}\n").as_bytes()), Some(path));
    }
    let arguments = layout::arguments(data);
    if arguments.iter().any(|argument| !argument.is_empty()) {
        let text: String = arguments.iter().flat_map(|argument| [argument, "\0"]).collect();
        assert_eq!(layout::arguments(text.as_bytes()), arguments);
    }
});
