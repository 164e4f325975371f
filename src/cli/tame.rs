//! Text that others may have written, on its way to a terminal or a log: what a terminal would obey is written out.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every control character, and every one that turns the direction of writing, as `\u001b`. Line feeds and
/// tabs stay; with `colour` so do sequences that only colour.
pub fn tamed(text: &str, colour: bool) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(is_obeyed) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let harmless = colour_sequence(rest).filter(|_| colour);
        let taken = match (harmless, rest.chars().next()) {
            (Some(sequence), _) => {
                out.push_str(sequence);
                sequence.len()
            }
            (None, Some(c)) => {
                let _ = write!(out, "\\u{:04x}", c as u32);
                c.len_utf8()
            }
            (None, None) => 0,
        };
        rest = &rest[taken..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The same for one line of a log, which ends where it ends: a line feed inside it is written out as well.
pub fn tamed_line(line: &str, colour: bool) -> String {
    let (body, end) = match line.strip_suffix('\n') {
        Some(body) => (body, "\n"),
        None => (line, ""),
    };
    tamed(&body.replace('\n', "\\n"), colour).into_owned() + end
}

/// The text on one line of at most `limit` characters, an ellipsis where more would come. What a terminal would obey is
/// left out.
pub fn on_one_line(text: &str, limit: usize) -> String {
    let shown = text.chars().filter(|c| !is_obeyed(*c));
    let mut flat = shown.map(|c| if c == '\n' || c == '\t' { ' ' } else { c });
    let mut line: String = flat.by_ref().take(limit).collect();
    if flat.next().is_some() {
        line.pop();
        line.push('…');
    }
    line
}

/// Whether a terminal does something at this character, beyond showing it.
pub fn is_obeyed(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// The "select graphic rendition" that the text begins with.
fn colour_sequence(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters[end..]
        .starts_with('m')
        .then(|| &text[..end + "\x1b[m".len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        for (text, shown) in [
            ("plain, with\ttab and\nline", "plain, with\ttab and\nline"),
            ("\x1b]0;title\x07", "\\u001b]0;title\\u0007"),
            ("\x1b[2J\r\x08", "\\u001b[2J\\u000d\\u0008"),
            ("c1 \u{9b}31m", "c1 \\u009b31m"),
            ("\u{202e}txt.exe", "\\u202etxt.exe"),
            ("ä\x7fü", "ä\\u007fü"),
        ] {
            assert_eq!(tamed(text, false), shown);
            assert_eq!(tamed(text, true), shown);
        }
    }

    #[test]
    fn colours_stay_where_there_is_colour() {
        let red = "\x1b[1;31mred\x1b[0m \x1b[m";
        assert_eq!(tamed(red, true), red);
        assert_eq!(tamed(red, false), "\\u001b[1;31mred\\u001b[0m \\u001b[m");
        assert_eq!(tamed("\x1b[31", true), "\\u001b[31");
    }

    #[test]
    fn json_stays_the_same_value() {
        let hostile = "a\u{1b}]0;t\u{7}b\u{9b}31mc\r\u{202e}d\u{7f}";
        let shown = tamed(&serde_json::to_string(hostile).unwrap(), false).into_owned();
        assert!(!shown.contains(is_obeyed), "{shown:?}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), hostile);
    }

    #[test]
    fn one_line_is_short_and_harmless() {
        assert_eq!(on_one_line("{\n\t\"a\": \u{1b}1\n}", 40), "{  \"a\": 1 }");
        assert_eq!(on_one_line("abcdef", 6), "abcdef");
        assert_eq!(on_one_line("abcdefg", 6), "abcde…");
    }

    #[test]
    fn a_line_of_a_log_is_one_line() {
        assert_eq!(
            tamed_line("first\n2026 INFO forged\n", false),
            "first\\n2026 INFO forged\n"
        );
    }
}
