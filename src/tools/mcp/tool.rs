//! A tool of a server as a tool of the house, and what stands in for the tools of a server that cannot be had.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, ResourceContents};
use rmcp::service::ServiceError;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::address;
use super::link::Link;
use super::page::Entry;
use super::server::Server;
use crate::config::Secrets;
use crate::tools::{Tool, ToolContext, ToolResult, glob, parse};

/// The longest name that every model API takes, in characters.
const MAX_NAME_CHARS: usize = 64;

/// The longest description that every model API takes, in characters.
const MAX_DESCRIPTION_CHARS: usize = 1024;

/// The longest schema of arguments, in bytes.
const MAX_SCHEMA_BYTES: usize = 64 * 1024;

/// The most tools of one server; the ones after them are left out.
const MAX_TOOLS: usize = 128;

/// The longest all schemas of one server may be, in bytes.
const MAX_SCHEMAS_BYTES: usize = 512 * 1024;

/// The most tools that are named when they are left out.
const MAX_NAMED: usize = 8;

/// A tool of a server.
pub struct Remote {
    server: Arc<Server>,
    listed: Arc<Listed>,
}

/// What a server tells of a tool, fit for a model.
pub struct Listed {
    /// The server's own name of it.
    own: String,
    name: String,
    description: String,
    parameters: String,
    is_read_only: bool,
}

impl Listed {
    /// As models know it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The tools of a server while it tells them: those that the configuration lets through, by the names that models know
/// them by. One whose name or schema cannot be used is left out.
pub struct Listing<'a> {
    server: &'a Server,
    kept: Vec<Arc<Listed>>,
    names: HashSet<String>,
    schema_bytes: usize,
    /// How many were left out, and the first of them.
    left_out: (usize, Vec<String>),
}

impl<'a> Listing<'a> {
    pub fn of(server: &'a Server) -> Self {
        Self {
            server,
            kept: Vec::new(),
            names: HashSet::new(),
            schema_bytes: 0,
            left_out: (0, Vec::new()),
        }
    }

    /// Takes one more. Says whether there is room for another.
    pub fn take(&mut self, entry: Entry) -> bool {
        let tool = match entry {
            Ok(tool) => tool,
            Err(name) => {
                self.leave_out(name);
                return true;
            }
        };
        let config = self.server.config();
        let is_in = |list: &[String]| {
            let takes = |pattern: &String| glob::matches(pattern, &tool.name);
            list.iter().any(takes)
        };
        let is_allowed = config.allow.is_empty() || is_in(&config.allow);
        if !is_allowed || is_in(&config.deny) {
            return true;
        }
        let name = name(&self.server.prefix(), &tool.name);
        let fits = parameters(&tool.input_schema)
            .filter(|schema| self.schema_bytes + schema.len() <= MAX_SCHEMAS_BYTES)
            .filter(|_| self.kept.len() < MAX_TOOLS && self.names.insert(name.clone()));
        let Some(parameters) = fits else {
            self.leave_out(tool.name.into_owned());
            return self.kept.len() < MAX_TOOLS;
        };
        self.schema_bytes += parameters.len();
        let description = tool.description.unwrap_or_default();
        let description = description.trim().chars().take(MAX_DESCRIPTION_CHARS);
        self.kept.push(Arc::new(Listed {
            own: tool.name.into_owned(),
            name,
            description: description.collect(),
            parameters,
            is_read_only: tool.annotations.and_then(|hints| hints.read_only_hint) == Some(true),
        }));
        true
    }

    fn leave_out(&mut self, mut name: String) {
        let (count, first) = &mut self.left_out;
        *count += 1;
        if first.len() < MAX_NAMED {
            if let Some((end, _)) = name.char_indices().nth(MAX_NAME_CHARS) {
                name.truncate(end);
            }
            first.push(name);
        }
    }

    pub fn finish(self) -> Arc<[Arc<Listed>]> {
        let (left_out, first) = self.left_out;
        if left_out > 0 {
            tracing::warn!(
                server = self.server.id(),
                left_out,
                first = first.join(", "),
                "tools are left out: they are none, their names are taken, their schemas cannot be used, or they are too many"
            );
        }
        self.kept.into()
    }
}

/// The schema of arguments as model APIs want it; `None` where it cannot be that.
fn parameters(schema: &JsonObject) -> Option<String> {
    let mut schema = schema.clone();
    let kind = schema.entry("type").or_insert_with(|| "object".into());
    if kind != "object" {
        return None;
    }
    // Some model APIs refuse an object that says nothing of its members.
    schema
        .entry("properties")
        .or_insert_with(|| JsonObject::new().into());
    let text = serde_json::Value::Object(schema).to_string();
    (text.len() <= MAX_SCHEMA_BYTES).then_some(text)
}

