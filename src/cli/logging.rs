//! Logs, on stderr: lines for people from a one-shot command, lines for machines from a server that nobody watches.

mod json_lines;
mod lines;

use std::io::{self, IsTerminal, Write};

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::{CliError, Printer};
use crate::config::{ConsoleStyle, Loaded, LoggingConfig};
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
    let style = style(role, config);
    if style == Some(ConsoleStyle::Json) {
        let lines = Lines::new(io::stderr());
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
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Terminal {
            over_spinner: role == Role::Command && io::stderr().is_terminal(),
        })
        .with_ansi(printer.colours_stderr());
    match style {
        None => lines.compact().without_time().with_target(false).init(),
        Some(ConsoleStyle::Compact) => lines.compact().with_target(false).init(),
        Some(ConsoleStyle::Pretty | ConsoleStyle::Json) => lines.with_target(false).init(),
    }
    Ok(None)
}

/// Stderr, a line at a time.
struct Terminal {
    /// A line takes the place of a spinner that may stand there.
    over_spinner: bool,
}

impl Write for Terminal {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        const CLEAR_LINE: &[u8] = b"\r\x1b[2K";
        let mut stderr = io::stderr().lock();
        if self.over_spinner {
            stderr.write_all(CLEAR_LINE)?;
        }
        stderr.write_all(line)?;
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

    #[test]
    fn a_level_alone_does_not_wake_the_libraries() {
        assert_eq!(filter("debug").unwrap().to_string(), "openclaw=debug,warn");
        assert_eq!(filter("error").unwrap().to_string(), "error");
        assert_eq!(filter("hyper=trace").unwrap().to_string(), "hyper=trace");
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
