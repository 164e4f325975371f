use proptest::prelude::*;
use serde_json::{Value, json};

use super::conversation;
use super::decode::Asked;
use super::input::Entry;
use super::kept;
use super::request::Request;
use crate::server::body::FromBody;
use crate::server::body::faults::as_followed;

/// JSON that resembles an item closely enough to get past the first checks.
fn value(depth: u32) -> BoxedStrategy<Value> {
    let words = vec![
        "",
        "user",
        "system",
        "assistant",
        "message",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "reasoning",
        "item_reference",
        "web_search",
        "input_text",
        "output_text",
        "input_image",
        "input_file",
        "refusal",
        "allowed_tools",
        "json_schema",
        "c1",
        "data:;base64,é",
        "data:text/plain;base64,eA==",
        "x",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(words).prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "type",
        "role",
        "content",
        "text",
        "id",
        "call_id",
        "name",
        "arguments",
        "input",
        "output",
        "summary",
        "image_url",
        "url",
        "source",
        "data",
        "file_data",
        "tools",
        "mode",
        "format",
        "schema",
        "parameters",
    ]);
    leaf.prop_recursive(depth, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..7)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    .boxed()
}

fn item() -> impl Strategy<Value = Value> {
    let call = prop::sample::select(vec!["a", "b"]);
    prop_oneof![
        value(3),
        value(2).prop_map(|content| json!({ "role": "user", "content": content })),
        value(2).prop_map(|content| json!({ "role": "assistant", "content": content })),
        call.clone().prop_map(
            |id| json!({ "type": "function_call", "call_id": id, "name": "f", "arguments": "{}" })
        ),
        call.prop_map(|id| json!({ "type": "function_call_output", "call_id": id, "output": "x" })),
        Just(json!({ "type": "reasoning", "summary": [{ "type": "summary_text", "text": "hm" }] })),
        Just(json!({ "role": "user", "content": "hi" })),
    ]
}

proptest! {
    #[test]
    fn no_request_makes_it_panic_and_what_is_taken_comes_back_from_the_store(
        items in prop::collection::vec(item(), 0..8),
        members in prop::collection::btree_map(
            prop::sample::select(vec!["tools", "tool_choice", "text", "reasoning", "metadata", "include"]),
            value(3),
            0..3,
        ),
    ) {
        let mut body = json!({ "input": items });
        for (name, value) in members {
            body[name] = value;
        }
        let Ok(asked) = Asked::from_body(&body.to_string()) else {
            return Ok(());
        };
        let mut brought: Vec<_> = asked
            .input
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Item(item) => Some(item),
                Entry::Reference { .. } => None,
            })
            .collect();
        let stored: Vec<_> = brought.iter_mut().map(kept::brought).collect();
        let again: Vec<_> = stored.iter().filter_map(|item| kept::item(item, true)).collect();
        let shape = |items: &Vec<_>| serde_json::to_value(items).unwrap();
        prop_assert_eq!(shape(&again), shape(&brought));
        let (first, second) = (conversation::of(vec![], brought), conversation::of(vec![], again));
        prop_assert_eq!(first.is_ok(), second.is_ok());
        if let (Ok(first), Ok(second)) = (first, second) {
            prop_assert_eq!(first.messages, second.messages);
            prop_assert_eq!(first.system, second.system);
        }
    }
}

#[test]
fn a_value_of_a_wrong_kind_is_named_wherever_it_stands() {
    as_followed::<Request>(&json!({ "input": [
        { "type": "message", "id": "m", "status": "completed", "role": "assistant", "phase": "commentary", "content": "hi" },
        { "role": "user", "content": [
            { "type": "input_text", "text": "[{" },
            { "type": "input_image", "image_url": { "url": "data:,", "detail": "low" }, "detail": "low" },
            { "type": "input_file", "file_data": "", "file_url": "u", "file_id": "f", "filename": "a" },
            { "type": "input_file", "source": { "type": "base64", "media_type": "a/b", "data": "", "filename": "a", "url": "u" } },
        ] },
        { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c", "output": [{ "type": "input_text", "text": "done" }] },
        { "type": "reasoning", "summary": [{ "text": "hm" }], "encrypted_content": "x" },
    ] }));
}

#[test]
fn a_member_of_a_wrong_kind_is_named() {
    as_followed::<Request>(&json!({
        "model": "openclaw", "input": "hi", "instructions": "i", "previous_response_id": "r", "conversation": { "id": "c" },
        "tools": [{ "type": "function", "name": "f", "description": "d", "parameters": { "a": [1] }, "strict": true, "format": {} }],
        "tool_choice": { "type": "allowed_tools", "name": "f", "mode": "auto", "tools": [{ "type": "function", "name": "f" }] },
        "parallel_tool_calls": true, "max_tool_calls": 1, "max_output_tokens": 1, "temperature": 1, "top_p": 0.5,
        "presence_penalty": 0, "frequency_penalty": 0, "top_logprobs": 1,
        "text": { "format": { "type": "json_schema", "name": "n", "description": "d", "schema": {}, "strict": true }, "verbosity": "low" },
        "reasoning": { "effort": "low", "summary": "auto" }, "include": ["a"], "metadata": { "a": "b" },
        "truncation": "auto", "user": "u", "store": true, "stream": true, "background": false, "unknown": [{}],
    }));
}
