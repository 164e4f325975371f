//! Door 1: the command line. One file, or folder, a command; each turns arguments into a request of the room and
//! prints what the room says. Data goes to stdout, everything else to stderr.

mod agent;
mod completion;
mod config;
mod doctor;
mod embed;
mod examples;
mod exit;
mod gateway;
mod logging;
mod man;
mod margin;
mod mcp;
mod models;
mod one_shot;
mod overview;
mod printer;
mod sessions;
mod stdin;
mod table;
mod tame;

use std::path::PathBuf;
use std::sync::OnceLock;

use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::chat::ModelRef;
use crate::config::{Environment, Loaded, Secret};
use crate::gateway::{Fault, Local};
pub use exit::{CliError, Exit, exit_of, report};
use logging::{Log, Role};
use one_shot::{LAST_MOMENT, until_interrupted, with_gateway};
pub use printer::Printer;

/// The arguments of the program.
#[derive(Debug, Parser)]
#[command(name = "openclaw", version, about, after_long_help = NOTES, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Option<Command>,
}

const NOTES: &str = "\
Exit status: 0 done, 1 the run failed, 2 usage, 65 bad input data, 69 provider unreachable, 75 try again later, \
77 refused, 78 configuration, 124 timed out, 130 interrupted, 143 terminated.

The configuration is `--config FILE`, else $OPENCLAW_CONFIG_PATH, else ~/.openclaw/openclaw.json, else openclaw.json5 \
in the user's configuration folder. Providers whose API key is in the environment need none.";

/// Options that stand before or after the command.
#[derive(Debug, Clone, Args)]
struct Globals {
    /// Read this configuration file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    config: Option<PathBuf>,
    /// Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        help_heading = "Global options"
    )]
    #[arg(value_parser = logging::checked_level)]
    log_level: Option<String>,
    /// Colour the output
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        help_heading = "Global options"
    )]
    #[arg(default_value = "auto")]
    color: ColorChoice,
}

/// One variant a command; what each is for stands at its arguments.
#[derive(Debug, Subcommand)]
enum Command {
    Agent(agent::AgentArgs),
    #[command(name = "__complete")]
    Ask(completion::AskArgs),
    Completion(completion::CompletionArgs),
    Config(config::ConfigArgs),
    Doctor(doctor::DoctorArgs),
    Embed(embed::EmbedArgs),
    Gateway(gateway::GatewayArgs),
    Man(man::ManArgs),
    Mcp(mcp::McpArgs),
    Models(models::ModelsArgs),
    Sessions(sessions::SessionsArgs),
}

impl Cli {
    /// Reads the arguments of this process. Help, the version, and what is wrong with the arguments, is printed here.
    ///
    /// # Errors
    /// How the program is to end, where it has nothing more to do.
    pub fn read() -> Result<Self, Exit> {
        let read = command().try_get_matches();
        let read = read.and_then(|matches| Self::from_arg_matches(&matches));
        read.map_err(|answer| match answer.print() {
            _ if answer.use_stderr() => Exit::Usage,
            Ok(()) => Exit::Done,
            Err(error) => report(
                &error.into(),
                Printer::new(ColorChoice::Auto, &Environment::process()),
            ),
        })
    }

    /// The printer that these arguments and the environment ask for.
    pub fn printer(&self) -> Printer {
        Printer::new(self.globals.color, &Environment::process())
    }
}

/// What a command runs with.
struct Context {
    globals: Globals,
    printer: Printer,
    /// Once a configuration is loaded. What it holds is written before the program ends.
    log: OnceLock<Log>,
}

impl Context {
    /// Loads the configuration and starts logging as it says.
    fn load(&self, role: Role) -> anyhow::Result<Loaded> {
        keep_memory_private();
        let mut loaded =
            crate::config::load(self.globals.config.as_deref(), Environment::process())?;
        let flag = self.globals.log_level.as_deref();
        let log = logging::start(role, flag, &loaded, self.printer)?;
        self.log.get_or_init(|| log);
        let models = &mut loaded.config.models;
        if role == Role::Command && models.discover_local.unwrap_or(true) {
            Local::find(models).join(models);
        }
        tell_of_oddities(&loaded);
        Ok(loaded)
    }

    /// Logs as this configuration says from now on, without its secrets nor these others.
    fn log_as<'s>(
        &self,
        loaded: &Loaded,
        others: impl IntoIterator<Item = &'s Secret>,
    ) -> Result<(), CliError> {
        self.log
            .get()
            .map_or(Ok(()), |log| log.follow(loaded, others))
    }

    /// Logs what is wrong with a configuration, and what comes of that.
    fn tell_of_fault(&self, error: &anyhow::Error, consequence: &str) {
        let described = exit::describe(error, Printer::plain());
        let for_people = self.log.get().is_some_and(|log| log.for_people);
        logging::tell_at_length(&described, consequence, for_people);
    }

    /// Opens the log's file anew: it may have been moved away.
    fn reopen_log(&self) {
        if let Some(Err(error)) = self.log.get().map(Log::reopen) {
            tracing::error!(%error, "the log's file cannot be opened anew: the one that was open stays in use");
        }
    }
}

