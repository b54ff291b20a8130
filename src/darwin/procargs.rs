//! Parses the bytes of `KERN_PROCARGS2` into a command line; no system call, no unsafe.
//!
//! The bytes are: the number of arguments, as an int; the program's path; NULs; the arguments, each
//! followed by a NUL; and the environment, which is private and left out.

/// The longest command line that is returned, including the NULs.
const ARGUMENTS_BYTES_MAX: usize = 256 * 1024;

/// The arguments begin where the path and its NUL end, rounded up to this (`bsd/kern/kern_exec.c`).
/// Skipping NULs instead would lose an empty first argument, and then take the first environment
/// string for the last argument.
const PATH_ALIGNMENT: usize = 8;

/// Parses a command line, as many whole arguments of it as there is room for. A first argument that
/// is too long is cut. Bytes that are not UTF-8 become U+FFFD. `None`: the bytes do not have this
/// form.
pub fn arguments(bytes: &[u8]) -> Option<Vec<String>> {
    let (count, strings) = bytes.split_first_chunk::<4>()?;
    let count = usize::try_from(i32::from_ne_bytes(*count)).ok()?;
    let mut rest = strings.get(beginning(strings)?..).unwrap_or_default();
    let mut room = ARGUMENTS_BYTES_MAX;
    let mut arguments = Vec::new();
    while arguments.len() < count && !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        let (argument, behind) = rest.split_at_checked(end)?;
        match room.checked_sub(end.saturating_add(1)) {
            Some(left) => room = left,
            None if arguments.is_empty() => {
                arguments.push(String::from_utf8_lossy(first_part(argument)).into_owned());
                break;
            }
            None => break,
        }
        arguments.push(String::from_utf8_lossy(argument).into_owned());
        rest = behind.get(1..).unwrap_or_default();
    }
    Some(arguments)
}

/// Returns where the arguments begin. If the path is not followed by such padding, that is the
/// first byte after the path that is not a NUL.
fn beginning(strings: &[u8]) -> Option<usize> {
    let path_bytes = strings.iter().position(|byte| *byte == 0)?;
    let aligned = path_bytes.checked_add(1)?.checked_next_multiple_of(PATH_ALIGNMENT)?;
    let between = strings.get(path_bytes..aligned.min(strings.len()))?;
    let early = between.iter().position(|byte| *byte != 0);
    early.map_or(Some(aligned), |early| path_bytes.checked_add(early))
}

/// Returns as much of one argument as there is room for, up to the end of a character.
fn first_part(argument: &[u8]) -> &[u8] {
    let is_inside = |at: &usize| argument.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let last = ARGUMENTS_BYTES_MAX.saturating_sub(1);
    let end = (last.saturating_sub(3)..=last).rev().find(|at| !is_inside(at)).unwrap_or(last);
    argument.get(..end).unwrap_or(argument)
}
