//! What an agent can do besides talk: the tools of the house, one file a tool, and who may use which.
//!
//! A tool is told what the model wrote and answers with a text for the model. Knows no run and no door.

mod blocking;
mod edit;
mod exec;
mod glob;
mod grep;
mod html;
mod ls;
pub mod mcp;
mod memory;
mod memory_get;
mod memory_search;
mod output;
mod policy;
mod process_group;
mod read;
mod result;
mod session_status;
mod sessions_history;
mod sessions_list;
mod web_fetch;
mod workbench;
mod workspace;
mod write;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::chat::{self, AgentId, ModelRef, Principal};
use crate::sessions::{SessionKey, SessionStore};

pub use html::text as html_text;
pub use memory::Index;
pub use policy::{Group, Policy};
pub use result::{MAX_RESULT_BYTES, ToolResult};
pub use workbench::{Embed, Embedder, ExecSettings, Outside, Workbench};
pub use workspace::{Workspace, open_regular};

/// Something that a model can have done. Dropping the future of a call ends everything that the call began.
pub trait Tool: Send + Sync {
    fn name(&self) -> &str;

    /// What the tool does, for the model; its first line stands in the prompt.
    fn description(&self) -> &str;

    /// JSON Schema of the arguments: one JSON object.
    fn parameters(&self) -> &str;

    /// The group by which policies name this tool along with others.
    fn group(&self) -> Option<Group> {
        None
    }

    /// Whether only an owner may use it.
    fn owner_only(&self) -> bool {
        false
    }

    /// Whether a call changes something, so that a run that broke after it must not simply be repeated.
    fn side_effects(&self) -> bool {
        false
    }

    /// Whether there is what the tool needs, and whether a public agent may show what it shows: neither the machine,
    /// nor its paths, nor which files are in the workspace.
    fn is_available(&self, _: &ToolContext) -> bool {
        true
    }

    /// Does it. `arguments` is the JSON text as the model wrote it. Failures are results too: the model reads them.
    fn call<'a>(
        &'a self,
        context: &'a ToolContext,
        arguments: &'a str,
    ) -> BoxFuture<'a, ToolResult>;
}

/// In which run a tool is called.
#[derive(Clone)]
pub struct ToolContext {
    pub agent: AgentId,
    /// The model that is called.
    pub model: ModelRef,
    /// The session that the run continues, where it continues one.
    pub session: Option<SessionKey>,
    /// Whose sessions may be seen.
    pub principal: Principal,
    /// Whether the caller is an owner.
    pub owner: bool,
    /// Whether the agent answers strangers.
    pub public: bool,
    /// Where sessions are kept; `None` where none are.
    pub store: Option<Arc<dyn SessionStore>>,
    /// What the tools of this agent work with.
    pub workbench: Arc<Workbench>,
}

impl ToolContext {
    /// # Errors
    /// A sentence for the model where no sessions are kept.
    fn need_store(&self) -> Result<&dyn SessionStore, String> {
        let store = self.store.as_deref();
        store.ok_or_else(|| "no sessions are kept".to_owned())
    }
}

/// The tools of the house, by name.
pub fn builtin() -> Vec<Arc<dyn Tool>> {
    vec![
        Arc::new(edit::Edit),
        Arc::new(exec::Exec),
        Arc::new(grep::Grep),
        Arc::new(ls::Ls),
        Arc::new(memory_get::MemoryGet),
        Arc::new(memory_search::MemorySearch),
        Arc::new(read::Read),
        Arc::new(session_status::SessionStatus),
        Arc::new(sessions_history::SessionsHistory),
        Arc::new(sessions_list::SessionsList),
        Arc::new(web_fetch::WebFetch),
        Arc::new(write::Write),
    ]
}

/// The tools that the model has in this run, by name. For the model there are no others.
pub fn offered(policy: &Policy, context: &ToolContext) -> Vec<Arc<dyn Tool>> {
    if policy.allows_none() {
        return Vec::new();
    }
    let may = |tool: &&Arc<dyn Tool>| {
        policy.allows(&context.model, tool.as_ref())
            && (context.owner || !tool.owner_only())
            && tool.is_available(context)
    };
    context
        .workbench
        .tools()
        .iter()
        .filter(may)
        .cloned()
        .collect()
}

/// Calls the tool of this name. One that is not offered is unknown, and one that breaks has failed; both are results.
pub async fn call(
    offered: &[Arc<dyn Tool>],
    context: &ToolContext,
    name: &str,
    arguments: &str,
) -> ToolResult {
    let Some(tool) = offered.iter().find(|tool| tool.name() == name) else {
        return unknown(offered, name);
    };
    let call = AssertUnwindSafe(async { tool.call(context, arguments).await });
    call.catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(tool = name, "a tool panicked");
        ToolResult::error(format!("`{name}` broke and did not finish"))
    })
}

fn unknown(offered: &[Arc<dyn Tool>], name: &str) -> ToolResult {
    const MAX_SHOWN_CHARS: usize = 64;
    let shown: String = name.chars().take(MAX_SHOWN_CHARS).collect();
    let names: Vec<&str> = offered.iter().map(|tool| tool.name()).collect();
    ToolResult::error(format!(
        "there is no tool `{shown}`; there are: {}",
        names.join(", ")
    ))
}

/// The tool as a model is told of it.
pub fn declaration(tool: &dyn Tool) -> chat::Tool {
    let parameters = RawValue::from_string(tool.parameters().to_owned());
    chat::Tool {
        name: tool.name().to_owned(),
        description: Some(tool.description().to_owned()),
        parameters: Some(parameters.expect("a tool's parameters are JSON")),
        strict: None,
    }
}

/// The arguments of a call, or a sentence for the model on why they are none.
fn parse<T: DeserializeOwned>(arguments: &str) -> Result<T, String> {
    // A call without arguments is often written as nothing at all.
    let text = match arguments.trim() {
        "" => "{}",
        text => text,
    };
    serde_json::from_str(text).map_err(|error| format!("these arguments do not fit: {error}"))
}

#[cfg(test)]
pub(crate) mod tests;
