//! Styles Markdown where it stands. Works on a stream: of a line only what decides its kind, and a run of marks whose
//! meaning the next character decides, is held back; of code, the line.

use super::highlight::Highlighter;
use super::pen::{Colour, Pen, Style};
use crate::cli::tame::is_obeyed;

/// The most characters that are held back.
const MAX_HELD: usize = 1_000;

const QUOTE: Style = Style::of(Colour::Green);
const BULLET: Style = Style::of(Colour::Blue);
const CODE: Style = Style::of(Colour::Cyan);
const HEADING: Style = Style {
    bold: true,
    ..Style::of(Colour::Blue)
};

/// Text on its way to a terminal.
#[derive(Debug)]
pub struct TerminalText {
    colour: bool,
    pen: Pen,
    place: Place,
    /// What has not been written yet.
    held: String,
    /// The character before those that are held, on this line.
    before: Option<char>,
    open: Open,
    /// The block of code that is open.
    fence: Option<Fence>,
}

/// Where in its line the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing but marks that say what the line is.
    Start,
    Inside,
    /// Behind the mark that opens a block of code.
    Info,
    /// On a line of a block of code.
    Code,
    /// On a line of a block of code that is too long to be coloured.
    LongCode,
}

/// The spans that are open. None outlives its line.
#[derive(Debug, Default)]
struct Open {
    heading: bool,
    quote: bool,
    bold: bool,
    italic: bool,
    /// How many marks the code that is open began with; 0 for none.
    code: usize,
}

#[derive(Debug)]
struct Fence {
    mark: char,
    length: usize,
    highlighter: Highlighter,
}

impl TerminalText {
    pub fn new(colour: bool) -> Self {
        Self {
            colour,
            pen: Pen::default(),
            place: Place::Start,
            held: String::new(),
            before: None,
            open: Open::default(),
            fence: None,
        }
    }

    /// What can be written now.
    pub fn push(&mut self, text: &str) -> String {
        for c in text.chars().filter(|c| !is_obeyed(*c)) {
            match self.colour {
                true => self.take(c),
                false => self.pen.write_char(c, Style::PLAIN),
            }
        }
        self.pen.take()
    }

    /// What was held back, and the end of every style. Text that comes later begins a line.
    pub fn finish(&mut self) -> String {
        self.flush();
        self.pen.lift();
        self.pen.take()
    }

    fn take(&mut self, c: char) {
        if c == '\n' {
            self.flush();
            self.pen.end_line();
            self.open = Open::default();
            self.before = None;
            self.place = match self.fence {
                Some(_) => Place::Code,
                None => Place::Start,
            };
            return;
        }
        match self.place {
            Place::Start => self.at_start(c),
            Place::Inside => self.inside(c),
            Place::Info | Place::Code => self.held.push(c),
            Place::LongCode => self.pen.write_char(c, CODE),
        }
        if self.held.len() > MAX_HELD {
            self.flush();
            if self.place == Place::Code {
                self.place = Place::LongCode;
            }
        }
    }

    /// Writes what is held as what it has turned out to be: nothing follows it on its line.
    fn flush(&mut self) {
        match self.place {
            Place::Start if is_rule(&self.held) => self.write_held(Style::FAINT),
            Place::Start => match fence_of(&self.held) {
                Some(_) => self.open_fence(),
                None => {
                    self.replay();
                    self.release(None);
                }
            },
            Place::Inside => self.release(None),
            Place::Info => self.open_fence(),
            Place::Code => self.code_line(),
            Place::LongCode => {}
        }
    }

    /// Decides what the line is, as soon as that can be told.
    fn at_start(&mut self, c: char) {
        let marks = self.held.trim_start_matches(' ');
        let only = |mark: char| marks.chars().all(|other| other == mark);
        let first = marks.chars().next().unwrap_or(c);
        match first {
            ' ' => self.held.push(c),
            '#' if c == ' ' && marks.len() <= 6 => {
                self.open.heading = true;
                self.begin(c, HEADING);
            }
            '-' | '*' | '+' if c == ' ' && marks.len() == 1 => self.begin(c, BULLET),
            '0'..='9' if c == ' ' && marks.ends_with(['.', ')']) => self.begin(c, BULLET),
            '0'..='9' if is_number(marks) && (c.is_ascii_digit() || c == '.' || c == ')') => {
                self.held.push(c);
            }
            '>' => {
                self.held.push(c);
                self.write_held(Style::FAINT);
                self.open.quote = true;
            }
            '`' | '~' if only(first) && c != first && marks.len() >= 3 => {
                self.place = Place::Info;
                self.held.push(c);
            }
            '#' | '-' | '*' | '+' | '_' | '`' | '~' if only(first) && c == first => {
                self.held.push(c)
            }
            _ => {
                self.replay();
                self.inside(c);
            }
        }
    }

