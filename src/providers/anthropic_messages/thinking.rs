//! How much a model thinks, and how many tokens it has for that and its answer: one cap for both. Pure.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::super::ModelCall;
use super::generation::Generation;
use super::messages::began_with_a_thought;
use crate::chat::{ChatRequest, Message, ToolChoice};

/// The cap of an answer that nobody has capped, in tokens. The dialect wants one always.
const DEFAULT_MAX_TOKENS: u32 = 8192;

/// What joins that cap for a model that thinks as it sees fit, in tokens.
const ADAPTIVE_ROOM: u32 = 24_576;

/// The smallest budget that the API takes, in tokens.
const MIN_BUDGET: u32 = 1024;

/// The `thinking` member.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Thinking<'a> {
    Adaptive,
    Budget(u32),
    /// As the configuration has it.
    Configured(&'a Value),
}

impl Serialize for Thinking<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match self {
            Self::Configured(value) => return value.serialize(serializer),
            Self::Adaptive | Self::Budget(_) => serializer.serialize_map(Some(2))?,
        };
        if let Self::Budget(tokens) = self {
            map.serialize_entry("type", "enabled")?;
            map.serialize_entry("budget_tokens", tokens)?;
        } else {
            map.serialize_entry("type", "adaptive")?;
            // Newer models leave their thoughts out unless they are asked for.
            map.serialize_entry("display", "summarized")?;
        }
        map.end()
    }
}

/// What a call gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance<'a> {
    pub max_tokens: u32,
    pub thinking: Option<Thinking<'a>>,
    /// `output_config.effort`, for models that think adaptively.
    pub effort: Option<&'static str>,
}

impl<'a> Allowance<'a> {
    pub fn of(call: &ModelCall<'a>, generation: Generation) -> Self {
        let effort = call.request.reasoning_effort.as_deref();
        let adaptive = generation.thinks_adaptively();
        let asked = match call.params.get("thinking") {
            Some(configured) => Some(by_configuration(configured)),
            None if adaptive => {
                effort.and_then(|effort| (effort != "none").then_some(Thinking::Adaptive))
            }
            None => effort.and_then(budget).map(Thinking::Budget),
        };
        let asked = asked.filter(|asked| can_think(call, *asked));
        let (max_tokens, thinking) = match cap(call) {
            Some(cap) => (cap, asked.and_then(|asked| within(cap, asked))),
            None => (DEFAULT_MAX_TOKENS + room(asked, generation), asked),
        };
        Self {
            max_tokens,
            thinking,
            effort: effort
                .filter(|_| adaptive)
                .and_then(|effort| level(effort, generation)),
        }
    }

    /// Whether the model thinks before it answers: then it takes no sampling parameters.
    pub fn thinks(&self) -> bool {
        match self.thinking {
            None => false,
            Some(Thinking::Adaptive | Thinking::Budget(_)) => true,
            Some(Thinking::Configured(value)) => value["type"] != "disabled",
        }
    }
}

/// A configured budget is held within the cap like any other.
fn by_configuration(configured: &Value) -> Thinking<'_> {
    let tokens = configured["budget_tokens"].as_u64();
    match tokens.and_then(|tokens| u32::try_from(tokens).ok()) {
        Some(tokens) => Thinking::Budget(tokens),
        None => Thinking::Configured(configured),
    }
}

/// The API refuses thought beside a forced call. With a budget it also wants the thoughts of the turn back once a tool
/// has answered, which are not there where another model thought them; models that think adaptively do not insist.
fn can_think(call: &ModelCall<'_>, thinking: Thinking<'_>) -> bool {
    let ChatRequest {
        messages,
        tools,
        tool_choice,
        ..
    } = call.request;
    let forced = matches!(tool_choice, ToolChoice::Required | ToolChoice::Function(_));
    if forced && !tools.is_empty() {
        return false;
    }
    let in_tool_loop = matches!(messages.last(), Some(Message::Tool { .. }));
    let insists = in_tool_loop && matches!(thinking, Thinking::Budget(_));
    !insists || began_with_a_thought(messages)
}

/// The cap that somebody named: the caller, the configured parameters, or what is known of the model.
fn cap(call: &ModelCall<'_>) -> Option<u32> {
    let configured = call.params.get("max_tokens").and_then(Value::as_u64);
    let configured = configured.and_then(|tokens| u32::try_from(tokens).ok());
    call.token_cap().or(configured).or(call.max_tokens)
}

fn room(thinking: Option<Thinking<'_>>, generation: Generation) -> u32 {
    match thinking {
        Some(Thinking::Budget(tokens)) => tokens,
        Some(Thinking::Adaptive) => ADAPTIVE_ROOM,
        _ if generation.thinks_unasked() => ADAPTIVE_ROOM,
        _ => 0,
    }
}

