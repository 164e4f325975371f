//! What is wrong with a configuration, for people: the place in the file, the line with a caret, and the remedy.
//! Secrets that stand on the lines shown are masked, and nothing else of the file is kept.

mod excerpt;
mod mask;

use std::fmt;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use json5::ErrorCode;

use self::excerpt::Excerpt;
use self::mask::{Mask, shown_unread};
use super::locate::{Lines, Outline, Position, broken_off_at};
use super::problem::{At, Path, Problem};
use super::sources::{Document, Located, Sources};

/// A configuration file that cannot be used. Shown as a block for each thing that is wrong, in the order of the file:
///
/// ```text
/// error: gateway.port: expected a whole number from 0 to 65535, found the string "abc"
///  --> openclaw.json5:2:20
///   |
/// 2 |   gateway: { port: "abc" },
///   |                    ^^^^^
/// help: …
///
/// 1 error in openclaw.json5
/// ```
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    blocks: Vec<Block>,
    files: Vec<PathBuf>,
}

#[derive(Debug)]
struct Block {
    file: Arc<FilePath>,
    title: String,
    position: Position,
    excerpt: Excerpt,
    hint: Option<String>,
}

impl ConfigError {
    /// A problem whose place is not there (a missing key) is shown at what is around it.
    pub fn new(sources: &Sources, problems: Vec<Located>) -> Self {
        let mut blocks = Vec::new();
        for (number, document) in sources.documents.iter().enumerate() {
            let here = |located: &&Located| located.origin.document == number;
            let problems: Vec<&Located> = problems.iter().filter(here).collect();
            if !problems.is_empty() {
                blocks.extend(blocks_of(document, &problems));
            }
        }
        Self {
            blocks,
            files: sources.files.clone(),
        }
    }

    /// `error` is why json5 could not read the document.
    pub fn syntax_at(document: &Document, error: &json5::Error) -> Self {
        let Document { file, text, mount } = document;
        let lines = Lines::of(text);
        let told = error.position().map(|at| Position {
            line: at.line + 1,
            column: at.column + 1,
        });
        let offset = match error.code() {
            Some(code) if ends_in_token(code) => text.len(),
            _ => told.map_or(text.len(), |position| lines.offset(position)),
        };
        let position = lines.position(offset);
        let span = lines.span(position.line);
        let among_secrets = [span.start, offset]
            .into_iter()
            .any(|end| mount.join(&broken_off_at(&text[..end])).bears_secret());
        let line = shown_unread(&text[span], among_secrets);
        let block = Block {
            file: Arc::clone(file),
            title: error
                .code()
                .map_or_else(|| message(error), |code| explain(code).to_owned()),
            position,
            excerpt: Excerpt::of(&line, position.column - 1..position.column),
            hint: None,
        };
        Self {
            blocks: vec![block],
            files: Vec::new(),
        }
    }

    /// The same, knowing which files had a part in it.
    #[must_use]
    pub fn about(self, files: &[PathBuf]) -> Self {
        let files = files.to_vec();
        Self { files, ..self }
    }

    /// The files of the configuration, those that are not there among them.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// How many things are wrong.
    pub fn count(&self) -> usize {
        self.blocks.len()
    }
}

/// A block for each problem of a document, in the order of its text.
fn blocks_of(document: &Document, problems: &[&Located]) -> Vec<Block> {
    let Document { file, text, mount } = document;
    // An unknown key may be a mistyped secret.
    let unknown: Vec<&Path> = problems
        .iter()
        .filter(|located| located.problem.at == At::Key)
        .map(|located| &located.origin.path)
        .collect();
    let is_secret = |path: &Path| {
        mount.join(path).bears_secret() || unknown.iter().any(|key| path.starts_with(key))
    };
    let lines = Lines::of(text);
    let mut blocks: Vec<Block> = match Outline::of(text) {
        Some(outline) => {
            let mask = Mask::of(text, &outline, &is_secret);
            let shown = |located: &&Located| {
                let node = Block::node(located, &outline);
                Block::of((file, located), node, &lines, &mask)
            };
            problems.iter().map(shown).collect()
        }
        None => problems
            .iter()
            .map(|located| Block::nowhere(file, &located.problem))
            .collect(),
    };
    blocks.sort_by_key(|block| block.position);
    blocks
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Block {
            file,
            title,
            position: Position { line, column },
            excerpt,
            hint,
        } in &self.blocks
        {
            let file = file.display();
            let number = line.to_string();
            let gutter = " ".repeat(number.len());
            writeln!(
                f,
                "error: {title}\n{gutter}--> {file}:{line}:{column}\n{gutter} |"
            )?;
            writeln!(
                f,
                "{number} | {}\n{gutter} | {}",
                excerpt.line, excerpt.carets
            )?;
            if let Some(hint) = hint {
                writeln!(f, "help: {hint}")?;
            }
            writeln!(f)?;
        }
        let count = self.blocks.len();
        let mut files: Vec<String> = self
            .blocks
            .iter()
            .map(|block| block.file.display().to_string())
            .collect();
        files.dedup();
        write!(
            f,
            "{count} error{} in {}",
            if count == 1 { "" } else { "s" },
            files.join(", ")
        )
    }
}

