//! `memory_search`: what the agent has written down that is nearest in meaning to a question.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::memory::Found;
use super::{Group, Tool, ToolContext, ToolResult, parse};

/// The results of a call that does not say how many.
const DEFAULT_RESULTS: usize = 6;

/// The most results of a call.
const MAX_RESULTS: usize = 20;

pub struct MemorySearch;

#[derive(Deserialize)]
struct Arguments {
    query: String,
    max_results: Option<usize>,
}

impl Tool for MemorySearch {
    fn name(&self) -> &str {
        "memory_search"
    }

    fn description(&self) -> &str {
        "Search MEMORY.md and memory/*.md by meaning.\nUse it before answering about earlier work, decisions, dates, people or preferences."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{"query":{"type":"string","description":"What to look for"},"max_results":{"type":"integer","minimum":1,"maximum":20}},"required":["query"]}"#
    }

    fn group(&self) -> Option<Group> {
        Some(Group::Memory)
    }

    fn is_available(&self, context: &ToolContext) -> bool {
        let workbench = &context.workbench;
        workbench.workspace().is_some() && workbench.embedder().is_some()
    }

    fn call<'a>(
        &'a self,
        context: &'a ToolContext,
        arguments: &'a str,
    ) -> BoxFuture<'a, ToolResult> {
        search(context, arguments).map(ToolResult::from).boxed()
    }
}

async fn search(context: &ToolContext, arguments: &str) -> Result<String, String> {
    let Arguments { query, max_results } = parse(arguments)?;
    if query.trim().is_empty() {
        return Err("`query` is empty".to_owned());
    }
    let limit = max_results.unwrap_or(DEFAULT_RESULTS).clamp(1, MAX_RESULTS);
    let workbench = &context.workbench;
    let workspace = workbench.need_workspace()?;
    let embed = workbench.embedder().ok_or("there is no embedding model")?;
    let memory = workbench.memory();
    let found = memory.search(workspace, embed, &query, limit).await?;
    if found.is_empty() {
        return Ok("[nothing is written down]".to_owned());
    }
    let told: Vec<String> = found
        .iter()
        .map(|found| tell(found, context.public))
        .collect();
    Ok(told.join("\n\n"))
}

fn tell(found: &Found, public: bool) -> String {
    let Found { path, chunk, score } = found;
    let text = chunk.text.trim_end();
    if public {
        return format!("(score {score:.2})\n{text}");
    }
    let (path, first, last) = (path.display(), chunk.first_line, chunk.last_line);
    format!("{path}:{first}-{last} (score {score:.2})\n{text}")
}
