//! The `tools` section, globally and of an agent: which tools there are, and what bounds them.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::models::seconds;

/// Which tools agents have, and their limits. With nothing set an agent has no tool at all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolsConfig {
    #[serde(flatten)]
    pub policy: ToolPolicyConfig,
    /// Policies of a provider (`openai`) or a model (`openai/gpt-5.4`), applied after the global one.
    pub by_provider: BTreeMap<String, ToolPolicyConfig>,
    pub exec: ExecConfig,
    pub web: WebConfig,
}

/// Which tools are allowed: names, `*` globs and groups (`group:fs`, `group:memory`, `group:runtime`, `group:sessions`,
/// `group:web`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolPolicyConfig {
    /// The set to start from. With none anywhere: `minimal`.
    pub profile: Option<ToolProfile>,
    /// Only these, where the list is not empty.
    pub allow: Vec<String>,
    /// Never these, whatever allows them.
    pub deny: Vec<String>,
}

/// A named set of tools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ToolProfile {
    /// No tool at all.
    #[default]
    Minimal,
    /// Files, commands, memory, sessions and the web.
    Coding,
    /// Sessions only.
    Messaging,
    /// Every tool.
    Full,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecConfig {
    /// The limit for one command; a call may ask for less, never for more.
    #[schemars(range(min = 0.001))]
    pub timeout_sec: f64,
}

impl Default for ExecConfig {
    fn default() -> Self {
        Self { timeout_sec: 120.0 }
    }
}

impl ExecConfig {
    pub fn timeout(&self) -> Duration {
        seconds(self.timeout_sec)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct WebConfig {
    pub fetch: WebFetchConfig,
}

/// What bounds `web_fetch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct WebFetchConfig {
    /// `false` takes the tool away, whatever the policy allows.
    pub enabled: bool,
    /// Hosts that may be fetched from: exact names, or `*.example.com`. Empty: any public host.
    pub url_allowlist: Vec<String>,
    /// The most bytes of a page that are read.
    #[schemars(range(min = 1))]
    pub max_response_bytes: u64,
    pub max_redirects: u32,
    /// The limit for the whole fetch, redirects included.
    #[schemars(range(min = 0.001))]
    pub timeout_seconds: f64,
}

impl Default for WebFetchConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            url_allowlist: Vec::new(),
            max_response_bytes: 2_000_000,
            max_redirects: 3,
            timeout_seconds: 10.0,
        }
    }
}

impl WebFetchConfig {
    pub fn timeout(&self) -> Duration {
        seconds(self.timeout_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, load};

    fn loaded(text: &str) -> Result<(ToolsConfig, Vec<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("openclaw.json");
        std::fs::write(&file, text).unwrap();
        let loaded = load(Some(&file), Environment::default());
        let loaded = loaded.map_err(|error| error.to_string())?;
        Ok((loaded.config.tools, loaded.ignored))
    }

    #[test]
    fn the_section_loads_with_openclaws_other_keys_in_it() {
        let (tools, ignored) = loaded(
            "{ tools: { profile: 'coding', allow: ['read'], deny: ['exec'], elevated: {}, alsoAllow: [],
                 byProvider: { 'openai/gpt-5.4': { profile: 'minimal' } },
                 exec: { timeoutSec: 30, security: 'ask' },
                 web: { search: {}, fetch: { enabled: false, maxChars: 5 } } } }",
        )
        .unwrap();
        let minimal = ToolPolicyConfig {
            profile: Some(ToolProfile::Minimal),
            ..ToolPolicyConfig::default()
        };
        assert_eq!(
            tools,
            ToolsConfig {
                policy: ToolPolicyConfig {
                    profile: Some(ToolProfile::Coding),
                    allow: vec!["read".to_owned()],
                    deny: vec!["exec".to_owned()],
                },
                by_provider: BTreeMap::from([("openai/gpt-5.4".to_owned(), minimal)]),
                exec: ExecConfig { timeout_sec: 30.0 },
                web: WebConfig {
                    fetch: WebFetchConfig {
                        enabled: false,
                        ..WebFetchConfig::default()
                    }
                },
            }
        );
        assert_eq!(
            ignored,
            [
                "tools.elevated",
                "tools.alsoAllow",
                "tools.exec.security",
                "tools.web.search",
                "tools.web.fetch.maxChars"
            ]
        );
    }

    #[test]
    fn a_misspelt_policy_is_an_error_and_not_a_wider_one() {
        for text in [
            "{ tools: { dney: ['exec'] } }",
            "{ tools: { profile: 'none' } }",
            "{ tools: { deny: 'exec' } }",
            "{ agents: { list: [{ id: 'a', tools: { alow: [] } }] } }",
        ] {
            assert!(loaded(text).is_err(), "{text}");
        }
    }
}
