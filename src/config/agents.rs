//! The `agents` section as it is written. What it comes to is in `agent`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::secret::Secret;
use super::server_url::ServerUrl;
use super::tools::ToolPolicyConfig;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentsConfig {
    /// What every agent has unless its own entry says otherwise.
    pub defaults: AgentDefaults,
    pub list: Vec<AgentEntry>,
    /// The later spelling of `list`: the key is the id.
    pub entries: BTreeMap<String, AgentEntry>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentDefaults {
    #[serde(flatten)]
    pub settings: AgentSettings,
    /// Runs at once, over all agents.
    #[schemars(range(min = 1))]
    pub max_concurrent: u32,
    /// Runs that wait for a place; one more is told to try again later.
    pub max_queued: u32,
}

impl Default for AgentDefaults {
    fn default() -> Self {
        Self {
            settings: AgentSettings::default(),
            max_concurrent: 4096,
            max_queued: 4096,
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentEntry {
    pub id: Option<String>,
    /// Whether this is the default agent.
    pub default: bool,
    #[serde(flatten)]
    pub settings: AgentSettings,
}

/// What can be said of an agent, or of all of them in `agents.defaults`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentSettings {
    pub name: Option<String>,
    /// A model ref or alias, or `{ primary, fallbacks }`.
    pub model: Option<ModelChoice>,
    /// Models by ref, with aliases and parameters. When given, these, the primary and the fallbacks are the only models allowed.
    pub models: Option<BTreeMap<String, ModelSettings>>,
    /// Extra members of the provider's request.
    pub params: Option<Map<String, Value>>,
    pub system_prompt: Option<String>,
    /// How much prompt of ours a run carries.
    pub context: Option<PromptContext>,
    /// How often tools of the house may be called in one run before it is ended; calls made together count once.
    pub max_tool_rounds: Option<u32>,
    /// The limit for a whole run.
    #[schemars(range(min = 0.001))]
    pub timeout_seconds: Option<f64>,
    /// The reasoning effort when the caller names none.
    pub thinking_default: Option<String>,
    /// How many tokens a conversation may have, where that is less than the model's context window.
    pub context_tokens: Option<u64>,
    pub compaction: Option<CompactionConfig>,
    pub memory_search: Option<MemorySearch>,
    /// The folder of the agent's files: what its tools work in, and where its prompt's files are.
    pub workspace: Option<String>,
    /// OpenClaw's switch against making workspace files. Nothing makes them here.
    pub skip_bootstrap: Option<bool>,
    /// The most characters that one workspace file adds to the prompt.
    pub bootstrap_max_chars: Option<usize>,
    /// The most characters that all workspace files add to the prompt.
    pub bootstrap_total_max_chars: Option<usize>,
    /// The time zone of the person the agent works for, as in `Europe/Berlin`.
    pub user_timezone: Option<String>,
    pub identity: Option<Identity>,
    /// Whether the agent answers strangers: its prompt and its tools then say nothing of this machine.
    pub public_mode: Option<bool>,
    /// The names of the workspace's skills that the agent has; all of them where this is not said.
    pub skills: Option<Vec<String>>,
    pub tools: Option<ToolPolicyConfig>,
}

/// Who the agent says it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity {
    pub name: Option<String>,
    pub emoji: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CompactionConfig {
    pub mode: CompactionMode,
}

/// What becomes of the oldest turns of a session that no longer fits the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CompactionMode {
    /// They are left out.
    #[default]
    Off,
    /// The agent's own model sums them up, and the summary takes their place.
    Summarize,
    /// OpenClaw's own; here as `off`.
    Default,
    /// OpenClaw's own; here as `off`.
    Safeguard,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ModelChoice {
    /// Replaces the primary and keeps no default fallbacks.
    Name(String),
    Detailed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        primary: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fallbacks: Option<Vec<String>>,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelSettings {
    /// A short name for the model.
    pub alias: Option<String>,
    /// Extra members of the provider's request.
    pub params: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PromptContext {
    /// Everything.
    #[default]
    Full,
    /// `systemPrompt` and the runtime line.
    Light,
    /// No prompt of ours at all.
    None,
}

/// The embedding model of an agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct MemorySearch {
    /// A provider id.
    pub provider: Option<String>,
    /// The provider's own id of the model, or a model ref.
    pub model: Option<String>,
    pub output_dimensionality: Option<u32>,
    /// Another place for this provider's embeddings.
    pub remote: Option<RemoteEmbedding>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RemoteEmbedding {
    pub base_url: Option<ServerUrl>,
    pub api_key: Option<Secret>,
    pub headers: BTreeMap<String, Secret>,
}
