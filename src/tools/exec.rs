//! `exec`: a command in the shell, in the workspace. Nothing of it outlives the call.

mod process;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use self::process::{Ending, Process};
use super::blocking::blocking;
use super::{Group, Tool, ToolContext, ToolResult, parse};

pub struct Exec;

#[derive(Deserialize)]
struct Arguments {
    command: String,
    #[serde(default)]
    workdir: String,
    timeout: Option<f64>,
}

impl Tool for Exec {
    fn name(&self) -> &str {
        "exec"
    }

    fn description(&self) -> &str {
        "Run a shell command in the workspace.\nAnswers with what it puts out. It gets no input, and what it leaves running is ended with it."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{"command":{"type":"string","description":"The command, as for sh -c"},"workdir":{"type":"string","description":"Folder to run it in, from the workspace on"},"timeout":{"type":"number","description":"Seconds after which it is ended, if that shall be sooner than usual"}},"required":["command"]}"#
    }

    fn group(&self) -> Option<Group> {
        Some(Group::Runtime)
    }

    fn owner_only(&self) -> bool {
        true
    }

    fn side_effects(&self) -> bool {
        true
    }

    fn is_available(&self, context: &ToolContext) -> bool {
        context.workbench.workspace().is_some() && !context.public
    }

    fn call<'a>(
        &'a self,
        context: &'a ToolContext,
        arguments: &'a str,
    ) -> BoxFuture<'a, ToolResult> {
        async move {
            let arguments: Arguments = parse(arguments)?;
            exec(context, arguments).await
        }
        .map(ToolResult::from)
        .boxed()
    }
}

async fn exec(context: &ToolContext, arguments: Arguments) -> Result<String, String> {
    let settings = context.workbench.exec();
    let asked = arguments
        .timeout
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let limit = asked.map_or(settings.timeout, |asked| asked.min(settings.timeout));
    let workspace = context.workbench.need_workspace()?.clone();
    let folder = blocking(move |_| {
        let path = &arguments.workdir;
        let inner = workspace.relative(path)?;
        let inner = workspace.folder()?.canonicalize(inner);
        let inner = inner.map_err(|_| format!("there is no folder `{path}` in the workspace"))?;
        Ok(workspace.root().join(inner))
    })
    .await?;

    let process = Process::spawn(&arguments.command, &folder, &settings.variables)?;
    let (output, ending) = process.run(limit).await;
    let text = output.text();
    let text = text.trim_end_matches('\n');
    let notice = match ending {
        Ending::Exited(Some(0)) if text.is_empty() => return Ok("[done, no output]".to_owned()),
        Ending::Exited(Some(0)) => return Ok(text.to_owned()),
        Ending::Exited(Some(code)) => format!("[exit code {code}]"),
        Ending::Exited(None) => "[ended by a signal]".to_owned(),
        Ending::TimedOut => format!("[ended: not done within {} s]", limit.as_secs_f64()),
        Ending::Flooded => "[ended: too much output]".to_owned(),
    };
    Err(format!("{text}\n{notice}").trim_start().to_owned())
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
