//! `openclaw man`: the manual, one page a command, from the same types that read the arguments.

mod page;
mod sections;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use clap::Args;

use super::Context;

/// Write the manual pages, or show openclaw(1)
///
/// With DIR, writes one page a command there. Without it, shows openclaw(1) on a terminal and prints its roff source
/// elsewhere.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder to write the pages to; it is made where it is not there
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub fn run(context: &Context, args: &ManArgs) -> anyhow::Result<()> {
    if let Some(dir) = &args.dir {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        for (name, page) in pages() {
            let file = dir.join(name);
            std::fs::write(&file, page)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        return Ok(());
    }
    let page = page::of(&built(), None);
    let printer = context.printer;
    if !printer.is_terminal() {
        return Ok(printer.bytes(&page)?);
    }
    match show(&page) {
        Ok(()) => Ok(()),
        // No man here, or one that reads no stdin: the same words in another form.
        Err(_) => Ok(printer.line(super::command().render_long_help())?),
    }
}

/// Hands the page to man(1).
fn show(page: &[u8]) -> io::Result<()> {
    let mut man = Command::new("man")
        .args(["-l", "-"])
        .stdin(Stdio::piped())
        .spawn()?;
    // Dropped with the statement: man reads to the end of its input.
    let written = man
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| stdin.write_all(page));
    let status = man.wait()?;
    match status.success() {
        true => written,
        false => Err(io::Error::other("man failed")),
    }
}

/// The program, each command with its whole name and the global options.
fn built() -> clap::Command {
    let mut command = super::command();
    command.build();
    command
}

/// Every page, by the name of its file.
pub fn pages() -> Vec<(String, Vec<u8>)> {
    let mut pages = Vec::new();
    collect(&built(), None, &mut pages);
    pages.sort();
    pages
}

fn collect(
    command: &clap::Command,
    parent: Option<&clap::Command>,
    pages: &mut Vec<(String, Vec<u8>)>,
) {
    let name = format!("{}.{}", page::name(command), page::SECTION);
    pages.push((name, page::of(command, parent)));
    for subcommand in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        collect(subcommand, Some(command), pages);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_examples_its_exit_codes_and_its_files() {
        for (name, page) in pages() {
            let page = String::from_utf8(page).unwrap();
            for section in ["SYNOPSIS", "EXAMPLES", "EXIT STATUS", "FILES", "SEE ALSO"] {
                let heading = page
                    .lines()
                    .any(|line| line.replace('"', "") == format!(".SH {section}"));
                assert!(heading, "{name} has no {section}");
            }
        }
    }

    #[test]
    fn a_synopsis_says_what_options_take() {
        let (_, page) = pages()
            .into_iter()
            .find(|(name, _)| name == "openclaw-agent.1")
            .unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.starts_with(".ie"), "{page}");
        assert!(page.contains("\n.TH OPENCLAW-AGENT 1 "), "{page}");
        let synopsis = "[\\fB\\-\\-model\\fR \\fIREF\\fR]";
        assert!(page.contains(synopsis), "{page}");
    }

    #[test]
    fn every_command_has_a_page() {
        let names: Vec<String> = pages().into_iter().map(|(name, _)| name).collect();
        for name in [
            "openclaw.1",
            "openclaw-agent.1",
            "openclaw-gateway-serve.1",
            "openclaw-models-list.1",
        ] {
            assert!(
                names.iter().any(|known| known == name),
                "{name} is not among {names:?}"
            );
        }
    }
}
