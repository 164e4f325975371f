//! A model call as the body of `POST /chat/completions`. Pure.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::super::ModelCall;
use super::super::members::Members;
use super::messages;
use crate::chat::{Delivery, ResponseFormat, Sampling, TokenForm, Tool, ToolChoice};
use crate::config::MaxTokensField;
use crate::json;

/// The request's JSON. `spoken` is how the model tells its reasoning, where that is known.
pub fn body(call: &ModelCall<'_>, delivery: Delivery, spoken: Option<TokenForm>) -> Vec<u8> {
    const USUAL_REST_BYTES: usize = 512;
    let mut out = Vec::with_capacity(messages::size(call.request) + USUAL_REST_BYTES);
    out.extend_from_slice(b"{\"model\":");
    json::string(&mut out, call.model);
    out.extend_from_slice(b",\"messages\":");
    messages::write(&mut out, call.request, spoken);
    json::members(&mut out, &Rest { call, delivery });
    out
}

/// What the request says beside model and messages.
struct Rest<'a> {
    call: &'a ModelCall<'a>,
    delivery: Delivery,
}

impl Serialize for Rest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.call.request;
        let mut members = Members::after(["model", "messages"], serializer.serialize_map(None)?);
        if !request.tools.is_empty() {
            members.put("tools", &Tools(&request.tools))?;
            if request.tool_choice != ToolChoice::Auto {
                members.put("tool_choice", &Choice(&request.tool_choice))?;
            }
            members.put_some("parallel_tool_calls", &request.parallel_tool_calls)?;
        }
        match &request.format {
            ResponseFormat::Text => {}
            ResponseFormat::JsonObject => members.put(
                "response_format",
                &JsonObject {
                    kind: "json_object",
                },
            )?,
            ResponseFormat::JsonSchema(schema) => {
                let format = JsonSchema {
                    kind: "json_schema",
                    json_schema: schema,
                };
                members.put("response_format", &format)?;
            }
        }
        self.sampling(&mut members, &request.sampling)?;
        members.put_some("reasoning_effort", &request.reasoning_effort)?;
        members.put_some("verbosity", &request.verbosity)?;
        members.put_some("user", &request.user)?;
        if self.delivery == Delivery::Streamed {
            members.put("stream", &true)?;
            members.put(
                "stream_options",
                &StreamOptions {
                    include_usage: true,
                },
            )?;
        }
        members.end(self.call.params)
    }
}

impl Rest<'_> {
    fn sampling<M: SerializeMap>(
        &self,
        members: &mut Members<M>,
        sampling: &Sampling,
    ) -> Result<(), M::Error> {
        let cap_member = match self.call.compat.max_tokens_field {
            Some(MaxTokensField::MaxCompletionTokens) => "max_completion_tokens",
            Some(MaxTokensField::MaxTokens) | None => "max_tokens",
        };
        members.put_some(cap_member, &self.call.token_cap())?;
        members.put_some("temperature", &sampling.temperature)?;
        members.put_some("top_p", &sampling.top_p)?;
        members.put_some("frequency_penalty", &sampling.frequency_penalty)?;
        members.put_some("presence_penalty", &sampling.presence_penalty)?;
        members.put_some("seed", &sampling.seed)?;
        if !sampling.stop.is_empty() {
            members.put("stop", &sampling.stop)?;
        }
        members.put_some("logit_bias", &sampling.logit_bias)?;
        members.put_some("logprobs", &sampling.logprobs)?;
        members.put_some("top_logprobs", &sampling.top_logprobs)?;
        members.put_some("metadata", &sampling.metadata)?;
        members.put_some("service_tier", &sampling.service_tier)?;
        members.put_some("prompt_cache_key", &sampling.prompt_cache_key)?;
        members.put_some("store", &sampling.store)
    }
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct JsonObject {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    json_schema: &'a serde_json::value::RawValue,
}

struct Tools<'a>(&'a [Tool]);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            r#type: &'static str,
            function: Function<'a>,
        }
        #[derive(Serialize)]
        struct Function<'a> {
            name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            description: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            parameters: Option<&'a serde_json::value::RawValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            strict: Option<bool>,
        }
        serializer.collect_seq(self.0.iter().map(|tool| Wire {
            r#type: "function",
            function: Function {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: tool.parameters.as_deref(),
                strict: tool.strict,
            },
        }))
    }
}

struct Choice<'a>(&'a ToolChoice);

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named<'a> {
            r#type: &'static str,
            function: Function<'a>,
        }
        #[derive(Serialize)]
        struct Function<'a> {
            name: &'a str,
        }
        match self.0 {
            ToolChoice::Auto => serializer.serialize_str("auto"),
            ToolChoice::None => serializer.serialize_str("none"),
            ToolChoice::Required => serializer.serialize_str("required"),
            ToolChoice::Function(name) => Named {
                r#type: "function",
                function: Function { name },
            }
            .serialize(serializer),
        }
    }
}
