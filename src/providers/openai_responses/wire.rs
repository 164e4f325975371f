//! The events and objects of the dialect, as far as they are read. Everything but its type may be missing; events, items
//! and parts of other types than those that are named here say nothing that is passed on.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::calls::FunctionCall;
use crate::chat::{MessagePhase, Usage};

/// An event of a stream.
#[derive(Deserialize)]
#[serde(tag = "type")]
pub enum Wire {
    #[serde(rename = "response.output_text.delta")]
    Text {
        delta: Option<String>,
        logprobs: Option<Vec<Value>>,
    },
    #[serde(rename = "response.refusal.delta")]
    Refusal { delta: Option<String> },
    #[serde(rename = "response.reasoning_summary_part.added")]
    SummaryPart,
    /// The third name is the one of Open Responses.
    #[serde(
        rename = "response.reasoning_summary_text.delta",
        alias = "response.reasoning_text.delta",
        alias = "response.reasoning.delta"
    )]
    Reasoning { delta: Option<String> },
    #[serde(rename = "response.output_item.added")]
    ItemAdded(Placed),
    #[serde(rename = "response.output_item.done")]
    ItemDone(Placed),
    #[serde(rename = "response.function_call_arguments.delta")]
    Arguments(Arguments),
    #[serde(rename = "response.function_call_arguments.done")]
    ArgumentsDone(Arguments),
    #[serde(rename = "response.completed", alias = "response.incomplete")]
    Ended { response: Option<Ending> },
    #[serde(rename = "response.failed")]
    Failed { response: Option<Ending> },
    #[serde(rename = "error")]
    Error(Map<String, Value>),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub struct Placed {
    pub output_index: Option<usize>,
    pub item: Option<Item>,
}

/// A piece of a call's arguments, or all of them.
#[derive(Deserialize)]
pub struct Arguments {
    pub output_index: Option<usize>,
    pub item_id: Option<String>,
    #[serde(alias = "arguments")]
    pub delta: Option<String>,
}

/// An item of the output.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    Message {
        #[serde(default, deserialize_with = "phase")]
        phase: Option<MessagePhase>,
        content: Option<Vec<Part>>,
    },
    Reasoning(Reasoning),
    FunctionCall(FunctionCall),
    #[serde(other)]
    Other,
}

/// A label that is not known is none.
fn phase<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MessagePhase>, D::Error> {
    let label = Option::<Value>::deserialize(deserializer)?;
    Ok(label.and_then(|label| serde_json::from_value(label).ok()))
}

#[derive(Deserialize)]
pub struct Reasoning {
    pub id: Option<String>,
    pub summary: Option<Vec<Thought>>,
    pub content: Option<Vec<Thought>>,
    pub encrypted_content: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    OutputText {
        text: Option<String>,
        logprobs: Option<Vec<Value>>,
    },
    Refusal {
        refusal: Option<String>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub struct Thought {
    pub text: Option<String>,
}

/// A whole response.
#[derive(Deserialize)]
pub struct Response {
    pub output: Option<Vec<Item>>,
    #[serde(flatten)]
    pub ending: Ending,
}

/// How a response ended.
#[derive(Default, Deserialize)]
pub struct Ending {
    pub status: Option<String>,
    pub incomplete_details: Option<Incomplete>,
    pub error: Option<Value>,
    pub usage: Option<WireUsage>,
}

#[derive(Deserialize)]
pub struct Incomplete {
    pub reason: Option<String>,
}

#[derive(Deserialize)]
pub struct WireUsage {
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub total_tokens: Option<u64>,
    pub input_tokens_details: Option<InputDetails>,
    pub output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize, Default)]
pub struct InputDetails {
    pub cached_tokens: Option<u64>,
    pub cache_write_tokens: Option<u64>,
}

#[derive(Deserialize)]
pub struct OutputDetails {
    pub reasoning_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        let input = wire.input_tokens.unwrap_or(0);
        let output = wire.output_tokens.unwrap_or(0);
        let details = wire.input_tokens_details.unwrap_or_default();
        let reasoning = wire
            .output_tokens_details
            .and_then(|of| of.reasoning_tokens);
        Self {
            input_tokens: input,
            output_tokens: output,
            total_tokens: wire.total_tokens.unwrap_or(input + output),
            cached_tokens: details.cached_tokens.unwrap_or(0),
            cache_write_tokens: details.cache_write_tokens.unwrap_or(0),
            reasoning_tokens: reasoning.unwrap_or(0),
            cost: None,
        }
    }
}