    /// The marks that are held begin a line of this style.
    fn begin(&mut self, c: char, style: Style) {
        self.held.push(c);
        self.write_held(style);
        self.before = Some(c);
        self.place = Place::Inside;
    }

    fn write_held(&mut self, style: Style) {
        self.pen.write(&self.held, style);
        self.held.clear();
    }

    /// What is held is text like any other; marks at its end are held again.
    fn replay(&mut self) {
        self.place = Place::Inside;
        for c in std::mem::take(&mut self.held).chars() {
            self.inside(c);
        }
    }

    fn inside(&mut self, c: char) {
        if !self.held.starts_with(c) {
            self.release(Some(c));
        }
        if matches!(c, '*' | '_' | '`') {
            self.held.push(c);
            return;
        }
        self.pen.write_char(c, self.style());
        self.before = Some(c);
    }

    /// Writes a run of marks, and opens or closes what it marks; `next` is the character behind it.
    fn release(&mut self, next: Option<char>) {
        let Some(mark) = self.held.chars().next() else {
            return;
        };
        let count = self.held.len();
        let marks = match mark {
            '`' => self.toggle_code(count),
            _ if self.open.code > 0 || self.before == Some('\\') => false,
            _ => self.toggle_emphasis(mark, count, next),
        };
        let style = if marks { Style::FAINT } else { self.style() };
        self.write_held(style);
        self.before = Some(mark);
    }

    /// Whether the marks are the end or the beginning of code.
    fn toggle_code(&mut self, count: usize) -> bool {
        let was = self.open.code;
        if was == 0 {
            self.open.code = count;
        } else if was == count {
            self.open.code = 0;
        }
        was != self.open.code
    }

    /// Whether the marks are the end or the beginning of something that stands out.
    fn toggle_emphasis(&mut self, mark: char, count: usize, next: Option<char>) -> bool {
        let is_blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let (may_open, may_close) = match (mark, count) {
            // Marks inside a word: a product, a name in snake case.
            ('_', _) | (_, 1) => (!is_word(self.before), !is_word(next)),
            _ => (true, true),
        };
        let (may_open, may_close) = (
            may_open && !is_blank(next),
            may_close && !is_blank(self.before),
        );
        let allowed = |open: bool| if open { may_close } else { may_open };
        let Open { bold, italic, .. } = self.open;
        let (turns_bold, turns_italic) = (count & 2 > 0, count & 1 > 0);
        if count > 3 || (turns_bold && !allowed(bold)) || (turns_italic && !allowed(italic)) {
            return false;
        }
        self.open.bold = bold != turns_bold;
        self.open.italic = italic != turns_italic;
        true
    }

    /// The style of what stands here.
    fn style(&self) -> Style {
        let Open {
            heading,
            quote,
            bold,
            italic,
            code,
        } = self.open;
        let base = match (code > 0, heading, quote) {
            (true, ..) => CODE,
            (false, true, _) => HEADING,
            (false, false, true) => QUOTE,
            (false, false, false) => Style::PLAIN,
        };
        Style {
            bold: bold || base.bold,
            italic,
            ..base
        }
    }

    fn open_fence(&mut self) {
        if let Some((mark, length, info)) = fence_of(&self.held) {
            self.fence = Some(Fence {
                mark,
                length,
                highlighter: Highlighter::new(info),
            });
        }
        self.write_held(Style::FAINT);
    }

    fn code_line(&mut self) {
        let Some(fence) = &mut self.fence else {
            return;
        };
        let closes = |(mark, length, info): (char, usize, &str)| {
            mark == fence.mark && length >= fence.length && info.trim().is_empty()
        };
        if fence_of(&self.held).is_some_and(closes) {
            self.fence = None;
            self.write_held(Style::FAINT);
        } else {
            fence.highlighter.line(&self.held, &mut self.pen);
            self.held.clear();
        }
    }
}

/// The mark of a block of code, its length, and what stands behind it.
fn fence_of(line: &str) -> Option<(char, usize, &str)> {
    let line = line.trim_start_matches(' ');
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let length = line.len() - info.len();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length, info))
}

/// A line across the page.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3
        && ["-", "*", "_"]
            .iter()
            .any(|mark| line.replace(mark, "").is_empty())
}

fn is_number(marks: &str) -> bool {
    marks.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
