//! The `models` section: providers and what is known of their models.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::price::Price;
use super::problem::{Path, Problem};
use super::secret::Secret;
use super::server_url::ServerUrl;
use crate::chat::ProviderId;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelsConfig {
    pub mode: ModelsMode,
    /// Whether a model server of this machine, Ollama or LM Studio, counts as a provider where it runs. With none: for
    /// commands that run once, and not for the server.
    pub discover_local: Option<bool>,
    /// Providers by id.
    pub providers: BTreeMap<String, ProviderConfig>,
}

/// What the schema cannot say: ids that are none, URLs that are none, models without an id of their own.
pub(super) fn contradictions(config: &Value) -> Vec<Problem> {
    let place = Path::default().key("models").key("providers");
    let providers = config
        .pointer("/models/providers")
        .and_then(Value::as_object);
    let mut problems = Vec::new();
    for (name, provider) in providers.into_iter().flatten() {
        let path = place.key(name);
        if let Err(error) = name.parse::<ProviderId>() {
            problems.push(Problem::at_key(path.clone(), error.to_string()));
        }
        if let Some(url) = provider.get("baseUrl").and_then(Value::as_str)
            && !is_http(url)
        {
            let expected = "expected an address that begins with http:// or https://";
            problems.push(Problem::at_value(path.key("baseUrl"), expected));
        }
        let models = provider.get("models").and_then(Value::as_array);
        let mut seen = Vec::new();
        for (index, model) in models.into_iter().flatten().enumerate() {
            let path = path.key("models").index(index);
            match model.get("id").and_then(Value::as_str) {
                None | Some("") => {
                    problems.push(Problem::at_value(path, "expected a model with an `id`"))
                }
                Some(id) if seen.contains(&id) => {
                    let twice = format!("expected an id of its own, found `{id}` again");
                    problems.push(Problem::at_value(path.key("id"), twice));
                }
                Some(id) => seen.push(id),
            }
        }
    }
    problems
}

pub(super) fn is_http(url: &str) -> bool {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModelsMode {
    /// Configured providers join those that the environment's keys make known.
    #[default]
    Merge,
    /// Only configured providers.
    Replace,
}

/// A destination and its credential: one object, so that nothing else can pair them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProviderConfig {
    /// Where the API is, up to and including its version: `https://api.example.com/v1`. For `ollama` the server itself,
    /// `http://127.0.0.1:11434`: a `/v1` or `/api` at the end does not count.
    pub base_url: Option<ServerUrl>,
    pub api_key: Option<Secret>,
    /// The dialect spoken there. With none: the vendor's own where the id is a known vendor, else `openai-completions`.
    pub api: Option<ApiKind>,
    /// Whether the key is sent as `Authorization: Bearer`. With none: where the dialect has no header of its own for it.
    pub auth_header: Option<bool>,
    /// Further headers of every request.
    pub headers: BTreeMap<String, Secret>,
    /// The limit for a connection, name look-up and TLS included.
    #[schemars(range(min = 0.001))]
    pub connect_timeout_seconds: f64,
    /// The limit for the first event of a stream, and for each silence between events.
    #[schemars(range(min = 0.001))]
    pub timeout_seconds: f64,
    /// Whether models that `models` does not list may be used all the same.
    pub allow_unlisted: bool,
    /// What the provider serves. Empty: whatever the provider itself says it has.
    pub models: Vec<ModelConfig>,
    pub compat: Compat,
}

impl Default for ProviderConfig {
    fn default() -> Self {
        Self {
            base_url: None,
            api_key: None,
            api: None,
            auth_header: None,
            headers: BTreeMap::new(),
            connect_timeout_seconds: 10.0,
            timeout_seconds: 120.0,
            allow_unlisted: false,
            models: Vec::new(),
            compat: Compat::default(),
        }
    }
}

impl ProviderConfig {
    pub fn connect_timeout(&self) -> Duration {
        seconds(self.connect_timeout_seconds)
    }

    /// For the first event of a stream, and for each silence after it.
    pub fn silence_limit(&self) -> Duration {
        seconds(self.timeout_seconds)
    }

