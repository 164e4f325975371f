//! A model call as the body of `POST /v1/messages`. Pure.
//!
//! Sampling parameters that the dialect or the model lacks are left out; `strict` tools are plain ones.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::ModelCall;
use super::super::members::Members;
use super::generation::Generation;
use super::messages::{self, Thoughts, Turn, Unreadable};
use super::schema;
use super::thinking::Allowance;
use crate::chat::{ChatRequest, Delivery, ResponseFormat, SystemPrompt, Tool, ToolChoice};

/// The longest `metadata.user_id`, in characters.
const MAX_USER_CHARS: usize = 256;

/// The request's JSON.
///
/// # Errors
/// What the dialect cannot carry.
pub fn body(call: &ModelCall<'_>, delivery: Delivery) -> Result<Vec<u8>, Unreadable> {
    let generation = Generation::of(call.model);
    let allowance = Allowance::of(call, generation);
    // A model that does not think is sent none of what it thought before.
    let thoughts = match allowance.thinks() || generation.thinks_unasked() {
        true => Thoughts::Kept,
        false => Thoughts::Left,
    };
    let body = Body {
        call,
        delivery,
        generation,
        allowance,
        turns: messages::turns(&call.request.messages, thoughts)?,
    };
    Ok(serde_json::to_vec(&body).expect("string keys and finite numbers always serialize"))
}

struct Body<'a> {
    call: &'a ModelCall<'a>,
    delivery: Delivery,
    generation: Generation,
    allowance: Allowance<'a>,
    turns: Vec<Turn<'a>>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.call.request;
        let mut members = Members::new(serializer.serialize_map(None)?);
        members.put("model", self.call.model)?;
        members.put("max_tokens", &self.allowance.max_tokens)?;
        if !request.system.is_empty() {
            members.put("system", &System(&request.system))?;
        }
        members.put("messages", &self.turns)?;
        if !request.tools.is_empty() {
            members.put("tools", &Tools(&request.tools))?;
            members.put_some("tool_choice", &choice(request, self.generation))?;
        }
        members.put_some("thinking", &self.allowance.thinking)?;
        let output = self.output_config();
        if !output.is_empty() {
            members.put("output_config", &output)?;
        }
        if self.takes_sampling() {
            let temperature = request.sampling.temperature.map(|t| t.clamp(0.0, 1.0));
            // Newer models refuse both at once.
            let top_p = request.sampling.top_p.filter(|_| temperature.is_none());
            members.put_some("temperature", &temperature)?;
            members.put_some("top_p", &top_p)?;
        }
        // The API refuses sequences without a visible character.
        let stop = request.sampling.stop.iter();
        let stop: Vec<&String> = stop.filter(|stop| !stop.trim().is_empty()).collect();
        if !stop.is_empty() {
            members.put("stop_sequences", &stop)?;
        }
        members.put_some("metadata", &metadata(request))?;
        if self.delivery == Delivery::Streamed {
            members.put("stream", &true)?;
        }
        let params = self.call.params.iter();
        members.end(params.filter(|(key, _)| self.leaves_to_params(key)))
    }
}

impl Body<'_> {
    fn takes_sampling(&self) -> bool {
        self.generation.takes_sampling() && !self.allowance.thinks()
    }

    /// Whether a configured parameter is passed on: not those of which the request is made itself, nor those that the
    /// model would refuse.
    fn leaves_to_params(&self, key: &str) -> bool {
        match key {
            "thinking" | "output_config" | "tool_choice" | "stream" => false,
            "temperature" | "top_p" | "top_k" => {
                let sampling = &self.call.request.sampling;
                let other = key == "top_p" && sampling.temperature.is_some()
                    || key == "temperature" && sampling.top_p.is_some();
                self.takes_sampling() && !other
            }
            _ => true,
        }
    }

    fn output_config(&self) -> Map<String, Value> {
        let mut config = Map::new();
        if let Some(effort) = self.allowance.effort {
            config.insert("effort".to_owned(), effort.into());
        }
        if let ResponseFormat::JsonSchema(format) = &self.call.request.format
            && self.generation.takes_schemas()
            && let Some(schema) = schema_of(format)
        {
            let format = Map::from_iter([
                ("type".to_owned(), "json_schema".into()),
                ("schema".to_owned(), schema::accepted(schema)),
            ]);
            config.insert("format".to_owned(), format.into());
        }
        if let Some(Value::Object(configured)) = self.call.params.get("output_config") {
            for (key, value) in configured {
                config.entry(key).or_insert_with(|| value.clone());
            }
        }
        config
    }
}

