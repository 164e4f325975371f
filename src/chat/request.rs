//! What is asked: by a caller of the room ([`RunRequest`]), and by the room of a provider ([`ChatRequest`]).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use super::ids::Principal;
use super::message::Message;
use super::notes::Notes;

/// One agent run, as a door hands it over. Everything in it has been checked for shape, nothing for existence.
#[derive(Debug, Clone)]
pub struct RunRequest {
    pub routing: Routing,
    /// The caller's `system` and `developer` texts, in order. The room joins them to the agent's prompt.
    pub system: Vec<String>,
    pub chat: ChatRequest,
    /// The session that the run continues; without one, nothing of it is kept.
    pub session: Option<SessionRequest>,
    /// A shorter limit for the whole run than the agent's own.
    pub timeout: Option<Duration>,
    /// Where the room writes down what becomes of it.
    pub notes: Notes,
}

/// A lasting session, as its caller names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRequest {
    /// Whose it is. Nobody else's can be named.
    pub principal: Principal,
    pub name: SessionName,
    pub access: SessionAccess,
}

/// What a run does with its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionAccess {
    /// It adds its turn, and has the session to itself for as long as it lasts.
    Extend,
    /// It builds on what is there, and leaves nothing.
    Read,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionName {
    /// A session key, scoped to the agent or not yet.
    Key(String),
    /// An end-user id, from which the key is made.
    User(String),
}

/// Which agent and which model, and what the caller may choose.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    /// The `model` of the request: an agent target, a model ref, an alias or a bare model id.
    pub model: Option<String>,
    /// The agent named outright; wins over an agent in `model`.
    pub agent: Option<String>,
    /// The model named outright; wins over `model`.
    pub model_override: Option<String>,
    /// The channel of the prompt's runtime line.
    pub channel: Option<String>,
    /// Whose request it is; of the person at the terminal unless a door says otherwise.
    pub principal: Principal,
    pub authority: Authority,
}

/// What the caller may do. The doors establish it, the room obeys it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    /// May run a model that the agent itself does not name, and can be an owner.
    pub any_model: bool,
    /// Whether the caller says that an owner sends this, where it says so.
    pub sender_is_owner: Option<bool>,
}

impl Authority {
    /// Whether an owner sends this. Nobody but an administrator can be one; who talks to a public agent is none unless
    /// the request says so.
    pub fn is_owner(self, to_public_agent: bool) -> bool {
        self.any_model && self.sender_is_owner.unwrap_or(!to_public_agent)
    }
}

impl Default for Authority {
    /// The authority of the person at the terminal.
    fn default() -> Self {
        Self {
            any_model: true,
            sender_is_owner: None,
        }
    }
}

/// Whether the caller reads the answer while it is made. The provider is asked the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    #[default]
    Whole,
    Streamed,
}

/// A function that the model may call.
#[derive(Debug, Clone)]
pub struct Tool {
    pub name: String,
    pub description: Option<String>,
    /// JSON Schema of the arguments, as its author wrote it.
    pub parameters: Option<Box<RawValue>>,
    pub strict: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ToolChoice {
    #[default]
    Auto,
    None,
    Required,
    Function(String),
}

#[derive(Debug, Clone, Default)]
pub enum ResponseFormat {
    #[default]
    Text,
    JsonObject,
    /// OpenAI's `json_schema` object (`name`, `schema`, `strict`, …) as the caller wrote it.
    JsonSchema(Box<RawValue>),
}

/// How the model samples. `None` leaves it to the provider.
#[derive(Debug, Clone, Default)]
pub struct Sampling {
    pub max_tokens: Option<u32>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub frequency_penalty: Option<f64>,
    pub presence_penalty: Option<f64>,
    pub seed: Option<i64>,
    pub stop: Vec<String>,
    pub logit_bias: Option<Box<RawValue>>,
    pub logprobs: Option<bool>,
    pub top_logprobs: Option<u32>,
    pub metadata: Option<Box<RawValue>>,
    pub service_tier: Option<String>,
    pub prompt_cache_key: Option<String>,
    pub store: Option<bool>,
}

/// The conversation and how to answer it, whichever model does.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    /// Empty when a door hands it over; filled by the room.
    pub system: SystemPrompt,
    pub messages: Vec<Message>,
    pub tools: Vec<Tool>,
    pub tool_choice: ToolChoice,
    /// Names of further tools of the caller, which must not be called this time.
    pub withheld_tools: Vec<String>,
    pub parallel_tool_calls: Option<bool>,
    /// Calls of tools of the house that may be carried out in the run, at most.
    pub max_tool_calls: Option<u32>,
    pub format: ResponseFormat,
    pub sampling: Sampling,
    pub reasoning_effort: Option<String>,
    /// How the model's reasoning is to be summed up.
    pub reasoning_summary: Option<String>,
    /// How much the model is to say.
    pub verbosity: Option<String>,
    /// An end-user id for the provider.
    pub user: Option<String>,
    pub delivery: Delivery,
}

/// The system prompt: a part that is the same from run to run, so that a provider's prompt cache holds, then the rest.
#[derive(Debug, Clone, Default)]
pub struct SystemPrompt {
    pub stable: Arc<str>,
    pub varying: String,
}

impl ChatRequest {
    /// Whether a tool of the caller has this name, one that is withheld too.
    pub fn is_callers_tool(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool.name == name)
            || self.withheld_tools.iter().any(|own| own == name)
    }
}

impl SystemPrompt {
    pub fn is_empty(&self) -> bool {
        self.stable.is_empty() && self.varying.is_empty()
    }

    /// Adds a text at the end.
    pub fn append(&mut self, text: &str) {
        if !self.varying.is_empty() {
            self.varying.push_str("\n\n");
        }
        self.varying.push_str(text);
    }

    /// Both parts, joined by an empty line where both are there.
    pub fn text(&self) -> Cow<'_, str> {
        match (self.stable.is_empty(), self.varying.is_empty()) {
            (_, true) => Cow::Borrowed(&self.stable),
            (true, false) => Cow::Borrowed(&self.varying),
            (false, false) => Cow::Owned([&self.stable, "\n\n", &self.varying].concat()),
        }
    }
}
