//! The request of `POST /v1/responses` as it is sent, and items as they are sent and stored: nothing checked but types.
//! `null` is absent for every optional member; members that are not listed are skipped.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::item::Phase;
use crate::server::body::{Object, objects, string_or};

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Request {
    pub model: Option<String>,
    pub input: Option<Input>,
    pub instructions: Option<String>,
    pub previous_response_id: Option<String>,
    /// Kept by nobody here.
    pub conversation: Option<Box<RawValue>>,
    /// Kept by nobody here.
    pub prompt: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "objects")]
    pub tools: Option<Vec<Tool>>,
    pub tool_choice: Option<ToolChoice>,
    pub parallel_tool_calls: Option<bool>,
    pub max_tool_calls: Option<u32>,
    pub max_output_tokens: Option<u32>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub presence_penalty: Option<f64>,
    pub frequency_penalty: Option<f64>,
    pub top_logprobs: Option<u32>,
    pub text: Option<Text>,
    pub reasoning: Option<Reasoning>,
    pub include: Option<Vec<String>>,
    pub metadata: Option<Box<RawValue>>,
    pub truncation: Option<String>,
    pub user: Option<String>,
    pub safety_identifier: Option<String>,
    pub prompt_cache_key: Option<String>,
    pub service_tier: Option<String>,
    pub store: Option<bool>,
    pub stream: Option<bool>,
    pub background: Option<bool>,
}

#[derive(Debug)]
pub enum Input {
    Text(String),
    Items(Vec<Object<Item>>),
}

/// An item of any type.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Item {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub id: Option<String>,
    pub status: Option<String>,
    pub role: Option<String>,
    pub content: Option<Content>,
    pub phase: Option<Phase>,
    pub call_id: Option<String>,
    pub name: Option<String>,
    pub arguments: Option<String>,
    /// Of a call of a custom tool.
    pub input: Option<String>,
    pub output: Option<Content>,
    #[serde(default, deserialize_with = "objects")]
    pub summary: Option<Vec<Thought>>,
    pub encrypted_content: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Thought {
    pub text: Option<String>,
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
    pub detail: Option<String>,
    pub file_data: Option<String>,
    pub file_url: Option<String>,
    pub file_id: Option<String>,
    pub filename: Option<String>,
    /// The form of OpenClaw's own API.
    pub source: Option<Source>,
}

#[derive(Debug)]
pub enum ImageUrl {
    Url(String),
    Object(NamedUrl),
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct NamedUrl {
    pub url: String,
    pub detail: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Source {
    #[serde(rename = "type")]
    pub kind: String,
    pub media_type: Option<String>,
    pub data: Option<String>,
    pub filename: Option<String>,
    pub url: Option<String>,
}

/// A tool of any type.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Tool {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub parameters: Option<Box<RawValue>>,
    pub strict: Option<bool>,
    /// What a custom tool takes.
    pub format: Option<Box<RawValue>>,
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
    pub name: Option<String>,
    pub mode: Option<String>,
    #[serde(default, deserialize_with = "objects")]
    pub tools: Option<Vec<NamedTool>>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct NamedTool {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(expecting = "an object")]
pub struct Text {
    pub format: Option<Format>,
    pub verbosity: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Format {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub schema: Option<Box<RawValue>>,
    pub strict: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(expecting = "an object")]
pub struct Reasoning {
    pub effort: Option<String>,
    pub summary: Option<String>,
}

string_or!(Content { Text, list Parts });
string_or!(ImageUrl { Url, object Object });
string_or!(Input { Text, list Items });
string_or!(ToolChoice { Mode, object Chosen });