/// Says what somebody should know of a configuration that can be used.
fn tell_of_oddities(loaded: &Loaded) {
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    if !loaded.ignored.is_empty() {
        let keys = loaded.ignored.join(", ");
        tracing::info!(
            keys,
            "keys of the configuration that this version has no use for"
        );
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(log) = self.log.get() {
            log.flush();
        }
    }
}

/// Other processes of the same user, commands that an agent runs among them, cannot read this one's memory and
/// environment: the keys of the providers are in both.
fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        tracing::debug!(%error, "the memory of this process can be read by others of this user");
    }
}

/// Runs the command.
///
/// # Errors
/// Whatever kept it from being done; [`exit_of`] says what that means to a shell.
pub fn run(cli: Cli, printer: Printer) -> anyhow::Result<()> {
    let context = Context {
        globals: cli.globals,
        printer,
        log: OnceLock::new(),
    };
    match cli.command {
        None => overview::run(&context),
        Some(Command::Agent(args)) => agent::run(&context, args),
        Some(Command::Ask(args)) => {
            completion::ask(printer, &args);
            Ok(())
        }
        Some(Command::Completion(args)) => completion::run(&context, &args),
        Some(Command::Config(args)) => config::run(&context, &args),
        Some(Command::Doctor(args)) => doctor::run(&context, &args),
        Some(Command::Embed(args)) => embed::run(&context, args),
        Some(Command::Gateway(args)) => gateway::run(&context, args),
        Some(Command::Man(args)) => man::run(&context, &args),
        Some(Command::Mcp(args)) => mcp::run(&context, args),
        Some(Command::Models(args)) => models::run(&context, args),
        Some(Command::Sessions(args)) => sessions::run(&context, args),
    }
}

/// Says that no model answers but the built-in stand-in, where that is so, and the way to a real one.
fn tell_if_offline(printer: Printer, model: &ModelRef) {
    if model.provider.as_str() == "offline" {
        printer.note(format_args!(
            "note: `{model}` is built in and no real model; for one, set OPENAI_API_KEY or name a provider in the \
             configuration (openclaw config init)"
        ));
    }
}

/// What a failed run means to the shell.
fn exit_of_fault(fault: Fault) -> Exit {
    match fault {
        Fault::Caller | Fault::Upstream => Exit::Failed,
        Fault::NotFound => Exit::Usage,
        Fault::Refused | Fault::Credentials => Exit::Refused,
        Fault::Busy { .. } | Fault::Storage { .. } => Exit::TryLater,
        Fault::Misconfigured | Fault::BrokenStorage => Exit::Misconfigured,
        Fault::Unreachable => Exit::Unreachable,
        Fault::TimedOut => Exit::TimedOut,
    }
}

/// The manual pages that packagers ship, by their path in the repository.
pub fn generated() -> Vec<(PathBuf, Vec<u8>)> {
    let in_folder = |(name, bytes)| (PathBuf::from("man").join(name), bytes);
    man::pages().into_iter().map(in_folder).collect()
}

fn command() -> clap::Command {
    examples::add(Cli::command(), "openclaw")
}

/// How long the session store has to finish what was handed to it.
const LAST_WRITES: std::time::Duration = std::time::Duration::from_secs(5);

/// Lets the session store finish before the program ends.
async fn finish_writes(gateway: &crate::gateway::Gateway) {
    if tokio::time::timeout(LAST_WRITES, gateway.close())
        .await
        .is_err()
    {
        tracing::warn!("the session store did not finish its last writes in time");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_hold_together() {
        command().debug_assert();
    }

    #[test]
    fn every_fault_has_its_exit_code() {
        for (fault, exit) in [
            (Fault::Caller, 1),
            (Fault::Upstream, 1),
            (Fault::NotFound, 2),
            (Fault::Unreachable, 69),
            (Fault::Busy { retry_after: None }, 75),
            (Fault::Storage { retry_after: None }, 75),
            (Fault::Refused, 77),
            (Fault::Credentials, 77),
            (Fault::Misconfigured, 78),
            (Fault::BrokenStorage, 78),
            (Fault::TimedOut, 124),
        ] {
            assert_eq!(exit_of_fault(fault) as u8, exit, "{fault:?}");
        }
    }

    #[test]
    fn global_options_stand_before_and_after_the_command() {
        for line in [
            ["openclaw", "--log-level", "debug", "gateway", "serve"],
            ["openclaw", "gateway", "--log-level", "debug", "serve"],
            ["openclaw", "gateway", "serve", "--log-level", "debug"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(cli.globals.log_level.as_deref(), Some("debug"));
        }
    }
}
