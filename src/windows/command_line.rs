//! Splits a command line, which on Windows is a single string, into the arguments that a C program
//! gets.
//!
//! The rules are those of `CommandLineToArgvW` and of the C library where the two agree. Doubled
//! quotes inside quotes are not documented, and the two differ. Here `""` inside quotes is a quote
//! and the quoting continues, as in the C library since 2008, which produces `argv` in most
//! programs.

const SPACE: u16 = b' ' as u16;
const TAB: u16 = b'\t' as u16;
const QUOTE: u16 = b'"' as u16;
const BACKSLASH: u16 = b'\\' as u16;

/// Returns the arguments, starting with the program's name. Unpaired surrogates become U+FFFD.
pub fn arguments(line: &[u16]) -> Vec<String> {
    if line.is_empty() {
        return Vec::new();
    }
    let (program, mut rest) = program(line);
    let mut arguments = vec![String::from_utf16_lossy(program)];
    loop {
        rest = without_blanks(rest);
        if rest.is_empty() {
            return arguments;
        }
        let (argument, after) = argument(rest);
        arguments.push(String::from_utf16_lossy(&argument));
        rest = after;
    }
}

/// The first word has rules of its own, because no file name contains a quote: a quote ends at the
/// next one, and backslashes have no special meaning.
fn program(line: &[u16]) -> (&[u16], &[u16]) {
    match line.split_first() {
        Some((&QUOTE, quoted)) => {
            let end = quoted.iter().position(|unit| *unit == QUOTE).unwrap_or(quoted.len());
            let (program, rest) = split(quoted, end);
            (program, rest.get(1..).unwrap_or_default())
        }
        _ => split(line, line.iter().position(is_blank).unwrap_or(line.len())),
    }
}

/// Backslashes are special only before a quote: two of them make one, and an odd one makes the
/// quote literal.
fn argument(line: &[u16]) -> (Vec<u16>, &[u16]) {
    let (mut argument, mut is_quoted, mut rest) = (Vec::new(), false, line);
    while let Some((&unit, after)) = rest.split_first() {
        match unit {
            BACKSLASH => {
                let count = rest.iter().take_while(|unit| **unit == BACKSLASH).count();
                let (_, behind) = split(rest, count);
                let is_before_quote = behind.first() == Some(&QUOTE);
                let kept = if is_before_quote { count / 2 } else { count };
                argument.resize(argument.len().saturating_add(kept), BACKSLASH);
                rest = behind;
                if is_before_quote && count % 2 == 1 {
                    argument.push(QUOTE);
                    rest = behind.get(1..).unwrap_or_default();
                }
            }
            QUOTE if is_quoted && after.first() == Some(&QUOTE) => {
                argument.push(QUOTE);
                rest = after.get(1..).unwrap_or_default();
            }
            QUOTE => {
                is_quoted = !is_quoted;
                rest = after;
            }
            blank if is_blank(&blank) && !is_quoted => break,
            unit => {
                argument.push(unit);
                rest = after;
            }
        }
    }
    (argument, rest)
}

fn without_blanks(line: &[u16]) -> &[u16] {
    let blanks = line.iter().take_while(|unit| is_blank(unit)).count();
    line.get(blanks..).unwrap_or_default()
}

fn split(line: &[u16], at: usize) -> (&[u16], &[u16]) {
    line.split_at_checked(at).unwrap_or((line, &[]))
}

fn is_blank(unit: &u16) -> bool {
    matches!(*unit, SPACE | TAB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn splits(line: &str, wanted: &[&str]) {
        let units = line.encode_utf16().collect::<Vec<_>>();
        assert_eq!(arguments(&units), wanted, "{line}");
    }

    #[test]
    fn words_are_separated_by_blanks() {
        splits("node app.js", &["node", "app.js"]);
        splits("node  \t app.js \t", &["node", "app.js"]);
        splits("node", &["node"]);
        splits("", &[]);
    }

    #[test]
    fn quotes_keep_blanks_and_make_empty_arguments() {
        splits(r#"node "a b" c"#, &["node", "a b", "c"]);
        splits(r#"node "" x"#, &["node", "", "x"]);
        splits(r#"node a"b c"d"#, &["node", "ab cd"]);
        splits(r#"node "a b"#, &["node", "a b"]);
        splits(r#"node a" "b"#, &["node", "a b"]);
    }

    #[test]
    fn backslashes_count_before_a_quote_alone() {
        splits(r"node a\b\\c", &["node", r"a\b\\c"]);
        splits(r#"node a\"b"#, &["node", r#"a"b"#]);
        splits(r#"node a\\"b c""#, &["node", r"a\b c"]);
        splits(r#"node a\\\"b"#, &["node", r#"a\"b"#]);
        splits(r#"node "C:\dir\\" x"#, &["node", r"C:\dir\", "x"]);
        splits(r"node \", &["node", r"\"]);
    }

    #[test]
    fn the_programs_name_has_rules_of_its_own() {
        splits(r#""C:\a b\node.exe" x"#, &[r"C:\a b\node.exe", "x"]);
        splits(r#""C:\dir\" x"#, &[r"C:\dir\", "x"]);
        splits(r#"C:\a"b c"#, &[r#"C:\a"b"#, "c"]);
        splits(r#""a"b c"#, &["a", "b", "c"]);
        splits(" node", &["", "node"]);
        splits(r#""unended x"#, &["unended x"]);
    }

    #[test]
    fn a_doubled_quote_inside_quotes_is_a_quote() {
        splits(r#"node "a""b" c"#, &["node", r#"a"b"#, "c"]);
        splits(r#"node """a" c"#, &["node", r#""a"#, "c"]);
    }

    #[test]
    fn text_of_any_kind_comes_through() {
        splits("node é 日本 \u{1F600}", &["node", "é", "日本", "\u{1F600}"]);
        assert_eq!(arguments(&[0x61, 0x20, 0xD800]), ["a", "\u{FFFD}"]);
    }
}
