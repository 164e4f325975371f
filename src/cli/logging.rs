//! Logs, on stderr and where the configuration says so in a file: lines for people from a one-shot command, lines for
//! machines from a server that nobody watches.
//!
//! Whatever is logged, by this program or a library, leaves through one writer: without our secrets, a line a line.

mod clock;
mod journal;
mod json_lines;
mod lines;
mod log_file;
mod people;
mod redaction;
mod spans;
mod threshold;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use super::tame::tamed_line;
use super::{CliError, Printer};
use crate::config::{ConsoleStyle, Loaded, LoggingConfig, Secret, Secrets};
use journal::{Form, Journal, Outlet};
use json_lines::JsonLines;
use lines::Lines;
use log_file::LogFile;
use people::{Layout, People};
use redaction::Redaction;
use threshold::Threshold;

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

/// What is written behind the requests, the file that may be moved away, and what another configuration changes.
pub struct Log {
    role: Role,
    /// The level of the command line.
    flag: Option<String>,
    lines: Vec<Lines>,
    file: Option<LogFile>,
    shown: Threshold,
    kept: Threshold,
    secrets: Redaction,
    /// Whether the lines on stderr are for people.
    pub for_people: bool,
}

impl Log {
    /// Goes on at the levels of this configuration, and without its secrets nor these others.
    ///
    /// # Errors
    /// A level that is none; then nothing has changed.
    pub fn follow<'s>(
        &self,
        loaded: &Loaded,
        others: impl IntoIterator<Item = &'s Secret>,
    ) -> Result<(), CliError> {
        let levels = Levels::of(self.role, self.flag.as_deref(), loaded)?;
        let others = Secrets::from_iter(others);
        let secrets = Secrets::of(&loaded.config, &loaded.env);
        self.secrets.replace(secrets.and(&others));
        self.shown.replace(levels.shown);
        self.kept.replace(levels.kept);
        Ok(())
    }

    /// Writes what is held.
    pub fn flush(&self) {
        self.lines.iter().for_each(Lines::flush);
    }

    /// Goes on in what is now at the place of the file.
    pub fn reopen(&self) -> io::Result<()> {
        self.flush();
        self.file.as_ref().map_or(Ok(()), LogFile::reopen)
    }
}

/// Starts logging at the level that `flag` says, else the environment, else the configuration. A server also logs to
/// the file that the configuration names, as JSON lines.
///
/// # Errors
/// A level in the environment or the configuration that is none, and a file that cannot be written.
pub fn start(
    role: Role,
    flag: Option<&str>,
    loaded: &Loaded,
    printer: Printer,
) -> Result<Log, CliError> {
    let config = &loaded.config.logging;
    let levels = Levels::of(role, flag, loaded)?;
    let mut log = Log {
        role,
        flag: flag.map(str::to_owned),
        lines: Vec::new(),
        file: None,
        shown: Threshold::new(levels.shown),
        kept: Threshold::new(levels.kept),
        secrets: Redaction::of(Secrets::of(&loaded.config, &loaded.env)),
        for_people: style(role, config) != Some(ConsoleStyle::Json),
    };
    let path = config.file.as_ref().filter(|_| role == Role::Server);
    if let Some(path) = path.map(|path| loaded.paths.expand(path)) {
        let file = LogFile::open(&path).map_err(|error| {
            let place = path.display();
            CliError::Misconfigured(format!("logging.file: cannot write {place}: {error}"))
        })?;
        log.lines
            .push(Lines::new(file.clone(), log.secrets.clone()));
        log.file = Some(file);
    }
    let mut outlets = Vec::new();
    if let Some(lines) = log.lines.first().cloned() {
        outlets.push(Outlet {
            takes: log.kept.clone(),
            form: Box::new(JsonLines(lines)),
        });
    }
    let on_console: Box<dyn Form> = match style(role, config) {
        Some(ConsoleStyle::Json) => {
            let lines = Lines::new(io::stderr(), log.secrets.clone());
            log.lines.push(lines.clone());
            Box::new(JsonLines(lines))
        }
        style => for_people(style, role, printer, log.secrets.clone()),
    };
    outlets.push(Outlet {
        takes: log.shown.clone(),
        form: on_console,
    });
    for lines in &log.lines {
        lines.write_behind().map_err(|error| {
            CliError::Misconfigured(format!("no thread can be started: {error}"))
        })?;
    }
    // A panic is logged like everything else; a server goes on after it.
    std::panic::set_hook(Box::new(tell_of_panic));
    tracing::subscriber::set_global_default(Journal::new(outlets))
        .expect("a process starts logging once");
    Ok(log)
}

/// Lines on stderr; without a style, those of a command.
fn for_people(
    style: Option<ConsoleStyle>,
    role: Role,
    printer: Printer,
    secrets: Redaction,
) -> Box<dyn Form> {
    let colour = printer.colours_stderr();
    let layout = match style {
        None => Layout::Short,
        Some(ConsoleStyle::Compact) => Layout::Compact,
        Some(ConsoleStyle::Pretty | ConsoleStyle::Json) => Layout::Full,
    };
    let write = move |line: &str| {
        let mut terminal = Terminal {
            out: io::stderr().lock(),
            over_spinner: role == Role::Command && io::stderr().is_terminal(),
            colour,
            secrets: secrets.clone(),
        };
        terminal.write(line);
    };
    Box::new(People {
        layout,
        colour,
        write,
    })
}

