//! `memory_get`: lines of a file in which the agent has written something down.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::memory::is_memory;
use super::read::{self, Lines};
use super::{Group, Tool, ToolContext, ToolResult, parse};

pub struct MemoryGet;

#[derive(Deserialize)]
struct Arguments {
    path: String,
    from: Option<usize>,
    lines: Option<usize>,
}

impl Tool for MemoryGet {
    fn name(&self) -> &str {
        "memory_get"
    }

    fn description(&self) -> &str {
        "Read lines of MEMORY.md or memory/*.md.\nUse it after memory_search, for what stands around a result."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{"path":{"type":"string","description":"Path as memory_search gives it"},"from":{"type":"integer","minimum":1,"description":"The first line"},"lines":{"type":"integer","minimum":1,"description":"How many lines"}},"required":["path"]}"#
    }

    fn group(&self) -> Option<Group> {
        Some(Group::Memory)
    }

    fn is_available(&self, context: &ToolContext) -> bool {
        context.workbench.workspace().is_some()
    }

    fn call<'a>(
        &'a self,
        context: &'a ToolContext,
        arguments: &'a str,
    ) -> BoxFuture<'a, ToolResult> {
        get(context, arguments).map(ToolResult::from).boxed()
    }
}

async fn get(context: &ToolContext, arguments: &str) -> Result<String, String> {
    let Arguments { path, from, lines } = parse(arguments)?;
    let workspace = context.workbench.need_workspace()?;
    let inner = workspace.relative(&path)?;
    let goes_up = inner.components().any(|part| part.as_os_str() == "..");
    if goes_up || !is_memory(&inner) {
        return Err(format!(
            "`{path}` is neither MEMORY.md nor a Markdown file of memory/"
        ));
    }
    let lines = Lines {
        path,
        offset: from,
        limit: lines,
    };
    read::lines(workspace.clone(), lines).await
}
