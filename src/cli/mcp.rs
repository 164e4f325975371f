//! `openclaw mcp`: the MCP servers of the configuration, and whether they can be had.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::logging::Role;
use super::table::Table;
use super::{Context, Printer, with_gateway};
use crate::config::McpServerConfig;
use crate::gateway::{Gateway, Probe};

/// MCP servers: which are configured, and whether they can be had
#[derive(Debug, Args)]
pub struct McpArgs {
    #[command(subcommand)]
    command: McpCommand,
}

#[derive(Debug, Subcommand)]
enum McpCommand {
    List(ListArgs),
}

/// List the configured servers
#[derive(Debug, Args)]
struct ListArgs {
    /// Start each server and list its tools; exit 69 if one cannot be had
    #[arg(long)]
    probe: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

/// A server of the JSON array.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    transport: &'static str,
    enabled: bool,
    /// As models know them; null where they were not asked for, or cannot be had.
    tools: Option<Vec<String>>,
    error: Option<String>,
}

pub fn run(context: &Context, args: McpArgs) -> anyhow::Result<()> {
    let McpCommand::List(args) = args.command;
    let loaded = context.load(Role::Command)?;
    let gateway = Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?;
    let printer = context.printer;
    let row = |(id, server): (&String, &McpServerConfig)| Row {
        id: id.clone(),
        transport: if server.url.is_some() {
            "http"
        } else {
            "stdio"
        },
        enabled: server.enabled,
        tools: None,
        error: None,
    };
    let mut rows: Vec<Row> = loaded.config.mcp.servers.iter().map(row).collect();
    let probing = gateway.clone();
    with_gateway(&gateway, async move {
        if args.probe {
            for probe in probing.probe_servers().await {
                tell(&mut rows, probe);
            }
        }
        drop(probing);
        show(&rows, args.json, printer)?;
        match rows.iter().filter(|row| row.error.is_some()).count() {
            0 => Ok(()),
            1 => bail!(super::CliError::Unreachable(
                "a server cannot be had".to_owned()
            )),
            count => bail!(super::CliError::Unreachable(format!(
                "{count} servers cannot be had"
            ))),
        }
    })
}

fn tell(rows: &mut [Row], probe: Probe) {
    let Some(row) = rows.iter_mut().find(|row| row.id == probe.id) else {
        return;
    };
    match probe.tools {
        Ok(tools) => row.tools = Some(tools),
        Err(reason) => row.error = Some(reason),
    }
}

fn show(rows: &[Row], json: bool, printer: Printer) -> anyhow::Result<()> {
    if json {
        return printer.json(&rows);
    }
    if rows.is_empty() {
        printer.note("there are none; `mcp.servers` in the configuration names them");
        return Ok(());
    }
    let mut table = Table::new(["SERVER", "TRANSPORT", "STATE", "TOOLS"]);
    for row in rows {
        let state = match (&row.error, &row.tools) {
            _ if !row.enabled => "off".to_owned(),
            (Some(reason), _) => reason.clone(),
            (None, Some(tools)) => format!("{} tools", tools.len()),
            (None, None) => "not asked (--probe)".to_owned(),
        };
        let tools = row.tools.as_deref().unwrap_or_default().join(" ");
        table.row([row.id.clone(), row.transport.to_owned(), state, tools]);
    }
    let style = |header| printer.faint(header).to_string();
    Ok(printer.text(&table.render(printer.width(), style))?)
}
