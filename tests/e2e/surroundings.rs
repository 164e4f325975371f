//! Commands where the surroundings are poor: a full disk, a reader that left, no stdin, no terminal.

use std::fs::OpenOptions;
use std::io::pipe;
use std::process::{Command, Stdio};

use super::support::{Ran, Shell};

/// One line a command that prints data.
const COMMANDS: &[&[&str]] = &[
    &["--help"],
    &["--version"],
    &["agent", "--no-stdin", "hi"],
    &["agent", "--no-stdin", "--json", "hi"],
    &["agent", "--no-stdin", "--events", "hi"],
    &["completion", "bash"],
    &["config", "check"],
    &["config", "path"],
    &["config", "show"],
    &["embed", "--model", "offline/hash-384", "--text", "hi"],
    &["gateway", "unit"],
    &["man"],
    &["models", "explain"],
    &["models", "list"],
    &["models", "list", "--json"],
    &["models", "list", "--plain"],
];

#[test]
fn a_full_disk_is_a_failure_that_is_told() {
    let shell = Shell::new();
    for arguments in COMMANDS {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = Ran::of(&shell.command(arguments).stdout(full).output().unwrap());
        assert_eq!(ran.code, Some(1), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("error: "), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn a_reader_that_has_left_is_no_failure() {
    let shell = Shell::new();
    for arguments in COMMANDS {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = shell
            .command(arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output();
        let ran = Ran::of(&output.unwrap());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        assert!(!ran.err.contains("error"), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn without_a_terminal_there_is_nothing_but_data() {
    let shell = Shell::new();
    for arguments in COMMANDS {
        let ran = shell.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        assert!(
            !ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'),
            "{arguments:?}: {ran:?}"
        );
    }
}

#[test]
fn a_closed_stdin_is_an_empty_one() {
    let shell = Shell::new();
    for arguments in COMMANDS {
        let command = shell.command(arguments);
        let mut closed = Command::new("sh");
        closed
            .args(["-c", "exec \"$0\" \"$@\" <&-"])
            .arg(command.get_program())
            .args(*arguments);
        closed.env_clear().env("HOME", shell.home.path());
        let ran = Ran::of(&closed.output().unwrap());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    }
}
