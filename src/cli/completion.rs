//! `openclaw completion`: a shell's completion script, from the same types that read the arguments.

use clap::{Args, ValueEnum};
use clap_complete::{Generator, Shell};

use super::Context;

/// Print a shell's completion script
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// The shell
    shell: Shell,
}

pub fn run(context: &Context, args: &CompletionArgs) -> anyhow::Result<()> {
    Ok(context.printer.bytes(&script(args.shell))?)
}

/// The script of every shell, by the name of its file.
pub fn scripts() -> Vec<(String, Vec<u8>)> {
    let shells = Shell::value_variants().iter();
    shells
        .map(|shell| (shell.file_name(NAME), script(*shell)))
        .collect()
}

const NAME: &str = "openclaw";

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), NAME, &mut script);
    script
}
