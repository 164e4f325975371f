//! What the `agents` section comes to: each agent with its settings merged over the defaults.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::agents::{
    AgentSettings, AgentsConfig, CompactionMode, Identity, MemorySearch, ModelChoice,
    ModelSettings, PromptContext,
};
use super::models::seconds;
use super::problem::{Path, Problem};
use super::tools::ToolPolicyConfig;
use crate::chat::AgentId;

/// An agent, its settings merged over the defaults.
#[derive(Debug, Clone)]
pub struct Agent {
    pub id: AgentId,
    pub is_default: bool,
    pub name: Option<String>,
    /// As written: a model ref or an alias. `None`: the program's own choice.
    pub primary: Option<String>,
    pub fallbacks: Vec<String>,
    pub models: Option<BTreeMap<String, ModelSettings>>,
    pub params: Map<String, Value>,
    pub system_prompt: Option<String>,
    pub context: PromptContext,
    pub max_tool_rounds: u32,
    pub timeout: Duration,
    pub thinking_default: Option<String>,
    pub context_tokens: Option<u64>,
    pub compaction: CompactionMode,
    pub memory_search: Option<MemorySearch>,
    /// As written: it may begin with `~/`.
    pub workspace: Option<String>,
    pub bootstrap: Bootstrap,
    pub user_timezone: Option<String>,
    pub identity: Identity,
    pub public_mode: bool,
    /// `None`: all that the workspace has.
    pub skills: Option<Vec<String>>,
    pub tools: ToolPolicyConfig,
}

/// How much of a prompt workspace files may be, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    pub max_chars: usize,
    pub total_max_chars: usize,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            max_chars: 20_000,
            total_max_chars: 150_000,
        }
    }
}

/// The id of the agent that is there when none is configured, and that is the default where it is listed.
const MAIN: &str = "main";

impl AgentsConfig {
    /// Every agent, in the order of the file (`entries`: of their ids), exactly one of them the default. `memory` is
    /// the top-level spelling of the default `memorySearch`.
    pub fn resolve(&self, memory: Option<&MemorySearch>) -> Vec<Agent> {
        let mut defaults = self.defaults.settings.clone();
        if let Some(memory) = memory {
            defaults.memory_search = Some(memory.clone());
        }
        let listed = self
            .list
            .iter()
            .map(|entry| (entry.id.as_deref().unwrap_or(MAIN), entry));
        let keyed = self.entries.iter().map(|(id, entry)| (id.as_str(), entry));
        let mut agents: Vec<Agent> = Vec::new();
        let mut chosen: Option<usize> = None;
        for (id, entry) in listed.chain(keyed) {
            if entry.default && chosen.is_none() {
                chosen = Some(agents.len());
            }
            agents.push(merge(agent_id(id), &entry.settings, &defaults));
        }
        if agents.is_empty() {
            agents.push(merge(agent_id(MAIN), &AgentSettings::default(), &defaults));
        }
        let main = agents.iter().position(|agent| agent.id.as_str() == MAIN);
        agents[chosen.or(main).unwrap_or(0)].is_default = true;
        agents
    }
}

/// What the schema cannot say: both spellings of the list at once, an agent without an id, two agents with one id.
pub(super) fn contradictions(config: &Value) -> Vec<Problem> {
    let place = Path::default().key("agents");
    let list = config.pointer("/agents/list").and_then(Value::as_array);
    let entries = config.pointer("/agents/entries").and_then(Value::as_object);
    let mut problems = Vec::new();
    if list.is_some_and(|list| !list.is_empty())
        && entries.is_some_and(|entries| !entries.is_empty())
    {
        let both = "expected either `list` or `entries`, found both";
        problems.push(Problem::at_key(place.key("entries"), both));
    }
    let mut seen = Vec::new();
    let is_default = |agent: &&Value| agent.get("default") == Some(&Value::Bool(true));
    let listed = list
        .into_iter()
        .flatten()
        .chain(entries.into_iter().flat_map(|all| all.values()));
    if listed.filter(is_default).count() > 1 {
        let several = "expected one agent with `default: true`, found several";
        problems.push(Problem::at_value(place.clone(), several));
    }
    for (index, agent) in list.into_iter().flatten().enumerate() {
        let path = place.key("list").index(index);
        match agent.get("id").and_then(Value::as_str) {
            None => problems.push(Problem::at_value(path, "expected an `id`, found none")),
            Some(id) if id.trim().is_empty() => {
                problems.push(Problem::at_value(
                    path.key("id"),
                    "expected an id, found nothing",
                ));
            }
            Some(id) => {
                let id = agent_id(id);
                if seen.contains(&id) {
                    let twice = format!("expected an id of its own, found `{id}` again");
                    problems.push(Problem::at_value(path.key("id"), twice));
                }
                seen.push(id);
            }
        }
    }
    problems
}