/// The levels in force.
struct Levels {
    /// On the terminal.
    shown: Targets,
    /// In the file.
    kept: Targets,
}

impl Levels {
    fn of(role: Role, flag: Option<&str>, loaded: &Loaded) -> Result<Self, CliError> {
        let own = loaded.config.logging.console_level.as_deref();
        Ok(Self {
            shown: level(role, (flag, own), loaded)?,
            kept: level(role, (flag, None), loaded)?,
        })
    }
}

/// The level in force; `own` is what the configuration says of the terminal alone.
fn level(
    role: Role,
    (flag, own): (Option<&str>, Option<&str>),
    loaded: &Loaded,
) -> Result<Targets, CliError> {
    const VARIABLE: &str = "OPENCLAW_LOG_LEVEL";
    let general = &loaded.config.logging.level;
    let (place, level) = match (flag, loaded.env.get(VARIABLE), own, general) {
        (Some(level), ..) => ("--log-level", level),
        (None, Some(level), ..) => (VARIABLE, level),
        (None, None, Some(level), _) => ("logging.consoleLevel", level),
        (None, None, None, Some(level)) => ("logging.level", level.as_str()),
        (None, None, None, None) => ("the default", default_level(role)),
    };
    filter(level).map_err(|reason| CliError::Misconfigured(format!("{place}: {reason}")))
}

/// Logs an error of many lines: for people line by line, so that a caret stands below what it points at.
pub fn tell_at_length(error: &str, consequence: &str, for_people: bool) {
    if !for_people {
        tracing::error!(error = error.trim_end(), "{consequence}");
        return;
    }
    tracing::error!("{consequence}");
    for line in error.trim_end().lines() {
        tracing::error!("{line}");
    }
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
    secrets: Redaction,
}

impl<W: Write> Terminal<W> {
    fn write(&mut self, line: &str) {
        const CLEAR_LINE: &str = "\r\x1b[2K";
        let mut text = tamed_line(&self.secrets.redact(line), self.colour);
        if self.over_spinner {
            text.insert_str(0, CLEAR_LINE);
        }
        // A log that nobody reads any more stops nothing.
        let _unread = self.out.write_all(text.as_bytes());
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
fn filter(text: &str) -> Result<Targets, String> {
    let text = match text.trim().parse::<LevelFilter>() {
        Ok(level) if level > Level::WARN => format!("warn,openclaw={level}"),
        Ok(_) | Err(_) => text.replace(char::is_whitespace, ""),
    };
    // A word alone would be the name of a library, and everything else silent: a mistyped level, far more likely.
    let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
    let is_clear = |part: &str| part.contains('=') || is_level(part);
    let targets = text.parse::<Targets>().ok();
    targets.filter(|_| text.split(',').all(is_clear)).ok_or_else(|| {
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
        let several = filter("openclaw=debug, hyper=warn").unwrap();
        assert!(several.would_enable("hyper", &Level::WARN));
    }

    #[test]
    fn a_line_holds_no_secret_and_nothing_that_a_terminal_obeys() {
        let token = serde_json::json!({ "gateway": { "auth": { "token": "sk-12345678" } } });
        let config = serde_json::from_value(token).unwrap();
        let mut lines = Terminal {
            out: Vec::new(),
            over_spinner: false,
            colour: false,
            secrets: Redaction::of(Secrets::of(&config, &Environment::default())),
        };
        let line = "WARN key sk-12345678 \x1b[2J\nWARN forged\n";
        lines.write(line);
        assert_eq!(
            String::from_utf8(lines.out).unwrap(),
            "WARN key (redacted) \\u001b[2J\\nWARN forged\n"
        );
    }

    #[test]
    fn people_read_an_error_line_by_line() {
        let (mut read, write) = std::io::pipe().unwrap();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_writer(move || write.try_clone().unwrap())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tell_at_length("error: no\n | {a}\n |  ^\n", "nothing changes", true);
            tell_at_length("error: no\n", "nothing changes", false);
        });
        let mut lines = String::new();
        std::io::Read::read_to_string(&mut read, &mut lines).unwrap();
        let at_length = "ERROR nothing changes\nERROR error: no\nERROR  | {a}\nERROR  |  ^\n";
        let in_short = "ERROR nothing changes error=\"error: no\"\n";
        assert_eq!(lines, format!("{at_length}{in_short}"));
    }

    #[test]
    fn what_is_no_level_is_told_what_one_is() {
        for text in [
            "openclaw=loud",
            "inof",
            "warning",
            "openclaw:debug",
            "info,verbose",
            "",
        ] {
            let error = checked_level(text).unwrap_err();
            let expected = format!("`{text}` is no level: error, warn");
            assert!(error.starts_with(&expected), "{error}");
        }
    }
}
