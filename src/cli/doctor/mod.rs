//! `openclaw doctor`: what is in order and what is not, one line each, with what mends it. It changes nothing.

mod agents;
mod exposure;
mod files;
mod finding;
mod port;
mod providers;
mod state;

use clap::Args;
use serde::Serialize;

use self::finding::{Finding, Severity};
use super::{CliError, Context, Printer};
use crate::config::{Environment, LoadError, Loaded, StoreChoice, load};
use crate::gateway::{Gateway, Local};

/// Check the configuration, permissions, exposure, providers and state, each with a remedy
///
/// Exits with 0 where everything works, warnings or not; with 1 where something does not; with 78 where the
/// configuration cannot be used. Changes nothing.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Ask every provider whether it answers
    #[arg(long)]
    probe: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    /// Whether everything works; warnings are no failure.
    ok: bool,
    checks: &'a [Finding],
}

pub fn run(context: &Context, args: &DoctorArgs) -> anyhow::Result<()> {
    super::keep_memory_private();
    let mut findings = match load(context.globals.config.as_deref(), Environment::process()) {
        Ok(loaded) => examine(loaded, args)?,
        Err(error) => vec![unusable(&error)],
    };
    if let Some(file) = &context.globals.config {
        findings.iter_mut().for_each(|finding| finding.name(file));
    }
    let worst = findings.iter().map(|finding| finding.severity).max();
    let worst = worst.unwrap_or(Severity::Ok);
    if args.json {
        context.printer.json(&Report {
            ok: worst < Severity::Failure,
            checks: &findings,
        })?;
    } else {
        print(context.printer, &findings)?;
    }
    match worst {
        Severity::Ok | Severity::Warning => Ok(()),
        Severity::Failure => anyhow::bail!("something does not work"),
        Severity::Misconfigured => {
            let message = "the configuration cannot be used".to_owned();
            Err(CliError::Misconfigured(message).into())
        }
    }
}

fn examine(mut loaded: Loaded, args: &DoctorArgs) -> anyhow::Result<Vec<Finding>> {
    let mut findings = configuration(&loaded);
    findings.extend(files::check(&loaded));
    findings.extend(exposure::check(&loaded.config.gateway));
    let models = &mut loaded.config.models;
    if models.discover_local.unwrap_or(true) {
        Local::find(models).join(models);
    }
    let gateway = Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir());
    match gateway {
        Ok(gateway) => {
            findings.extend(providers::check(&gateway)?);
            findings.extend(agents::check(&gateway)?);
            findings.push(match loaded.config.session.store {
                StoreChoice::Postgres(_) => state::check_shared(&gateway)?,
                StoreChoice::Sqlite => state::check(&gateway, loaded.paths.state_dir())?,
            });
            if args.probe {
                findings.extend(providers::probe(gateway)?);
            }
        }
        Err(error) => {
            let finding = Finding::misconfigured("providers", error.to_string());
            findings.push(finding.remedy("openclaw config show"));
        }
    }
    findings.extend(port::check(&loaded.config.gateway));
    Ok(findings)
}

fn configuration(loaded: &Loaded) -> Vec<Finding> {
    let doubts = loaded
        .warnings
        .iter()
        .map(|warning| Finding::warning("config", warning.clone()).remedy("openclaw config show"));
    let unused = match loaded.ignored.as_slice() {
        [] => String::new(),
        keys => format!("; this version has no use for: {}", keys.join(", ")),
    };
    let place = match &loaded.file {
        Some(file) => Finding::ok("config", format!("{}{unused}", file.display())),
        None => Finding::ok("config", "no file: defaults apply").remedy("openclaw config init"),
    };
    [place].into_iter().chain(doubts).collect()
}

fn unusable(error: &LoadError) -> Finding {
    match error {
        LoadError::Invalid(report) => {
            let message = report.to_string();
            let summary = message.lines().last().unwrap_or_default();
            Finding::misconfigured("config", summary).remedy("openclaw config check")
        }
        LoadError::Missing(_) => {
            Finding::misconfigured("config", error.to_string()).remedy("openclaw config init")
        }
        LoadError::Unreadable { reason, .. } => {
            let message = format!("{error}: {reason}");
            Finding::misconfigured("config", message).remedy("name a file that this user can read")
        }
        LoadError::Variable { variable, .. } => {
            let remedy = format!("unset {variable}, or set it right");
            Finding::misconfigured("config", error.to_string()).remedy(remedy)
        }
    }
}

/// A line each; the remedy, where there is one, beneath.
fn print(printer: Printer, findings: &[Finding]) -> std::io::Result<()> {
    for finding in findings {
        let Finding {
            check,
            severity,
            message,
            remedy,
        } = finding;
        let word = format!("{:<5}", severity.word());
        let message = printer.tamed(message);
        match severity {
            Severity::Ok => printer.line(format_args!("{word} {check:<12} {message}"))?,
            _ => printer.line(format_args!(
                "{} {check:<12} {message}",
                printer.strong(word)
            ))?,
        }
        if let Some(remedy) = remedy {
            let remedy = printer.tamed(remedy);
            printer.line(printer.faint(format_args!("{:19}→ {remedy}", "")))?;
        }
    }
    Ok(())
}
