//! The JSON that `openclaw agent` prints: the object of `--json` and the lines of `--events`. Pure.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::chat::{AgentId, Delta, FinishReason, ModelRef, ToolActivity, ToolCallDelta, Usage};

/// The object of `--json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Whole<'a> {
    pub text: &'a str,
    pub model: Option<&'a ModelRef>,
    pub agent: Option<&'a AgentId>,
    /// Null for a run of which nothing is kept.
    pub session_key: Option<&'a str>,
    pub usage: Option<Usage>,
    pub tool_calls: &'a [Call],
    pub finish_reason: FinishReason,
    pub duration_ms: u128,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

/// A line of `--events`.
#[derive(Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Line<'a> {
    Started {
        agent: &'a AgentId,
        model: &'a ModelRef,
        session_key: Option<&'a str>,
    },
    Text {
        text: &'a str,
    },
    Reasoning {
        text: &'a str,
    },
    Refusal {
        text: &'a str,
    },
    ToolCall {
        index: usize,
        id: Option<&'a str>,
        name: Option<&'a str>,
        arguments: &'a str,
    },
    Logprobs {
        logprobs: &'a RawValue,
    },
    /// A tool of the house is called.
    ToolStarted {
        id: &'a str,
        name: &'a str,
        arguments: &'a str,
    },
    ToolResult {
        id: &'a str,
        name: &'a str,
        is_error: bool,
        text: &'a str,
    },
    Finished {
        finish_reason: FinishReason,
        usage: Option<Usage>,
        duration_ms: u128,
    },
}

/// What a tool of the house does, as a line.
pub fn line_of_tool(activity: &ToolActivity) -> Line<'_> {
    match activity {
        ToolActivity::Called(call) => Line::ToolStarted {
            id: &call.id,
            name: &call.name,
            arguments: &call.arguments,
        },
        ToolActivity::Answered {
            id,
            name,
            is_error,
            text,
        } => Line::ToolResult {
            id,
            name,
            is_error: *is_error,
            text,
        },
    }
}

/// A piece of output as a line; none for what is between the model and its provider.
pub fn line_of(delta: &Delta) -> Option<Line<'_>> {
    Some(match delta {
        Delta::Text(text) => Line::Text { text },
        Delta::Reasoning(text) => Line::Reasoning { text },
        Delta::Refusal(text) => Line::Refusal { text },
        Delta::ToolCall(call) => Line::ToolCall {
            index: call.index,
            id: call.id.as_deref(),
            name: call.name.as_deref(),
            arguments: &call.arguments,
        },
        Delta::Logprobs(logprobs) => Line::Logprobs { logprobs },
        Delta::Thought(_) | Delta::Message(_) => return None,
    })
}

/// Puts a fragment to its call. One that is out of order is left out.
pub fn add(calls: &mut Vec<Call>, fragment: ToolCallDelta) {
    if fragment.index == calls.len() {
        calls.push(Call {
            id: fragment.id.unwrap_or_default(),
            name: fragment.name.unwrap_or_default(),
            arguments: fragment.arguments,
        });
    } else if let Some(call) = calls.get_mut(fragment.index) {
        call.arguments.push_str(&fragment.arguments);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_one_object_with_a_type() {
        let line = Line::Finished {
            finish_reason: FinishReason::Stop,
            usage: Some(Usage {
                input_tokens: 2,
                output_tokens: 3,
                total_tokens: 5,
                ..Usage::default()
            }),
            duration_ms: 7,
        };
        assert_eq!(
            serde_json::to_value(&line).unwrap(),
            json!({
                "type": "finished", "finishReason": "stop", "durationMs": 7,
                "usage": { "inputTokens": 2, "outputTokens": 3, "totalTokens": 5, "cachedTokens": 0, "cacheWriteTokens": 0, "reasoningTokens": 0 },
            })
        );
        let call = Delta::ToolCall(ToolCallDelta {
            index: 0,
            id: None,
            name: None,
            arguments: "{".into(),
        });
        assert_eq!(
            serde_json::to_value(line_of(&call)).unwrap(),
            json!({ "type": "toolCall", "index": 0, "id": null, "name": null, "arguments": "{" })
        );
    }

    #[test]
    fn fragments_of_tool_calls_become_whole_calls() {
        let fragment = |index, id: Option<&str>, arguments: &str| ToolCallDelta {
            index,
            id: id.map(str::to_owned),
            name: id.map(|_| "look".to_owned()),
            arguments: arguments.to_owned(),
        };
        let mut calls = Vec::new();
        add(&mut calls, fragment(0, Some("a"), "{\"x\""));
        add(&mut calls, fragment(0, None, ":1}"));
        add(&mut calls, fragment(1, Some("b"), "{}"));
        let call = |id: &str, arguments: &str| Call {
            id: id.to_owned(),
            name: "look".to_owned(),
            arguments: arguments.to_owned(),
        };
        assert_eq!(calls, [call("a", "{\"x\":1}"), call("b", "{}")]);
    }
}
