//! A model call as the body of `POST /models/{model}:generateContent`, streamed or not. Pure.
//!
//! Configured parameters join the request; those that steer the sampling join its `generationConfig`, under the names
//! of the dialect or of OpenAI's. Sampling parameters that the dialect or the model lacks are left out.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::ModelCall;
use super::super::members::Members;
use super::generation::Generation;
use super::messages::contents;
use crate::chat::{ChatRequest, ResponseFormat, Tool, ToolChoice};

/// The request's JSON.
pub fn body(call: &ModelCall<'_>) -> Vec<u8> {
    serde_json::to_vec(&Body { call }).expect("string keys and finite numbers always serialize")
}

struct Body<'a> {
    call: &'a ModelCall<'a>,
}

/// Configured parameters that belong into `generationConfig`: the name that they may have, and the one they have there.
const SAMPLING: [(&str, &str); 9] = [
    ("maxOutputTokens", "maxOutputTokens"),
    ("max_tokens", "maxOutputTokens"),
    ("maxTokens", "maxOutputTokens"),
    ("temperature", "temperature"),
    ("thinkingConfig", "thinkingConfig"),
    ("topK", "topK"),
    ("topP", "topP"),
    ("top_k", "topK"),
    ("top_p", "topP"),
];

const CONFIG: &str = "generationConfig";

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.call.request;
        let generation = Generation::of(self.call.model);
        let mut members = Members::new(serializer.serialize_map(None)?);
        if !request.system.is_empty() {
            let text = request.system.text();
            members.put("systemInstruction", &json!({ "parts": [{ "text": text }] }))?;
        }
        members.put("contents", &contents(&request.messages, generation))?;
        if !request.tools.is_empty() {
            members.put("tools", &Tools(&request.tools))?;
            members.put_some("toolConfig", &tool_config(&request.tool_choice))?;
        }
        let config = self.generation_config(generation);
        if !config.is_empty() {
            members.put(CONFIG, &config)?;
        }
        let sampling = |key: &str| SAMPLING.iter().any(|(name, _)| *name == key);
        let params = self.call.params.iter();
        members.end(params.filter(|(key, _)| *key != CONFIG && !sampling(key)))
    }
}

impl Body<'_> {
    fn generation_config(&self, generation: Generation) -> Map<String, Value> {
        let ModelCall {
            request, params, ..
        } = *self.call;
        let mut config = Map::new();
        let mut set = |key: &str, value: Option<Value>| {
            config.extend(value.map(|value| (key.to_owned(), value)));
        };
        let sampling = &request.sampling;
        let penalty = |value: Option<f64>| value.filter(|_| generation.takes_penalties());
        let seed = sampling.seed.and_then(|seed| i32::try_from(seed).ok());
        let logprobs = sampling.logprobs.filter(|wanted| *wanted);
        set("maxOutputTokens", self.call.token_cap().map(Value::from));
        set("temperature", sampling.temperature.map(Value::from));
        set("topP", sampling.top_p.map(Value::from));
        set(
            "frequencyPenalty",
            penalty(sampling.frequency_penalty).map(Value::from),
        );
        set(
            "presencePenalty",
            penalty(sampling.presence_penalty).map(Value::from),
        );
        set("seed", seed.map(Value::from));
        set(
            "stopSequences",
            (!sampling.stop.is_empty()).then(|| json!(sampling.stop)),
        );
        set("responseLogprobs", logprobs.map(Value::from));
        set(
            "logprobs",
            logprobs.and(sampling.top_logprobs).map(Value::from),
        );
        config.extend(answer_format(request, generation));
        for (key, value) in configured(params) {
            config.entry(key).or_insert_with(|| value.clone());
        }
        let effort = request.reasoning_effort.as_deref();
        if let Some(thinking) = effort.and_then(|effort| generation.thinking(effort)) {
            config.entry("thinkingConfig").or_insert(thinking);
        }
        config
    }
}

/// What the configuration adds to `generationConfig`.
fn configured(params: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    let own = params.get(CONFIG).and_then(Value::as_object);
    let own = own.into_iter().flatten();
    let named = SAMPLING
        .iter()
        .filter_map(|(name, own)| params.get(*name).map(|value| (*own, value)));
    own.map(|(key, value)| (key.as_str(), value)).chain(named)
}

fn answer_format(request: &ChatRequest, generation: Generation) -> Map<String, Value> {
    #[derive(Deserialize)]
    struct Format {
        schema: Option<Value>,
    }
    let mut config = Map::new();
    let possible = request.tools.is_empty() || generation.takes_json_beside_tools();
    let schema = match &request.format {
        ResponseFormat::JsonObject if possible => None,
        ResponseFormat::JsonSchema(format) if possible => {
            let format = serde_json::from_str::<Format>(format.get());
            format.ok().and_then(|format| format.schema)
        }
        ResponseFormat::Text | ResponseFormat::JsonObject | ResponseFormat::JsonSchema(_) => {
            return config;
        }
    };
    config.insert("responseMimeType".to_owned(), "application/json".into());
    config.extend(schema.map(|schema| ("responseJsonSchema".to_owned(), schema)));
    config
}

struct Tools<'a>(&'a [Tool]);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            function_declarations: Vec<Declaration<'a>>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Declaration<'a> {
            name: &'a str,
            description: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            parameters_json_schema: Option<&'a RawValue>,
        }
        let declarations = self.0.iter().map(|tool| Declaration {
            name: &tool.name,
            description: tool.description.as_deref().unwrap_or_default(),
            parameters_json_schema: tool.parameters.as_deref(),
        });
        let function_declarations = declarations.collect();
        [Wire {
            function_declarations,
        }]
        .serialize(serializer)
    }
}

fn tool_config(choice: &ToolChoice) -> Option<Value> {
    let calling = match choice {
        ToolChoice::Auto => return None,
        ToolChoice::None => json!({ "mode": "NONE" }),
        ToolChoice::Required => json!({ "mode": "ANY" }),
        ToolChoice::Function(name) => json!({ "mode": "ANY", "allowedFunctionNames": [name] }),
    };
    Some(json!({ "functionCallingConfig": calling }))
}

#[cfg(test)]
mod tests;
