//! From the request as it was sent to what the room is asked. Everything of wrong range or shape ends here, with the
//! path of the member that is at fault.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::request::{self, Request, Stop};
use super::{conversation, tools};
use crate::chat::{ChatRequest, Delivery, FinishReason, ResponseFormat, Sampling};
use crate::server::body::{self, FromBody, object_of, within};
use crate::server::error::ApiError;
use crate::server::pictures::Pictures;

/// Stop sequences, at most.
const MAX_STOPS: usize = 4;
/// The most alternatives to a token that can be asked for.
const MAX_TOP_LOGPROBS: u32 = 20;

/// A checked request.
#[derive(Debug)]
pub struct Asked {
    pub model: Option<String>,
    /// The texts of `system` and `developer` messages, in order.
    pub system: Vec<String>,
    pub chat: ChatRequest,
    pub include_usage: bool,
    pub calling: Calling,
    /// Its pictures; among them those that are still to be fetched.
    pub pictures: Pictures,
    /// What is wrong with the request unless it continues a lasting session.
    pub needs_session: Option<ApiError>,
}

/// In which form a call of the caller's is told: as the request offered what may be called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Calling {
    #[default]
    Tools,
    /// The older `functions`: one `function_call`.
    Functions,
}

impl Calling {
    pub fn finish_reason(self, reason: FinishReason) -> &'static str {
        match (self, reason) {
            (Self::Functions, FinishReason::ToolCalls) => "function_call",
            (Self::Tools | Self::Functions, reason) => reason.as_str(),
        }
    }
}

impl FromBody for Asked {
    fn from_body(json: &str) -> Result<Self, ApiError> {
        let mut wire: Request = body::parse(json)?;
        let sampling = sampling(&mut wire)?;
        let format = wire
            .response_format
            .map(format)
            .transpose()?
            .unwrap_or_default();
        let calling = match (&wire.tools, &wire.functions) {
            (None, Some(_)) => Calling::Functions,
            (Some(_), _) | (None, None) => Calling::Tools,
        };
        let tools = tools::decode(wire.tools, wire.functions)?;
        let chosen = tools::choose(tools, wire.tool_choice, wire.function_call)?;
        let messages = wire
            .messages
            .ok_or_else(|| ApiError::invalid("messages", "`messages` is required"))?;
        let conversation = conversation::decode(messages)?;
        let include_usage = wire
            .stream_options
            .and_then(|options| options.include_usage);
        let chat = ChatRequest {
            messages: conversation.messages,
            tools: chosen.offered,
            tool_choice: chosen.choice,
            withheld_tools: chosen.withheld,
            parallel_tool_calls: match calling {
                Calling::Tools => wire.parallel_tool_calls,
                // The older form has room for one call.
                Calling::Functions => Some(false),
            },
            format,
            sampling,
            reasoning_effort: wire.reasoning_effort,
            verbosity: wire.verbosity,
            user: wire.user,
            delivery: match wire.stream {
                Some(true) => Delivery::Streamed,
                Some(false) | None => Delivery::Whole,
            },
            ..ChatRequest::default()
        };
        Ok(Self {
            model: wire.model,
            system: conversation.system,
            chat,
            include_usage: include_usage.unwrap_or(false),
            calling,
            pictures: conversation.pictures,
            needs_session: conversation.needs_session,
        })
    }
}

fn sampling(wire: &mut Request) -> Result<Sampling, ApiError> {
    if wire.n.is_some_and(|n| n != 1) {
        return Err(ApiError::invalid("n", "`n` must be 1: one answer is made"));
    }
    let max_tokens = [
        ("max_completion_tokens", wire.max_completion_tokens),
        ("max_tokens", wire.max_tokens),
    ];
    for (name, value) in max_tokens {
        if value == Some(0) {
            return Err(ApiError::invalid(
                name,
                format!("`{name}` must be at least 1"),
            ));
        }
    }
    within("temperature", wire.temperature, 0.0..=2.0)?;
    within("top_p", wire.top_p, 0.0..=1.0)?;
    within("frequency_penalty", wire.frequency_penalty, -2.0..=2.0)?;
    within("presence_penalty", wire.presence_penalty, -2.0..=2.0)?;
    if wire
        .top_logprobs
        .is_some_and(|count| count > MAX_TOP_LOGPROBS)
    {
        return Err(ApiError::invalid(
            "top_logprobs",
            format!("`top_logprobs` must be 0 to {MAX_TOP_LOGPROBS}"),
        ));
    }
    if let Some(biases) = object_of::<f64>("logit_bias", wire.logit_bias.as_deref())? {
        for (token, bias) in biases {
            within(&format!("logit_bias.{token}"), Some(bias), -100.0..=100.0)?;
        }
    }
    object_of::<String>("metadata", wire.metadata.as_deref())?;
    Ok(Sampling {
        max_tokens: wire.max_completion_tokens.or(wire.max_tokens),
        temperature: wire.temperature,
        top_p: wire.top_p,
        frequency_penalty: wire.frequency_penalty,
        presence_penalty: wire.presence_penalty,
        seed: wire.seed,
        stop: stop(wire.stop.take())?,
        logit_bias: wire.logit_bias.take(),
        logprobs: wire.logprobs,
        top_logprobs: wire.top_logprobs,
        metadata: wire.metadata.take(),
        service_tier: wire.service_tier.take(),
        prompt_cache_key: wire.prompt_cache_key.take(),
        store: wire.store,
    })
}

fn stop(stop: Option<Stop>) -> Result<Vec<String>, ApiError> {
    let stops = match stop {
        None => return Ok(Vec::new()),
        Some(Stop::One(stop)) if stop.is_empty() => {
            return Err(ApiError::invalid("stop", "`stop` must not be empty"));
        }
        Some(Stop::One(stop)) => return Ok(vec![stop]),
        Some(Stop::Several(stops)) => stops,
    };
    if stops.len() > MAX_STOPS {
        return Err(ApiError::invalid(
            "stop",
            format!("`stop` holds at most {MAX_STOPS} sequences"),
        ));
    }
    match stops.iter().position(String::is_empty) {
        Some(index) => Err(ApiError::invalid(
            format!("stop[{index}]"),
            format!("`stop[{index}]` must not be empty"),
        )),
        None => Ok(stops),
    }
}

/// What every JSON Schema format has.
#[derive(Deserialize)]
struct NamedSchema {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "schema")]
    _schema: Option<BTreeMap<String, IgnoredAny>>,
}

fn format(format: request::ResponseFormat) -> Result<ResponseFormat, ApiError> {
    let param = "response_format.json_schema";
    match (format.kind.as_str(), format.json_schema) {
        ("text", _) => Ok(ResponseFormat::Text),
        ("json_object", _) => Ok(ResponseFormat::JsonObject),
        ("json_schema", Some(schema)) => match serde_json::from_str::<NamedSchema>(schema.get()) {
            Ok(_) => Ok(ResponseFormat::JsonSchema(schema)),
            Err(_) => Err(ApiError::invalid(
                param,
                format!("`{param}` needs a `name`, and a `schema` that is an object"),
            )),
        },
        ("json_schema", None) => Err(ApiError::invalid(param, format!("`{param}` is required"))),
        (_, _) => Err(ApiError::invalid(
            "response_format.type",
            "`response_format.type` must be `text`, `json_object` or `json_schema`",
        )),
    }
}
