//! A model call as the body of `POST /api/chat`. Pure.
//!
//! Configured parameters that are members of the dialect's request stand beside its other members; every other one is an
//! option of the model, as `num_ctx` or `top_k`, whether it is configured by itself or inside `options`.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::ModelCall;
use super::super::members::Members;
use super::super::parameters::Parameters;
use super::messages::Messages;
use crate::chat::{Delivery, ResponseFormat, Tool, ToolChoice};

/// The members of the dialect's request that a parameter may set.
const MEMBERS: [&str; 8] = [
    "format",
    "keep_alive",
    "logprobs",
    "options",
    "shift",
    "think",
    "top_logprobs",
    "truncate",
];

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
        let Self { call, delivery } = self;
        let request = call.request;
        let mut members = Members::new(serializer.serialize_map(None)?);
        members.put("model", call.model)?;
        members.put("messages", &Messages(request))?;
        let tools = offered(&request.tools, &request.tool_choice);
        if !tools.is_empty() {
            members.put("tools", &tools)?;
        }
        members.put_some("format", &format(&request.format))?;
        let effort = request.reasoning_effort.as_deref();
        members.put_some("think", &effort.map(|effort| think(call.model, effort)))?;
        members.put_some("logprobs", &request.sampling.logprobs)?;
        members.put_some("top_logprobs", &request.sampling.top_logprobs)?;
        let options = options(call);
        if !options.is_empty() {
            members.put("options", &options)?;
        }
        // The dialect streams unless it is told not to.
        members.put("stream", &(*delivery == Delivery::Streamed))?;
        members.end(call.params.iter().filter(|(key, _)| is_member(key)))
    }
}

fn is_member(key: &str) -> bool {
    MEMBERS.contains(&key)
}

/// What the request says of sampling, over what is configured.
fn options(call: &ModelCall<'_>) -> Map<String, Value> {
    let own = call.params.iter().filter(|(key, _)| !is_member(key));
    let mut options: Map<String, Value> = own
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if let Some(Value::Object(inner)) = call.params.get("options") {
        options.extend(inner.clone());
    }
    let sampling = &call.request.sampling;
    let stop = (!sampling.stop.is_empty()).then(|| Value::from(sampling.stop.clone()));
    let said = [
        ("num_predict", call.token_cap().map(Value::from)),
        ("temperature", sampling.temperature.map(Value::from)),
        ("top_p", sampling.top_p.map(Value::from)),
        (
            "frequency_penalty",
            sampling.frequency_penalty.map(Value::from),
        ),
        (
            "presence_penalty",
            sampling.presence_penalty.map(Value::from),
        ),
        ("seed", sampling.seed.map(Value::from)),
        ("stop", stop),
    ];
    for (key, value) in said {
        if let Some(value) = value {
            options.insert(key.to_owned(), value);
        }
    }
    if let Some(window) = call.context_window {
        options.entry("num_ctx").or_insert(Value::from(window));
    }
    options
}

/// How to think. Only gpt-oss takes levels; it ignores booleans, and other models refuse levels.
fn think(model: &str, effort: &str) -> Value {
    match effort {
        "none" | "off" => Value::from(false),
        _ if !model.contains("gpt-oss") => Value::from(true),
        "minimal" | "low" => Value::from("low"),
        "high" | "xhigh" | "max" => Value::from("high"),
        _ => Value::from("medium"),
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Format<'a> {
    Json(&'static str),
    Schema(&'a RawValue),
}

fn format(format: &ResponseFormat) -> Option<Format<'_>> {
    #[derive(serde::Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        schema: Option<&'a RawValue>,
    }
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some(Format::Json("json")),
        ResponseFormat::JsonSchema(named) => {
            let named = serde_json::from_str::<Named>(named.get());
            let schema = named.ok().and_then(|named| named.schema);
            Some(schema.map_or(Format::Json("json"), Format::Schema))
        }
    }
}

#[derive(Serialize)]
struct Offered<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: Parameters<'a>,
}

/// The tools that may be called. The dialect has no choice of tools: those that are not to be called are not offered.
fn offered<'a>(tools: &'a [Tool], choice: &ToolChoice) -> Vec<Offered<'a>> {
    let wanted = |tool: &&Tool| match choice {
        ToolChoice::None => false,
        ToolChoice::Auto | ToolChoice::Required => true,
        ToolChoice::Function(name) => tool.name == *name,
    };
    let wire = |tool: &'a Tool| Offered {
        r#type: "function",
        function: Function {
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters: Parameters::of(tool),
        },
    };
    tools.iter().filter(wanted).map(wire).collect()
}

#[cfg(test)]
mod tests;
