//! `openclaw sessions`: what is kept of conversations. Lists, shows, deletes, exports.

use anyhow::bail;
use clap::{Args, Subcommand};

use super::logging::Role;
use super::table::Table;
use super::tame::is_obeyed;
use super::{CliError, Context, Printer, until_interrupted};
use crate::chat::{Message, Principal};
use crate::gateway::{Gateway, Page, RunError, SessionId, Summary, Transcript, Turn, TurnState};

/// List, show, delete and export the sessions that are kept
#[derive(Debug, Args)]
pub struct SessionsArgs {
    #[command(subcommand)]
    command: SessionsCommand,
}

#[derive(Debug, Subcommand)]
enum SessionsCommand {
    /// List the sessions, the last used first
    List(ListArgs),
    /// Show the conversation of a session
    Show(ShowArgs),
    /// Delete sessions
    Delete(DeleteArgs),
    /// Print everything that is kept of a session as JSON, earlier branches included
    Export(ExportArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The session key, with or without `agent:ID:`
    #[arg(value_name = "KEY")]
    key: String,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct DeleteArgs {
    /// The session keys, with or without `agent:ID:`
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    /// Print a JSON array of what was deleted
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ExportArgs {
    /// The session key, with or without `agent:ID:`
    #[arg(value_name = "KEY")]
    key: String,
    /// Print JSON, which it does anyhow
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: SessionsArgs) -> anyhow::Result<()> {
    let loaded = context.load(Role::Command)?;
    let gateway = Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?;
    let printer = context.printer;
    until_interrupted(async move {
        match args.command {
            SessionsCommand::List(args) => list(&gateway, printer, &args).await,
            SessionsCommand::Show(args) => show(&gateway, printer, &args).await,
            SessionsCommand::Delete(args) => delete(&gateway, printer, &args).await,
            SessionsCommand::Export(args) => export(&gateway, printer, &args.key).await,
        }
    })
}

fn missing(key: &str) -> CliError {
    CliError::Usage(format!(
        "there is no session `{key}`; `openclaw sessions list` shows those that there are"
    ))
}

async fn list(gateway: &Gateway, printer: Printer, args: &ListArgs) -> anyhow::Result<()> {
    let page = Page {
        limit: args.limit,
        after: None,
    };
    let sessions = gateway
        .store()?
        .list(&Principal::Owner, page)
        .await
        .map_err(RunError::from)?;
    if args.json {
        return printer.json(&sessions);
    }
    if sessions.is_empty() {
        printer.note("there are none");
        return Ok(());
    }
    Ok(printer.text(&table(&sessions, printer))?)
}

fn table(sessions: &[Summary], printer: Printer) -> String {
    let mut table = Table::new(["KEY", "TURNS", "LAST USED"]).keep(0);
    for session in sessions {
        table.row([
            session.key.to_string(),
            session.turns.to_string(),
            when(session.updated_ms),
        ]);
    }
    table.render(printer.width(), |head| printer.strong(head).to_string())
}

/// A moment in the time of this machine.
fn when(unix_ms: i64) -> String {
    let Ok(moment) = jiff::Timestamp::from_millisecond(unix_ms) else {
        return String::new();
    };
    let zone = jiff::tz::TimeZone::system();
    moment.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string()
}

async fn find(gateway: &Gateway, key: &str) -> anyhow::Result<(SessionId, Transcript)> {
    let session = gateway.session(key)?;
    match gateway
        .store()?
        .show(&session)
        .await
        .map_err(RunError::from)?
    {
        Some(found) => Ok((session, found)),
        None => bail!(missing(key)),
    }
}

async fn show(gateway: &Gateway, printer: Printer, args: &ShowArgs) -> anyhow::Result<()> {
    let (_, transcript) = find(gateway, &args.key).await?;
    if args.json {
        return printer.json(&transcript);
    }
    for turn in &transcript.turns {
        print(turn, printer)?;
    }
    Ok(())
}

fn print(turn: &Turn, printer: Printer) -> anyhow::Result<()> {
    for message in turn.input.iter().chain(&turn.answer) {
        let (who, calls) = match message {
            Message::User { .. } => ("user", &[][..]),
            Message::Assistant { tool_calls, .. } => ("assistant", tool_calls.as_slice()),
            Message::Tool { .. } => ("tool", &[][..]),
        };
        // What a model or a stranger wrote must not steer the terminal.
        let visible = |text: &str| -> String { text.chars().filter(|c| !is_obeyed(*c)).collect() };
        printer.line(format_args!(
            "{}: {}",
            printer.strong(who),
            visible(&message.text())
        ))?;
        for call in calls {
            printer.line(format_args!(
                "  calls {} {}",
                visible(&call.name),
                visible(&call.arguments)
            ))?;
        }
    }
    if turn.state == TurnState::Interrupted {
        printer.line(printer.faint("(interrupted)"))?;
    }
    Ok(())
}

/// Says what has been deleted even where the rest cannot be.
async fn delete(gateway: &Gateway, printer: Printer, args: &DeleteArgs) -> anyhow::Result<()> {
    // Every key is looked at before anything is deleted.
    let sessions = args.keys.iter().map(|key| gateway.session(key));
    let sessions: Vec<SessionId> = sessions.collect::<Result<_, _>>()?;
    let store = gateway.store()?;
    let (mut deleted, mut absent) = (Vec::new(), Vec::new());
    let mut result = Ok(());
    for (session, key) in sessions.iter().zip(&args.keys) {
        match store.delete(session).await {
            Ok(true) => deleted.push(session.key.to_string()),
            Ok(false) => absent.push(key.as_str()),
            Err(error) => {
                result = Err(RunError::from(error));
                break;
            }
        }
    }
    if args.json {
        printer.json(&deleted)?;
    } else {
        for key in &deleted {
            printer.note(format_args!("deleted {key}"));
        }
    }
    result?;
    match absent.is_empty() {
        true => Ok(()),
        false => bail!(missing(&absent.join("`, `"))),
    }
}

async fn export(gateway: &Gateway, printer: Printer, key: &str) -> anyhow::Result<()> {
    let session = gateway.session(key)?;
    match gateway
        .store()?
        .export(&session)
        .await
        .map_err(RunError::from)?
    {
        Some(transcript) => printer.json(&transcript),
        None => bail!(missing(key)),
    }
}
