//! The request of `POST /v1/chat/completions` as it is sent: OpenAI's shapes, nothing checked but types. `null` is
//! absent for every optional member; members that are not listed are skipped.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::value::RawValue;

use crate::server::body::{Object, objects, string_or};

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Request {
    pub model: Option<String>,
    #[serde(default, deserialize_with = "objects")]
    pub messages: Option<Vec<Message>>,
    pub stream: Option<bool>,
    pub stream_options: Option<StreamOptions>,
    #[serde(default, deserialize_with = "objects")]
    pub tools: Option<Vec<Tool>>,
    pub tool_choice: Option<ToolChoice>,
    /// The older spelling of `tools`.
    #[serde(default, deserialize_with = "objects")]
    pub functions: Option<Vec<Function>>,
    /// The older spelling of `tool_choice`.
    pub function_call: Option<FunctionChoice>,
    pub parallel_tool_calls: Option<bool>,
    pub response_format: Option<ResponseFormat>,
    pub max_completion_tokens: Option<u32>,
    pub max_tokens: Option<u32>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub frequency_penalty: Option<f64>,
    pub presence_penalty: Option<f64>,
    pub seed: Option<i64>,
    pub stop: Option<Stop>,
    pub logit_bias: Option<Box<RawValue>>,
    pub logprobs: Option<bool>,
    pub top_logprobs: Option<u32>,
    pub n: Option<u32>,
    pub reasoning_effort: Option<String>,
    pub verbosity: Option<String>,
    pub user: Option<String>,
    pub metadata: Option<Box<RawValue>>,
    pub service_tier: Option<String>,
    pub prompt_cache_key: Option<String>,
    pub store: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct StreamOptions {
    pub include_usage: Option<bool>,
}

/// A message of any role.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Message {
    pub role: Role,
    pub content: Option<Content>,
    pub name: Option<String>,
    pub refusal: Option<String>,
    pub reasoning_content: Option<String>,
    #[serde(default, deserialize_with = "objects")]
    pub tool_calls: Option<Vec<ToolCall>>,
    pub tool_call_id: Option<String>,
    /// The older spelling of one `tool_calls` element.
    pub function_call: Option<CalledFunction>,
}

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
    Function,
    Other,
}

/// serde's derive would take an object for it as well.
impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;

        impl Visitor<'_> for Word {
            type Value = Role;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, word: &str) -> Result<Role, E> {
                Ok(match word {
                    "system" | "developer" => Role::System,
                    "user" => Role::User,
                    "assistant" => Role::Assistant,
                    "tool" => Role::Tool,
                    "function" => Role::Function,
                    _ => Role::Other,
                })
            }
        }

        deserializer.deserialize_str(Word)
    }
}

#[derive(Debug)]
pub enum Content {
    Text(String),
    Parts(Vec<Object<Part>>),
}

/// A part of any type.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Part {
    #[serde(rename = "type")]
    pub kind: String,
    pub text: Option<String>,
    pub refusal: Option<String>,
    pub image_url: Option<ImageUrl>,
    pub input_audio: Option<InputAudio>,
    pub file: Option<File>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct ImageUrl {
    pub url: String,
    pub detail: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct InputAudio {
    pub data: String,
    pub format: String,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct File {
    pub file_data: Option<String>,
    pub file_id: Option<String>,
    pub filename: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct ToolCall {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub function: Option<CalledFunction>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct CalledFunction {
    pub name: String,
    pub arguments: String,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Tool {
    #[serde(rename = "type")]
    pub kind: String,
    pub function: Option<Function>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Function {
    pub name: String,
    pub description: Option<String>,
    pub parameters: Option<Box<RawValue>>,
    pub strict: Option<bool>,
}

#[derive(Debug)]
pub enum ToolChoice {
    Mode(String),
    Chosen(ChosenTool),
}

/// `tool_choice` as an object of any type.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct ChosenTool {
    #[serde(rename = "type")]
    pub kind: String,
    pub function: Option<Named>,
    pub allowed_tools: Option<AllowedTools>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct AllowedTools {
    pub mode: String,
    pub tools: Option<Vec<AllowedTool>>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct AllowedTool {
    pub function: Option<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Named {
    pub name: String,
}

#[derive(Debug)]
pub enum FunctionChoice {
    Mode(String),
    Named(Named),
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct ResponseFormat {
    #[serde(rename = "type")]
    pub kind: String,
    pub json_schema: Option<Box<RawValue>>,
}

#[derive(Debug)]
pub enum Stop {
    One(String),
    Several(Vec<String>),
}

string_or!(Content { Text, list Parts });
string_or!(FunctionChoice { Mode, object Named });
string_or!(Stop { One, list Several });
string_or!(ToolChoice { Mode, object Chosen });
