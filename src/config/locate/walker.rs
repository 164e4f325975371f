//! Walks the tokens of a JSON5 text. What json5 takes is walked exactly; what it does not take may be walked as well.

use std::ops::Range;

use json5::char::{is_json5_line_terminator, is_json5_whitespace};

use super::Node;
use crate::config::problem::Segment;

/// A place in a text, and what was seen on the way there. Every method gives `None` where the text cannot go on.
pub struct Walker<'a> {
    text: &'a str,
    pub at: usize,
    /// The way to the value being walked.
    pub open: Vec<Segment>,
    pub comments: Vec<Range<usize>>,
}

impl<'a> Walker<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            comments: Vec::new(),
        }
    }

    /// The value that comes next; `key` is where its key was.
    pub fn value(&mut self, key: Option<Range<usize>>) -> Option<Node> {
        self.skip_blank()?;
        let start = self.at;
        let children = match self.rest().chars().next()? {
            '{' => self.children('}')?,
            '[' => self.children(']')?,
            quote @ ('"' | '\'') => self.skip_string(quote).map(|()| Vec::new())?,
            _ => self.skip_bare(&[',', ']', '}', '/']).map(|()| Vec::new())?,
        };
        Some(Node {
            key,
            value: start..self.at,
            children,
        })
    }

    /// Where the brackets first open more than `limit` deep, whether or not they close.
    pub fn opens_deeper_than(mut self, limit: usize) -> Option<usize> {
        let mut depth = 0;
        loop {
            self.skip_blank()?;
            match self.rest().chars().next()? {
                '{' | '[' if depth == limit => return Some(self.at),
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                quote @ ('"' | '\'') => {
                    self.skip_string(quote)?;
                    continue;
                }
                _ => {}
            }
            self.at += self.rest().chars().next()?.len_utf8();
        }
    }

    /// What stands between the bracket here and `close`.
    fn children(&mut self, close: char) -> Option<Vec<(Segment, Node)>> {
        let mut children = Vec::new();
        self.at += 1;
        loop {
            self.skip_blank()?;
            if self.take(close) {
                return Some(children);
            }
            let (segment, key) = match close {
                '}' => self
                    .key()
                    .map(|(key, span)| (Segment::Key(key), Some(span)))?,
                _ => (Segment::Index(children.len()), None),
            };
            self.open.push(segment);
            let node = self.value(key)?;
            children.push((self.open.pop()?, node));
            self.skip_blank()?;
            if !self.take(',') {
                return self.take(close).then_some(children);
            }
        }
    }

    /// A key and its bytes, with the colon after it.
    fn key(&mut self) -> Option<(String, Range<usize>)> {
        let start = self.at;
        let quote = self
            .rest()
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\''));
        match quote {
            Some(quote) => self.skip_string(quote)?,
            None => self.skip_bare(&[':', '/'])?,
        }
        let token = &self.text[start..self.at];
        let key = match quote {
            Some(_) => json5::from_str(token).ok()?,
            // The escapes of an identifier mean the same in a string.
            None if token.contains('\\') => json5::from_str(&format!("\"{token}\"")).ok()?,
            None => token.to_owned(),
        };
        let span = start..self.at;
        self.skip_blank()?;
        self.take(':').then_some((key, span))
    }

    fn skip_string(&mut self, quote: char) -> Option<()> {
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c == '\\' {
                chars.next();
            } else if c == quote {
                self.at += at + 1;
                return Some(());
            }
        }
        None
    }

    /// Skips a token without quotes, which ends before white space or one of `ends`.
    fn skip_bare(&mut self, ends: &[char]) -> Option<()> {
        let ends_here = |c: char| is_json5_whitespace(c) || ends.contains(&c);
        let length = self.rest().find(ends_here).unwrap_or(self.rest().len());
        self.at += length;
        (length > 0).then_some(())
    }

    /// Skips white space and comments.
    pub fn skip_blank(&mut self) -> Option<()> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches(is_json5_whitespace).len();
            let rest = self.rest();
            let length = if rest.starts_with("//") {
                rest.find(is_json5_line_terminator).unwrap_or(rest.len())
            } else if let Some(inside) = rest.strip_prefix("/*") {
                inside.find("*/")? + "/**/".len()
            } else {
                return Some(());
            };
            self.comments.push(self.at..self.at + length);
            self.at += length;
        }
    }

    fn take(&mut self, c: char) -> bool {
        let here = self.rest().starts_with(c);
        self.at += if here { c.len_utf8() } else { 0 };
        here
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}
