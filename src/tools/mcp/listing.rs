//! What a server tells of its tools, made fit for models: names, schemas and numbers that every model API takes.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::page::Entry;
use super::server::Server;
use crate::tools::glob;

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

/// What a server tells of a tool, fit for a model.
pub struct Listed {
    /// The server's own name of it.
    pub own: String,
    /// As models know it.
    pub name: String,
    pub description: String,
    /// A JSON Schema.
    pub parameters: String,
    pub is_read_only: bool,
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
            self.leave_out(tool.name);
            return self.kept.len() < MAX_TOOLS;
        };
        self.schema_bytes += parameters.len();
        let description = tool.description.as_deref().unwrap_or_default();
        let description = description.trim().chars().take(MAX_DESCRIPTION_CHARS);
        self.kept.push(Arc::new(Listed {
            name,
            description: description.collect(),
            parameters,
            is_read_only: tool.is_read_only(),
            own: tool.name,
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
fn parameters(schema: &Map<String, Value>) -> Option<String> {
    let mut schema = schema.clone();
    let kind = schema.entry("type").or_insert_with(|| "object".into());
    if kind != "object" {
        return None;
    }
    // Some model APIs refuse an object that says nothing of its members.
    schema
        .entry("properties")
        .or_insert_with(|| Map::new().into());
    let text = Value::Object(schema).to_string();
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
}
