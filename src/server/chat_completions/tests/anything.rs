use proptest::prelude::*;
use serde_json::{Value, json};

use super::PNG;
use crate::server::body::FromBody;
use crate::server::chat_completions::decode::Asked;

/// JSON that resembles a request closely enough to get past the first checks.
fn value(depth: u32) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "user",
            "system",
            "assistant",
            "tool",
            "function",
            "text",
            "image_url",
            "input_audio",
            "file",
            "refusal",
            "auto",
            "required",
            "allowed_tools",
            "json_schema",
            "c1",
            PNG,
            "data:;base64,é",
            "https://x",
            "x",
        ])
        .prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "role",
        "content",
        "type",
        "text",
        "image_url",
        "url",
        "detail",
        "input_audio",
        "data",
        "format",
        "file",
        "file_data",
        "tool_calls",
        "tool_call_id",
        "id",
        "name",
        "function",
        "arguments",
        "function_call",
        "parameters",
        "mode",
        "tools",
        "allowed_tools",
        "json_schema",
        "schema",
        "x",
    ]);
    leaf.prop_recursive(depth, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    .boxed()
}

fn message() -> impl Strategy<Value = Value> {
    let role = prop::sample::select(vec!["user", "system", "assistant", "tool", "function"]);
    (role, value(4), prop::option::of(value(3)), prop::option::of(value(1))).prop_map(|(role, content, calls, id)| {
        json!({ "role": role, "content": content, "tool_calls": calls, "tool_call_id": id, "name": "f" })
    })
}

proptest! {
    #[test]
    fn no_request_makes_it_panic(
        messages in prop::collection::vec(message(), 0..5),
        members in prop::collection::btree_map(
            prop::sample::select(vec!["tools", "tool_choice", "functions", "function_call", "stop", "response_format", "logit_bias", "metadata", "n", "temperature"]),
            value(4),
            0..4,
        ),
        anything in value(4),
    ) {
        let mut body = json!({ "messages": messages });
        for (name, value) in members {
            body[name] = value;
        }
        let _ = Asked::from_body(&body.to_string());
        let _ = Asked::from_body(&anything.to_string());
    }
}
