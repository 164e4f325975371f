//! From the request as it was sent to what is asked. Everything of wrong range or shape ends here, with the path of the
//! member that is at fault. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::value::{RawValue, to_raw_value};

use super::attachments::Attachments;
use super::ids::Ids;
use super::input::{Entry, Reader};
use super::request::{Format, Request};
use super::resource::{Echo, FormatEcho, ReasoningEcho, TextEcho};
use super::tools;
use super::words;
use crate::chat::{ChatRequest, Delivery, ResponseFormat, Sampling};
use crate::server::body::{self, FromBody, object_of, within};
use crate::server::error::ApiError;

/// The most alternatives to a token that can be asked for.
const MAX_TOP_LOGPROBS: u32 = 20;

/// A checked request.
pub struct Asked {
    pub model: Option<String>,
    pub instructions: Option<String>,
    pub input: Vec<Entry>,
    /// Pictures and files that are still to be fetched or read.
    pub attachments: Attachments,
    /// Everything of it but the messages.
    pub chat: ChatRequest,
    pub previous: Option<String>,
    pub shape: Shape,
    /// What of the request is not heeded: types of tools and items.
    pub ignored: Vec<String>,
    pub echo: Echo,
}

/// What the answer depends on beside the run.
#[derive(Debug)]
pub struct Shape {
    pub ids: Ids,
    /// Tools whose calls are told as calls of custom tools.
    pub custom: Vec<String>,
    /// Whether reasoning carries `encrypted_content`.
    pub seals: bool,
}

impl FromBody for Asked {
    fn from_body(json: &str) -> Result<Self, ApiError> {
        let wire: Request = body::parse(json)?;
        refuse_what_is_not_there(&wire)?;
        words::check(&wire)?;
        let includes = |what: &str| {
            let include = wire.include.as_deref().unwrap_or_default();
            include.iter().any(|one| one == what)
        };
        let sampling = sampling(&wire, includes("message.output_text.logprobs"))?;
        let seals = includes("reasoning.encrypted_content");
        let text = wire.text.unwrap_or_default();
        let (format, format_echo) = format(text.format)?;
        let mut tools = tools::decode(wire.tools)?;
        let (tool_choice, choice_echo) = tools::choose(&mut tools, wire.tool_choice)?;
        let mut ids = Ids::new();
        let mut reader = Reader::new(&mut ids);
        let input = wire
            .input
            .ok_or_else(|| ApiError::invalid("input", "`input` is required"))?;
        let input = reader.read(input)?;
        let (attachments, items_ignored) = (reader.attachments, reader.ignored);
        let mut ignored = tools.ignored;
        ignored.extend(items_ignored);
        let reasoning = wire.reasoning.unwrap_or_default();
        let echo = Echo {
            background: false,
            frequency_penalty: wire.frequency_penalty.unwrap_or(0.0),
            instructions: wire.instructions.clone(),
            max_output_tokens: wire.max_output_tokens,
            max_tool_calls: wire.max_tool_calls,
            metadata: wire.metadata,
            model: wire
                .model
                .clone()
                .unwrap_or_else(|| super::DEFAULT_MODEL.to_owned()),
            parallel_tool_calls: wire.parallel_tool_calls.unwrap_or(true),
            presence_penalty: wire.presence_penalty.unwrap_or(0.0),
            previous_response_id: wire.previous_response_id.clone(),
            prompt_cache_key: wire.prompt_cache_key,
            reasoning: ReasoningEcho {
                effort: reasoning.effort.clone().map(words::published_effort),
                summary: reasoning.summary.clone(),
            },
            safety_identifier: wire.safety_identifier,
            service_tier: wire.service_tier.unwrap_or_else(|| "default".to_owned()),
            store: wire.store.unwrap_or(true),
            temperature: wire.temperature.unwrap_or(1.0),
            text: TextEcho {
                format: format_echo,
                verbosity: text
                    .verbosity
                    .clone()
                    .unwrap_or_else(|| "medium".to_owned()),
            },
            tool_choice: choice_echo,
            tools: tools.echo,
            top_logprobs: wire.top_logprobs.unwrap_or(0),
            top_p: wire.top_p.unwrap_or(1.0),
            truncation: wire.truncation.unwrap_or_else(|| "disabled".to_owned()),
            user: wire.user.clone(),
        };
        let chat = ChatRequest {
            tools: tools.offered,
            tool_choice,
            withheld_tools: tools.withheld,
            parallel_tool_calls: wire.parallel_tool_calls,
            max_tool_calls: wire.max_tool_calls,
            format,
            sampling,
            reasoning_effort: reasoning.effort,
            reasoning_summary: reasoning.summary,
            verbosity: text.verbosity,
            user: wire.user,
            delivery: match wire.stream {
                Some(true) => Delivery::Streamed,
                Some(false) | None => Delivery::Whole,
            },
            ..ChatRequest::default()
        };
        Ok(Self {
            model: wire.model,
            instructions: wire.instructions,
            input,
            attachments,
            chat,
            previous: wire.previous_response_id,
            shape: Shape {
                ids,
                custom: tools.custom,
                seals,
            },
            ignored,
            echo,
        })
    }
}

