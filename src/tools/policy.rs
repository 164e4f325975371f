//! Which tools an agent may have: profiles, allow and deny lists, in layers. Pure.
//!
//! Layers, outermost first: `tools`, its `byProvider` for the provider and then for the model, the agent's own `tools`.
//! The innermost layer that names a profile, or allows anything, says what there is to start from; every `allow` list on
//! the way narrows that; every `deny` list takes away, and nothing gives back what it took. With no layer that names or
//! allows anything there is no tool at all.

use std::collections::BTreeMap;

use super::Tool;
use super::glob;
use crate::chat::ModelRef;
use crate::config::{ToolPolicyConfig, ToolProfile, ToolsConfig};

/// Tools that policies name together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Reading and writing files.
    Fs,
    /// Searching what the agent has written down.
    Memory,
    /// Running commands.
    Runtime,
    /// Seeing sessions.
    Sessions,
    /// Reading the web.
    Web,
}

impl Group {
    /// The group's name in a policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fs => "group:fs",
            Self::Memory => "group:memory",
            Self::Runtime => "group:runtime",
            Self::Sessions => "group:sessions",
            Self::Web => "group:web",
        }
    }
}

/// Which tools an agent may have, model by model.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    global: Layer,
    /// By provider, or by `provider/model`; in lower case.
    by_provider: BTreeMap<String, Layer>,
    agent: Layer,
    /// Whether any layer names a profile or allows anything; without one there is no tool.
    grants: bool,
}

#[derive(Debug, Clone, Default)]
struct Layer {
    profile: Option<ToolProfile>,
    allow: Vec<String>,
    deny: Vec<String>,
}

impl Policy {
    /// The policy of an agent whose own `tools` are `agent`.
    pub fn new(tools: &ToolsConfig, agent: &ToolPolicyConfig) -> Self {
        let layer = |(name, config): (&String, _)| (name.to_ascii_lowercase(), Layer::new(config));
        let (global, agent) = (Layer::new(&tools.policy), Layer::new(agent));
        let by_provider: BTreeMap<_, _> = tools.by_provider.iter().map(layer).collect();
        let grants = by_provider
            .values()
            .chain([&global, &agent])
            .any(Layer::grants);
        Self {
            grants,
            global,
            by_provider,
            agent,
        }
    }

    /// Whether there is a tool at all, whatever its name and the model.
    pub fn allows_none(&self) -> bool {
        !self.grants
    }

    /// Whether the agent may have this tool when it runs on `model`.
    pub fn allows(&self, model: &ModelRef, tool: &dyn Tool) -> bool {
        let tool = Named {
            name: tool.name(),
            group: tool.group(),
        };
        let mut start = ToolProfile::Minimal;
        let mut narrowed = true;
        for layer in self.layers(model) {
            if tool.is_in(&layer.deny) {
                return false;
            }
            let allows_any = !layer.allow.is_empty();
            match layer.profile {
                Some(profile) => start = profile,
                // What this list allows is what there is; the list itself narrows it to that.
                None if allows_any => start = ToolProfile::Full,
                None => {}
            }
            narrowed &= !allows_any || tool.is_in(&layer.allow);
        }
        narrowed && tool.is_of(start)
    }

    /// Whether the agent may have any tool, none of them in a group, whose name begins with `prefix` when it runs on
    /// `model`.
    pub fn may_allow(&self, model: &ModelRef, prefix: &str) -> bool {
        let prefix = prefix.to_ascii_lowercase();
        // No pattern names a control character: one that takes it takes every name.
        let any = format!("{prefix}\u{1}");
        let mut start = ToolProfile::Minimal;
        let mut narrowed = true;
        for layer in self.layers(model) {
            if layer
                .deny
                .iter()
                .any(|pattern| glob::matches(pattern, &any))
            {
                return false;
            }
            let allows_any = !layer.allow.is_empty();
            match layer.profile {
                Some(profile) => start = profile,
                None if allows_any => start = ToolProfile::Full,
                None => {}
            }
            let may = |pattern: &String| glob::may_match(pattern, &prefix);
            narrowed &= !allows_any || layer.allow.iter().any(may);
        }
        narrowed && start == ToolProfile::Full
    }

