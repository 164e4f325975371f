//! Prints what a run says: as text while it comes, as one JSON object, or as an event a line.

use std::io;
use std::time::Instant;

use indicatif::ProgressBar;

use super::json::{Call, Line, Whole, add, line_of, line_of_tool};
use super::terminal::TerminalText;
use crate::chat::{Delta, FinishReason, Finished, RunEvent, Started, ToolActivity};
use crate::cli::tame::on_one_line;
use crate::cli::{Printer, tell_if_offline};

/// How much of what a tool was asked, or failed with, is told on stderr, in characters.
const MAX_TOLD_CHARS: usize = 120;
/// How much of a tool's name is.
const MAX_NAME_CHARS: usize = 64;

/// What a spinner says.
const WAITING: &str = "waiting for the answer";

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
    Events,
}

/// An answer on its way to stdout.
pub struct Answer {
    printer: Printer,
    /// Turns until the first word, and again while tools work and their results are read.
    spinner: ProgressBar,
    /// Whether the model was left to us.
    model_is_ours: bool,
    begun: Instant,
    started: Option<Started>,
    output: Output,
}

enum Output {
    Text {
        /// `None` where nobody looks: the text goes out as it is.
        terminal: Option<TerminalText>,
        /// Whether the last byte out ended a line.
        at_line_start: bool,
    },
    Json {
        text: String,
        tool_calls: Vec<Call>,
    },
    Events,
}

impl Answer {
    /// `model_is_ours` when nobody asked for the model by name.
    pub fn new(form: Form, printer: Printer, model_is_ours: bool) -> Self {
        let output = match form {
            Form::Text => Output::Text {
                terminal: (printer.is_terminal() || printer.colours())
                    .then(|| TerminalText::new(printer.colours())),
                at_line_start: true,
            },
            Form::Json => Output::Json {
                text: String::new(),
                tool_calls: Vec::new(),
            },
            Form::Events => Output::Events,
        };
        Self {
            printer,
            spinner: printer.spinner(WAITING),
            model_is_ours,
            begun: Instant::now(),
            started: None,
            output,
        }
    }

    /// Prints the next event, or keeps it for the object at the end.
    pub fn take(&mut self, event: RunEvent) -> anyhow::Result<()> {
        match event {
            RunEvent::Started(started) => {
                if self.model_is_ours {
                    self.spinner
                        .suspend(|| tell_if_offline(self.printer, &started.model));
                }
                let Started {
                    agent,
                    model,
                    session,
                } = &started;
                self.event(Line::Started {
                    agent,
                    model,
                    session_key: session.as_deref(),
                })?;
                self.started = Some(started);
                Ok(())
            }
            RunEvent::Delta(delta) => self.delta(delta),
            RunEvent::Tool(activity) => self.tool(&activity),
            RunEvent::Finished(finished) => self.finish(finished),
        }
    }

    /// Tools at work are told on stderr; the lines of `--events` hold them whole.
    fn tool(&mut self, activity: &ToolActivity) -> anyhow::Result<()> {
        if matches!(self.output, Output::Events) {
            return self.event(line_of_tool(activity));
        }
        let (name, how, told) = match activity {
            ToolActivity::Called(call) => (&call.name, "", &call.arguments),
            ToolActivity::Answered {
                is_error: false, ..
            } => return Ok(()),
            ToolActivity::Answered { name, text, .. } => (name, " failed:", text),
        };
        if matches!(self.output, Output::Text { .. }) {
            // On a terminal a note stands on a line of its own.
            if self.printer.is_terminal() {
                self.end_line()?;
            }
            let name = on_one_line(name, MAX_NAME_CHARS);
            let told = on_one_line(told, MAX_TOLD_CHARS);
            let note = self.printer.aside(format!("tool: {name}{how} {told}"));
            self.spinner.suspend(|| self.printer.note(note));
            if self.spinner.is_finished() {
                self.spinner = self.printer.spinner(WAITING);
            }
        }
        Ok(())
    }