/// What would change the answer and cannot be done is refused rather than passed over.
fn refuse_what_is_not_there(wire: &Request) -> Result<(), ApiError> {
    let refused = |param: &str, message: &str| Err(ApiError::invalid(param, message));
    if wire.background == Some(true) {
        return refused(
            "background",
            "`background` must be false: responses are made while their caller waits; use `stream` to see them grow",
        );
    }
    if wire.conversation.is_some() {
        return refused(
            "conversation",
            "no conversations are kept here: continue with `previous_response_id`, or name a session by `user`",
        );
    }
    if wire.prompt.is_some() {
        return refused(
            "prompt",
            "no prompt templates are kept here: send `instructions` and `input`",
        );
    }
    Ok(())
}

fn sampling(wire: &Request, logprobs: bool) -> Result<Sampling, ApiError> {
    for (name, value) in [
        ("max_output_tokens", wire.max_output_tokens),
        ("max_tool_calls", wire.max_tool_calls),
    ] {
        if value == Some(0) {
            let message = format!("`{name}` must be at least 1");
            return Err(ApiError::invalid(name, message));
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
        let message = format!("`top_logprobs` must be 0 to {MAX_TOP_LOGPROBS}");
        return Err(ApiError::invalid("top_logprobs", message));
    }
    object_of::<String>("metadata", wire.metadata.as_deref())?;
    // What the provider keeps is never asked for: `store` and `metadata` are ours.
    Ok(Sampling {
        max_tokens: wire.max_output_tokens,
        temperature: wire.temperature,
        top_p: wire.top_p,
        frequency_penalty: wire.frequency_penalty,
        presence_penalty: wire.presence_penalty,
        logprobs: logprobs.then_some(true),
        top_logprobs: wire.top_logprobs.filter(|_| logprobs),
        service_tier: wire.service_tier.clone(),
        prompt_cache_key: wire.prompt_cache_key.clone(),
        ..Sampling::default()
    })
}

/// OpenAI's `json_schema` object, which stands here beside the type.
#[derive(Serialize)]
struct NamedSchema<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

fn format(format: Option<Format>) -> Result<(ResponseFormat, FormatEcho), ApiError> {
    let Some(format) = format else {
        return Ok((ResponseFormat::Text, FormatEcho::Text));
    };
    match format.kind.as_str() {
        "text" => Ok((ResponseFormat::Text, FormatEcho::Text)),
        "json_object" => Ok((ResponseFormat::JsonObject, FormatEcho::JsonObject)),
        "json_schema" => {
            let schema = object_of::<IgnoredAny>("text.format.schema", format.schema.as_deref());
            let _: Option<BTreeMap<_, _>> = schema?;
            let missing =
                || ApiError::invalid("text.format.name", "`text.format.name` is required");
            let name = format.name.ok_or_else(missing)?;
            let named = to_raw_value(&NamedSchema {
                name: &name,
                description: format.description.as_deref(),
                schema: format.schema.as_deref(),
                strict: format.strict,
            });
            let echo = FormatEcho::JsonSchema {
                name,
                description: format.description,
                schema: format.schema,
                strict: format.strict.unwrap_or(false),
            };
            let named = named.expect("strings and JSON serialize");
            Ok((ResponseFormat::JsonSchema(named), echo))
        }
        _ => Err(ApiError::invalid(
            "text.format.type",
            "`text.format.type` must be `text`, `json_object` or `json_schema`",
        )),
    }
}
