//! What every manual page has besides its command: examples, exit codes, variables, files, and where to read on.

use clap::Command;
use roff::{Roff, bold, italic, roman};

use super::page::{SECTION, name, whole};
use crate::cli::examples;
use crate::cli::exit::Exit;

const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "OPENCLAW_CONFIG_PATH",
        "The configuration file, where --config names none.",
    ),
    (
        "OPENCLAW_STATE_DIR",
        "The folder of sessions and of the gateway's token.",
    ),
    (
        "OPENCLAW_LOG_LEVEL",
        "The level of the log, where --log-level names none.",
    ),
    (
        "OPENCLAW_GATEWAY_PORT, OPENCLAW_GATEWAY_TOKEN, OPENCLAW_GATEWAY_PASSWORD",
        "The port, the token and the password of the gateway; they win over the configuration.",
    ),
    (
        "OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, ...",
        "The keys of providers. A provider whose key is set needs no configuration.",
    ),
    ("NO_COLOR", "No colours, whatever it is set to."),
];

const FILES: &[(&str, &str)] = &[
    (
        "~/.openclaw/openclaw.json",
        "The configuration, where it is there.",
    ),
    (
        "~/.config/openclaw/openclaw.json5",
        "The configuration otherwise; openclaw config init writes it.",
    ),
    (
        ".env",
        "Beside the configuration: variables that the environment does not have.",
    ),
    (
        "~/.local/state/openclaw/",
        "What is kept: sessions, lists of models, and gateway-token, the token of a gateway that was given none.",
    ),
];

/// Commands to copy, each with what it does.
pub fn examples(roff: &mut Roff, command: &Command) {
    roff.control("SH", ["EXAMPLES"]);
    for (line, what) in examples::of(whole(command)) {
        roff.control("TP", []);
        roff.text([bold(*line)]);
        roff.text([roman(format!("{what}."))]);
    }
}

pub fn exit_status(roff: &mut Roff) {
    roff.control("SH", ["EXIT STATUS"]);
    for (exit, meaning) in Exit::MEANINGS {
        roff.control("TP", []);
        roff.text([bold((*exit as u8).to_string())]);
        roff.text([roman(format!("{meaning}."))]);
    }
}

pub fn environment(roff: &mut Roff) {
    table(roff, "ENVIRONMENT", ENVIRONMENT);
}

pub fn files(roff: &mut Roff) {
    table(roff, "FILES", FILES);
}

fn table(roff: &mut Roff, heading: &str, rows: &[(&str, &str)]) {
    roff.control("SH", [heading]);
    for (name, what) in rows {
        roff.control("TP", []);
        roff.text([italic(*name)]);
        roff.text([roman(*what)]);
    }
}

/// The page above, or the pages below.
pub fn see_also(roff: &mut Roff, command: &Command, parent: Option<&Command>) {
    roff.control("SH", ["SEE ALSO"]);
    let others = parent.unwrap_or(command).get_subcommands();
    let below = command.get_subcommands();
    let pages = parent.into_iter().chain(others).chain(below);
    let mut names: Vec<String> = pages
        .filter(|page| !page.is_hide_set() && whole(page) != whole(command))
        .map(name)
        .collect();
    names.sort();
    names.dedup();
    let mut line = Vec::new();
    for name in names {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(name), roman(format!("({SECTION})"))]);
    }
    roff.text(line);
}
