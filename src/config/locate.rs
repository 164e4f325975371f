//! Reads JSON5, and finds where in its text each value stands. What is valid is for the json5 crate to judge.

mod walker;

use std::ops::Range;

use json5::char::is_json5_line_terminator;
use serde_json::Value;

use self::walker::Walker;
use super::problem::{Path, Problem, Segment};

/// Reads a JSON5 text.
///
/// # Errors
/// What json5 says of it, or that its objects and lists lie too deep in each other: json5 would use up the stack.
pub fn parse(text: &str) -> Result<Value, json5::Error> {
    const MAX_DEPTH: usize = 64;
    if let Some(offset) = Walker::new(text).opens_deeper_than(MAX_DEPTH) {
        let position = json5::Position::from_offset(offset, text);
        return Err(json5::Error::custom_at(
            position,
            format!("more than {MAX_DEPTH} objects and lists in each other"),
        ));
    }
    json5::from_str(text)
}

/// The path of the value that `text` breaks off in or before; the root where it does not break off.
pub fn broken_off_at(text: &str) -> Path {
    let mut walker = Walker::new(text);
    walker.value(None);
    Path::from(walker.open)
}

/// A line and a column, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// The lines of a text, ended as JSON5 ends them: LF, CR, CRLF, U+2028 or U+2029.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn of(text: &'a str) -> Self {
        let ends = text.char_indices().filter(|&(at, c)| {
            is_json5_line_terminator(c) && !(c == '\r' && text[at + 1..].starts_with('\n'))
        });
        let starts = [0]
            .into_iter()
            .chain(ends.map(|(at, c)| at + c.len_utf8()))
            .collect();
        Self { text, starts }
    }

    pub fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= offset);
        let column = self.text[self.starts[line - 1]..offset].chars().count() + 1;
        Position { line, column }
    }

    /// The bytes of a line, without its end. A line that is not there is empty, at the end of the text.
    pub fn span(&self, line: usize) -> Range<usize> {
        let start = |line: usize| {
            self.starts
                .get(line - 1)
                .copied()
                .unwrap_or(self.text.len())
        };
        let whole = &self.text[start(line)..start(line + 1)];
        start(line)..start(line) + whole.trim_end_matches(is_json5_line_terminator).len()
    }

    /// The byte at a position; the end of its line where the line is shorter.
    pub fn offset(&self, position: Position) -> usize {
        let span = self.span(position.line);
        let mut chars = self.text[span.clone()].char_indices();
        chars
            .nth(position.column - 1)
            .map_or(span.end, |(at, _)| span.start + at)
    }
}

/// A value: the bytes of its key, if it has one, its own bytes, and what it holds, in the order of the text.
#[derive(Debug)]
pub struct Node {
    pub key: Option<Range<usize>>,
    pub value: Range<usize>,
    children: Vec<(Segment, Node)>,
}

/// Every value of a JSON5 text, and its comments.
pub struct Outline<'a> {
    text: &'a str,
    root: Node,
    pub comments: Vec<Range<usize>>,
}

impl<'a> Outline<'a> {
    /// `None` where the text is not JSON5. (Some of what is not JSON5 has an outline all the same.)
    pub fn of(text: &'a str) -> Option<Self> {
        let mut walker = Walker::new(text);
        let root = walker.value(None)?;
        walker.skip_blank()?;
        (walker.at == text.len()).then_some(Self {
            text,
            root,
            comments: walker.comments,
        })
    }

    /// The value at `path`; of a key that is there twice the last one, which is the one that counts.
    pub fn find(&self, path: &Path) -> Option<&Node> {
        path.segments()
            .iter()
            .try_fold(&self.root, |node, segment| {
                node.children
                    .iter()
                    .rev()
                    .find(|(own, _)| own == segment)
                    .map(|(_, child)| child)
            })
    }

    /// The value at `path`, or else the innermost one around it that is there.
    pub fn find_around(&self, path: &Path) -> &Node {
        let segments = path.segments();
        let mut outwards = (0..=segments.len())
            .rev()
            .map(|length| Path::from(segments[..length].to_vec()));
        outwards
            .find_map(|path| self.find(&path))
            .unwrap_or(&self.root)
    }

    /// Calls `visit` for every value, each before what it holds.
    pub fn each(&self, visit: &mut dyn FnMut(&Path, &Node)) {
        each_within(&Path::default(), &self.root, visit);
    }

    /// A problem for each `Infinity`, `NaN` and number beyond a double, none of which survives in a `serde_json::Value`:
    /// it would be null there, and so count as absent.
    pub fn endless_numbers(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.each(&mut |path, node| {
            let token = &self.text[node.value.clone()];
            if json5::from_str::<f64>(token).is_ok_and(|number| !number.is_finite()) {
                problems.push(Problem::at_value(
                    path.clone(),
                    format!("expected a finite number, found {token}"),
                ));
            }
        });
        problems
    }
}

fn each_within(path: &Path, node: &Node, visit: &mut dyn FnMut(&Path, &Node)) {
    visit(path, node);
    for (segment, child) in &node.children {
        each_within(&path.then(segment.clone()), child, visit);
    }
}

#[cfg(test)]
mod tests;
