//! Command lines as `KERN_PROCARGS2` returns them.

use crate::platform::darwin::procargs::arguments;

/// The kernel's layout: count, path, NULs up to a multiple of eight, strings.
fn bytes(count: i32, path: &str, strings: &[&[u8]]) -> Vec<u8> {
    let mut all = path.as_bytes().to_vec();
    all.resize((path.len() + 1).next_multiple_of(8), 0);
    all.extend(strings.iter().flat_map(|each| [each, &b"\0"[..]].concat()));
    [count.to_ne_bytes().as_slice(), &all].concat()
}

fn told(count: i32, path: &str, strings: &[&[u8]]) -> Option<Vec<String>> {
    arguments(&bytes(count, path, strings))
}

#[test]
fn the_environment_is_left_out() {
    assert_eq!(told(2, "/bin/a", &[b"a", b"-b", b"SECRET=1"]), Some(vec!["a".into(), "-b".into()]));
    assert_eq!(told(0, "/bin/a", &[b"SECRET=1"]), Some(vec![]));
}

#[test]
fn an_empty_argument_is_one_in_front_too_whatever_the_paths_length() {
    for length in 0..20 {
        let path = "p".repeat(length);

        assert_eq!(
            told(3, &path, &[b"", b"x", b"", b"E=1"]),
            Some(vec!["".into(), "x".into(), "".into()])
        );
    }
}

#[test]
fn newlines_and_bytes_that_are_no_utf8_are_told() {
    let expected = vec!["a\nb".to_owned(), "\u{FFFD}x".to_owned(), "ü".to_owned()];

    assert_eq!(told(3, "/a", &[b"a\nb", b"\xFFx", "ü".as_bytes()]), Some(expected));
}

#[test]
fn where_no_nuls_stand_between_path_and_arguments_they_begin_at_once() {
    let mut tight = 2_i32.to_ne_bytes().to_vec();
    tight.extend(b"/bin/a\0\0a\0b\0E=1\0");
    let mut tighter = 2_i32.to_ne_bytes().to_vec();
    tighter.extend(b"/bin/ab\0a\0b\0E=1\0");
    let mut odd = 2_i32.to_ne_bytes().to_vec();
    odd.extend(b"/a\0a\0b\0E=1\0");

    for bytes in [tight, tighter, odd] {
        assert_eq!(arguments(&bytes), Some(vec!["a".into(), "b".into()]));
    }
}

#[test]
fn as_many_whole_arguments_are_told_as_256_kib_hold_with_their_nuls() {
    let half = vec![b'x'; 128 * 1024 - 1];
    let lengths = |strings: &[&[u8]]| -> Vec<usize> {
        let count = i32::try_from(strings.len()).expect("few");
        let told = told(count, "/a", strings).expect("a command line");
        told.iter().map(String::len).collect()
    };

    assert_eq!(lengths(&[&half, &half]), [131_071, 131_071]);
    assert_eq!(lengths(&[&half, &half, b""]), [131_071, 131_071]);
    assert_eq!(lengths(&[&half, &half[1..], b""]), [131_071, 131_070, 0]);
    assert_eq!(lengths(&[b"a", &half, &half]), [1, 131_071]);
}

#[test]
fn a_first_argument_that_is_too_long_is_cut_at_a_whole_character() {
    let cut = |argument: &[u8]| told(2, "/a", &[argument, b"b"]).expect("a command line");
    let umlauts = "ü".repeat(200_000);

    assert_eq!(cut(&vec![b'x'; 300_000]), ["x".repeat(262_143)]);
    assert_eq!(cut(umlauts.as_bytes()), ["ü".repeat(131_071)]);
    assert_eq!(cut(&vec![0xBF; 300_000])[0].chars().count(), 262_143, "no characters at all");
    assert_eq!(cut(&vec![b'x'; 262_143]), ["x".repeat(262_143)], "it just fits, the next does not");
}

#[test]
fn what_is_no_command_line_is_none_and_a_cut_one_is_told_as_far_as_it_goes() {
    assert_eq!(arguments(b""), None);
    assert_eq!(arguments(&1_i32.to_ne_bytes()), None);
    assert_eq!(told(-1, "/a", &[b"a"]), None);
    assert_eq!(arguments(&[1_i32.to_ne_bytes().as_slice(), b"no end"].concat()), None);
    assert_eq!(told(i32::MAX, "/a", &[b"a"]), Some(vec!["a".into()]));
    let whole = bytes(2, "/a", &[b"a", b"bcd"]);
    assert_eq!(arguments(&whole[..whole.len() - 2]), Some(vec!["a".into(), "bc".into()]));
}
