//! What a model, and a run, say over time.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::cost::Cost;
use super::ids::{AgentId, ModelRef};
use super::mark::{MessagePhase, ThoughtToken};
use super::message::ToolCall;

/// What one model call says. Order: deltas, one `Finished`; then the stream ends.
#[derive(Debug, Clone)]
pub enum ChatEvent {
    Delta(Delta),
    Finished(Finished),
}

/// A piece of output.
#[derive(Debug, Clone)]
pub enum Delta {
    Text(String),
    Reasoning(String),
    /// The reasoning since the last such token is a thought that its provider takes back. Thoughts are paragraphs: who
    /// joins them puts an empty line between. One may have no text.
    Thought(Box<ThoughtToken>),
    /// A message of its own begins, of this phase.
    Message(Option<MessagePhase>),
    Refusal(String),
    ToolCall(ToolCallDelta),
    /// Token log probabilities as the provider wrote them (OpenAI's `choices[].logprobs` object).
    Logprobs(Box<RawValue>),
}

/// A fragment of a tool call. The first fragment of an `index` carries id and name; later ones carry arguments only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCallDelta {
    /// Which call of this answer, from 0, in the order of their first fragments.
    pub index: usize,
    pub id: Option<String>,
    pub name: Option<String>,
    pub arguments: String,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
}

impl FinishReason {
    /// The word of the OpenAI API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
        }
    }
}

/// Tokens, as providers reported them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
    /// Of the input, read from the provider's prompt cache.
    pub cached_tokens: u64,
    /// Of the input, written into the provider's prompt cache.
    pub cache_write_tokens: u64,
    /// Of the output, spent on reasoning.
    pub reasoning_tokens: u64,
    /// What it costs at the model's price; absent where a price is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

impl AddAssign for Usage {
    /// Nothing yet and something is that. A sum has a cost where each part has one.
    fn add_assign(&mut self, other: Self) {
        if *self == Self::default() {
            *self = other;
            return;
        }
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.total_tokens += other.total_tokens;
        self.cached_tokens += other.cached_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
        self.cost = self.cost.zip(other.cost).map(|(mut cost, more)| {
            cost += more;
            cost
        });
    }
}

/// What a run says. Order: one `Started`, deltas, one `Finished`; then the stream ends.
#[derive(Debug, Clone)]
pub enum RunEvent {
    Started(Started),
    Delta(Delta),
    /// What the agent does besides talking. Callers that do not watch it lose nothing of the answer.
    Tool(ToolActivity),
    Finished(Finished),
}

/// A tool of the house at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolActivity {
    Called(ToolCall),
    /// The answer to the call with this id, cut to the size that the model is given.
    Answered {
        id: String,
        name: String,
        is_error: bool,
        text: String,
    },
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    pub agent: AgentId,
    /// The model that actually answers, after overrides and failover.
    pub model: ModelRef,
    /// The key of the session that lasts, where the run has one.
    pub session: Option<String>,
}

/// How a model call, or a run, ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    pub reason: FinishReason,
    /// Of a run: summed over its model calls. Absent when no provider reported any.
    pub usage: Option<Usage>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(cost: Option<Cost>) -> Usage {
        Usage {
            input_tokens: 2,
            cache_write_tokens: 1,
            cost,
            ..Usage::default()
        }
    }

    #[test]
    fn a_sum_has_a_cost_where_each_part_has_one() {
        let one = Some(Cost::of_tokens(1, 1.0));
        let mut sum = Usage::default();
        sum += usage(one);
        assert_eq!(sum, usage(one));
        sum += usage(one);
        assert_eq!(sum.cost, Some(Cost::of_tokens(2, 1.0)));
        assert_eq!((sum.input_tokens, sum.cache_write_tokens), (4, 2));
        sum += usage(None);
        assert_eq!((sum.input_tokens, sum.cost), (6, None));
    }
}
