//! Logs, on stderr: lines for people from a one-shot command, lines for machines from a server that nobody watches.
//!
//! Whatever is logged, by this program or a library, leaves through one writer: without our secrets, a line a line.

mod json_lines;
mod lines;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::tame::tamed_line;
use super::{CliError, Printer};
use crate::config::{ConsoleStyle, Loaded, LoggingConfig, Secrets};
use json_lines::JsonLines;
pub use lines::Lines;

/// What the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Warnings only, as short lines.
    Command,
    /// In the style of the configuration.
    Server,
}

/// For `--log-level`: the level as written, when it is one.
pub fn checked_level(text: &str) -> Result<String, String> {
    filter(text).map(|_| text.to_owned())
}

/// Starts logging at the level that `flag` says, else the environment, else the configuration. What comes back may
/// hold lines that are still to be written when the program ends.
///
/// # Errors
/// A level in the environment or the configuration that is none.
pub fn start(
    role: Role,
    flag: Option<&str>,
    loaded: &Loaded,
    printer: Printer,
) -> Result<Option<Lines>, CliError> {
    const VARIABLE: &str = "OPENCLAW_LOG_LEVEL";
    let config = &loaded.config.logging;
    let (place, level) = match (
        flag,
        loaded.env.get(VARIABLE),
        &config.console_level,
        &config.level,
    ) {
        (Some(level), ..) => ("--log-level", level),
        (None, Some(level), ..) => (VARIABLE, level),
        (None, None, Some(level), _) => ("logging.consoleLevel", level.as_str()),
        (None, None, None, Some(level)) => ("logging.level", level.as_str()),
        (None, None, None, None) => ("the default", default_level(role)),
    };
    let filter =
        filter(level).map_err(|reason| CliError::Misconfigured(format!("{place}: {reason}")))?;
    // A panic is logged like everything else; a server goes on after it.
    std::panic::set_hook(Box::new(tell_of_panic));
    let secrets = Secrets::of(&loaded.config, &loaded.env);
    let style = style(role, config);
    if style == Some(ConsoleStyle::Json) {
        let lines = Lines::new(io::stderr(), secrets);
        lines.write_behind().map_err(|error| {
            CliError::Misconfigured(format!("no thread can be started: {error}"))
        })?;
        let layer = JsonLines(lines.clone());
        tracing_subscriber::registry()
            .with(filter)
            .with(layer)
            .init();
        return Ok(Some(lines));
    }
    let colour = printer.colours_stderr();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Terminal {
            out: io::stderr().lock(),
            over_spinner: role == Role::Command && io::stderr().is_terminal(),
            colour,
            secrets: secrets.clone(),
        })
        .with_ansi(colour);
    match style {
        None => lines.compact().without_time().with_target(false).init(),
        Some(ConsoleStyle::Compact) => lines.compact().with_target(false).init(),
        Some(ConsoleStyle::Pretty | ConsoleStyle::Json) => lines.with_target(false).init(),
    }
    Ok(None)
}

fn tell_of_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let words = panic.payload();
    let text = words.downcast_ref::<&str>().copied();
    let words = text.or_else(|| words.downcast_ref::<String>().map(String::as_str));
    let trace = Backtrace::capture();
    let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
    tracing::error!(panic = words, place, trace, "a bug of ours");
}

/// Where logs for people are written, a line at a time, each in one call.
struct Terminal<W> {
    out: W,
    /// A line takes the place of a spinner that may stand there.
    over_spinner: bool,
    colour: bool,
    secrets: Secrets,
}

impl<W: Write> Write for Terminal<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        const CLEAR_LINE: &str = "\r\x1b[2K";
        let text = String::from_utf8_lossy(line);
        let mut text = tamed_line(&self.secrets.redact(&text), self.colour);
        if self.over_spinner {
            text.insert_str(0, CLEAR_LINE);
        }
        // A log that nobody reads any more stops nothing; told of it, its writer would panic.
        let _unread = self.out.write_all(text.as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn default_level(role: Role) -> &'static str {
    match role {
        Role::Command => "warn",
        Role::Server => "info",
    }
}

/// The style of a server's lines; a command has one of its own.
fn style(role: Role, config: &LoggingConfig) -> Option<ConsoleStyle> {
    let unset = || {
        if io::stderr().is_terminal() {
            ConsoleStyle::Pretty
        } else {
            ConsoleStyle::Json
        }
    };
    match role {
        Role::Command => None,
        Role::Server => Some(config.console_style.unwrap_or_else(unset)),
    }
}

/// A level alone is for this program; of the libraries only what is worth a warning is told.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let text = match text.parse::<LevelFilter>() {
        Ok(level) if level > Level::WARN => format!("warn,openclaw={level}"),
        Ok(_) | Err(_) => text.to_owned(),
    };
    EnvFilter::builder().parse(&text).map_err(|_| {
        format!("`{text}` is no level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    #[test]
    fn a_level_alone_does_not_wake_the_libraries() {
        assert_eq!(filter("debug").unwrap().to_string(), "openclaw=debug,warn");
        assert_eq!(filter("error").unwrap().to_string(), "error");
        assert_eq!(filter("hyper=trace").unwrap().to_string(), "hyper=trace");
    }

    #[test]
    fn a_line_holds_no_secret_and_nothing_that_a_terminal_obeys() {
        let token = serde_json::json!({ "gateway": { "auth": { "token": "sk-12345678" } } });
        let config = serde_json::from_value(token).unwrap();
        let mut lines = Terminal {
            out: Vec::new(),
            over_spinner: false,
            colour: false,
            secrets: Secrets::of(&config, &Environment::default()),
        };
        let line = "WARN key sk-12345678 \x1b[2J\nWARN forged\n";
        lines.write_all(line.as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8(lines.out).unwrap(),
            "WARN key (redacted) \\u001b[2J\\nWARN forged\n"
        );
    }

    #[test]
    fn what_is_no_level_is_told_what_one_is() {
        let error = checked_level("openclaw=loud").unwrap_err();
        assert!(
            error.starts_with("`openclaw=loud` is no level: error, warn"),
            "{error}"
        );
    }
}
