//! `openclaw completion`: a shell's completion script, and the hidden command by which every script asks what could
//! stand at the cursor.
//!
//! The scripts only carry words to and fro, so that all shells offer the same and none goes stale: what the command
//! line knows comes from the types that read it, agents, models and session keys from the configuration and the state
//! of the moment.

mod live;
mod offers;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use clap_complete::Shell;

use super::{Context, Printer};

/// Print a shell's completion script
///
/// The script asks this program for what could stand at the cursor: commands, options, and the agents, models and session
/// keys that there are.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// The shell
    shell: Shell,
}

/// The script of a shell; `None` for one that this version does not know.
fn script(shell: Shell) -> Option<&'static str> {
    macro_rules! script {
        ($name:literal) => {
            Some(include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/completions/",
                $name
            )))
        };
    }
    match shell {
        Shell::Bash => script!("openclaw.bash"),
        Shell::Elvish => script!("openclaw.elv"),
        Shell::Fish => script!("openclaw.fish"),
        Shell::PowerShell => script!("_openclaw.ps1"),
        Shell::Zsh => script!("_openclaw"),
        _ => None,
    }
}

/// Say what could stand at the cursor of a command line
///
/// The first line of the answer is `values`, and a line each for value, tab and description follows; or `files`, where the
/// shell knows best. Whatever goes wrong, the answer is none.
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct AskArgs {
    /// The word at the cursor, as far as it stands before it
    #[arg(long, allow_hyphen_values = true, default_value = "")]
    current: String,
    /// The words between the program and the cursor
    #[arg(last = true)]
    words: Vec<String>,
}

pub fn run(context: &Context, args: &CompletionArgs) -> anyhow::Result<()> {
    let script = script(args.shell).context("there is no script for this shell")?;
    Ok(context.printer.text(script)?)
}

/// Answers a script. Never fails: a person who presses Tab wants no message in the middle of a line.
pub fn ask(printer: Printer, args: &AskArgs) {
    std::panic::set_hook(Box::new(|_| {}));
    let answered = catch_unwind(AssertUnwindSafe(|| answer(args)));
    if let Ok(text) = answered {
        let _gone = printer.text(&text);
    }
}

fn answer(args: &AskArgs) -> String {
    let mut command = super::command();
    // Gives each command the global options.
    command.build();
    let position = words::read(&command, &args.words);
    let config = position.given.get("config").map(PathBuf::from);
    let offers = offers::at(&position, &args.current, |source| {
        live::values(source, config.as_deref())
    });
    offers.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &[&str], current: &str) -> Vec<String> {
        let args = AskArgs {
            current: current.to_owned(),
            words: words.iter().map(ToString::to_string).collect(),
        };
        let answer = answer(&args);
        let value = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
        answer.lines().map(value).collect()
    }

    #[test]
    fn commands_and_options_are_those_of_the_command_line() {
        assert_eq!(asked(&[], "se"), ["values", "sessions"]);
        assert_eq!(asked(&["sessions"], "s"), ["values", "show"]);
        assert_eq!(asked(&["agent"], "--session"), ["values", "--session-key"]);
        assert_eq!(
            asked(&["--log-level", "debug"], "mod"),
            ["values", "models"]
        );
        assert_eq!(asked(&[], "__"), ["values"], "the hidden one stays hidden");
    }

    #[test]
    fn values_are_those_that_the_option_takes() {
        assert_eq!(
            asked(&["gateway", "serve", "--bind"], "l"),
            ["values", "loopback", "lan"]
        );
        assert_eq!(
            asked(&["gateway", "--bind=lan"], "--auth=n"),
            ["values", "--auth=none"]
        );
        assert_eq!(
            asked(&["gateway", "--enable"], "responses,ch"),
            ["values", "responses,chat-completions"]
        );
        assert_eq!(asked(&["agent", "--image"], "x"), ["files"]);
        assert_eq!(asked(&["agent"], "--image=x"), ["files"]);
        assert_eq!(asked(&["completion"], "z"), ["values", "zsh"]);
    }

    #[test]
    fn an_option_that_is_given_is_not_offered_again_unless_it_repeats() {
        assert_eq!(asked(&["agent", "--json"], "--js"), ["values"]);
        assert_eq!(
            asked(&["agent", "--image", "a.png"], "--im"),
            ["values", "--image"]
        );
    }

    #[test]
    fn behind_two_dashes_nothing_is_an_option() {
        assert_eq!(asked(&["agent", "--"], "--js"), ["values"]);
        assert_eq!(asked(&["embed", "--"], "--js"), ["files"]);
    }
}
