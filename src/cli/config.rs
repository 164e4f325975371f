//! `openclaw config`: what is configured, whether it is right, and where it is.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::Context;
use super::logging::Role;
use crate::config::{Environment, InitError, Loaded, Paths, effective, init, load, schema};
use crate::gateway::Gateway;

/// Check, show, find or create the configuration
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check the configuration: prints everything that is wrong with it and exits 78
    Check,
    /// Write a first configuration file, commented, with a fresh random token; never over one that is there
    ///
    /// The file is --config, else $OPENCLAW_CONFIG_PATH, else openclaw.json5 in the user's configuration folder.
    Init,
    /// Print the path of the configuration file in use
    ///
    /// Where there is none: the path that `config init` would write.
    Path,
    /// Print the JSON Schema of the configuration file, for editors
    ///
    /// openclaw config schema > openclaw.schema.json; and in the file: "$schema": "./openclaw.schema.json".
    Schema,
    /// Print the configuration in force, each value with where it came from, secrets redacted
    Show,
}

pub fn run(context: &Context, args: &ConfigArgs) -> anyhow::Result<()> {
    match args.command {
        ConfigCommand::Check => check(context),
        ConfigCommand::Init => create(context),
        ConfigCommand::Path => path(context),
        ConfigCommand::Schema => {
            let schema = serde_json::to_string_pretty(&schema())?;
            Ok(context.printer.line(schema)?)
        }
        ConfigCommand::Show => Ok(context.printer.text(&effective(&read(context)?))?),
    }
}

fn read(context: &Context) -> anyhow::Result<Loaded> {
    Ok(load(
        context.globals.config.as_deref(),
        Environment::process(),
    )?)
}

fn check(context: &Context) -> anyhow::Result<()> {
    let loaded = context.load(Role::Command)?;
    // What only shows when everything is put together: providers, agents and their models.
    Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?;
    let doubts = super::gateway::check(&loaded.config.gateway)?;
    match &loaded.file {
        Some(file) => context
            .printer
            .line(format_args!("{}: ok", file.display()))?,
        None => context
            .printer
            .line("no configuration file: defaults apply")?,
    }
    for doubt in doubts {
        context.printer.note(format_args!("warning: {doubt}"));
    }
    if !loaded.ignored.is_empty() {
        context.printer.note(format_args!(
            "ignored, for this version has no use for them: {}",
            loaded.ignored.join(", ")
        ));
    }
    Ok(())
}

/// The file that is named, or the first default one that is there.
fn in_use(context: &Context, env: &Environment) -> Option<PathBuf> {
    let named = context.globals.config.clone();
    let named = named.or_else(|| env.get("OPENCLAW_CONFIG_PATH").map(PathBuf::from));
    named.or_else(|| {
        Paths::new(env)
            .default_files()
            .into_iter()
            .find(|file| file.exists())
    })
}

fn create(context: &Context) -> anyhow::Result<()> {
    let env = Environment::process();
    let file = match in_use(context, &env) {
        // A second default file would never be read.
        Some(file) if file.exists() => bail!(InitError::Exists(file)),
        Some(file) => file,
        None => own_file(&env)?,
    };
    init(&file)?;
    context.printer.line(file.display())?;
    context
        .printer
        .note("next: name a provider in it, or set OPENAI_API_KEY; then: openclaw agent \"hello\"");
    Ok(())
}

fn own_file(env: &Environment) -> anyhow::Result<PathBuf> {
    Paths::new(env)
        .own_file()
        .context("there is no home folder: name a file with --config")
}

fn path(context: &Context) -> anyhow::Result<()> {
    let env = Environment::process();
    let file = in_use(context, &env).map_or_else(|| own_file(&env), Ok)?;
    context.printer.line(file.display())?;
    if !file.exists() {
        context
            .printer
            .note("it is not there yet; write it with: openclaw config init");
    }
    Ok(())
}
