//! A terminal that keeps its last columns free: the `^C` that it shows when somebody presses Ctrl-C stands beside a spinner
//! or a bar, not on a line of its own, and is cleared with it.

use std::io;

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

/// As wide as `^C`.
const FREE_COLUMNS: u16 = 2;

/// How often it is drawn anew in a second, at most.
const REDRAWS: u8 = 20;

#[derive(Debug)]
struct Margin(Term);

/// Where spinners and bars are drawn: on stderr.
pub fn draw_target() -> ProgressDrawTarget {
    ProgressDrawTarget::term_like_with_hz(Box::new(Margin(Term::stderr())), REDRAWS)
}

impl TermLike for Margin {
    fn width(&self) -> u16 {
        TermLike::width(&self.0).saturating_sub(FREE_COLUMNS)
    }

    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