    fn delta(&mut self, delta: Delta) -> anyhow::Result<()> {
        match (&mut self.output, delta) {
            (Output::Events, delta) => {
                return line_of(&delta).map_or(Ok(()), |line| self.event(line));
            }
            // A refusal is what the model said.
            (Output::Text { .. }, Delta::Text(text) | Delta::Refusal(text)) => {
                return Ok(self.say(&text)?);
            }
            (Output::Json { text: whole, .. }, Delta::Text(text) | Delta::Refusal(text)) => {
                whole.push_str(&text)
            }
            (Output::Json { tool_calls, .. }, Delta::ToolCall(fragment)) => {
                add(tool_calls, fragment)
            }
            (
                _,
                Delta::Reasoning(_)
                | Delta::Thought(_)
                | Delta::Message(_)
                | Delta::Logprobs(_)
                | Delta::ToolCall(_),
            ) => {}
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        let Output::Text {
            terminal,
            at_line_start,
        } = &mut self.output
        else {
            return Ok(());
        };
        if text.is_empty() {
            return Ok(());
        }
        self.spinner.finish_and_clear();
        *at_line_start = text.ends_with('\n');
        match terminal {
            Some(terminal) => self.printer.text(&terminal.push(text)),
            None => self.printer.text(text),
        }
    }

    fn event(&self, line: Line<'_>) -> anyhow::Result<()> {
        match self.output {
            Output::Events => {
                self.spinner.finish_and_clear();
                self.printer.json_line(&line)
            }
            Output::Text { .. } | Output::Json { .. } => Ok(()),
        }
    }

    /// Ends the line and the style of what has been printed: there will be no more, or nothing for a while.
    pub fn end_line(&mut self) -> io::Result<()> {
        self.spinner.finish_and_clear();
        let Output::Text {
            terminal,
            at_line_start,
        } = &mut self.output
        else {
            return Ok(());
        };
        let mut rest = String::new();
        if let Some(terminal) = terminal {
            rest = if *at_line_start {
                terminal.finish()
            } else {
                terminal.push("\n")
            };
        } else if !*at_line_start {
            rest.push('\n');
        }
        *at_line_start = true;
        match rest.is_empty() {
            true => Ok(()),
            false => self.printer.text(&rest),
        }
    }

    fn finish(&mut self, finished: Finished) -> anyhow::Result<()> {
        let duration_ms = self.begun.elapsed().as_millis();
        let Finished { reason, usage } = finished;
        self.end_line()?;
        match &self.output {
            Output::Text { .. } => {
                if let Some(note) = unusual(reason) {
                    self.printer.note(note);
                }
                Ok(())
            }
            Output::Json { text, tool_calls } => self.printer.json(&Whole {
                text,
                model: self.started.as_ref().map(|started| &started.model),
                agent: self.started.as_ref().map(|started| &started.agent),
                session_key: self
                    .started
                    .as_ref()
                    .and_then(|started| started.session.as_deref()),
                usage,
                tool_calls,
                finish_reason: reason,
                duration_ms,
            }),
            Output::Events => self.event(Line::Finished {
                finish_reason: reason,
                usage,
                duration_ms,
            }),
        }
    }
}

/// An answer that is cut short, by Ctrl-C among others, leaves the terminal as it was.
impl Drop for Answer {
    fn drop(&mut self) {
        // Where stdout is gone there is nothing to put in order.
        let _ = self.end_line();
    }
}

/// What a reader of the text should know of its end.
fn unusual(reason: FinishReason) -> Option<&'static str> {
    match reason {
        FinishReason::Stop => None,
        FinishReason::Length => Some("note: the answer was cut off at the token limit"),
        FinishReason::ToolCalls => Some("note: the model called a tool; see it with --json"),
        FinishReason::ContentFilter => Some("note: the provider's content filter ended the answer"),
    }
}