    /// For a whole answer: a model that answers in one piece is silent while it thinks.
    pub fn whole_limit(&self) -> Duration {
        const WHOLE_ANSWER: Duration = Duration::from_secs(300);
        WHOLE_ANSWER.max(self.silence_limit())
    }
}

/// `seconds` as a duration; what no duration can hold is the longest one.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelConfig {
    /// The provider's own id of the model. What is not said here of a well-known model of a known vendor is as the
    /// built-in catalog has it.
    #[schemars(required)]
    pub id: String,
    pub name: Option<String>,
    /// Whether it can think before it answers.
    pub reasoning: Option<bool>,
    /// What the model reads.
    pub input: Vec<InputKind>,
    /// Tokens of prompt and answer together. For `ollama` also the `num_ctx` of a call, unless `params` say another.
    pub context_window: Option<u64>,
    /// The most tokens of one answer.
    pub max_tokens: Option<u32>,
    pub kind: ModelKind,
    /// How many numbers an embedding has.
    pub dimensions: Option<u32>,
    pub cost: Price,
    /// Extra members of the provider's request.
    pub params: Map<String, Value>,
    pub compat: Compat,
}

impl ModelConfig {
    /// What this says, and what `known` says where this says nothing.
    #[must_use]
    pub fn or(self, known: &Self) -> Self {
        Self {
            name: self.name.or_else(|| known.name.clone()),
            reasoning: self.reasoning.or(known.reasoning),
            input: if self.input.is_empty() {
                known.input.clone()
            } else {
                self.input
            },
            context_window: self.context_window.or(known.context_window),
            max_tokens: self.max_tokens.or(known.max_tokens),
            dimensions: self.dimensions.or(known.dimensions),
            cost: self.cost.or(known.cost),
            ..self
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    #[default]
    Chat,
    Embedding,
}

impl ModelKind {
    pub fn other(self) -> Self {
        match self {
            Self::Chat => Self::Embedding,
            Self::Embedding => Self::Chat,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    Text,
    Image,
    Audio,
    Video,
    Document,
}

/// Where a provider or a model differs from its dialect. A model's own member wins over its provider's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Compat {
    /// Whether the provider is asked for a stream.
    pub upstream: Option<Upstream>,
    /// The member that caps the answer's tokens.
    pub max_tokens_field: Option<MaxTokensField>,
    /// Whether it knows `response_format`; where not, the form of an answer is asked for in the prompt and checked.
    pub structured_outputs: Option<bool>,
    /// The member that says how many numbers an embedding shall have.
    pub dimensions_field: Option<DimensionsField>,
    /// Whether an embedding request may hold `encoding_format`. With none: yes.
    pub encoding_format: Option<bool>,
}

impl Compat {
    /// These differences, and `others` where these say nothing.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            upstream: self.upstream.or(others.upstream),
            max_tokens_field: self.max_tokens_field.or(others.max_tokens_field),
            structured_outputs: self.structured_outputs.or(others.structured_outputs),
            dimensions_field: self.dimensions_field.or(others.dimensions_field),
            encoding_format: self.encoding_format.or(others.encoding_format),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Upstream {
    /// As the caller asked us.
    #[default]
    Auto,
    Stream,
    Whole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    MaxTokens,
    MaxCompletionTokens,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DimensionsField {
    Dimensions,
    OutputDimension,
}

/// The dialect of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiKind {
    AnthropicMessages,
    GoogleGenerativeAi,
    OpenaiCompletions,
    OpenaiResponses,
    Ollama,
    Offline,
    /// A dialect of OpenClaw's that this program does not speak: the provider loads, and using it is an error.
    #[serde(other)]
    Foreign,
}

/// The dialects that OpenClaw's configuration knows and this program does not speak.
const FOREIGN_APIS: [&str; 5] = [
    "azure-openai-responses",
    "bedrock-converse-stream",
    "github-copilot",
    "google-vertex",
    "openai-codex-responses",
];

impl JsonSchema for ApiKind {
    fn schema_name() -> Cow<'static, str> {
        "ApiKind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut words = vec![
            "anthropic-messages",
            "google-generative-ai",
            "openai-completions",
            "openai-responses",
            "ollama",
            "offline",
        ];
        words.extend(FOREIGN_APIS);
        json_schema!({ "type": "string", "enum": words })
    }
}