    fn layers(&self, model: &ModelRef) -> impl Iterator<Item = &Layer> {
        let named = |name: &str| self.by_provider.get(&name.to_ascii_lowercase());
        // Most gateways have no such layers: then no name is made.
        let of_model = (!self.by_provider.is_empty())
            .then(|| [named(model.provider.as_str()), named(&model.to_string())]);
        let of_model = of_model.into_iter().flatten().flatten();
        [&self.global]
            .into_iter()
            .chain(of_model)
            .chain([&self.agent])
    }
}

impl Layer {
    /// Whether it names a profile or allows anything.
    fn grants(&self) -> bool {
        self.profile.is_some() || !self.allow.is_empty()
    }

    fn new(config: &ToolPolicyConfig) -> Self {
        let names = |names: &[String]| names.iter().map(|name| tool_name(name)).collect();
        Self {
            profile: config.profile,
            allow: names(&config.allow),
            deny: names(&config.deny),
        }
    }
}

/// A name of a policy as it is compared: in lower case, and OpenClaw's other name of `exec` as `exec`.
fn tool_name(name: &str) -> String {
    match name.trim().to_ascii_lowercase().as_str() {
        "bash" => "exec".to_owned(),
        name => name.to_owned(),
    }
}

struct Named<'a> {
    name: &'a str,
    group: Option<Group>,
}

