//! The shapes of bodies, as JSON Schema 2020-12. Objects of requests are open: members that are not known are passed
//! over. Null equals absent for every member that is not required.

use serde_json::{Map, Value, json};

/// `components.schemas`.
pub fn all() -> Value {
    let mut all = Map::new();
    for schemas in [requests(), chat(), responses(), others()] {
        if let Value::Object(schemas) = schemas {
            all.extend(schemas);
        }
    }
    all.into()
}

/// This type, or null.
fn or_null(mut schema: Value) -> Value {
    match schema.get("type").cloned() {
        Some(kind @ Value::String(_)) => {
            schema["type"] = json!([kind, "null"]);
            if let Some(Value::Array(words)) = schema.get_mut("enum") {
                words.push(Value::Null);
            }
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

/// An object: members that must be there, and members that may be null or absent.
fn object(required: Value, optional: Value) -> Value {
    let mut properties = Map::new();
    let mut names = Vec::new();
    if let Value::Object(required) = required {
        names.extend(required.keys().cloned());
        properties.extend(required);
    }
    if let Value::Object(optional) = optional {
        let optional = optional.into_iter();
        properties.extend(optional.map(|(name, schema)| (name, or_null(schema))));
    }
    json!({ "type": "object", "properties": properties, "required": names })
}

fn string() -> Value {
    json!({ "type": "string" })
}

fn word(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

fn switch() -> Value {
    json!({ "type": "boolean" })
}

fn any_object() -> Value {
    json!({ "type": "object" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
}

fn at_least_one() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX })
}

fn number(least: f64, most: f64) -> Value {
    json!({ "type": "number", "minimum": least, "maximum": most })
}

fn of(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// What `model` may say.
fn target() -> Value {
    json!({
        "type": "string",
        "description": "An agent: `openclaw`, `openclaw/<agent>`; or a model: `provider/model`, an alias, an id. In runs it may be left out: the default agent.",
        "examples": ["openclaw/default"],
    })
}

fn requests() -> Value {
    let text_or_parts =
        json!({ "anyOf": [string(), { "type": "array", "items": of("ContentPart") }] });
    let schema = json!({ "type": ["object", "boolean"] });
    json!({
        "ChatCompletionRequest": object(
            json!({
                "messages": { "type": "array", "minItems": 1, "items": of("ChatMessage"), "examples": [[{ "role": "user", "content": "Hello!" }]] },
            }),
            json!({
                "model": target(),
                "stream": switch(),
                "stream_options": object(json!({}), json!({ "include_usage": switch() })),
                "tools": list(of("Tool")),
                "tool_choice": { "anyOf": [{ "enum": ["auto", "none", "required"] }, object(json!({ "type": { "const": "function" }, "function": object(json!({ "name": string() }), json!({})) }), json!({}))] },
                "parallel_tool_calls": switch(),
                "response_format": object(json!({ "type": { "enum": ["text", "json_object", "json_schema"] } }), json!({ "json_schema": object(json!({ "name": string() }), json!({ "schema": any_object(), "strict": switch(), "description": string() })) })),
                "max_completion_tokens": at_least_one(),
                "max_tokens": at_least_one(),
                "temperature": number(0.0, 2.0),
                "top_p": number(0.0, 1.0),
                "frequency_penalty": number(-2.0, 2.0),
                "presence_penalty": number(-2.0, 2.0),
                "seed": { "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX },
                "stop": { "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "array", "maxItems": 4, "items": { "type": "string", "minLength": 1 } }] },
                "logit_bias": { "type": "object", "additionalProperties": number(-100.0, 100.0) },
                "logprobs": switch(),
                "top_logprobs": { "type": "integer", "minimum": 0, "maximum": 20 },
                "n": { "type": "integer", "enum": [1] },
                "reasoning_effort": string(),
                "user": { "type": "string", "description": "Names a lasting session of the agent, unless `gateway.http.sessions.fromUser` is false." },
                "metadata": any_object(),
                "service_tier": string(),
                "prompt_cache_key": string(),
                "store": switch(),
            }),
        ),
        "ChatMessage": object(
            json!({ "role": { "enum": ["system", "developer", "user", "assistant", "tool", "function"] } }),
            json!({ "content": text_or_parts, "name": string(), "refusal": string(), "tool_calls": list(of("ToolCall")), "tool_call_id": string() }),
        ),
        "ContentPart": object(
            json!({ "type": { "type": "string", "description": "text, image_url, input_audio, file or refusal; input_text, input_image, input_file in responses." } }),
            json!({ "text": string(), "refusal": string() }),
        ),
        "Tool": object(
            json!({ "type": { "const": "function" }, "function": object(json!({ "name": { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" } }), json!({ "description": string(), "parameters": any_object(), "strict": switch() })) }),
            json!({}),
        ),
        "ToolCall": object(
            json!({ "id": string(), "function": object(json!({ "name": string(), "arguments": string() }), json!({})) }),
            json!({ "type": { "const": "function" } }),
        ),
        "EmbeddingRequest": object(
            json!({
                "model": target(),
                "input": { "anyOf": [
                    { "type": "string", "minLength": 1, "maxLength": 300_000 },
                    { "type": "array", "minItems": 1, "maxItems": 2048, "items": { "type": "string", "minLength": 1, "maxLength": 300_000 } },
                    { "type": "array", "minItems": 1, "maxItems": 2048, "items": count() },
                    { "type": "array", "minItems": 1, "maxItems": 2048, "items": { "type": "array", "minItems": 1, "items": count() } },
                ], "examples": ["Hello!", ["Hello!", "Good-bye!"]] },
            }),
            json!({ "dimensions": at_least_one(), "encoding_format": { "type": "string", "enum": ["float", "base64"] }, "user": string() }),
        ),
        "ResponseRequest": object(
            json!({ "input": { "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "array", "minItems": 1, "items": of("InputItem") }], "examples": ["Hello!"] } }),
            json!({
                "model": target(),
                "instructions": string(),
                "previous_response_id": string(),
                "tools": list(object(json!({ "type": string() }), json!({ "name": string(), "description": string(), "parameters": schema, "strict": switch() }))),
                "tool_choice": { "anyOf": [{ "enum": ["auto", "none", "required"] }, any_object()] },
                "parallel_tool_calls": switch(),
                "max_tool_calls": at_least_one(),
                "max_output_tokens": at_least_one(),
                "temperature": number(0.0, 2.0),
                "top_p": number(0.0, 1.0),
                "presence_penalty": number(-2.0, 2.0),
                "frequency_penalty": number(-2.0, 2.0),
                "top_logprobs": { "type": "integer", "minimum": 0, "maximum": 20 },
                "text": object(json!({}), json!({ "format": any_object(), "verbosity": word(&["low", "medium", "high"]) })),
                "reasoning": object(json!({}), json!({ "effort": word(&["none", "minimal", "low", "medium", "high", "xhigh"]), "summary": word(&["auto", "concise", "detailed"]) })),
                "include": list(string()),
                "metadata": { "type": "object", "additionalProperties": string() },
                "truncation": { "type": "string", "enum": ["auto", "disabled"] },
                "user": string(),
                "safety_identifier": string(),
                "prompt_cache_key": string(),
                "service_tier": string(),
                "store": switch(),
                "stream": switch(),
                "background": { "type": "boolean", "enum": [false] },
            }),
        ),
        "CompactRequest": {
            "allOf": [object(
                json!({ "model": { "type": "string", "minLength": 1, "examples": ["openclaw/default"] } }),
                json!({
                    "input": { "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "array", "minItems": 1, "items": of("InputItem") }], "examples": ["Hello!"] },
                    "previous_response_id": string(),
                    "instructions": string(),
                    "user": string(),
                }),
            )],
            "anyOf": [
                { "required": ["input"], "properties": { "input": { "not": { "type": "null" } } } },
                { "required": ["previous_response_id"], "properties": { "previous_response_id": { "not": { "type": "null" } } } },
            ],
        },
        "InputItem": object(
            json!({}),
            json!({
                "type": { "type": "string", "description": "message (also where it is absent), function_call, function_call_output, custom_tool_call, custom_tool_call_output, reasoning, compaction or item_reference." },
                "id": string(), "role": string(), "content": text_or_parts, "call_id": string(), "name": string(), "arguments": string(), "output": text_or_parts,
            }),
        ),
    })
}

/// One event of a stream.
fn event(description: &str) -> Value {
    json!({
        "description": description,
        "type": "object",
        "properties": { "event": string(), "data": string() },
        "required": ["data"],
    })
}

fn chat() -> Value {
    let usage = object(
        json!({ "prompt_tokens": count(), "completion_tokens": count(), "total_tokens": count() }),
        json!({ "prompt_tokens_details": any_object(), "completion_tokens_details": any_object() }),
    );
    let message = object(
        json!({ "role": { "const": "assistant" }, "content": or_null(string()) }),
        json!({ "refusal": string(), "tool_calls": list(of("ToolCall")), "reasoning_content": string(), "annotations": list(any_object()) }),
    );
    let reason =
        json!({ "enum": ["stop", "length", "tool_calls", "content_filter", "function_call"] });
    json!({
        "ChatCompletion": object(
            json!({
                "id": string(), "object": { "const": "chat.completion" }, "created": { "type": "integer" }, "model": string(),
                "choices": list(object(json!({ "index": count(), "message": message, "finish_reason": reason }), json!({ "logprobs": any_object() }))),
            }),
            json!({ "usage": usage, "system_fingerprint": string(), "service_tier": string() }),
        ),
        "ChatCompletionEvent": event("`data` is a `chat.completion.chunk`; an error that comes midway is `{\"error\": …}`; the last one is `[DONE]`."),
    })
}

fn responses() -> Value {
    json!({
        "Response": object(
            json!({
                "id": string(), "object": { "const": "response" }, "created_at": { "type": "integer" }, "model": string(),
                "status": { "enum": ["completed", "incomplete", "failed", "in_progress"] },
                "output": list(object(json!({ "type": string() }), json!({ "id": string() }))),
            }),
            json!({ "error": any_object(), "incomplete_details": any_object(), "usage": any_object(), "previous_response_id": string(), "instructions": string() }),
        ),
        "CompactedResponse": object(
            json!({
                "id": string(), "object": { "const": "response.compaction" }, "created_at": { "type": "integer" },
                "output": list(object(json!({ "type": string() }), json!({ "id": string() }))),
            }),
            json!({ "usage": any_object() }),
        ),
        "ResponseEvent": event("`data` is an event of Open Responses whose `type` is `event`, with a `sequence_number` that rises by one; the last one is `[DONE]`."),
        "DeletedResponse": object(json!({ "id": string(), "object": { "const": "response" }, "deleted": { "const": true } }), json!({})),
        "ItemList": object(
            json!({ "object": { "const": "list" }, "data": list(any_object()), "has_more": switch() }),
            json!({ "first_id": string(), "last_id": string() }),
        ),
    })
}

fn others() -> Value {
    let vector = json!({ "anyOf": [{ "type": "array", "items": { "type": "number" } }, { "type": "string", "description": "base64 of little-endian 32-bit floats" }] });
    json!({
        "EmbeddingList": object(
            json!({
                "object": { "const": "list" }, "model": string(),
                "data": list(object(json!({ "object": { "const": "embedding" }, "index": count(), "embedding": vector }), json!({}))),
            }),
            json!({ "usage": object(json!({ "prompt_tokens": count(), "total_tokens": count() }), json!({})) }),
        ),
        "Model": object(json!({ "id": string(), "object": { "const": "model" }, "created": { "type": "integer" }, "owned_by": string() }), json!({})),
        "ModelList": object(json!({ "object": { "const": "list" }, "data": list(of("Model")) }), json!({})),
        "Health": object(json!({ "status": { "enum": ["ok", "starting", "draining", "unavailable"] } }), json!({ "reason": string() })),
        "Metrics": { "type": "string", "examples": ["openclaw_http_streams_active 0"] },
        "OpenApi": object(json!({ "openapi": string() }), json!({})),
        "Error": object(
            json!({ "error": object(
                json!({
                    "message": string(),
                    "type": { "enum": ["invalid_request_error", "permission_error", "rate_limit_error", "server_error", "upstream_error"] },
                    "param": or_null(string()),
                    "code": or_null(string()),
                }),
                json!({}),
            ) }),
            json!({}),
        ),
    })
}
