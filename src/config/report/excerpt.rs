//! The part of a line that is shown, and the carets under it.

use std::ops::Range;

/// A line, or the part of a wide one that matters, and what goes under it.
#[derive(Debug, PartialEq)]
pub struct Excerpt {
    pub line: String,
    pub carets: String,
}

impl Excerpt {
    /// `marked` is in characters; it may lie just behind the end of the line.
    pub fn of(line: &str, marked: Range<usize>) -> Self {
        const MAX_CHARS: usize = 100;
        /// Characters before the mark that a cut line keeps.
        const LEAD: usize = 40;
        let chars: Vec<char> = line.chars().collect();
        let wide = chars.len() > MAX_CHARS;
        let start = if wide {
            marked
                .start
                .saturating_sub(LEAD)
                .min(chars.len() - MAX_CHARS)
        } else {
            0
        };
        let end = if wide { start + MAX_CHARS } else { chars.len() };
        let (before, after) = (
            if start > 0 { "…" } else { "" },
            if end < chars.len() { "…" } else { "" },
        );
        let shown: String = chars[start..end].iter().copied().map(printable).collect();
        let pad = |c: &char| if *c == '\t' { '\t' } else { ' ' };
        let indent: String = chars[start..marked.start.clamp(start, end)]
            .iter()
            .map(pad)
            .collect();
        let width = marked.end.min(end).saturating_sub(marked.start).max(1);
        Self {
            line: format!("{before}{shown}{after}"),
            carets: format!(
                "{}{indent}{}",
                " ".repeat(before.chars().count()),
                "^".repeat(width)
            ),
        }
    }
}

/// Keeps a terminal safe from control characters; a tab stays.
fn printable(c: char) -> char {
    if c.is_control() && c != '\t' {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}
