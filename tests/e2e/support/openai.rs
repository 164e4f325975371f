//! Answers in the shapes of the OpenAI API. Every id, time, model and count is a constant, so that tests compare whole values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::recorded::Recorded;

const ID: &str = "chatcmpl-scripted";
const CREATED: u64 = 1_700_000_000;
const MODEL: &str = "scripted-model";

impl Answer {
    /// A whole `chat.completion` that says `text`, with usage 11 + 7.
    pub fn chat_text(text: &str) -> Self {
        Self::json(
            200,
            completion(
                json!({ "role": "assistant", "content": text, "refusal": null }),
                "stop",
            ),
        )
    }

    /// The chunks of an answer: role, one content delta a piece, `finish_reason`, usage, `[DONE]`.
    /// The events are numbered for gates and cuts: 0 is the role, 1 the first delta.
    pub fn chat_stream(deltas: &[&str]) -> Self {
        Self::sse(
            chunks(deltas.iter().map(|text| json!({ "content": text })), "stop")
                .chain([usage_chunk()]),
        )
    }

    /// Says `text` as the request asks: streamed or whole, and streamed with usage only if `include_usage` is true.
    pub fn chat_auto(text: &str) -> Self {
        let text = text.to_owned();
        Self::from_fn(move |request| {
            if !asks(request, "/stream") {
                return Self::chat_text(&text);
            }
            streamed(request, vec![json!({ "content": text })], "stop")
        })
    }

    /// Calls tools as the request asks, streamed or whole; a call is `(id, name, arguments)`.
    pub fn chat_tool_calls(calls: &[(&str, &str, Value)]) -> Self {
        let calls: Vec<Value> = calls
            .iter()
            .map(|(id, name, arguments)| tool_call(id, name, arguments))
            .collect();
        Self::from_fn(move |request| {
            if !asks(request, "/stream") {
                let message = json!({ "role": "assistant", "content": null, "refusal": null, "tool_calls": calls });
                return Self::json(200, completion(message, "tool_calls"));
            }
            streamed(
                request,
                calls.iter().enumerate().flat_map(call_deltas).collect(),
                "tool_calls",
            )
        })
    }

    /// For each input its [`embedding_of`] in that many dimensions (or the request's `dimensions`), as numbers or base64;
    /// usage counts one token an input. More than 4096 are refused.
    pub fn embeddings_of(dimensions: usize) -> Self {
        Self::from_fn(move |request| embeddings(&request.json(), dimensions))
    }

    /// A failure in OpenAI's shape.
    pub fn error(status: u16, message: &str, code: &str) -> Self {
        let kind = if status < 500 {
            "invalid_request_error"
        } else {
            "server_error"
        };
        Self::json(
            status,
            json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }),
        )
    }
}

/// The vector of an input: the same for the same input, as good as always another for another. Each number is a multiple
/// of 1/128 in -1..1, exact as `f32` and in JSON. An input of token ids counts as its JSON text, `[1,2]`.
pub fn embedding_of(input: &str, dimensions: usize) -> Vec<f32> {
    let blocks = (0u32..).map(|block| Sha256::digest(format!("{block} {input}")));
    blocks
        .flatten()
        .take(dimensions)
        .map(|byte| f32::from(byte) / 128.0 - 1.0)
        .collect()
}

fn embeddings(request: &Value, dimensions: usize) -> Answer {
    let dimensions = request["dimensions"]
        .as_u64()
        .map_or(dimensions, |asked| usize::try_from(asked).unwrap());
    if dimensions > 4096 {
        return Answer::error(400, "too many dimensions", "invalid_value");
    }
    let inputs = match &request["input"] {
        Value::Array(items) if items.first().is_none_or(|first| !first.is_number()) => {
            items.clone()
        }
        one => vec![one.clone()],
    };
    let data: Vec<Value> = inputs
        .iter()
        .map(|input| embedding_of(&input.as_str().map_or_else(|| input.to_string(), str::to_owned), dimensions))
        .map(|vector| match request["encoding_format"].as_str() {
            Some("base64") => json!(STANDARD.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())),
            _ => json!(vector),
        })
        .enumerate()
        .map(|(index, embedding)| json!({ "object": "embedding", "index": index, "embedding": embedding }))
        .collect();
    let usage = json!({ "prompt_tokens": data.len(), "total_tokens": data.len() });
    Answer::json(
        200,
        json!({ "object": "list", "data": data, "model": request["model"], "usage": usage }),
    )
}

fn asks(request: &Recorded, pointer: &str) -> bool {
    request.json().pointer(pointer) == Some(&Value::Bool(true))
}

fn streamed(request: &Recorded, deltas: Vec<Value>, finish_reason: &str) -> Answer {
    let usage = asks(request, "/stream_options/include_usage").then(usage_chunk);
    Answer::sse(chunks(deltas.into_iter(), finish_reason).chain(usage))
}

fn chunks(deltas: impl Iterator<Item = Value>, finish_reason: &str) -> impl Iterator<Item = Value> {
    let role = json!({ "role": "assistant", "content": "" });
    let bodies = [role]
        .into_iter()
        .chain(deltas)
        .map(|delta| chunk(delta, Value::Null));
    bodies.chain([chunk(json!({}), json!(finish_reason))])
}

fn chunk(delta: Value, finish_reason: Value) -> Value {
    let choice =
        json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason });
    json!({ "id": ID, "object": "chat.completion.chunk", "created": CREATED, "model": MODEL, "choices": [choice] })
}

fn usage_chunk() -> Value {
    json!({ "id": ID, "object": "chat.completion.chunk", "created": CREATED, "model": MODEL, "choices": [], "usage": usage() })
}

fn completion(message: Value, finish_reason: &str) -> Value {
    let choice =
        json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason });
    json!({ "id": ID, "object": "chat.completion", "created": CREATED, "model": MODEL, "choices": [choice], "usage": usage() })
}

fn usage() -> Value {
    json!({ "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 })
}

fn tool_call(id: &str, name: &str, arguments: &Value) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments.to_string() } })
}

/// As OpenAI streams a call: id and name first, then the arguments in fragments (here two).
fn call_deltas((index, call): (usize, &Value)) -> Vec<Value> {
    let mut opening = call.clone();
    opening["index"] = json!(index);
    opening["function"]["arguments"] = json!("");
    let arguments: Vec<char> = call["function"]["arguments"]
        .as_str()
        .unwrap()
        .chars()
        .collect();
    let fragments = arguments.chunks(arguments.len().div_ceil(2)).map(|fragment| {
        json!({ "index": index, "function": { "arguments": fragment.iter().collect::<String>() } })
    });
    [opening]
        .into_iter()
        .chain(fragments)
        .map(|call| json!({ "tool_calls": [call] }))
        .collect()
}
