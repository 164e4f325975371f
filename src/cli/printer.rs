//! Where a command's words go: data to stdout, notes to stderr; colour only where a person sees it.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::ColorChoice;
use console::{Style, Term};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::margin;
use super::tame::tamed;
use crate::config::Environment;

/// Prints for one command. Every write of data says whether it arrived: a closed pipe is not a panic.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    colour: bool,
    colour_stderr: bool,
}

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(100);

impl Printer {
    pub fn new(choice: ColorChoice, env: &Environment) -> Self {
        let wanted = env.get("NO_COLOR").is_none() && env.get("TERM") != Some("dumb");
        let colour = |terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && wanted,
        };
        Self {
            colour: colour(io::stdout().is_terminal()),
            colour_stderr: colour(io::stderr().is_terminal()),
        }
    }

    /// One that never colours.
    pub fn plain() -> Self {
        Self {
            colour: false,
            colour_stderr: false,
        }
    }

    pub fn colours(self) -> bool {
        self.colour
    }

    pub fn colours_stderr(self) -> bool {
        self.colour_stderr
    }

    /// Whether a person sees stdout.
    pub fn is_terminal(self) -> bool {
        io::stdout().is_terminal()
    }

    /// The columns of the terminal that stdout is, if it is one.
    pub fn width(self) -> Option<usize> {
        let (_, columns) = Term::stdout().size_checked()?;
        // Some pseudo-terminals have been told no size.
        (self.is_terminal() && columns > 0).then_some(columns.into())
    }

    /// Writes data as it is, at once.
    pub fn text(self, text: &str) -> io::Result<()> {
        self.bytes(text.as_bytes())
    }

    pub fn bytes(self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    pub fn line(self, line: impl Display) -> io::Result<()> {
        self.text(&format!("{line}\n"))
    }

    /// One JSON value: on one line for programs, over several for a person.
    pub fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = if self.is_terminal() {
            tamed(&serde_json::to_string_pretty(value)?, false).into_owned()
        } else {
            serde_json::to_string(value)?
        };
        Ok(self.line(text)?)
    }

    /// One JSON value on one line.
    pub fn json_line(self, value: &impl Serialize) -> anyhow::Result<()> {
        let json = serde_json::to_string(value)?;
        match self.is_terminal() {
            true => self.line(tamed(&json, false))?,
            false => self.line(json)?,
        }
        Ok(())
    }

    /// Says something to the person, beside the data.
    pub fn note(self, text: impl Display) {
        // Nobody there to read a note is no reason to stop.
        let _ = writeln!(io::stderr(), "{}", self.tamed(&text.to_string()));
    }

    /// Text for stderr, which others may have written, without what a terminal would obey.
    pub fn tamed(self, text: &str) -> Cow<'_, str> {
        tamed(text, self.colour_stderr)
    }

    pub fn strong<D: Display>(self, text: D) -> impl Display {
        Style::new()
            .bold()
            .force_styling(self.colour)
            .apply_to(text)
    }

    /// Beside the point, on stderr.
    pub fn aside<D: Display>(self, text: D) -> impl Display {
        Style::new()
            .dim()
            .force_styling(self.colour_stderr)
            .apply_to(text)
    }

    pub fn faint<D: Display>(self, text: D) -> impl Display {
        Style::new().dim().force_styling(self.colour).apply_to(text)
    }

    /// For stderr.
    pub fn alarm<D: Display>(self, text: D) -> impl Display {
        Style::new()
            .red()
            .bold()
            .force_styling(self.colour_stderr)
            .apply_to(text)
    }

    /// A spinner on stderr; invisible where that is no terminal.
    pub fn spinner(self, message: &'static str) -> ProgressBar {
        if !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style =
            ProgressStyle::with_template("{spinner} {msg}").expect("the template is well formed");
        let spinner = ProgressBar::with_draw_target(None, margin::draw_target())
            .with_style(style)
            .with_message(message);
        spinner.enable_steady_tick(TURN);
        spinner
    }
}
