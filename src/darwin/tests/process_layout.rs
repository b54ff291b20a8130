//! What is reported about a process, with fields at the offsets of the SDK's <sys/proc_info.h> and
//! <sys/sysctl.h>.

use crate::platform::darwin::process_layout::{
    self, BsdInfo, Facts, KinfoProc, ShortBsdInfo, Started,
};

#[test]
fn each_field_of_ones_own_process_is_where_the_headers_say() {
    let mut info: BsdInfo = [0x5A; 136];
    info[12..16].copy_from_slice(&812_i32.to_ne_bytes());
    info[16..20].copy_from_slice(&7_i32.to_ne_bytes());
    info[20..24].copy_from_slice(&501_u32.to_ne_bytes());
    info[48..64].copy_from_slice(b"short name\0\0\0\0\0\0");
    info[64..80].copy_from_slice(b"a longer name\0xx");
    info[120..128].copy_from_slice(&1_700_000_000_u64.to_ne_bytes());
    info[128..136].copy_from_slice(&999_999_u64.to_ne_bytes());

    let told = process_layout::own_facts(812, &info).expect("that process");

    let facts = |name: &str| Facts { parent: 7, uid: 501, name: name.to_owned() };
    assert_eq!(told.facts, facts("a longer name"));
    assert_eq!(told.started, Started { seconds: 1_700_000_000, microseconds: 999_999 });
    assert_eq!(told.started.milliseconds(), Some(1_700_000_000_999));
    assert!(process_layout::own_facts(813, &info).is_err());
    info[64] = 0;
    let unnamed = process_layout::own_facts(812, &info).expect("that process");
    assert_eq!(unnamed.facts, facts("short name"));
}

#[test]
fn each_field_of_anybodys_process_is_where_the_headers_say() {
    let mut info: ShortBsdInfo = [0x5A; 64];
    info[0..4].copy_from_slice(&812_i32.to_ne_bytes());
    info[4..8].copy_from_slice(&7_i32.to_ne_bytes());
    info[16..32].copy_from_slice(b"short name\0\0\0\0\0\0");
    info[36..40].copy_from_slice(&0_u32.to_ne_bytes());

    let facts = Facts { parent: 7, uid: 0, name: "short name".to_owned() };
    assert_eq!(process_layout::facts(812, &info), Ok(facts));
    assert!(process_layout::facts(813, &info).is_err());
}

#[test]
fn a_start_of_anybodys_process_is_where_the_headers_say() {
    let mut info: KinfoProc = [0x5A; 648];
    info[0..8].copy_from_slice(&1_700_000_000_i64.to_ne_bytes());
    info[8..12].copy_from_slice(&123_456_i32.to_ne_bytes());
    info[40..44].copy_from_slice(&812_i32.to_ne_bytes());

    let started = Started { seconds: 1_700_000_000, microseconds: 123_456 };
    assert_eq!(process_layout::started(812, &info), Ok(started));
    assert!(process_layout::started(813, &info).is_err());
    info[7] = 0x80; // Before 1970.
    assert!(process_layout::started(812, &info).is_err());
}

#[test]
fn a_start_that_no_number_of_milliseconds_can_tell_is_not_told() {
    let started = Started { seconds: u64::MAX, microseconds: 0 };

    assert_eq!(started.milliseconds(), None);
}

#[test]
fn a_working_directory_is_where_the_headers_say() {
    let mut info = [0x5A; 2352];
    info[152..165].copy_from_slice(b"/Users/a b/c\0");

    assert_eq!(process_layout::working_directory(&info).as_deref(), Some("/Users/a b/c"));
    info[152] = 0;
    assert_eq!(process_layout::working_directory(&info), None);
    info[152..1176].fill(b'/'); // A path without a NUL is read to the end of its field.
    let whole = process_layout::working_directory(&info).expect("a path");
    assert_eq!(whole.len(), 1024);
}
