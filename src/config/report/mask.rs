//! Hides what may be a secret in the lines that are shown: character for character, so that columns hold.

use std::ops::Range;

use crate::config::expand::is_reference;
use crate::config::locate::Outline;
use crate::config::problem::{Path, holds_credentials, names_secret};

const MASK: char = '*';

/// What of a text must not be shown.
pub struct Mask<'a> {
    text: &'a str,
    /// The keys that name secrets.
    secret_keys: Vec<Range<usize>>,
    /// The inside of strings, and whether the names on the way there call it a secret.
    strings: Vec<(Range<usize>, bool)>,
    /// Numbers in the place of secrets, and comments that name one.
    others: Vec<Range<usize>>,
    comments: Vec<Range<usize>>,
}

impl<'a> Mask<'a> {
    /// `is_secret` says whether the value at a path may be a secret.
    pub fn of(text: &'a str, outline: &Outline<'_>, is_secret: &dyn Fn(&Path) -> bool) -> Self {
        let comments = outline.comments.clone();
        let others = comments
            .iter()
            .filter(|at| mentions_secret(&text[(*at).clone()]))
            .cloned()
            .collect();
        let mut mask = Self {
            text,
            secret_keys: Vec::new(),
            strings: Vec::new(),
            others,
            comments,
        };
        outline.each(&mut |path, node| {
            let secret = is_secret(path);
            let token = &text[node.value.clone()];
            let inside = node.value.start + 1..node.value.end.saturating_sub(1);
            if secret {
                mask.secret_keys.extend(node.key.clone());
            }
            if token.starts_with(['"', '\'']) {
                if !is_reference(&text[inside.clone()]) {
                    mask.strings
                        .push((inside, secret || holds_credentials(token)));
                }
            } else if secret
                && token.starts_with(|c: char| c.is_ascii_digit() || "+-.IN".contains(c))
            {
                mask.others.push(node.value.clone());
            }
        });
        mask
    }

    /// The line at `span` as it may be shown. All strings and comments are hidden where one of its keys names a secret.
    pub fn shown(&self, span: &Range<usize>) -> String {
        let here = |other: &&Range<usize>| other.start < span.end && span.start < other.end;
        let secret_line = self.secret_keys.iter().any(|key| here(&key));
        let strings = self
            .strings
            .iter()
            .filter(|(_, secret)| *secret || secret_line)
            .map(|(at, _)| at);
        let comments = self.comments.iter().filter(|_| secret_line);
        let mut hide = vec![false; span.len()];
        for hidden in strings.chain(comments).chain(&self.others).filter(here) {
            let (start, end) = (hidden.start.max(span.start), hidden.end.min(span.end));
            hide[start - span.start..end - span.start].fill(true);
        }
        let chars = self.text[span.clone()].char_indices();
        chars
            .map(|(at, c)| if hide[at] { MASK } else { c })
            .collect()
    }
}

/// A line of a text that cannot be read, as it may be shown: where it stands among secrets or names one, all is hidden
/// but its first key and the punctuation.
pub fn shown_unread(line: &str, among_secrets: bool) -> String {
    if !among_secrets && !mentions_secret(line) {
        return line.to_owned();
    }
    let first_key = line
        .find(':')
        .filter(|&colon| is_key(line[..colon].trim().trim_start_matches('{').trim_start()));
    let start = first_key.unwrap_or(0);
    let shows = |c: char| c.is_whitespace() || "{}[],:'\"".contains(c);
    line.char_indices()
        .map(|(at, c)| if at < start || shows(c) { c } else { MASK })
        .collect()
}

fn is_key(token: &str) -> bool {
    let quoted = |quote| {
        token
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    };
    let name = quoted('"').or_else(|| quoted('\'')).unwrap_or(token);
    !name.is_empty()
        && name
            .chars()
            .all(|c| c == '-' || json5::char::is_json5_identifier(c))
}

fn mentions_secret(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c))
        .any(names_secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::locate::Lines;

    /// The first line of `text` as it is shown.
    fn shown(text: &str) -> String {
        let outline = Outline::of(text).unwrap();
        let end = text.find('\n').unwrap_or(text.len());
        Mask::of(text, &outline, &Path::bears_secret).shown(&(0..end))
    }

    #[test]
    fn a_secret_hides_every_string_of_its_line() {
        assert_eq!(
            shown("{ port: 'x', token: \"hün\\\"ter\" }"),
            "{ port: '*', token: \"********\" }"
        );
        assert_eq!(
            shown("{ env: { A: 'x', 'B': ['y', 1, true] } }"),
            "{ env: { A: '*', 'B': ['*', *, true] } }"
        );
        assert_eq!(
            shown("{ port: 'x', maxTokens: 'y' } // z"),
            "{ port: 'x', maxTokens: 'y' } // z"
        );
    }

    #[test]
    fn a_reference_is_shown_and_a_secret_beside_one_is_not() {
        assert_eq!(
            shown("{ apiKey: '${KEY}', x: '${KEY}y' }"),
            "{ apiKey: '${KEY}', x: '*******' }"
        );
    }

    #[test]
    fn a_secret_is_hidden_on_lines_without_its_key() {
        let text = "{ headers: { x:\n'two', y: 'a\\\nb' } }";
        let outline = Outline::of(text).unwrap();
        let mask = Mask::of(text, &outline, &Path::bears_secret);
        let lines = Lines::of(text);
        assert_eq!(mask.shown(&lines.span(2)), "'***', y: '**");
        assert_eq!(mask.shown(&lines.span(3)), "*' } }");
    }

    #[test]
    fn a_url_with_a_password_is_hidden() {
        let text = "{ url: 'https://h/v1', store: 'db://u:p@h' }";
        assert_eq!(shown(text), "{ url: 'https://h/v1', store: '**********' }");
    }

    #[test]
    fn comments_are_hidden_where_they_or_their_line_name_a_secret() {
        assert_eq!(
            shown("{ a: 1 } // was apiKey: sk-1"),
            "{ a: 1 } *******************"
        );
        assert_eq!(shown("{ token: 't' } /* t */"), "{ token: '*' } *******");
    }

    #[test]
    fn a_line_that_cannot_be_read_shows_its_first_key_and_no_secret() {
        assert_eq!(shown_unread("  port: 1 x", false), "  port: 1 x");
        assert_eq!(
            shown_unread("  token: sk-1, 'a:b", false),
            "  token: ****, '*:*"
        );
        assert_eq!(shown_unread("\t\"a:b\"", true), "\t\"*:*\"");
        assert_eq!(
            shown_unread("{ 'x-y': { A: sk-1", true),
            "{ 'x-y': { *: ****"
        );
    }
}
