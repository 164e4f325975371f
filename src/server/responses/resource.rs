//! The response object: what its request asked for, echoed, and what has become of it so far.

use serde::Serialize;
use serde_json::value::RawValue;

use super::item::Item;
use super::tools;
use crate::chat::{Cost, FinishReason, Usage};
use crate::server::error::ApiError;

/// What is the same in every state of a response, from its request.
#[derive(Debug, Serialize)]
pub struct Echo {
    pub background: bool,
    pub frequency_penalty: f64,
    pub instructions: Option<String>,
    pub max_output_tokens: Option<u32>,
    pub max_tool_calls: Option<u32>,
    #[serde(serialize_with = "object")]
    pub metadata: Option<Box<RawValue>>,
    pub model: String,
    pub parallel_tool_calls: bool,
    pub presence_penalty: f64,
    pub previous_response_id: Option<String>,
    pub prompt_cache_key: Option<String>,
    pub reasoning: ReasoningEcho,
    pub safety_identifier: Option<String>,
    pub service_tier: String,
    /// Told with the state: what failed is not stored.
    #[serde(skip)]
    pub store: bool,
    pub temperature: f64,
    pub text: TextEcho,
    pub tool_choice: tools::ChoiceEcho,
    pub tools: Vec<tools::Echo>,
    pub top_logprobs: u32,
    pub top_p: f64,
    pub truncation: String,
    pub user: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct ReasoningEcho {
    pub effort: Option<String>,
    pub summary: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct TextEcho {
    pub format: FormatEcho,
    pub verbosity: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FormatEcho {
    Text,
    JsonObject,
    JsonSchema {
        name: String,
        description: Option<String>,
        schema: Option<Box<RawValue>>,
        strict: bool,
    },
}

/// An object that was not sent is an empty one.
fn object<S: serde::Serializer>(
    metadata: &Option<Box<RawValue>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match metadata {
        Some(raw) => raw.serialize(serializer),
        None => serializer.collect_map::<&str, (), _>([]),
    }
}

/// Writes a response in each of its states. What is the same in all of them is written once, in advance.
#[derive(Debug)]
pub struct Resource {
    /// From `{` to the first member that changes.
    head: Vec<u8>,
    store: bool,
}

/// A state of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State<'a> {
    InProgress,
    /// Made to its end, or as far as the model went.
    Ended {
        reason: FinishReason,
        usage: Option<Usage>,
        /// Seconds since 1970.
        at: u64,
    },
    Failed(&'a ApiError),
}

impl State<'_> {
    /// The word of the dialect.
    pub fn word(&self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Ended { reason, .. } => match incomplete(*reason) {
                None => "completed",
                Some(_) => "incomplete",
            },
            Self::Failed(_) => "failed",
        }
    }
}

/// Why an answer is not whole, where it is not.
fn incomplete(reason: FinishReason) -> Option<&'static str> {
    match reason {
        FinishReason::Stop | FinishReason::ToolCalls => None,
        FinishReason::Length => Some("max_output_tokens"),
        FinishReason::ContentFilter => Some("content_filter"),
    }
}

impl Resource {
    /// `created` in seconds since 1970.
    pub fn new(id: &str, created: u64, echo: &Echo) -> Self {
        let mut head = b"{\"id\":".to_vec();
        write(&mut head, id);
        head.extend_from_slice(b",\"object\":\"response\",\"created_at\":");
        write(&mut head, &created);
        let echoed = serde_json::to_vec(echo).expect("plain data serializes");
        let members = &echoed[1..echoed.len() - 1];
        head.push(b',');
        // Line feeds would end the frame of an event; in JSON they are mere white space.
        let flat = |&byte: &u8| {
            if matches!(byte, b'\n' | b'\r') {
                b' '
            } else {
                byte
            }
        };
        head.extend(members.iter().map(flat));
        Self {
            head,
            store: echo.store,
        }
    }

    /// Appends the response as it is.
    pub fn write(&self, out: &mut Vec<u8>, state: State<'_>, output: &[&Item]) {
        out.extend_from_slice(&self.head);
        let mut members = Changing {
            status: state.word(),
            completed_at: None,
            error: None,
            incomplete_details: None,
            output,
            store: self.store && !matches!(state, State::Failed(_)),
            usage: None,
        };
        match state {
            State::InProgress => {}
            State::Ended { reason, usage, at } => {
                members.incomplete_details = incomplete(reason).map(|reason| Incomplete { reason });
                members.completed_at = members.incomplete_details.is_none().then_some(at);
                members.usage = usage.map(UsageShape::from);
            }
            State::Failed(error) => {
                members.error = Some(Failure {
                    code: error.code().unwrap_or(error.kind()),
                    message: error.message(),
                });
            }
        }
        let at = out.len();
        write(out, &members);
        // The object goes on where the head ends.
        out[at] = b',';
    }
}

#[derive(Serialize)]
struct Changing<'a> {
    status: &'static str,
    completed_at: Option<u64>,
    error: Option<Failure<'a>>,
    incomplete_details: Option<Incomplete>,
    output: &'a [&'a Item],
    store: bool,
    usage: Option<UsageShape>,
}

#[derive(Serialize)]
struct Failure<'a> {
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Incomplete {
    reason: &'static str,
}

/// Usage in the dialect's words.
#[derive(Serialize)]
pub struct UsageShape {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
    /// US dollars; an extra of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
}

#[derive(Serialize)]
struct InputDetails {
    cached_tokens: u64,
}

#[derive(Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
}

impl From<Usage> for UsageShape {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            input_tokens_details: InputDetails {
                cached_tokens: usage.cached_tokens,
            },
            output_tokens: usage.output_tokens,
            output_tokens_details: OutputDetails {
                reasoning_tokens: usage.reasoning_tokens,
            },
            total_tokens: usage.total_tokens,
            cost: usage.cost,
        }
    }
}

fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out, value).expect("plain data is written to memory");
}
