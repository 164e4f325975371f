//! Reads the words before the cursor: which command they choose, which options they give, what comes next. Pure.
//!
//! Forgiving where the parser is not: the line is not finished.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command};

/// Where the cursor is.
#[derive(Debug)]
pub struct Position<'a> {
    /// The command that has been chosen so far.
    pub command: &'a Command,
    /// The option whose value comes next.
    pub expects: Option<&'a Arg>,
    /// How many arguments without a name have been given to the command.
    pub positionals: usize,
    /// Whether `--` has been given: no options any more.
    pub escaped: bool,
    /// The options that have been given, by id, and the last value of each.
    pub given: BTreeMap<&'a str, String>,
}

/// Reads `words`, which stand between the program and the cursor, for the built command of the program.
pub fn read<'a>(program: &'a Command, words: &[String]) -> Position<'a> {
    let mut position = Position {
        command: program,
        expects: None,
        positionals: 0,
        escaped: false,
        given: BTreeMap::new(),
    };
    for word in words {
        position.take(word);
    }
    position
}

impl<'a> Position<'a> {
    fn take(&mut self, word: &str) {
        if let Some(option) = self.expects.take() {
            self.given.insert(option.get_id().as_str(), word.to_owned());
        } else if self.escaped {
            self.positionals += 1;
        } else if word == "--" {
            self.escaped = true;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            self.option(self.long(name), value);
        } else if let Some(shorts) = word.strip_prefix('-').filter(|shorts| !shorts.is_empty()) {
            self.shorts(shorts);
        } else if let Some(command) = self.subcommand(word) {
            self.command = command;
        } else {
            self.positionals += 1;
        }
    }

    /// The option of this long name.
    pub fn long(&self, name: &str) -> Option<&'a Arg> {
        let mut options = self.command.get_arguments();
        options.find(|option| {
            let names = option.get_long_and_visible_aliases().unwrap_or_default();
            names.contains(&name)
        })
    }

    fn subcommand(&self, word: &str) -> Option<&'a Command> {
        let known = (self.positionals == 0).then(|| self.command.find_subcommand(word));
        known.flatten()
    }

    fn option(&mut self, option: Option<&'a Arg>, value: Option<&str>) {
        let Some(option) = option else {
            return;
        };
        let value_follows = takes_value(option) && value.is_none();
        self.expects = value_follows.then_some(option);
        let value = value.unwrap_or_default().to_owned();
        self.given.insert(option.get_id().as_str(), value);
    }

    /// Short options in one word: the first that takes a value has the rest for it.
    fn shorts(&mut self, shorts: &str) {
        for (at, short) in shorts.char_indices() {
            let mut options = self.command.get_arguments();
            let option = options.find(|option| option.get_short() == Some(short));
            let rest = &shorts[at + short.len_utf8()..];
            if option.is_some_and(takes_value) && !rest.is_empty() {
                return self.option(option, Some(rest));
            }
            self.option(option, None);
        }
    }
}

fn takes_value(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Set | ArgAction::Append)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command, what is expected, how many arguments there were, and the value of `--config`.
    fn position(line: &str) -> (String, Option<String>, usize, Option<String>) {
        let mut program = crate::cli::command();
        program.build();
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let position = read(&program, &words);
        (
            position.command.get_name().to_owned(),
            position.expects.map(|option| option.get_id().to_string()),
            position.positionals,
            position.given.get("config").cloned(),
        )
    }

    #[test]
    fn a_command_is_found_behind_global_options() {
        let config = Some("c.json".to_owned());
        assert_eq!(
            position("--config c.json agent"),
            ("agent".into(), None, 0, config.clone())
        );
        assert_eq!(
            position("agent --config=c.json hi"),
            ("agent".into(), None, 1, config)
        );
    }

    #[test]
    fn the_value_of_an_option_is_no_command() {
        let expected = ("openclaw".into(), None, 0, Some("agent".into()));
        assert_eq!(position("--config agent"), expected);
    }

    #[test]
    fn an_option_without_its_value_expects_it() {
        let expects = |id: &str| ("agent".to_owned(), Some(id.to_owned()), 0, None);
        assert_eq!(position("agent --model"), expects("model"));
        assert_eq!(position("agent -nm"), expects("text"));
        assert_eq!(
            position("agent -mhello --unknown"),
            ("agent".into(), None, 0, None)
        );
    }
}
