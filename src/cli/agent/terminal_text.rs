//! A model's text for a terminal: Markdown styled where it stands, control characters left out.
//!
//! Works on a stream: only a run of marks whose meaning the next character decides is held back. Every mark is kept,
//! so that what is copied from the terminal is still Markdown.

/// Text on its way to a terminal.
#[derive(Debug)]
pub struct TerminalText {
    colour: bool,
    /// Nothing but spaces since the last line feed.
    at_line_start: bool,
    /// A run of one of [`MARKS`] that has not been written yet.
    held: String,
    /// Which spans are open, by [`Span`].
    open: [bool; 4],
    /// The style that the terminal is in.
    style: &'static str,
}

/// A stretch of text with a style.
#[derive(Debug, Clone, Copy)]
enum Span {
    Heading,
    Bold,
    Code,
    /// A block of code.
    Fence,
}

const MARKS: [char; 3] = ['#', '*', '`'];

const PLAIN: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const CYAN: &str = "\x1b[36m";

impl TerminalText {
    pub fn new(colour: bool) -> Self {
        Self {
            colour,
            at_line_start: true,
            held: String::new(),
            open: [false; 4],
            style: PLAIN,
        }
    }

    /// What can be written now.
    pub fn push(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        // Escape sequences of a model are not for the person's terminal.
        let printable = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
        for c in text.chars().filter(printable) {
            if !self.held.starts_with(c) {
                self.release(Some(c), &mut out);
            }
            if self.colour && MARKS.contains(&c) {
                self.held.push(c);
                continue;
            }
            if c == '\n' {
                // Only a block of code outlives its line.
                self.open = [false, false, false, self.is_open(Span::Fence)];
                self.restyle(&mut out);
            }
            out.push(c);
            self.at_line_start = c == '\n' || (self.at_line_start && c == ' ');
        }
        out
    }

    /// What was held back, and the end of every style.
    pub fn finish(mut self) -> String {
        let mut out = String::new();
        self.release(None, &mut out);
        self.open = [false; 4];
        self.restyle(&mut out);
        out
    }

    /// Writes the held marks in the style of the span that they open or close; `next` is the character behind them.
    fn release(&mut self, next: Option<char>, out: &mut String) {
        if self.held.is_empty() {
            return;
        }
        let span = self.span(next);
        let closes = span.filter(|span| self.is_open(*span));
        if let Some(span) = span {
            self.open[span as usize] = true;
        }
        self.restyle(out);
        out.push_str(&self.held);
        if let Some(span) = closes {
            self.open[span as usize] = false;
            self.restyle(out);
        }
        self.held.clear();
        self.at_line_start = false;
    }

    /// The span that the held marks open or close.
    fn span(&self, next: Option<char>) -> Option<Span> {
        let count = self.held.len();
        let in_code = self.is_open(Span::Code) || self.is_open(Span::Fence);
        let blank_next = next.is_none_or(char::is_whitespace);
        match self.held.chars().next()? {
            '`' if count >= 3 && self.at_line_start => Some(Span::Fence),
            '`' if !self.is_open(Span::Fence) => Some(Span::Code),
            '*' if count == 2 && !in_code && (self.is_open(Span::Bold) || !blank_next) => {
                Some(Span::Bold)
            }
            '#' if count <= 6 && !in_code && self.at_line_start && next == Some(' ') => {
                Some(Span::Heading)
            }
            _ => None,
        }
    }

    fn is_open(&self, span: Span) -> bool {
        self.open[span as usize]
    }

    fn restyle(&mut self, out: &mut String) {
        let [heading, bold, code, fence] = self.open;
        let wanted = match (code || fence, heading || bold) {
            (true, _) => CYAN,
            (false, true) => BOLD,
            (false, false) => PLAIN,
        };
        if wanted == self.style {
            return;
        }
        if self.style != PLAIN {
            out.push_str(PLAIN);
        }
        if wanted != PLAIN {
            out.push_str(wanted);
        }
        self.style = wanted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as a terminal gets it, with the styles as letters, however it is cut into pieces.
    fn shown(text: &str) -> String {
        let whole = styled(&[text]);
        let pieces: Vec<String> = text.chars().map(String::from).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        assert_eq!(styled(&pieces), whole, "the pieces make no difference");
        whole
    }

    fn styled(pieces: &[&str]) -> String {
        let mut terminal = TerminalText::new(true);
        let mut out: String = pieces.iter().map(|piece| terminal.push(piece)).collect();
        out += &terminal.finish();
        out.replace(BOLD, "<b>")
            .replace(CYAN, "<c>")
            .replace(PLAIN, "</>")
    }

    #[test]
    fn marks_take_the_style_that_they_give() {
        assert_eq!(shown("a **b c** d"), "a <b>**b c**</> d");
        assert_eq!(shown("run `x * y` now"), "run <c>`x * y`</> now");
        assert_eq!(shown("# Title\ntext"), "<b># Title</>\ntext");
        assert_eq!(
            shown("```rust\nlet a = **b;\n```\nend"),
            "<c>```rust\nlet a = **b;\n```</>\nend"
        );
    }

    #[test]
    fn what_only_looks_like_a_mark_stays_plain() {
        assert_eq!(shown("2 ** 3, #1, * item"), "2 ** 3, #1, * item");
        assert_eq!(shown("#!/bin/sh"), "#!/bin/sh");
    }

    #[test]
    fn no_style_is_left_open() {
        assert_eq!(shown("a `b\nc"), "a <c>`b</>\nc");
        assert_eq!(shown("```\ncode"), "<c>```\ncode</>");
        assert_eq!(shown("**"), "**");
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(shown("a\u{1b}]0;title\u{7}b\tc\n"), "a]0;titleb\tc\n");
    }

    #[test]
    fn without_colour_nothing_is_held_back() {
        assert_eq!(TerminalText::new(false).push("**a** `b`"), "**a** `b`");
    }
}
