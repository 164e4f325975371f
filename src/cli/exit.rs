//! How a command ends: the exit code of every failure, and the words for it on stderr.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::Printer;
use crate::auth::AuthSetupError;
use crate::config::{InitError, LoadError};
use crate::gateway::{Fault, RunError, SetupError};

/// What the shell is told. The numbers are those of sysexits.h, timeout(1) and shells, where they have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    /// The arguments are wrong, or name something that is not there.
    Usage = 2,
    BadInput = 65,
    Unreachable = 69,
    TryLater = 75,
    Refused = 77,
    Misconfigured = 78,
    TimedOut = 124,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    /// Every one, and what it means, for the manual.
    pub const MEANINGS: &[(Self, &str)] = &[
        (
            Self::Done,
            "Done; a reader that closed the pipe counts as done",
        ),
        (Self::Failed, "The run failed"),
        (
            Self::Usage,
            "The arguments are wrong, or name something that is not there",
        ),
        (Self::BadInput, "Bad input data; the line is named"),
        (Self::Unreachable, "The provider cannot be reached"),
        (Self::TryLater, "Busy or rate limited: try again later"),
        (Self::Refused, "Refused: key, scope or policy"),
        (Self::Misconfigured, "The configuration is wrong"),
        (Self::TimedOut, "Timed out"),
        (Self::Interrupted, "Interrupted"),
        (Self::Terminated, "Ended by SIGTERM"),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A failure that the command line itself finds.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("{0}")]
    Usage(String),
    /// A file of the command line.
    #[error("cannot read {}", file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        reason: io::Error,
    },
    /// The message names the file and the line.
    #[error("{0}")]
    BadInput(String),
    #[error("{0}")]
    Misconfigured(String),
    /// Something that the command is to reach cannot be had.
    #[error("{0}")]
    Unreachable(String),
    #[error("interrupted")]
    Interrupted,
    #[error("terminated")]
    Terminated,
}

impl CliError {
    /// Says which file it was that could not be read.
    pub fn unreadable(file: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let file = file.into();
        move |reason| Self::Unreadable { file, reason }
    }
}

/// What a failure means to the shell: the first error of its chain that has a meaning decides.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    error.chain().find_map(meaning).unwrap_or(Exit::Failed)
}

fn meaning(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(error) = cause.downcast_ref::<CliError>() {
        return Some(match error {
            CliError::Usage(_) | CliError::Unreadable { .. } => Exit::Usage,
            CliError::BadInput(_) => Exit::BadInput,
            CliError::Misconfigured(_) => Exit::Misconfigured,
            CliError::Unreachable(_) => Exit::Unreachable,
            CliError::Interrupted => Exit::Interrupted,
            CliError::Terminated => Exit::Terminated,
        });
    }
    if let Some(error) = cause.downcast_ref::<RunError>() {
        return Some(match error {
            // Here a request is made of arguments alone.
            RunError::Invalid { .. } => Exit::Usage,
            _ => super::exit_of_fault(error.fault()),
        });
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        // Whoever reads our output has enough of it.
        return (error.kind() == ErrorKind::BrokenPipe).then_some(Exit::Done);
    }
    let misconfigured = cause.is::<LoadError>()
        || cause.is::<InitError>()
        || cause.is::<SetupError>()
        || cause.is::<AuthSetupError>();
    misconfigured.then_some(Exit::Misconfigured)
}

/// Says on stderr what went wrong, its causes, and what helps. Silent for a closed pipe.
pub fn report(error: &anyhow::Error, printer: Printer) -> Exit {
    let exit = exit_of(error);
    let text = match exit {
        Exit::Done => String::new(),
        // The prompt shall not stand behind `^C`.
        Exit::Interrupted if io::stderr().is_terminal() => "\n".to_owned(),
        Exit::Interrupted | Exit::Terminated => String::new(),
        _ => describe(error, printer),
    };
    // Where stderr is gone, the exit code is all that is left to say.
    let _ = io::stderr().write_all(printer.tamed(&text).as_bytes());
    exit
}

/// What went wrong, its causes, and what helps, as lines.
pub fn describe(error: &anyhow::Error, printer: Printer) -> String {
    if let Some(LoadError::Invalid(report)) = error.downcast_ref() {
        // A report of its own, with places and remedies.
        return format!("{report}\n");
    }
    let mut text = format!("{} {error}\n", printer.alarm("error:"));
    let mut above = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Some errors repeat their cause in their own words.
        if !above.contains(&cause) {
            text += &format!("  caused by: {cause}\n");
        }
        above = cause;
    }
    let run_error = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<RunError>());
    if let Some(wait) = run_error.and_then(retry_after) {
        text += &format!("retry after {} s\n", wait.as_secs_f64().ceil());
    }
    if let Some(command) = run_error.and_then(helpful_command) {
        text += &format!("try: {command}\n");
    }
    text
}

fn retry_after(error: &RunError) -> Option<Duration> {
    match error.fault() {
        Fault::Busy { retry_after } | Fault::Storage { retry_after } => retry_after,
        _ => None,
    }
}

/// The command that helps, where there is one.
fn helpful_command(error: &RunError) -> Option<&'static str> {
    match error {
        RunError::UnknownModel { .. } | RunError::ModelNotAllowed { .. } => {
            Some("openclaw models list")
        }
        RunError::UnknownAgent { .. } => Some("openclaw config show"),
        RunError::NotConfigured(_) => Some("openclaw config init"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(error: impl Into<anyhow::Error>) -> Exit {
        exit_of(&error.into())
    }

    #[test]
    fn a_context_does_not_hide_what_a_failure_means() {
        let error = anyhow::Error::from(RunError::MissingScope("operator.admin"));
        assert_eq!(
            exit_of(&error.context("cannot embed notes.txt")),
            Exit::Refused
        );
        assert_eq!(
            exit(CliError::BadInput("line 3 is blank".into())),
            Exit::BadInput
        );
        assert_eq!(
            exit(LoadError::Missing("x.json".into())),
            Exit::Misconfigured
        );
        assert_eq!(exit(AuthSetupError::NoSecret), Exit::Misconfigured);
        let error = RunError::Invalid {
            param: None,
            message: "a session key must be 1 to 512 printable characters".to_owned(),
        };
        assert_eq!(exit(error), Exit::Usage);
        assert_eq!(exit(anyhow::anyhow!("something else")), Exit::Failed);
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        assert_eq!(exit(io::Error::from(ErrorKind::BrokenPipe)), Exit::Done);
        assert_eq!(exit(io::Error::from(ErrorKind::StorageFull)), Exit::Failed);
    }

    #[test]
    fn an_error_says_its_causes_and_when_to_come_back() {
        let error = RunError::Busy {
            retry_after: Duration::from_secs(2),
        };
        let error = anyhow::Error::from(error).context("cannot embed notes.txt, lines 1 to 8");
        assert_eq!(
            describe(&error, Printer::plain()),
            "error: cannot embed notes.txt, lines 1 to 8\n  \
             caused by: too many runs are waiting; try again in 2 s\nretry after 2 s\n"
        );
    }

    #[test]
    fn an_error_names_the_command_that_helps() {
        let error = RunError::UnknownModel {
            name: "x".into(),
            advice: "known: p/m".into(),
        };
        assert_eq!(
            describe(&error.into(), Printer::plain()),
            "error: no model `x`; known: p/m\ntry: openclaw models list\n"
        );
    }
}
