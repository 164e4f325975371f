//! Colours code, a line at a time: comments, strings, numbers and the words of the language.
//!
//! Tokens, not grammar: a table of a dozen languages instead of a library of grammars that would weigh more than the
//! rest of the command line.

use super::languages::{Block, Language, named};
use super::pen::{Colour, Pen, Style};

const COMMENT: Style = Style {
    italic: true,
    ..Style::FAINT
};
const STRING: Style = Style::of(Colour::Green);
const NUMBER: Style = Style::of(Colour::Yellow);
const WORD: Style = Style::of(Colour::Magenta);
/// Code of a language that is not known.
const UNKNOWN: Style = Style::of(Colour::Cyan);

/// Colours the lines of one block of code.
#[derive(Debug)]
pub struct Highlighter {
    kind: Kind,
    /// The comment or string that the lines before left open.
    open: Option<Block>,
}

#[derive(Debug)]
enum Kind {
    Unknown,
    Diff,
    Known(&'static Language),
}

impl Highlighter {
    /// For what stands behind the opening fence.
    pub fn new(info: &str) -> Self {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '#');
        let name = info.trim_start().split(|c| !is_name(c)).next();
        let kind = match name.unwrap_or_default() {
            "diff" | "patch" => Kind::Diff,
            name => named(name).map_or(Kind::Unknown, Kind::Known),
        };
        Self { kind, open: None }
    }

    /// Writes a line, without its end.
    pub fn line(&mut self, line: &str, pen: &mut Pen) {
        match self.kind {
            Kind::Unknown => pen.write(line, UNKNOWN),
            Kind::Diff => pen.write(line, of_diff(line)),
            Kind::Known(language) => {
                let mut rest = line;
                while !rest.is_empty() {
                    let (length, style) = self.token(language, rest);
                    let (token, behind) = rest.split_at(length);
                    pen.write(token, style);
                    rest = behind;
                }
            }
        }
    }

    /// The length, in bytes and at least a character, and the style of what `text` begins with.
    fn token(&mut self, language: &Language, text: &str) -> (usize, Style) {
        let begun = |block: &&Block| text.starts_with(block.begin);
        if let Some(block) = self.open {
            return self.inside(block, text, 0);
        }
        if let Some(block) = language.blocks.iter().find(begun) {
            return self.inside(*block, text, block.begin.len());
        }
        if language
            .line_comments
            .iter()
            .any(|mark| text.starts_with(mark))
        {
            return (text.len(), COMMENT);
        }
        let first = text.chars().next().unwrap_or_default();
        if language.quotes.contains(first) {
            return (quoted(text, first), STRING);
        }
        let length = word(text).max(first.len_utf8());
        let style = match first {
            '0'..='9' => NUMBER,
            _ if language.has_word(&text[..length]) => WORD,
            _ => Style::PLAIN,
        };
        (length, style)
    }

    /// A block that is open, from `begun` bytes on.
    fn inside(&mut self, block: Block, text: &str, begun: usize) -> (usize, Style) {
        let style = if block.is_comment { COMMENT } else { STRING };
        let end = text[begun..].find(block.end);
        self.open = if end.is_none() { Some(block) } else { None };
        let length = end.map_or(text.len(), |end| begun + end + block.end.len());
        (length, style)
    }
}

/// The length of a word or a number, `#` of a preprocessor in front of it; 0 where there is none.
fn word(text: &str) -> usize {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    let belongs = |(at, c): &(usize, char)| {
        c.is_alphanumeric() || *c == '_' || (*c == '#' && *at == 0) || (*c == '.' && is_number)
    };
    let inside = text.char_indices().take_while(belongs);
    inside.last().map_or(0, |(at, c)| at + c.len_utf8())
}

/// The length of a string that begins here: to its end, or that of the line.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

fn of_diff(line: &str) -> Style {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Style {
            bold: true,
            ..Style::PLAIN
        },
        [b'+', ..] => Style::of(Colour::Green),
        [b'-', ..] => Style::of(Colour::Red),
        [b'@', b'@', ..] => Style::of(Colour::Cyan),
        _ => Style::PLAIN,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines with their styles as letters.
    fn shown(info: &str, lines: &[&str]) -> Vec<String> {
        let mut highlighter = Highlighter::new(info);
        let mut pen = Pen::default();
        let styled = lines.iter().map(|line| {
            highlighter.line(line, &mut pen);
            pen.lift();
            let text = pen.take();
            [
                ("\x1b[0m", "·"),
                ("\x1b[0;2;3m", "<comment>"),
                ("\x1b[0;32m", "<green>"),
                ("\x1b[0;33m", "<number>"),
                ("\x1b[0;35m", "<word>"),
                ("\x1b[0;36m", "<cyan>"),
                ("\x1b[0;31m", "<red>"),
            ]
            .iter()
            .fold(text, |text, (code, name)| text.replace(code, name))
        });
        styled.collect()
    }

    #[test]
    fn tokens_take_the_colours_of_what_they_are() {
        assert_eq!(
            shown(
                "rust",
                &[
                    "let a: &'a str = \"x \\\" y\"; // 1",
                    "fn f() { 0x1f + 2.5 }"
                ]
            ),
            [
                "<word>let· a: &'a <word>str· = <green>\"x \\\" y\"·; <comment>// 1·",
                "<word>fn· f() { <number>0x1f· + <number>2.5· }",
            ]
        );
        assert_eq!(
            shown("js title=x", &["`a", "b` //"]),
            ["<green>`a·", "<green>b`· <comment>//·"]
        );
        assert_eq!(shown("c", &["#include <x>"]), ["<word>#include· <x>"]);
    }

    #[test]
    fn comments_and_strings_may_reach_over_lines() {
        assert_eq!(
            shown("python", &["\"\"\"doc", "if", "\"\"\" if"]),
            [
                "<green>\"\"\"doc·",
                "<green>if·",
                "<green>\"\"\"· <word>if·"
            ]
        );
        assert_eq!(
            shown("c", &["/* a */ int"]),
            ["<comment>/* a */· <word>int·"]
        );
    }

    #[test]
    fn what_is_not_known_has_one_colour() {
        assert_eq!(shown("", &["let x"]), ["<cyan>let x·"]);
        assert_eq!(
            shown("diff", &["+a", "-b", " c"]),
            ["<green>+a·", "<red>-b·", " c"]
        );
    }

    proptest! {
        #[test]
        fn no_character_of_the_code_is_lost(line in "[^\u{1b}\n]*", info in "rust|python|js|sql|sh|html|diff|") {
            let mut pen = Pen::default();
            Highlighter::new(&info).line(&line, &mut pen);
            pen.lift();
            let styled = pen.take();
            let pieces = styled.split('\u{1b}').enumerate();
            let bare: String = pieces
                .map(|(place, piece)| if place == 0 { piece } else { piece.split_once('m').unwrap().1 })
                .collect();
            prop_assert_eq!(bare, line);
        }
    }
}
