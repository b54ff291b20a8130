//! A process's command line, out of the text of `/proc/PID/cmdline`. No system call is made here.

/// How much of a command line is told, with the NULs: programs are started with far more (a list of
/// files, a class path), and an answer is to stay small.
pub const ARGS_BYTES: usize = 256 * 1024;

/// The arguments, each of which ends with a NUL. A program may overwrite its own, and then the last
/// one may lack it (`get_mm_proctitle` in fs/proc/base.c). What is not UTF-8 becomes U+FFFD.
pub fn arguments(text: &[u8]) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let text = within_limit(text);
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    let arguments = text.split(|byte| *byte == 0);
    arguments.map(|argument| String::from_utf8_lossy(argument).into_owned()).collect()
}

/// As many whole arguments as fit; of a first one that does not fit, the beginning.
fn within_limit(text: &[u8]) -> &[u8] {
    let lacks_nul = text.last() != Some(&0);
    if text.len().saturating_add(usize::from(lacks_nul)) <= ARGS_BYTES {
        return text;
    }
    let head = text.get(..ARGS_BYTES).unwrap_or(text);
    let is_end = |byte: &u8| *byte == 0;
    match head.iter().rposition(is_end) {
        Some(end) => head.get(..=end).unwrap_or_default(),
        None => whole_characters(head.split_last().map(|(_, head)| head).unwrap_or_default()),
    }
}

/// Without the last character, unless it is ASCII: it may have been cut in two.
fn whole_characters(text: &[u8]) -> &[u8] {
    let begins = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
    match text.iter().rposition(begins) {
        Some(last) if text.get(last).is_some_and(|byte| !byte.is_ascii()) => {
            text.get(..last).unwrap_or_default()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_argument_ends_with_a_nul() {
        assert_eq!(arguments(b"node\0server.js\0--port=80\0"), ["node", "server.js", "--port=80"]);
        assert_eq!(arguments(b"a\nb\0c d\0"), ["a\nb", "c d"]);
    }

    #[test]
    fn empty_arguments_are_kept() {
        assert_eq!(arguments(b"sh\0\0x\0\0"), ["sh", "", "x", ""]);
        assert_eq!(arguments(b"\0"), [""]);
    }

    #[test]
    fn no_text_is_no_arguments() {
        assert_eq!(arguments(b""), [""; 0]);
    }

    #[test]
    fn an_overwritten_command_line_may_end_without_a_nul() {
        assert_eq!(arguments(b"nginx: master process"), ["nginx: master process"]);
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_replaced() {
        assert_eq!(arguments(b"caf\xe9\0\xff\0"), ["caf\u{fffd}", "\u{fffd}"]);
    }

    fn text_of(lengths: &[usize]) -> Vec<u8> {
        lengths.iter().flat_map(|length| [vec![b'x'; *length], vec![0]].concat()).collect()
    }

    fn lengths(arguments: &[String]) -> Vec<usize> {
        arguments.iter().map(String::len).collect()
    }

    #[test]
    fn a_command_line_that_just_fits_is_whole_and_one_byte_more_costs_the_last_argument() {
        assert_eq!(lengths(&arguments(&text_of(&[100_000, 162_142]))), [100_000, 162_142]);
        assert_eq!(lengths(&arguments(&text_of(&[100_000, 162_143]))), [100_000]);
        assert_eq!(lengths(&arguments(&text_of(&[100_000, 162_141, 0, 5]))), [100_000, 162_141, 0]);
    }

    #[test]
    fn a_first_argument_that_does_not_fit_is_cut_between_characters() {
        assert_eq!(lengths(&arguments(&text_of(&[300_000]))), [ARGS_BYTES - 1]);
        assert_eq!(lengths(&arguments(&text_of(&[ARGS_BYTES, 5]))), [ARGS_BYTES - 1]);
        let cut = arguments("é".repeat(ARGS_BYTES).as_bytes());
        assert_eq!(cut, ["é".repeat(ARGS_BYTES / 2 - 1)]);
    }
}
