//! A model call as the body of `POST /responses`. Pure.
//!
//! The dialect has no member for `seed`, `stop`, the penalties and `logit_bias`: they are left out.

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::ModelCall;
use super::super::members::Members;
use super::super::parameters::Parameters;
use super::items::Items;
use crate::chat::{
    ChatRequest, Delivery, Message, ResponseFormat, Sampling, TokenForm, Tool, ToolChoice,
};

/// The request's JSON.
pub fn body(call: &ModelCall<'_>, delivery: Delivery) -> Vec<u8> {
    let body = Body { call, delivery };
    serde_json::to_vec(&body).expect("string keys and finite numbers always serialize")
}

struct Body<'a> {
    call: &'a ModelCall<'a>,
    delivery: Delivery,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.call.request;
        let mut members = Members::new(serializer.serialize_map(None)?);
        members.put("model", self.call.model)?;
        members.put("input", &Items(&request.messages))?;
        if !request.system.is_empty() {
            members.put("instructions", &request.system.text())?;
        }
        tools(&mut members, request)?;
        let text = Text {
            format: format(&request.format),
            verbosity: request.verbosity.as_deref(),
        };
        if text.format.is_some() || text.verbosity.is_some() {
            members.put("text", &text)?;
        }
        members.put_some("max_output_tokens", &self.call.token_cap())?;
        sampling(&mut members, &request.sampling)?;
        let include = self.include();
        if !include.is_empty() {
            members.put("include", &include)?;
        }
        members.put_some("reasoning", &Reasoning::of(request))?;
        members.put_some("user", &request.user)?;
        members.put("store", &false)?;
        if self.delivery == Delivery::Streamed {
            members.put("stream", &true)?;
        }
        members.end(self.call.params)
    }
}

impl Body<'_> {
    /// What the answer is to hold beside what it always holds, and what is configured.
    fn include(&self) -> Vec<&str> {
        let mut include = Vec::new();
        if self.reasons() {
            include.push("reasoning.encrypted_content");
        }
        if self.call.request.sampling.logprobs == Some(true) {
            include.push("message.output_text.logprobs");
        }
        if !include.is_empty()
            && let Some(Value::Array(configured)) = self.call.params.get("include")
        {
            include.extend(configured.iter().filter_map(Value::as_str));
        }
        include
    }

    /// Whether the model is known to reason: the API refuses to encrypt the reasoning of one that does not.
    fn reasons(&self) -> bool {
        let request = self.call.request;
        let effort = request.reasoning_effort.as_deref();
        let mut thoughts = request.messages.iter().flat_map(Message::thoughts);
        self.call.reasons.unwrap_or_else(|| {
            effort.is_some_and(|effort| effort != "none")
                || request.reasoning_summary.is_some()
                || thoughts.any(|thought| thought.token.form == TokenForm::OpenaiEncrypted)
        })
    }
}

fn tools<M: SerializeMap>(members: &mut Members<M>, request: &ChatRequest) -> Result<(), M::Error> {
    if request.tools.is_empty() {
        return Ok(());
    }
    let tools: Vec<Function> = request.tools.iter().map(Function::of).collect();
    members.put("tools", &tools)?;
    match &request.tool_choice {
        ToolChoice::Auto => {}
        ToolChoice::None => members.put("tool_choice", "none")?,
        ToolChoice::Required => members.put("tool_choice", "required")?,
        ToolChoice::Function(name) => {
            let named = Named {
                r#type: "function",
                name,
            };
            members.put("tool_choice", &named)?;
        }
    }
    members.put_some("parallel_tool_calls", &request.parallel_tool_calls)
}

fn sampling<M: SerializeMap>(
    members: &mut Members<M>,
    sampling: &Sampling,
) -> Result<(), M::Error> {
    members.put_some("temperature", &sampling.temperature)?;
    members.put_some("top_p", &sampling.top_p)?;
    members.put_some("top_logprobs", &sampling.top_logprobs)?;
    members.put_some("metadata", &sampling.metadata)?;
    members.put_some("service_tier", &sampling.service_tier)?;
    members.put_some("prompt_cache_key", &sampling.prompt_cache_key)
}

#[derive(Serialize)]
struct Named<'a> {
    r#type: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct Function<'a> {
    r#type: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: Parameters<'a>,
    strict: bool,
}

impl<'a> Function<'a> {
    fn of(tool: &'a Tool) -> Self {
        Self {
            r#type: "function",
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters: Parameters::of(tool),
            // Left out, the dialect takes it for true, and changes schemas that are not meant to be strict.
            strict: tool.strict.unwrap_or(false),
        }
    }
}

#[derive(Serialize)]
struct Text<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verbosity: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonObject,
    JsonSchema(Schema<'a>),
}

/// What Chat Completions holds in `json_schema` stands here beside the type.
#[derive(Serialize, Deserialize)]
struct Schema<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

fn format(format: &ResponseFormat) -> Option<Format<'_>> {
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some(Format::JsonObject),
        ResponseFormat::JsonSchema(schema) => {
            let schema = serde_json::from_str(schema.get());
            Some(schema.map_or(Format::JsonObject, Format::JsonSchema))
        }
    }
}

#[derive(Serialize)]
struct Reasoning<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
}

impl<'a> Reasoning<'a> {
    /// A model that is to reason is asked to tell what it thinks, unless the caller says how.
    fn of(request: &'a ChatRequest) -> Option<Self> {
        let effort = request.reasoning_effort.as_deref();
        let usual = effort.filter(|effort| *effort != "none").map(|_| "auto");
        let summary = request.reasoning_summary.as_deref().or(usual);
        (effort.is_some() || summary.is_some()).then_some(Self { effort, summary })
    }
}

#[cfg(test)]
mod tests;
