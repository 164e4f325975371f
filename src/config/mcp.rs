//! The `mcp` section: servers of the Model Context Protocol whose tools agents may have.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::models::{is_http, seconds};
use super::problem::{Path, Problem};
use super::secret::Secret;
use super::server_url::ServerUrl;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct McpConfig {
    /// Servers by id. Their tools are called `<id>__<tool>`; `tools.allow` and `tools.deny` name them so.
    pub servers: BTreeMap<String, McpServerConfig>,
}

/// A server: a program that is started (`command`), or an address (`url`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct McpServerConfig {
    /// `false` switches the server off.
    pub enabled: bool,
    /// The program; it speaks over its standard input and output.
    pub command: Option<String>,
    pub args: Vec<String>,
    /// Variables of the program, beside `HOME`, `LANG` and `PATH`.
    pub env: BTreeMap<String, Secret>,
    /// The folder in which the program runs; it may begin with `~/`.
    pub cwd: Option<String>,
    /// The address of a streamable HTTP server.
    pub url: Option<ServerUrl>,
    /// Headers of every request to `url`.
    pub headers: BTreeMap<String, Secret>,
    /// The limit for the server to start and to tell its tools.
    #[schemars(range(min = 0.001))]
    pub start_timeout_seconds: f64,
    /// The limit for one call.
    #[schemars(range(min = 0.001))]
    pub timeout_seconds: f64,
    /// Only these tools of the server, by its own names and `*` globs, where the list is not empty.
    pub allow: Vec<String>,
    /// Never these tools of the server.
    pub deny: Vec<String>,
}

impl Default for McpServerConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            command: None,
            args: Vec::new(),
            env: BTreeMap::new(),
            cwd: None,
            url: None,
            headers: BTreeMap::new(),
            start_timeout_seconds: 10.0,
            timeout_seconds: 60.0,
            allow: Vec::new(),
            deny: Vec::new(),
        }
    }
}

impl McpServerConfig {
    pub fn start_limit(&self) -> Duration {
        seconds(self.start_timeout_seconds)
    }

    pub fn call_limit(&self) -> Duration {
        seconds(self.timeout_seconds)
    }
}

/// The longest id of a server: there must be room for a tool's name after it.
const MAX_ID_CHARS: usize = 32;

/// What the schema cannot say: ids that are none, and a server that is neither a program nor an address.
pub(super) fn contradictions(config: &Value) -> Vec<Problem> {
    let place = Path::default().key("mcp").key("servers");
    let servers = config.pointer("/mcp/servers").and_then(Value::as_object);
    let mut problems = Vec::new();
    // Policies do not tell upper case from lower.
    let mut ids = BTreeMap::new();
    for (id, server) in servers.into_iter().flatten() {
        let path = place.key(id);
        if !is_id(id) {
            let expected = format!(
                "expected an id of at most {MAX_ID_CHARS} letters, digits, `-` and `_`, without `__` and not ending with `_`"
            );
            problems.push(Problem::at_key(path.clone(), expected));
        }
        if let Some(other) = ids.insert(id.to_ascii_lowercase(), id) {
            let expected =
                format!("expected an id that differs from `{other}` in more than letter case");
            problems.push(Problem::at_key(path.clone(), expected));
        }
        let has = |key: &str| server.get(key).is_some_and(|value| !value.is_null());
        match (has("command"), has("url")) {
            (true, false) => {}
            (false, true) => {
                let url = server.get("url").and_then(Value::as_str);
                if url.is_some_and(|url| !is_http(url)) {
                    let expected = "expected an address that begins with http:// or https://";
                    problems.push(Problem::at_value(path.key("url"), expected));
                }
            }
            (false, false) if server.is_object() => {
                let expected = "expected a server with a `command` or a `url`";
                problems.push(Problem::at_value(path, expected));
            }
            (false, false) => {}
            (true, true) => {
                let expected = "expected either `command` or `url`, found both";
                problems.push(Problem::at_value(path.key("url"), expected));
            }
        }
    }
    problems
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID_CHARS).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && !id.contains("__")
        // Where it ends and a tool's name begins would not be seen.
        && !id.ends_with('_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, load};

    fn loaded(text: &str) -> Result<McpConfig, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("openclaw.json");
        std::fs::write(&file, text).unwrap();
        let loaded = load(Some(&file), Environment::default());
        loaded
            .map(|loaded| loaded.config.mcp)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_is_a_program_or_an_address() {
        let mcp = loaded(
            "{ mcp: { servers: {
                 time: { command: 'mcp-server-time', args: ['--utc'], env: { A: 'b' }, cwd: '/srv', deny: ['x*'] },
                 far: { url: 'https://mcp.example.com/mcp', headers: { authorization: 'Bearer t' }, enabled: false } } } }",
        )
        .unwrap();
        let time = McpServerConfig {
            command: Some("mcp-server-time".to_owned()),
            args: vec!["--utc".to_owned()],
            env: BTreeMap::from([("A".to_owned(), Secret::new("b"))]),
            cwd: Some("/srv".to_owned()),
            deny: vec!["x*".to_owned()],
            ..McpServerConfig::default()
        };
        let far = McpServerConfig {
            enabled: false,
            url: Some("https://mcp.example.com/mcp".into()),
            headers: BTreeMap::from([("authorization".to_owned(), Secret::new("Bearer t"))]),
            ..McpServerConfig::default()
        };
        let servers = BTreeMap::from([("time".to_owned(), time), ("far".to_owned(), far)]);
        assert_eq!(mcp.servers, servers);
    }

    #[test]
    fn what_cannot_be_a_server_is_told_at_its_place() {
        for (server, told) in [
            ("a: {}", "expected a server with a `command` or a `url`"),
            ("a: { command: 'x', url: 'http://y' }", "found both"),
            ("a: { url: 'ftp://y' }", "begins with http:// or https://"),
            ("a__b: { command: 'x' }", "without `__`"),
            ("a_: { command: 'x' }", "not ending with `_`"),
            ("'a b': { command: 'x' }", "expected an id"),
            (
                "Git: { command: 'x' }, git: { command: 'y' }",
                "expected an id that differs from `Git` in more than letter case",
            ),
        ] {
            let error = loaded(&format!("{{ mcp: {{ servers: {{ {server} }} }} }}")).unwrap_err();
            assert!(error.contains(told), "{server}: {error}");
        }
    }
}