impl Block {
    /// The bytes of the text that the problem is about.
    fn node(located: &Located, outline: &Outline<'_>) -> Range<usize> {
        let Located { origin, problem } = located;
        let exact = outline.find(&origin.path);
        let node = exact.unwrap_or_else(|| outline.find_around(&origin.path));
        let wants_key = exact.is_none() || problem.at == At::Key;
        node.key
            .clone()
            .filter(|_| wants_key)
            .unwrap_or_else(|| node.value.clone())
    }

    fn of(
        (file, located): (&Arc<FilePath>, &Located),
        bytes: Range<usize>,
        lines: &Lines<'_>,
        mask: &Mask<'_>,
    ) -> Self {
        let position = lines.position(bytes.start);
        let end = lines.position(bytes.end);
        let first = position.column - 1;
        // Of what goes on over several lines the beginning is enough.
        let last = if end.line == position.line {
            end.column - 1
        } else {
            first + 1
        };
        let line = mask.shown(&lines.span(position.line));
        Self {
            file: Arc::clone(file),
            title: title(&located.problem),
            position,
            excerpt: Excerpt::of(&line, first..last),
            hint: located.problem.hint.clone(),
        }
    }

    fn nowhere(file: &Arc<FilePath>, problem: &Problem) -> Self {
        let position = Position { line: 1, column: 1 };
        Self {
            file: Arc::clone(file),
            title: title(problem),
            position,
            excerpt: Excerpt::of("", 0..1),
            hint: problem.hint.clone(),
        }
    }
}

fn title(problem: &Problem) -> String {
    let Problem { path, expected, .. } = problem;
    if path.segments().is_empty() {
        expected.clone()
    } else {
        format!("{path}: {expected}")
    }
}

/// Whether json5 tells the place of the object or list around, and not of what the file ends in.
fn ends_in_token(code: ErrorCode) -> bool {
    use ErrorCode as Code;
    matches!(
        code,
        Code::EofParsingComment
            | Code::EofParsingEscapeSequence
            | Code::EofParsingString
            | Code::EofParsingValue
    )
}

/// What json5 says, without the place.
fn message(error: &json5::Error) -> String {
    let whole = error.to_string();
    let place = error.position().map(|position| format!(" at {position}"));
    let bare = place.and_then(|place| whole.strip_suffix(&place));
    bare.unwrap_or(&whole).to_owned()
}

fn explain(code: ErrorCode) -> &'static str {
    use ErrorCode as Code;
    match code {
        Code::EofParsingArray => "this list is not closed: expected `]` before the end of the file",
        Code::EofParsingObject => {
            "this object is not closed: expected `}` before the end of the file"
        }
        Code::EofParsingComment => "the file ends inside a comment: expected `*/`",
        Code::EofParsingString | Code::EofParsingEscapeSequence => {
            "the file ends inside a string: expected its closing quote"
        }
        Code::EofParsingValue => "the file ends where a value is expected",
        Code::EofParsingBool
        | Code::EofParsingIdentifier
        | Code::EofParsingNull
        | Code::EofParsingNumber => "the file ends inside a word",
        Code::ExpectedColon => "expected `:` after the key",
        Code::ExpectedComma => "expected `,` before this",
        Code::ExpectedClosingBrace => "expected `,` or `}`",
        Code::ExpectedClosingBracket => "expected `,` or `]`",
        Code::ExpectedComment => "expected a comment: `//` or `/*`",
        Code::ExpectedIdentifier | Code::InvalidKey => {
            "expected a key; one that is no plain word needs quotes"
        }
        Code::ExpectedBool | Code::ExpectedNull | Code::ExpectedNumber | Code::ExpectedValue => {
            "expected a value; text needs quotes"
        }
        Code::ExpectedOpeningBrace => "expected `{`",
        Code::ExpectedOpeningBracket => "expected `[`",
        Code::ExpectedString | Code::ExpectedStringOrObject => "expected a string",
        Code::InvalidBytes => "expected pairs of hexadecimal digits",
        Code::InvalidEscapeSequence => "no such escape; a backslash itself is `\\\\`",
        Code::LeadingZero => "a number cannot begin with 0 and another digit",
        Code::LineTerminatorInString => {
            "the string goes over the end of its line; close it, or end the line with `\\`"
        }
        Code::OverflowParsingNumber => "the number is too large",
        Code::TrailingCharacters => "expected the end of the file",
    }
}

#[cfg(test)]
mod tests;