/// The name of a tool for models: letters, digits, `-` and `_`, not too long; what had to be cut is told apart by a
/// digest.
fn name(prefix: &str, own: &str) -> String {
    let fit = |char: char| match char.is_ascii_alphanumeric() || matches!(char, '-' | '_') {
        true => char,
        false => '_',
    };
    let name: String = prefix.chars().chain(own.chars()).map(fit).collect();
    if name.len() <= MAX_NAME_CHARS {
        return name;
    }
    const DIGEST_CHARS: usize = 8;
    let digest = Sha256::digest(own.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let head = &name[..MAX_NAME_CHARS - DIGEST_CHARS - 1];
    format!("{head}_{}", &digest[..DIGEST_CHARS])
}

impl Remote {
    pub fn new(server: Arc<Server>, listed: Arc<Listed>) -> Self {
        Self { server, listed }
    }

    async fn carry_out(&self, arguments: &str) -> Result<String, String> {
        let arguments: JsonObject = parse(arguments)?;
        let id = self.server.id();
        let absent = |reason: String| format!("the MCP server `{id}` is not there: {reason}");
        let link = self.server.link().await.map_err(absent)?;
        let limit = self.server.config().call_limit();
        let call = link.call(self.listed.own.clone(), arguments);
        let fault = match timeout(limit, call).await {
            Ok(Ok(result)) => return text(result),
            Ok(Err(ServiceError::McpError(error))) => return Err(self.refusal(&error.message)),
            Ok(Err(fault)) => self.fault(&link, &fault).await,
            Err(_) => {
                if !link.is_alive().await {
                    self.server.give_up(&link, "it no longer answers");
                }
                return Err(format!(
                    "the MCP server `{id}` did not answer within {} s; what it did so far stays done",
                    limit.as_secs_f64()
                ));
            }
        };
        Err(format!("the MCP server `{id}` failed: {fault}"))
    }

    /// What became of a call that has no answer. A server that is gone is given up.
    async fn fault(&self, link: &Arc<Link>, fault: &ServiceError) -> String {
        tracing::debug!(server = self.server.id(), %fault, "an MCP call failed");
        if link.is_closed() {
            self.server.give_up(link, "it has died");
            return "it died during the call".to_owned();
        }
        let reason = match fault {
            ServiceError::TransportSend(error) => address::reason(error.error.as_ref()),
            _ => None,
        };
        if !link.is_alive().await {
            let why = reason.as_deref().unwrap_or("it no longer answers");
            self.server.give_up(link, why);
        }
        reason.unwrap_or_else(|| "its answer cannot be used".to_owned())
    }

    /// What a server says of a call that it refuses, without the secrets that it was given.
    fn refusal(&self, message: &str) -> String {
        let config = self.server.config();
        let given = config.env.values().chain(config.headers.values());
        match Secrets::from_iter(given).redact(message.trim()).as_ref() {
            "" => {
                let id = self.server.id();
                format!("the MCP server `{id}` refused the call and does not say why")
            }
            message => message.to_owned(),
        }
    }
}

impl Tool for Remote {
    fn name(&self) -> &str {
        &self.listed.name
    }

    fn description(&self) -> &str {
        &self.listed.description
    }

    fn parameters(&self) -> &str {
        &self.listed.parameters
    }

    fn side_effects(&self) -> bool {
        // A hint, and of use only for what an error says about trying again.
        !self.listed.is_read_only
    }

    fn call<'a>(&'a self, _: &'a ToolContext, arguments: &'a str) -> BoxFuture<'a, ToolResult> {
        self.carry_out(arguments).map(ToolResult::from).boxed()
    }
}

/// What a result says, for a model.
fn text(result: CallToolResult) -> Result<String, String> {
    let mut parts: Vec<String> = result.content.into_iter().map(part).collect();
    if let (true, Some(structured)) = (parts.is_empty(), result.structured_content) {
        parts.push(structured.to_string());
    }
    let text = match parts.is_empty() {
        true => "[done, no output]".to_owned(),
        false => parts.join("\n"),
    };
    match result.is_error {
        Some(true) => Err(text),
        Some(false) | None => Ok(text),
    }
}

fn part(block: ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text,
        ContentBlock::Image(image) => format!("[an image, {}]", image.mime_type),
        ContentBlock::Audio(audio) => format!("[a sound, {}]", audio.mime_type),
        ContentBlock::Resource(resource) => match resource.resource {
            ResourceContents::TextResourceContents { text, .. } => text,
            ResourceContents::BlobResourceContents { uri, .. } => format!("[a file, {uri}]"),
            _ => "[a resource]".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("[a resource: {}]", link.uri),
        _ => "[something that is no text]".to_owned(),
    }
}

/// Says why a server is not there.
pub struct StandIn {
    name: String,
    description: String,
    reason: String,
}

impl StandIn {
    pub fn new(id: &str, reason: String) -> Self {
        Self {
            name: format!("{id}__unavailable"),
            description: format!("The tools of the MCP server `{id}` are not there now. Says why."),
            reason: format!("the MCP server `{id}` is not there: {reason}"),
        }
    }
}

impl Tool for StandIn {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{}}"#
    }

    fn call<'a>(&'a self, _: &'a ToolContext, _: &'a str) -> BoxFuture<'a, ToolResult> {
        async { ToolResult::error(&self.reason) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_every_model_takes() {
        assert_eq!(name("time__", "get.current time"), "time__get_current_time");
        let long = name("time__", &"x".repeat(100));
        assert_eq!(long.len(), MAX_NAME_CHARS);
        assert_ne!(long, name("time__", &"x".repeat(101)));
    }

    #[test]
    fn a_result_is_its_text_and_names_what_is_none() {
        let result = |json| text(serde_json::from_value(json).unwrap());
        let mixed = serde_json::json!({ "content": [
            { "type": "text", "text": "12:00" },
            { "type": "image", "mimeType": "image/png", "data": "" },
            { "type": "resource", "resource": { "uri": "a://b", "text": "inside" } },
            { "type": "resource_link", "uri": "a://c", "name": "c" },
        ] });
        assert_eq!(
            result(mixed),
            Ok("12:00\n[an image, image/png]\ninside\n[a resource: a://c]".to_owned())
        );
        let structured = serde_json::json!({ "content": [], "structuredContent": { "a": 1 } });
        assert_eq!(result(structured), Ok("{\"a\":1}".to_owned()));
        let failed =
            serde_json::json!({ "content": [{ "type": "text", "text": "no" }], "isError": true });
        assert_eq!(result(failed), Err("no".to_owned()));
        let nothing = serde_json::json!({ "content": [] });
        assert_eq!(result(nothing), Ok("[done, no output]".to_owned()));
    }
}
