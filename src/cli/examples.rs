//! Lines to copy, for `--help` and the manual. A command without a row has none; a test reads them all.

/// A command as it is typed, and what it does.
pub type Example = (&'static str, &'static str);

/// By the command that they belong to.
const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "openclaw",
        &[
            ("openclaw agent \"why is the sky blue?\"", "Ask something"),
            (
                "openclaw gateway serve --enable chat-completions",
                "Serve the API",
            ),
            ("openclaw models list", "See which models there are"),
        ],
    ),
    (
        "openclaw agent",
        &[
            (
                "openclaw agent \"why is the sky blue?\"",
                "Ask the default agent",
            ),
            (
                "git diff | openclaw agent \"review this\"",
                "Send what is piped in along",
            ),
            (
                "openclaw agent --session-key notes \"where were we?\"",
                "Continue a conversation, or begin it",
            ),
            (
                "openclaw agent --image photo.jpg --file notes.md \"compare them\"",
                "Send files along",
            ),
            (
                "openclaw agent --json \"hello\" | jq -r .text",
                "Use the answer in a script",
            ),
        ],
    ),
    (
        "openclaw completion",
        &[
            (
                "openclaw completion bash > ~/.local/share/bash-completion/completions/openclaw",
                "Install it for bash; where bash-completion is not there, source the file in ~/.bashrc",
            ),
            (
                "openclaw completion zsh > ~/.zfunc/_openclaw",
                "Install it for zsh, where ~/.zfunc is in $fpath",
            ),
            (
                "openclaw completion fish > ~/.config/fish/completions/openclaw.fish",
                "Install it for fish",
            ),
        ],
    ),
    (
        "openclaw config",
        &[
            ("openclaw config init", "Write a first configuration file"),
            ("openclaw config check", "See every mistake at once"),
        ],
    ),
    (
        "openclaw config check",
        &[("openclaw config check", "See every mistake at once")],
    ),
    (
        "openclaw config init",
        &[
            ("openclaw config init", "Write it where it is looked for"),
            (
                "openclaw config init --config ./openclaw.json5",
                "Write it here",
            ),
        ],
    ),
    (
        "openclaw config path",
        &[(
            "$EDITOR \"$(openclaw config path)\"",
            "Edit the configuration",
        )],
    ),
    (
        "openclaw config show",
        &[(
            "openclaw config show | less",
            "Read what is in force and where it comes from",
        )],
    ),
    (
        "openclaw doctor",
        &[
            ("openclaw doctor", "See what is in order and what is not"),
            ("openclaw doctor --probe", "Ask the providers too"),
        ],
    ),
    (
        "openclaw embed",
        &[
            (
                "openclaw embed --model openai/text-embedding-3-small < lines.txt > vectors.jsonl",
                "Embed each line",
            ),
            ("openclaw embed --text \"hello\"", "Embed one text"),
        ],
    ),
    (
        "openclaw gateway",
        &[
            (
                "openclaw gateway serve --enable chat-completions",
                "Serve the API on this machine",
            ),
            (
                "openclaw gateway unit > ~/.config/systemd/user/openclaw.service",
                "Have systemd run it",
            ),
        ],
    ),
    (
        "openclaw gateway serve",
        &[
            (
                "openclaw gateway serve --enable chat-completions",
                "Serve on this machine, with a token for this run",
            ),
            (
                "openclaw gateway serve --bind lan --token-file ~/.openclaw-token",
                "Serve the local network",
            ),
        ],
    ),
    (
        "openclaw gateway unit",
        &[
            (
                "openclaw gateway unit > ~/.config/systemd/user/openclaw.service",
                "Install the unit for this user",
            ),
            (
                "systemctl --user daemon-reload && systemctl --user enable --now openclaw",
                "Start it, now and at every login",
            ),
            ("loginctl enable-linger", "Keep it running without a login"),
        ],
    ),
    (
        "openclaw man",
        &[
            ("openclaw man", "Read openclaw(1)"),
            (
                "openclaw man ~/.local/share/man/man1",
                "Install the pages for this user",
            ),
        ],
    ),
    (
        "openclaw models",
        &[("openclaw models list", "See which models there are")],
    ),
    (
        "openclaw models explain",
        &[
            (
                "openclaw models explain",
                "See what the default agent would try",
            ),
            (
                "openclaw models explain --agent main --json",
                "The same of an agent, for a script",
            ),
        ],
    ),
    (
        "openclaw models list",
        &[
            ("openclaw models list", "See which models there are"),
            ("openclaw models list --plain | fzf", "Choose one"),
            (
                "openclaw models list --json | jq -r '.[] | select(.usable) | .id'",
                "Those whose key is there",
            ),
        ],
    ),
    (
        "openclaw sessions",
        &[("openclaw sessions list", "See what is kept")],
    ),
    (
        "openclaw sessions delete",
        &[("openclaw sessions delete notes", "Forget a conversation")],
    ),
    (
        "openclaw sessions export",
        &[(
            "openclaw sessions export notes > notes.json",
            "Keep a copy of everything",
        )],
    ),
    (
        "openclaw sessions list",
        &[
            ("openclaw sessions list --limit 10", "See the last ten"),
            (
                "openclaw sessions list --json | jq -r '.[].key'",
                "Their keys, for a script",
            ),
        ],
    ),
    (
        "openclaw sessions show",
        &[("openclaw sessions show notes", "Read a conversation")],
    ),
];

/// The examples of a command: `openclaw gateway serve`.
pub fn of(command: &str) -> &'static [Example] {
    let row = EXAMPLES.iter().find(|(name, _)| *name == command);
    row.map_or(&[], |(_, examples)| examples)
}

/// The command with its examples behind its long help, and so with all below it. `whole` is what is typed to run it.
pub fn add(command: clap::Command, whole: &str) -> clap::Command {
    let mut text = String::new();
    for (line, what) in of(whole) {
        text += &format!("  {line}\n      {what}\n");
    }
    let command = match command.get_after_long_help() {
        _ if text.is_empty() => command,
        Some(notes) => {
            let notes = notes.to_string();
            command.after_long_help(format!("Examples:\n{text}\n{notes}"))
        }
        None => command.after_long_help(format!("Examples:\n{text}")),
    };
    command.mut_subcommands(|below| {
        let whole = format!("{whole} {}", below.get_name());
        add(below, &whole)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_a_command_line_of_this_program() {
        for (line, _) in EXAMPLES.iter().flat_map(|(_, examples)| *examples) {
            let Some(at) = line
                .find("openclaw ")
                .filter(|_| !line.contains("systemctl"))
            else {
                continue;
            };
            let end = line[at..]
                .find([')', '|', '>', '<'])
                .unwrap_or(line.len() - at);
            let words = words(&line[at..at + end]);
            let read = crate::cli::command().try_get_matches_from(&words);
            assert!(read.is_ok(), "{line}: {words:?}: {read:?}");
        }
    }

    /// As a shell would cut it, as far as the examples need it.
    fn words(line: &str) -> Vec<String> {
        let pieces = line.split('"').enumerate();
        let cut = |(place, piece): (usize, &str)| match place % 2 {
            0 => piece.split_whitespace().map(str::to_owned).collect(),
            _ => vec![piece.to_owned()],
        };
        pieces.flat_map(cut).collect()
    }

    #[test]
    fn no_row_is_for_a_command_that_is_not_there() {
        for (name, _) in EXAMPLES {
            let mut command = crate::cli::command();
            for part in name.split(' ').skip(1) {
                command = command
                    .find_subcommand(part)
                    .unwrap_or_else(|| panic!("{name}"))
                    .clone();
            }
        }
    }
}
