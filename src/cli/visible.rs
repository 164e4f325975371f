//! What a terminal may be shown of a stranger's text: a model's words, a tool's name, a provider's error. Pure.

use std::borrow::Cow;

/// Whether a terminal shows this and does nothing else: no control character but line feed and tab, and none that
/// turns the direction of what follows.
pub fn is_visible(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        _ => !c.is_control(),
    }
}

/// The text without what would steer a terminal.
pub fn visible(text: &str) -> Cow<'_, str> {
    match text.chars().all(is_visible) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().filter(|c| is_visible(*c)).collect()),
    }
}

/// The text on one line of at most `limit` characters, an ellipsis where more would come.
pub fn on_one_line(text: &str, limit: usize) -> String {
    let whole = text.chars().filter(|c| is_visible(*c));
    let mut flat = whole.map(|c| if c == '\n' || c == '\t' { ' ' } else { c });
    let mut line: String = flat.by_ref().take(limit).collect();
    if flat.next().is_some() {
        line.pop();
        line.push('…');
    }
    line
}

/// JSON that stays the same value and holds no control characters: those that JSON itself lets stand (DEL and C1) are
/// written as escapes.
pub fn visible_json(json: String) -> String {
    let steers = |c: char| matches!(c, '\u{7f}'..='\u{9f}') || !is_visible(c);
    if !json.contains(steers) {
        return json;
    }
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        match steers(c) {
            true => shown += &format!("\\u{:04x}", u32::from(c)),
            false => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}]0;title\u{7}b\u{9b}31mc\r\u{202e}d\te\n";

    #[test]
    fn nothing_of_a_stranger_steers_the_terminal() {
        assert_eq!(visible(HOSTILE), "a]0;titleb31mcd\te\n");
        assert!(matches!(visible("as it is\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_line_stays_one_line_and_short() {
        assert_eq!(on_one_line("{\n\t\"a\": 1\n}", 40), "{  \"a\": 1 }");
        assert_eq!(on_one_line("abcdef", 6), "abcdef");
        assert_eq!(on_one_line("abcdefg", 6), "abcde…");
    }

    #[test]
    fn json_for_a_terminal_is_the_same_value() {
        let shown = visible_json(serde_json::to_string(HOSTILE).unwrap());
        assert!(!shown.chars().any(|c| c.is_control()), "{shown:?}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), HOSTILE);
    }
}