impl Named<'_> {
    fn is_in(&self, patterns: &[String]) -> bool {
        patterns.iter().any(|pattern| {
            let of_group = |group: Group| group.as_str() == pattern;
            self.group.is_some_and(of_group)
                || (!pattern.starts_with("group:")
                    && glob::matches(pattern, &self.name.to_ascii_lowercase()))
        })
    }

    fn is_of(&self, profile: ToolProfile) -> bool {
        match profile {
            ToolProfile::Minimal => false,
            ToolProfile::Messaging => self.group == Some(Group::Sessions),
            // A tool without a group comes from outside: `coding` does not know what it does.
            ToolProfile::Coding => self.group.is_some(),
            ToolProfile::Full => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::builtin;
    use serde_json::{Value, json};

    const ALL: &str = "edit exec grep ls memory_get memory_search read session_status sessions_history sessions_list web_fetch write";

    /// The names of the tools that an agent with `agent` as its `tools` has on `openai/gpt-5.4`.
    fn allowed(tools: Value, agent: Value) -> String {
        let policy = Policy::new(
            &serde_json::from_value(tools).unwrap(),
            &serde_json::from_value(agent).unwrap(),
        );
        let model = "openai/gpt-5.4".parse().unwrap();
        let tools = builtin();
        let names: Vec<&str> = tools
            .iter()
            .filter(|tool| policy.allows(&model, tool.as_ref()))
            .map(|tool| tool.name())
            .collect();
        names.join(" ")
    }

    #[test]
    fn with_nothing_configured_there_is_no_tool() {
        assert_eq!(allowed(json!({}), json!({})), "");
        assert_eq!(allowed(json!({ "profile": "minimal" }), json!({})), "");
        assert_eq!(allowed(json!({ "deny": ["exec"] }), json!({})), "");
        assert_eq!(allowed(json!({ "allow": [] }), json!({ "allow": [] })), "");
    }

    #[test]
    fn tools_from_outside_are_possible_where_some_name_of_theirs_is_allowed() {
        let may = |tools: Value, agent: Value| {
            let tools = serde_json::from_value(tools).unwrap();
            let policy = Policy::new(&tools, &serde_json::from_value(agent).unwrap());
            policy.may_allow(&"openai/gpt-5.4".parse().unwrap(), "time__")
        };
        let none = || json!({});
        assert!(!may(none(), none()));
        assert!(!may(json!({ "profile": "coding" }), none()));
        assert!(may(json!({ "profile": "full" }), none()));
        for allow in [
            "*",
            "time__*",
            "time__now",
            "TIME__*",
            "*now",
            "t*",
            "time*",
        ] {
            assert!(may(json!({ "allow": [allow] }), none()), "{allow}");
        }
        for allow in ["read", "time", "timer__*", "group:fs", "x*"] {
            assert!(!may(json!({ "allow": [allow] }), none()), "{allow}");
        }
        for deny in ["*", "time__*", "*__*", "time*"] {
            let denied = json!({ "profile": "full", "deny": [deny] });
            assert!(!may(denied, none()), "{deny}");
        }
        assert!(may(
            json!({ "profile": "full", "deny": ["time__now", "*now"] }),
            none()
        ));
        assert!(!may(
            json!({ "profile": "full" }),
            json!({ "allow": ["read"] })
        ));
    }

    #[test]
    fn each_profile_is_a_set_of_tools() {
        assert_eq!(allowed(json!({ "profile": "full" }), json!({})), ALL);
        assert_eq!(allowed(json!({ "profile": "coding" }), json!({})), ALL);
        assert_eq!(
            allowed(json!({ "profile": "messaging" }), json!({})),
            "session_status sessions_history sessions_list"
        );
    }

    #[test]
    fn lists_name_tools_globs_and_groups_in_any_case() {
        let only = |allow: &[&str]| allowed(json!({ "allow": allow }), json!({}));
        assert_eq!(only(&["READ", "ls"]), "ls read");
        assert_eq!(only(&["memory_*"]), "memory_get memory_search");
        assert_eq!(only(&["group:fs"]), "edit grep ls read write");
        assert_eq!(only(&["group:memory"]), "memory_get memory_search");
        assert_eq!(only(&["group:runtime"]), "exec");
        assert_eq!(
            only(&["group:sessions"]),
            "session_status sessions_history sessions_list"
        );
        assert_eq!(only(&["group:web"]), "web_fetch");
        assert_eq!(only(&["Bash"]), "exec");
        assert_eq!(only(&["*"]), ALL);
        assert_eq!(only(&["group:*", "nothing"]), "");
    }

    #[test]
    fn deny_wins_wherever_it_stands() {
        let full = json!({ "profile": "full", "deny": ["group:runtime"] });
        assert!(!allowed(full.clone(), json!({ "allow": ["exec"] })).contains("exec"));
        assert!(!allowed(full, json!({ "profile": "full" })).contains("exec"));
        let agent = json!({ "deny": ["*"] });
        assert_eq!(allowed(json!({ "profile": "full" }), agent), "");
        let both = json!({ "allow": ["read", "exec"], "deny": ["bash"] });
        assert_eq!(allowed(both, json!({})), "read");
    }

    #[test]
    fn an_allow_list_beside_a_profile_narrows_it() {
        let tools = json!({ "profile": "coding", "allow": ["read", "web_fetch", "other"] });
        assert_eq!(allowed(tools, json!({})), "read web_fetch");
        let none = json!({ "profile": "minimal", "allow": ["read"] });
        assert_eq!(allowed(none, json!({})), "");
    }

    #[test]
    fn an_inner_profile_or_list_replaces_the_outer_profile() {
        let messaging = json!({ "profile": "messaging" });
        let coding = json!({ "profile": "coding" });
        assert_eq!(allowed(messaging.clone(), coding), ALL);
        let read = json!({ "allow": ["read"] });
        assert_eq!(allowed(messaging, read.clone()), "read");
        assert_eq!(allowed(json!({}), read), "read");
        let minimal = json!({ "profile": "minimal" });
        assert_eq!(allowed(json!({ "profile": "full" }), minimal), "");
    }

    #[test]
    fn an_outer_list_still_narrows_what_an_inner_layer_names() {
        let outer = json!({ "allow": ["read", "ls"] });
        assert_eq!(
            allowed(outer.clone(), json!({ "profile": "full" })),
            "ls read"
        );
        assert_eq!(
            allowed(outer.clone(), json!({ "allow": ["read", "exec"] })),
            "read"
        );
        assert_eq!(allowed(outer, json!({ "allow": ["exec"] })), "");
    }

    #[test]
    fn the_layers_of_provider_and_model_lie_between_the_global_one_and_the_agent() {
        let tools = |by_provider: Value| json!({ "profile": "full", "byProvider": by_provider });
        let none = json!({ "OpenAI": { "profile": "minimal" } });
        assert_eq!(allowed(tools(none.clone()), json!({})), "");
        assert_eq!(
            allowed(tools(none), json!({ "profile": "messaging" })),
            "session_status sessions_history sessions_list"
        );
        let model = json!({
            "openai": { "deny": ["exec"] },
            "openai/gpt-5.4": { "allow": ["exec", "read"] },
            "openai/other": { "deny": ["*"] },
            "groq": { "deny": ["*"] },
        });
        assert_eq!(allowed(tools(model), json!({})), "read");
    }
}