/// The id as OpenClaw keeps it: lower case, and `-` for what an id cannot hold.
pub fn agent_id(text: &str) -> AgentId {
    const MAX_CHARS: usize = 64;
    let tidy = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let id: String = text.trim().chars().take(MAX_CHARS).map(tidy).collect();
    let id = if id.is_empty() { MAIN } else { &id };
    id.parse().expect("only characters of an id are left")
}

fn merge(id: AgentId, own: &AgentSettings, defaults: &AgentSettings) -> Agent {
    const RUN_LIMIT_SECONDS: f64 = 600.0;
    const TOOL_ROUNDS: u32 = 32;
    let (primary, fallbacks) = models_of(own.model.as_ref(), defaults.model.as_ref());
    let mut params = defaults.params.clone().unwrap_or_default();
    params.extend(own.params.clone().unwrap_or_default());
    let timeout = own.timeout_seconds.or(defaults.timeout_seconds);
    Agent {
        id,
        is_default: false,
        name: own.name.clone().or_else(|| defaults.name.clone()),
        primary,
        fallbacks,
        models: own.models.clone().or_else(|| defaults.models.clone()),
        params,
        system_prompt: own
            .system_prompt
            .clone()
            .or_else(|| defaults.system_prompt.clone()),
        context: own.context.or(defaults.context).unwrap_or_default(),
        max_tool_rounds: own
            .max_tool_rounds
            .or(defaults.max_tool_rounds)
            .unwrap_or(TOOL_ROUNDS),
        timeout: seconds(timeout.unwrap_or(RUN_LIMIT_SECONDS)),
        thinking_default: own
            .thinking_default
            .clone()
            .or_else(|| defaults.thinking_default.clone()),
        context_tokens: own.context_tokens.or(defaults.context_tokens),
        compaction: own
            .compaction
            .or(defaults.compaction)
            .unwrap_or_default()
            .mode,
        memory_search: merge_memory(own.memory_search.as_ref(), defaults.memory_search.as_ref()),
        workspace: own.workspace.clone().or_else(|| defaults.workspace.clone()),
        bootstrap: bootstrap(own, defaults),
        user_timezone: own
            .user_timezone
            .clone()
            .or_else(|| defaults.user_timezone.clone()),
        identity: own
            .identity
            .clone()
            .or_else(|| defaults.identity.clone())
            .unwrap_or_default(),
        public_mode: own.public_mode.or(defaults.public_mode).unwrap_or_default(),
        skills: own.skills.clone().or_else(|| defaults.skills.clone()),
        tools: own
            .tools
            .clone()
            .or_else(|| defaults.tools.clone())
            .unwrap_or_default(),
    }
}

fn bootstrap(own: &AgentSettings, defaults: &AgentSettings) -> Bootstrap {
    let usual = Bootstrap::default();
    let one = own.bootstrap_max_chars.or(defaults.bootstrap_max_chars);
    let total = own
        .bootstrap_total_max_chars
        .or(defaults.bootstrap_total_max_chars);
    Bootstrap {
        max_chars: one.unwrap_or(usual.max_chars),
        total_max_chars: total.unwrap_or(usual.total_max_chars),
    }
}

