//! One manual page, in the man(7) macros, from a command and what it takes. Pure.

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};
use roff::{Inline, Roff, bold, italic, roman};

use super::sections;

/// User commands.
pub const SECTION: &str = "1";

/// When these pages last said something new.
const REVISED: &str = "2026-11-21";

/// The name of the page of a built command: `openclaw-gateway-serve`.
pub fn name(command: &Command) -> String {
    whole(command).replace(' ', "-")
}

/// What is typed to run the command: `openclaw gateway serve`.
pub fn whole(command: &Command) -> &str {
    command.get_bin_name().unwrap_or_else(|| command.get_name())
}

/// The page of a built command, below `parent`.
pub fn of(command: &Command, parent: Option<&Command>) -> Vec<u8> {
    let mut roff = Roff::new();
    let source = concat!("openclaw ", env!("CARGO_PKG_VERSION"));
    let title = name(command).to_uppercase();
    roff.control("TH", [title.as_str(), SECTION, REVISED, source, "openclaw"]);
    roff.control("SH", ["NAME"]);
    let about = command.get_about().map(ToString::to_string);
    roff.text([roman(format!(
        "{} - {}",
        name(command),
        about.unwrap_or_default()
    ))]);
    synopsis(&mut roff, command);
    description(&mut roff, command);
    for heading in headings(command) {
        options(&mut roff, command, heading);
    }
    commands(&mut roff, command);
    sections::examples(&mut roff, command);
    sections::exit_status(&mut roff);
    sections::environment(&mut roff);
    sections::files(&mut roff);
    sections::see_also(&mut roff, command, parent);
    roff.render().into_bytes()
}

fn synopsis(roff: &mut Roff, command: &Command) {
    roff.control("SH", ["SYNOPSIS"]);
    let mut line = vec![bold(whole(command))];
    let own = command.get_opts().chain(flags(command));
    for option in own.filter(|option| option.get_help_heading().is_none()) {
        line.push(roman(" ["));
        line.extend(spelled(option));
        line.push(roman("]"));
        if matches!(option.get_action(), ArgAction::Append) {
            line.push(roman("..."));
        }
    }
    for argument in command.get_positionals() {
        line.push(roman(" "));
        line.extend(placeholder(argument));
    }
    if shown(command).next().is_some() {
        let required = command.is_subcommand_required_set();
        let (before, after) = if required { ("", "") } else { ("[", "]") };
        line.extend([roman(format!(" {before}")), italic("COMMAND"), roman(after)]);
    }
    roff.text(line);
}

fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    let arguments = command.get_arguments();
    arguments
        .filter(|one| !one.is_positional() && !one.get_action().takes_values() && !is_help(one))
}

/// `--help` and `--version` say nothing about a command.
fn is_help(option: &Arg) -> bool {
    matches!(
        option.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    )
}

/// The names of an option, the short one first, and what it takes.
fn spelled(option: &Arg) -> Vec<Inline> {
    let short = option.get_short().map(|short| format!("-{short}"));
    let long = option.get_long().map(|long| format!("--{long}"));
    let mut spelled = Vec::new();
    for name in short.into_iter().chain(long) {
        if !spelled.is_empty() {
            spelled.push(roman(", "));
        }
        spelled.push(bold(name));
    }
    if option.get_action().takes_values() {
        spelled.extend([roman(" "), italic(value_name(option))]);
    }
    spelled
}

/// An argument without a name, as a synopsis has it.
fn placeholder(argument: &Arg) -> Vec<Inline> {
    let repeats = matches!(argument.get_action(), ArgAction::Append);
    let dots = if repeats { "..." } else { "" };
    let name = italic(value_name(argument));
    match argument.is_required_set() {
        true => vec![name, roman(dots)],
        false => vec![roman("["), name, roman(format!("]{dots}"))],
    }
}

fn value_name(argument: &Arg) -> String {
    match argument.get_value_names() {
        Some(names) => names.join(" "),
        None => argument.get_id().as_str().to_uppercase(),
    }
}

fn description(roff: &mut Roff, command: &Command) {
    roff.control("SH", ["DESCRIPTION"]);
    let about = command.get_long_about().or_else(|| command.get_about());
    paragraphs(roff, &about.map(ToString::to_string).unwrap_or_default());
}

/// Text whose paragraphs have an empty line between them.
fn paragraphs(roff: &mut Roff, text: &str) {
    for (place, paragraph) in text.split("\n\n").enumerate() {
        if place > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(paragraph.replace('\n', " "))]);
    }
}

/// The headings of the options, that of the command's own first.
fn headings(command: &Command) -> Vec<Option<&str>> {
    let mut headings = vec![None];
    for heading in command.get_arguments().filter_map(Arg::get_help_heading) {
        if !headings.contains(&Some(heading)) {
            headings.push(Some(heading));
        }
    }
    headings
}

fn options(roff: &mut Roff, command: &Command, heading: Option<&str>) {
    let of_heading = |one: &&Arg| !one.is_hide_set() && one.get_help_heading() == heading;
    let mut arguments: Vec<&Arg> = command.get_arguments().filter(of_heading).collect();
    if arguments.is_empty() {
        return;
    }
    arguments.sort_by_key(|one| (!one.is_positional(), is_help(one)));
    let title = heading.unwrap_or("Options").to_uppercase();
    roff.control("SH", [title.as_str()]);
    for argument in arguments {
        roff.control("TP", []);
        let spelled = if argument.is_positional() {
            placeholder(argument)
        } else {
            spelled(argument)
        };
        roff.text(spelled);
        roff.text([roman(help(argument))]);
    }
}

/// What an option does, what it can be and what it is without it.
fn help(argument: &Arg) -> String {
    let plain = |text: Option<&StyledStr>| text.map(ToString::to_string).unwrap_or_default();
    let text = plain(argument.get_long_help().or_else(|| argument.get_help()));
    let mut sentences = vec![text.replace('\n', " ").trim_end_matches('.').to_owned()];
    if argument.get_action().takes_values() {
        let values = argument.get_possible_values();
        let values: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
        if !values.is_empty() {
            sentences.push(format!("One of: {}", values.join(", ")));
        }
        let defaults = argument.get_default_values();
        let defaults: Vec<_> = defaults
            .iter()
            .map(|value| value.to_string_lossy())
            .collect();
        if !defaults.is_empty() {
            sentences.push(format!("Without it: {}", defaults.join(", ")));
        }
    }
    sentences.join(". ") + "."
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|one| !one.is_hide_set())
}

fn commands(roff: &mut Roff, command: &Command) {
    if shown(command).next().is_none() {
        return;
    }
    roff.control("SH", ["COMMANDS"]);
    for subcommand in shown(command) {
        roff.control("TP", []);
        roff.text([bold(subcommand.get_name())]);
        let about = subcommand.get_about().map(ToString::to_string);
        roff.text([roman(about.unwrap_or_default())]);
    }
}
