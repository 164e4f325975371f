//! Regular expressions of ECMA 262, which JSON Schemas are written in, as those of this house. They take time that grows
//! with the text and no faster, which is why look-around and back-references are beyond them.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

/// What patterns may take when they are compiled, in bytes, and what each byte of a text then counts for, in steps: at worst
/// the time it takes grows with the pattern. A million steps are about a second at worst, whatever the size.
const SIZES: [(usize, usize); 4] = [
    (16 * 1024, 2),
    (LARGE_BYTES, 16),
    (1024 * 1024, 256),
    (16 * 1024 * 1024, 512),
];

/// What takes more is large, in bytes.
const LARGE_BYTES: usize = 128 * 1024;

/// How many may be large.
const MAX_LARGE: usize = 2;

/// The most different patterns of a schema.
const MAX_PATTERNS: usize = 128;

/// A pattern, ready to be held against texts.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// Steps that a byte of text counts for.
    pub weight: usize,
}

impl Pattern {
    pub fn fits(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// The patterns of one schema.
#[derive(Default)]
pub struct Patterns {
    known: HashMap<String, Pattern>,
    large: usize,
}

impl Patterns {
    /// # Errors
    /// Why it is beyond the patterns here, as the end of a sentence.
    pub fn get(&mut self, text: &str) -> Result<Pattern, &'static str> {
        if let Some(known) = self.known.get(text) {
            return Ok(known.clone());
        }
        if self.known.len() == MAX_PATTERNS {
            return Err("is one too many");
        }
        let pattern = self.compile(&translated(text))?;
        self.known.insert(text.to_owned(), pattern.clone());
        Ok(pattern)
    }

    fn compile(&mut self, text: &str) -> Result<Pattern, &'static str> {
        for (bytes, weight) in SIZES {
            let is_large = bytes > LARGE_BYTES;
            if is_large && self.large == MAX_LARGE {
                break;
            }
            match RegexBuilder::new(text).size_limit(bytes).build() {
                Ok(regex) => {
                    self.large += usize::from(is_large);
                    return Ok(Pattern { regex, weight });
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(_) => {
                    return Err(
                        "is none of this server, which knows no look-around and no back-references",
                    );
                }
            }
        }
        Err("is too large for this server")
    }
}

/// The classes of letters and digits are of ASCII there; a bracket within a class is a bracket, and a hyphen that makes no
/// range is a hyphen.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        out.push(char);
        match char {
            '\\' => {
                out.pop();
                escape(&mut chars, false, &mut out);
            }
            '[' => class(&mut chars, &mut out),
            _ => {}
        }
    }
    out
}

/// A class, behind its bracket.
fn class(chars: &mut Peekable<Chars>, out: &mut String) {
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    // Whether what comes may be the end of a range, and whether what was may be the beginning of one.
    let (mut ends, mut begins) = (false, false);
    while let Some(char) = chars.next() {
        let is_operator = char == '-' && begins && !ends && range_follows(chars);
        let mut is_one = true;
        match char {
            ']' => return out.push(']'),
            '\\' => is_one = escape(chars, true, out),
            '-' if is_operator => out.push('-'),
            '-' | '[' | '&' | '~' => out.extend(['\\', char]),
            _ => out.push(char),
        }
        begins = is_one && !is_operator && !ends;
        ends = is_operator;
    }
}

/// Whether a single character follows, which ends a range.
fn range_follows(chars: &Peekable<Chars>) -> bool {
    let mut ahead = chars.clone();
    match ahead.next() {
        None | Some(']') => false,
        Some('\\') => !matches!(
            ahead.next(),
            Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P')
        ),
        Some(_) => true,
    }
}

/// What stands behind a backslash. Whether it is a single character.
fn escape(chars: &mut Peekable<Chars>, in_class: bool, out: &mut String) -> bool {
    let wrapped = |inner: &str| match in_class {
        true => inner.to_owned(),
        false => format!("[{inner}]"),
    };
    match chars.next() {
        Some('d') => out.push_str(&wrapped("0-9")),
        Some('D') => out.push_str("[^0-9]"),
        Some('w') => out.push_str(&wrapped("A-Za-z0-9_")),
        Some('W') => out.push_str("[^A-Za-z0-9_]"),
        Some('c') => match chars.next_if(char::is_ascii_alphabetic) {
            Some(letter) => {
                out.push_str(&format!("\\x{:02x}", letter as u32 % 32));
                return true;
            }
            None => out.push_str("\\c"),
        },
        Some(escaped) => {
            out.extend(['\\', escaped]);
            return !matches!(escaped, 's' | 'S' | 'p' | 'P');
        }
        None => out.push('\\'),
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Patterns::default().get(pattern).unwrap().fits(text)
    }

    #[test]
    fn a_pattern_means_what_it_means_in_ecma_262() {
        for (pattern, fitting, other) in [
            (r"^\d{3}-\d{4}$", "555-0123", "555-012"),
            (r"^\d$", "3", "٣"),
            (r"^\w$", "e", "é"),
            (r"^\W$", "é", "e"),
            (r"^[^\D]$", "5", "x"),
            (r"^[[&~]+$", "[&&~~", "^"),
            (r"^\/a\/$", "/a/", "a"),
            (r"^\u0041\x42\cJ$", "AB\n", "ab\n"),
            (r"^\p{Lu}\p{L}+$", "Élan", "élan"),
            ("b", "abc", "ac"),
            (r"^[\w-z]$", "-", "`"),
            (r"^[\w-.]$", ".", "+"),
            (r"^[a-z--]$", "-", ","),
            (r"^[+--]$", ",", "."),
            (r"^[a\-z]$", "-", "b"),
            (r"^[-a]$", "-", "b"),
            (r"^[a-]$", "-", "b"),
            (r"^[^-a]$", "b", "-"),
            (r"^[\x20-\x7e]$", "~", "é"),
            (
                r"^[\w-\.]+@([\w-]+\.)+[\w-]{2,4}$",
                "a.b-c@d-e.org",
                "a+b@d.org",
            ),
            (r"^[^\x00-\x1F]{1,2000}$", "x", "\n"),
            (r"^.{1,10000}$", "x", ""),
            (r"^[\p{L}\s]{1,200}$", "Élan vital", "1"),
        ] {
            assert!(fits(pattern, fitting), "{pattern} {fitting}");
            assert!(!fits(pattern, other), "{pattern} {other}");
        }
    }

    #[test]
    fn what_would_take_unbounded_time_or_memory_is_none() {
        let why = |pattern| Patterns::default().get(pattern).unwrap_err();
        for pattern in ["^(?!a)", r"(a)\1", "(", "[z-a]"] {
            assert!(why(pattern).starts_with("is none"), "{pattern}");
        }
        assert_eq!(
            why("((a{1000}){1000}){1000}"),
            "is too large for this server"
        );
    }

    #[test]
    fn there_may_be_so_many_and_few_large_ones() {
        let mut patterns = Patterns::default();
        for number in 0..MAX_LARGE {
            assert_eq!(
                patterns.get(&format!("a{{9999}}{number}")).unwrap().weight,
                256
            );
        }
        assert!(patterns.get("a{9999}").is_err());
        for number in MAX_LARGE..MAX_PATTERNS {
            assert_eq!(patterns.get(&number.to_string()).unwrap().weight, 2);
        }
        assert!(patterns.get("x").is_err());
        assert!(patterns.get("100").is_ok(), "it is there already");
    }
}