/// Primary and fallbacks: a plain name of the agent's own drops the default fallbacks, an object merges key by key.
fn models_of(
    own: Option<&ModelChoice>,
    defaults: Option<&ModelChoice>,
) -> (Option<String>, Vec<String>) {
    let parts = |choice: Option<&ModelChoice>| match choice {
        None => (None, None),
        Some(ModelChoice::Name(name)) => (Some(name.clone()), Some(Vec::new())),
        Some(ModelChoice::Detailed { primary, fallbacks }) => (primary.clone(), fallbacks.clone()),
    };
    let (own_primary, own_fallbacks) = parts(own);
    let (primary, fallbacks) = parts(defaults);
    (
        own_primary.or(primary),
        own_fallbacks.or(fallbacks).unwrap_or_default(),
    )
}

fn merge_memory(
    own: Option<&MemorySearch>,
    defaults: Option<&MemorySearch>,
) -> Option<MemorySearch> {
    let (Some(own), Some(defaults)) = (own, defaults) else {
        return own.or(defaults).cloned();
    };
    let own = own.clone();
    Some(MemorySearch {
        provider: own.provider.or_else(|| defaults.provider.clone()),
        model: own.model.or_else(|| defaults.model.clone()),
        output_dimensionality: own.output_dimensionality.or(defaults.output_dimensionality),
        remote: own.remote.or_else(|| defaults.remote.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn agents(value: Value) -> Vec<Agent> {
        serde_json::from_value::<AgentsConfig>(value)
            .unwrap()
            .resolve(None)
    }

    #[test]
    fn with_no_agents_there_is_main() {
        let agents = agents(json!({ "defaults": { "model": "p/m" } }));
        assert_eq!(agents.len(), 1);
        assert_eq!(agents[0].id.as_str(), "main");
        assert!(agents[0].is_default);
        assert_eq!(agents[0].primary.as_deref(), Some("p/m"));
    }

    #[test]
    fn main_is_the_default_where_no_entry_says_so() {
        let agents = agents(json!({ "list": [{ "id": "beta" }, { "id": "Main" }] }));
        assert!(!agents[0].is_default);
        assert!(agents[1].is_default);
    }

    #[test]
    fn a_plain_model_name_drops_the_default_fallbacks() {
        let agents = agents(json!({
            "defaults": { "model": { "primary": "p/a", "fallbacks": ["p/b"] } },
            "list": [{ "id": "one", "model": "p/c" }, { "id": "two", "model": { "primary": "p/d" } }],
        }));
        assert_eq!(agents[0].primary.as_deref(), Some("p/c"));
        assert_eq!(agents[0].fallbacks, Vec::<String>::new());
        assert_eq!(agents[1].primary.as_deref(), Some("p/d"));
        assert_eq!(agents[1].fallbacks, ["p/b"]);
    }

    #[test]
    fn what_bounds_an_agent_is_its_own_or_the_defaults() {
        let agents = agents(json!({
            "defaults": {
                "workspace": "~/a", "publicMode": true, "bootstrapMaxChars": 5, "userTimezone": "UTC",
                "tools": { "profile": "full" }, "identity": { "name": "All" },
            },
            "list": [
                { "id": "one" },
                {
                    "id": "two", "workspace": "b", "publicMode": false, "bootstrapTotalMaxChars": 9,
                    "tools": { "deny": ["exec"] }, "identity": { "emoji": "x" },
                },
            ],
        }));
        let bounds = |agent: &Agent| {
            let Bootstrap {
                max_chars,
                total_max_chars,
            } = agent.bootstrap;
            json!([
                agent.workspace,
                agent.public_mode,
                max_chars,
                total_max_chars,
                agent.user_timezone,
                agent.tools.profile,
                agent.tools.deny,
                agent.identity.name,
                agent.identity.emoji,
            ])
        };
        assert_eq!(
            bounds(&agents[0]),
            json!(["~/a", true, 5, 150_000, "UTC", "full", [], "All", null])
        );
        assert_eq!(
            bounds(&agents[1]),
            json!(["b", false, 5, 9, "UTC", null, ["exec"], null, "x"])
        );
    }

    #[test]
    fn an_id_is_kept_as_openclaw_keeps_it() {
        assert_eq!(agent_id(" My Agent! ").as_str(), "my-agent-");
        assert_eq!(agent_id("").as_str(), "main");
    }
}
