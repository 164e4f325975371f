//! Writes text in styles, with an escape sequence only where the style changes.

use std::fmt::Write as _;

/// How text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    pub bold: bool,
    pub italic: bool,
    pub faint: bool,
    pub colour: Option<Colour>,
}

/// Of the sixteen that every terminal has, in the shades that its owner chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
    Blue = 34,
    Magenta = 35,
    Cyan = 36,
}

impl Style {
    pub const PLAIN: Self = Self {
        bold: false,
        italic: false,
        faint: false,
        colour: None,
    };
    pub const FAINT: Self = Self {
        faint: true,
        ..Self::PLAIN
    };

    pub const fn of(colour: Colour) -> Self {
        Self {
            colour: Some(colour),
            ..Self::PLAIN
        }
    }
}

/// What has been written and not yet taken.
#[derive(Debug, Default)]
pub struct Pen {
    out: String,
    /// The style that the terminal is in.
    style: Style,
}

impl Pen {
    pub fn write(&mut self, text: &str, style: Style) {
        if !text.is_empty() {
            self.turn(style);
            self.out.push_str(text);
        }
    }

    pub fn write_char(&mut self, c: char, style: Style) {
        self.write(c.encode_utf8(&mut [0; 4]), style);
    }

    /// Ends the line; no style reaches over its end.
    pub fn end_line(&mut self) {
        self.turn(Style::PLAIN);
        self.out.push('\n');
    }

    /// Leaves the terminal as it was.
    pub fn lift(&mut self) {
        self.turn(Style::PLAIN);
    }

    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    fn turn(&mut self, style: Style) {
        if self.style == style {
            return;
        }
        self.style = style;
        self.out.push_str("\x1b[0");
        for (on, code) in [(style.bold, 1), (style.faint, 2), (style.italic, 3)] {
            if on {
                let _ = write!(self.out, ";{code}");
            }
        }
        if let Some(colour) = style.colour {
            let _ = write!(self.out, ";{}", colour as u8);
        }
        self.out.push('m');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_told_only_where_it_changes() {
        let mut pen = Pen::default();
        let bold = Style {
            bold: true,
            ..Style::of(Colour::Red)
        };
        pen.write("a", Style::PLAIN);
        pen.write("b", bold);
        pen.write_char('c', bold);
        pen.write("", Style::FAINT);
        pen.end_line();
        pen.lift();
        assert_eq!(pen.take(), "a\x1b[0;1;31mbc\x1b[0m\n");
        assert_eq!(pen.take(), "");
    }
}
