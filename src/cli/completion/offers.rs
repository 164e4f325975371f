//! What could stand at the cursor. Pure: what changes from moment to moment is asked of the caller.

use std::fmt;

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command, ValueHint};

use super::words::Position;
use crate::cli::tame::on_one_line;

/// Where the values of an argument come from that the command line does not know itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Agents,
    ChatModels,
    EmbeddingModels,
    Providers,
    Sessions,
}

/// Which arguments take what: by command (any, where it is empty) and id.
const SOURCES: &[(&str, &str, Source)] = &[
    ("", "agent", Source::Agents),
    ("embed", "model", Source::EmbeddingModels),
    ("", "model", Source::ChatModels),
    ("", "provider", Source::Providers),
    ("", "session_key", Source::Sessions),
    ("", "key", Source::Sessions),
    ("", "keys", Source::Sessions),
];

/// Values that the command line takes among others.
const WELL_KNOWN: &[(&str, &[&str])] =
    &[("log_level", &["error", "warn", "info", "debug", "trace"])];

/// The longest description, in characters.
const MAX_HELP_CHARS: usize = 80;

/// What could stand at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub enum Offers {
    Files,
    Values(Vec<Offer>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub value: String,
    pub help: String,
}

impl Offer {
    pub fn new(value: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            help: help.into(),
        }
    }
}

/// The lines of the answer.
impl fmt::Display for Offers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Values(offers) = self else {
            return writeln!(f, "files");
        };
        writeln!(f, "values")?;
        // A value that is no single line could not be typed either.
        let plain = offers
            .iter()
            .filter(|offer| !offer.value.contains(char::is_control));
        for Offer { value, help } in plain {
            writeln!(f, "{value}\t{}", on_one_line(help, MAX_HELP_CHARS))?;
        }
        Ok(())
    }
}

/// What could stand at this position, where `current` has been typed.
pub fn at(position: &Position<'_>, current: &str, live: impl Fn(Source) -> Vec<Offer>) -> Offers {
    let value_of = |arg: &Arg, typed: &str| value(position.command, arg, typed, &live);
    if let Some(option) = position.expects {
        return value_of(option, current);
    }
    let may_be_option = !position.escaped && current.starts_with('-');
    if may_be_option && let Some((name, typed)) = current.split_once('=') {
        let option = name.strip_prefix("--").and_then(|name| position.long(name));
        let Some(Offers::Values(offers)) = option.map(|option| value_of(option, typed)) else {
            return option.map_or(Offers::Values(Vec::new()), |_| Offers::Files);
        };
        let whole = |offer: Offer| Offer::new(format!("{name}={}", offer.value), offer.help);
        return Offers::Values(offers.into_iter().map(whole).collect());
    }
    if may_be_option {
        return Offers::Values(options(position, current));
    }
    let mut offers = commands(position, current);
    match positional(position).map(|arg| value_of(arg, current)) {
        Some(Offers::Files) => return Offers::Files,
        Some(Offers::Values(values)) => offers.extend(values),
        None => {}
    }
    // Nothing to say about what stands here: then what else may.
    if offers.is_empty() && current.is_empty() && !position.escaped {
        offers = options(position, "--");
    }
    Offers::Values(offers)
}

fn commands(position: &Position<'_>, current: &str) -> Vec<Offer> {
    if position.escaped || position.positionals > 0 {
        return Vec::new();
    }
    let commands = position.command.get_subcommands();
    let fits =
        |command: &&Command| !command.is_hide_set() && command.get_name().starts_with(current);
    commands
        .filter(fits)
        .map(|command| Offer::new(command.get_name(), first_line(command.get_about())))
        .collect()
}

/// The options that have not been given, or may be given again.
fn options(position: &Position<'_>, current: &str) -> Vec<Offer> {
    let is_new = |option: &&Arg| {
        let repeats = matches!(option.get_action(), ArgAction::Append);
        repeats || !position.given.contains_key(option.get_id().as_str())
    };
    let shown = position
        .command
        .get_arguments()
        .filter(|option| !option.is_hide_set());
    let longs = shown.filter(is_new).filter_map(|option| {
        let name = format!("--{}", option.get_long()?);
        name.starts_with(current)
            .then(|| Offer::new(name, first_line(option.get_help())))
    });
    longs.collect()
}

/// The argument without a name that comes next.
fn positional<'a>(position: &Position<'a>) -> Option<&'a Arg> {
    let mut arguments = position.command.get_positionals();
    let repeats = |arg: &&Arg| matches!(arg.get_action(), ArgAction::Append);
    let last = position.command.get_positionals().last().filter(repeats);
    arguments.nth(position.positionals).or(last)
}

fn value(
    command: &Command,
    arg: &Arg,
    typed: &str,
    live: &impl Fn(Source) -> Vec<Offer>,
) -> Offers {
    let hint = arg.get_value_hint();
    if matches!(
        hint,
        ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath
    ) {
        return Offers::Files;
    }
    let (before, typed) = match arg
        .get_value_delimiter()
        .and_then(|mark| typed.rsplit_once(mark))
    {
        Some((before, typed)) => (format!("{before},"), typed),
        None => (String::new(), typed),
    };
    let mut offers = known(command, arg, live);
    offers.retain(|offer| offer.value.starts_with(typed));
    for offer in &mut offers {
        offer.value.insert_str(0, &before);
    }
    Offers::Values(offers)
}

/// Every value that the argument is known to take.
fn known(command: &Command, arg: &Arg, live: &impl Fn(Source) -> Vec<Offer>) -> Vec<Offer> {
    let id = arg.get_id().as_str();
    let source = SOURCES
        .iter()
        .find(|(owner, name, _)| *name == id && (owner.is_empty() || *owner == command.get_name()));
    if let Some((.., source)) = source {
        return live(*source);
    }
    if let Some((_, values)) = WELL_KNOWN.iter().find(|(name, _)| *name == id) {
        return values.iter().map(|value| Offer::new(*value, "")).collect();
    }
    let values = arg.get_possible_values();
    let shown = values.iter().filter(|value| !value.is_hide_set());
    shown
        .map(|value| Offer::new(value.get_name(), first_line(value.get_help())))
        .collect()
}

fn first_line(text: Option<&StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::completion::words;

    #[test]
    fn what_is_alive_is_offered_where_it_fits() {
        let mut program = crate::cli::command();
        program.build();
        let offered = |line: &str, current: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let position = words::read(&program, &words);
            at(&position, current, |source| {
                vec![
                    Offer::new(format!("{source:?}/x"), ""),
                    Offer::new("other", ""),
                ]
            })
        };
        let values = |value: &str| Offers::Values(vec![Offer::new(value, "")]);
        assert_eq!(offered("agent --agent", "A"), values("Agents/x"));
        assert_eq!(offered("agent --model", "C"), values("ChatModels/x"));
        assert_eq!(
            offered("agent", "--model=C"),
            values("--model=ChatModels/x")
        );
        assert_eq!(offered("embed --model", "E"), values("EmbeddingModels/x"));
        assert_eq!(offered("models explain", "C"), values("ChatModels/x"));
        assert_eq!(offered("sessions delete a b", "S"), values("Sessions/x"));
        assert_eq!(offered("sessions show a", "S"), Offers::Values(Vec::new()));
    }

    #[test]
    fn a_value_that_would_break_the_answer_is_left_out() {
        let offers = Offers::Values(vec![Offer::new("a\nb", ""), Offer::new("c", "d\te")]);
        assert_eq!(offers.to_string(), "values\nc\td e\n");
    }
}