fn schema_of(format: &RawValue) -> Option<Value> {
    #[derive(Deserialize)]
    struct Format {
        schema: Option<Value>,
    }
    serde_json::from_str::<Format>(format.get()).ok()?.schema
}

/// A breakpoint of the prompt cache: everything up to here is kept.
#[derive(Serialize)]
struct CacheControl {
    r#type: &'static str,
}

const BREAKPOINT: CacheControl = CacheControl {
    r#type: "ephemeral",
};

struct System<'a>(&'a SystemPrompt);

impl Serialize for System<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Text<'a> {
            r#type: &'static str,
            text: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            cache_control: Option<CacheControl>,
        }
        let block = |text, cache_control| Text {
            r#type: "text",
            text,
            cache_control,
        };
        let SystemPrompt { stable, varying } = self.0;
        let blocks = [
            block(stable, Some(BREAKPOINT)),
            block(varying.as_str(), None),
        ];
        serializer.collect_seq(blocks.iter().filter(|block| !block.text.is_empty()))
    }
}

struct Tools<'a>(&'a [Tool]);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            description: Option<&'a str>,
            input_schema: InputSchema<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            cache_control: Option<CacheControl>,
        }
        let last = self.0.len().saturating_sub(1);
        serializer.collect_seq(self.0.iter().enumerate().map(|(place, tool)| Wire {
            name: &tool.name,
            description: tool.description.as_deref(),
            input_schema: InputSchema(tool.parameters.as_deref()),
            cache_control: (place == last).then_some(BREAKPOINT),
        }))
    }
}

/// The schema of a tool's arguments: as it was written, with the `type` that the API insists on.
struct InputSchema<'a>(Option<&'a RawValue>);

impl Serialize for InputSchema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = self.0.map_or("{}", RawValue::get);
        match (serde_json::from_str::<Map<String, Value>>(written), self.0) {
            (Ok(mut schema), _) if !schema.contains_key("type") => {
                schema.insert("type".to_owned(), "object".into());
                schema.serialize(serializer)
            }
            (_, written) => written.serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct Choice<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_parallel_tool_use: Option<bool>,
}

/// Which tool is to be called. A model that cannot be made to call one is left to choose.
fn choice(request: &ChatRequest, generation: Generation) -> Option<Choice<'_>> {
    let one_by_one = (request.parallel_tool_calls == Some(false)).then_some(true);
    let (r#type, name) = match &request.tool_choice {
        ToolChoice::None => ("none", None),
        ToolChoice::Required if generation.takes_forced_calls() => ("any", None),
        ToolChoice::Function(name) if generation.takes_forced_calls() => {
            ("tool", Some(name.as_str()))
        }
        ToolChoice::Auto | ToolChoice::Required | ToolChoice::Function(_) => {
            one_by_one?;
            ("auto", None)
        }
    };
    Some(Choice {
        r#type,
        name,
        disable_parallel_tool_use: one_by_one.filter(|_| r#type != "none"),
    })
}

#[derive(Serialize)]
struct Metadata<'a> {
    user_id: &'a str,
}

fn metadata(request: &ChatRequest) -> Option<Metadata<'_>> {
    let user_id = request.user.as_deref()?;
    (user_id.chars().count() <= MAX_USER_CHARS).then_some(Metadata { user_id })
}

#[cfg(test)]
mod tests;