/// `thinking` under a cap: a budget leaves half of it to the answer; where that is too little, there is none.
fn within(cap: u32, thinking: Thinking<'_>) -> Option<Thinking<'_>> {
    match thinking {
        Thinking::Budget(tokens) => {
            let tokens = tokens.min(cap / 2);
            (tokens >= MIN_BUDGET).then_some(Thinking::Budget(tokens))
        }
        thinking => Some(thinking),
    }
}

/// The tokens of an effort, for models that think within a budget.
fn budget(effort: &str) -> Option<u32> {
    match effort {
        "minimal" | "low" => Some(MIN_BUDGET),
        "medium" => Some(4096),
        "high" => Some(16_384),
        "xhigh" | "max" => Some(32_768),
        _ => None,
    }
}

fn level(effort: &str, generation: Generation) -> Option<&'static str> {
    match effort {
        "none" | "minimal" | "low" => Some("low"),
        "medium" => Some("medium"),
        "high" => Some("high"),
        "xhigh" if generation.knows_xhigh() => Some("xhigh"),
        "xhigh" => Some("high"),
        "max" => Some("max"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Mark, Marked, Sampling, Thought, ThoughtToken, TokenForm, Tool};
    use crate::config::Compat;
    use serde_json::{Map, json};

    /// Thinking, as it is written, and the cap, of a call with this effort, cap and configuration.
    fn allowed(model: &str, effort: &str, cap: Option<u32>, params: Value) -> (u32, Value) {
        let request = ChatRequest {
            reasoning_effort: Some(effort.into()),
            sampling: Sampling {
                max_tokens: cap,
                ..Sampling::default()
            },
            messages: vec![Message::user("hi")],
            ..ChatRequest::default()
        };
        of(model, &request, params.as_object().expect("an object"))
    }

    fn of(model: &str, request: &ChatRequest, params: &Map<String, Value>) -> (u32, Value) {
        let call = ModelCall {
            context_window: None,
            reasons: None,
            model,
            max_tokens: None,
            params,
            compat: Compat::default(),
            request,
            notes: &crate::chat::Notes::default(),
        };
        let allowance = Allowance::of(&call, Generation::of(model));
        (
            allowance.max_tokens,
            serde_json::to_value(allowance.thinking).unwrap(),
        )
    }

    fn enabled(tokens: u32) -> Value {
        json!({ "type": "enabled", "budget_tokens": tokens })
    }

    #[test]
    fn a_budget_joins_the_cap_that_nobody_named_and_takes_half_of_one_that_somebody_did() {
        let sonnet = |effort, cap| allowed("claude-sonnet-4-5", effort, cap, json!({}));
        assert_eq!(sonnet("low", None), (9216, enabled(1024)));
        assert_eq!(sonnet("high", None), (24_576, enabled(16_384)));
        assert_eq!(sonnet("high", Some(20_000)), (20_000, enabled(10_000)));
        assert_eq!(sonnet("high", Some(2047)), (2047, json!(null)));
        assert_eq!(sonnet("none", None), (8192, json!(null)));
    }

    #[test]
    fn a_configured_budget_is_held_within_the_cap_as_well() {
        let params = json!({ "thinking": enabled(6000), "max_tokens": 10_000 });
        let sonnet = |cap| allowed("claude-sonnet-4-5", "high", cap, params.clone());
        assert_eq!(sonnet(None), (10_000, enabled(5000)));
        assert_eq!(sonnet(Some(100)), (100, json!(null)));
    }

    #[test]
    fn a_model_that_thinks_as_it_sees_fit_has_room_for_it() {
        let adaptive = json!({ "type": "adaptive", "display": "summarized" });
        let opus = |effort| allowed("claude-opus-5-5", effort, None, json!({}));
        assert_eq!(opus("high"), (32_768, adaptive));
        assert_eq!(opus("none"), (32_768, json!(null)));
        let older = allowed("claude-opus-4-6", "none", None, json!({}));
        assert_eq!(older, (8192, json!(null)));
    }

    #[test]
    fn a_forced_call_leaves_no_budget_and_a_tools_answer_only_where_the_thoughts_are_kept() {
        let thinking = ChatRequest {
            reasoning_effort: Some("low".into()),
            messages: vec![Message::user("hi")],
            ..ChatRequest::default()
        };
        let forced = ChatRequest {
            tool_choice: ToolChoice::Required,
            tools: vec![Tool {
                name: "f".into(),
                description: None,
                parameters: None,
                strict: None,
            }],
            ..thinking.clone()
        };
        let answered = |marks| ChatRequest {
            messages: vec![
                Message::user("hi"),
                Message::Assistant {
                    parts: Vec::new(),
                    reasoning: None,
                    tool_calls: Vec::new(),
                    name: None,
                    marks,
                },
                Message::Tool {
                    call_id: "a".into(),
                    parts: Vec::new(),
                },
            ],
            ..thinking.clone()
        };
        let in_loop = answered(Vec::new());
        let thought = Marked::Thought(Thought {
            text: "hm".into(),
            token: ThoughtToken {
                form: TokenForm::AnthropicSignature,
                model: None,
                id: None,
                content: "EqQB".into(),
            },
        });
        let kept = answered(vec![Mark {
            parts: 0,
            calls: 0,
            what: thought,
        }]);
        let sonnet = |request| of("claude-sonnet-4-5", request, &Map::new());
        assert_eq!(sonnet(&forced), (8192, json!(null)));
        assert_eq!(sonnet(&in_loop), (8192, json!(null)));
        assert_eq!(sonnet(&kept), (9216, enabled(1024)));
        let adaptive = of("claude-opus-4-6", &in_loop, &Map::new()).1;
        assert_eq!(adaptive["type"], "adaptive");
    }
}
