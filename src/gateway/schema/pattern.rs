//! Regular expressions of ECMA 262, which JSON Schemas are written in, as those of this house. They take time that grows
//! with the text and no faster, which is why look-around and back-references are beyond them.

use regex::{Regex, RegexBuilder};

/// The most memory that one takes when it is compiled, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// `None` for one that is beyond the expressions here.
pub fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&translated(pattern))
        .size_limit(MAX_BYTES)
        .build()
        .ok()
}

/// The classes of letters and digits are of ASCII there; a bracket within a class is a bracket.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match (char, in_class) {
            ('\\', _) => match (chars.next(), in_class) {
                (Some('d'), true) => out.push_str("0-9"),
                (Some('d'), false) => out.push_str("[0-9]"),
                (Some('D'), _) => out.push_str("[^0-9]"),
                (Some('w'), true) => out.push_str("A-Za-z0-9_"),
                (Some('w'), false) => out.push_str("[A-Za-z0-9_]"),
                (Some('W'), _) => out.push_str("[^A-Za-z0-9_]"),
                (Some(escaped), _) => out.extend(['\\', escaped]),
                (None, _) => out.push('\\'),
            },
            ('[', false) => {
                in_class = true;
                out.push('[');
            }
            (']', true) => {
                in_class = false;
                out.push(']');
            }
            ('[' | '&' | '~', true) => out.extend(['\\', char]),
            _ => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        compile(pattern).unwrap().is_match(text)
    }

    #[test]
    fn a_pattern_means_what_it_means_in_ecma_262() {
        assert!(fits(r"^\d{3}-\d{4}$", "555-0123"));
        assert!(!fits(r"^\d$", "٣"));
        assert!(fits(r"^[\w.-]+@[\w-]+\.[a-z]{2,}$", "a.b@c-d.org"));
        assert!(!fits(r"^\w$", "é"));
        assert!(fits(r"^\W$", "é"));
        assert!(fits(r"^[^\D]$", "5"));
        assert!(fits(r"^[[&~]+$", "[&&~~"));
        assert!(fits(r"^\/a\/$", "/a/"));
        assert!(fits(r"^\u0041\x42$", "AB"));
        assert!(fits(r"^\p{Lu}\p{L}+$", "Élan"));
        assert!(fits("b", "abc"), "it need not fit the whole text");
    }

    #[test]
    fn what_would_take_unbounded_time_or_memory_is_none() {
        for pattern in ["^(?!a)", r"(a)\1", "(", "((a{1000}){1000}){1000}"] {
            assert!(compile(pattern).is_none(), "{pattern}");
        }
    }
}
