//! What is said of bodies that are wrong somewhere.

use serde_json::json;

use crate::server::body::faults::as_followed;
use crate::server::chat_completions::request::Request;

#[test]
fn a_value_of_a_wrong_kind_is_named_wherever_it_stands() {
    as_followed::<Request>(&json!({
        "model": "openclaw",
        "messages": [
            { "role": "system", "content": "Be é \"brief\"." },
            { "role": "user", "name": "ann", "content": [
                { "type": "text", "text": "[{" },
                { "type": "image_url", "image_url": { "url": "data:,", "detail": "low" } },
                { "type": "input_audio", "input_audio": { "data": "", "format": "wav" } },
                { "type": "file", "file": { "file_data": "", "file_id": "f", "filename": "a" } },
                { "type": "refusal", "refusal": "no" },
            ] },
            {
                "role": "assistant", "refusal": "no", "reasoning_content": "hm",
                "tool_calls": [{ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } }],
                "function_call": { "name": "f", "arguments": "{}" },
            },
            { "role": "tool", "tool_call_id": "c", "content": "done" },
        ],
    }));
}

#[test]
fn a_member_of_a_wrong_kind_is_named() {
    as_followed::<Request>(&json!({
        "model": "openclaw", "messages": [], "stream": true, "stream_options": { "include_usage": true },
        "tools": [{ "type": "function", "function": { "name": "f", "description": "d", "parameters": { "a": [1] }, "strict": true } }],
        "tool_choice": { "type": "allowed_tools", "function": { "name": "f" }, "allowed_tools": { "mode": "auto", "tools": [{ "function": { "name": "f" } }] } },
        "functions": [{ "name": "f" }], "function_call": { "name": "f" }, "parallel_tool_calls": true,
        "response_format": { "type": "json_schema", "json_schema": { "name": "n" } },
        "max_completion_tokens": 1, "max_tokens": 1, "temperature": 1, "top_p": 0.5,
        "frequency_penalty": 0, "presence_penalty": 0, "seed": -1, "stop": ["a", "b"], "logit_bias": { "1": 2 },
        "logprobs": true, "top_logprobs": 1, "n": 1, "reasoning_effort": "low", "verbosity": "low", "user": "u",
        "metadata": { "a": "b" }, "service_tier": "auto", "prompt_cache_key": "k", "store": false, "unknown": [{}],
    }));
}
