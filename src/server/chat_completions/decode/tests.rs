use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chat::{Image, ImageSource, Message, Part, ToolCall, ToolChoice};

const PNG: &str = "data:image/jpeg;base64,iVBORw0KGgoAAAANSUhEUg==";

fn asked(body: Value) -> Asked {
    Asked::from_body(&body.to_string()).unwrap_or_else(|error| panic!("{error:?}"))
}

fn with(member: &str, value: Value) -> Value {
    json!({ "messages": [{ "role": "user", "content": "hi" }], member: value })
}

/// The `param` of the refusal.
fn refused(body: Value) -> String {
    let error = Asked::from_body(&body.to_string()).unwrap_err();
    assert_eq!(error.status(), 400);
    let error: Value = serde_json::from_slice(&error.to_json()).unwrap();
    error["error"]["param"]
        .as_str()
        .unwrap_or("none")
        .to_owned()
}

fn text(text: &str) -> Vec<Part> {
    vec![Part::Text(text.to_owned())]
}

#[test]
fn a_whole_conversation_is_understood() {
    let asked = asked(json!({
        "model": "openclaw/beta",
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [{ "type": "text", "text": "What is it?" }, { "type": "image_url", "image_url": { "url": PNG, "detail": "low" } }], "name": "ann" },
            { "role": "developer", "content": [{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }] },
            { "role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
                { "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{}" } },
                { "id": "c2", "type": "function", "function": { "name": "look", "arguments": "" } },
            ] },
            { "role": "tool", "tool_call_id": "c2", "content": "two" },
            { "role": "tool", "tool_call_id": "c1", "content": [{ "type": "text", "text": "one" }] },
        ],
    }));
    assert_eq!(asked.model.as_deref(), Some("openclaw/beta"));
    assert_eq!(asked.system, ["Be brief.", "a\nb"]);
    let call = |id: &str, arguments: &str| ToolCall {
        id: id.to_owned(),
        name: "look".to_owned(),
        arguments: arguments.to_owned(),
    };
    let image = Part::Image(Image {
        source: ImageSource::Inline {
            mime: "image/png",
            base64: "iVBORw0KGgoAAAANSUhEUg==".to_owned(),
        },
        detail: Some("low".to_owned()),
    });
    let expected = [
        Message::User {
            parts: vec![Part::Text("What is it?".to_owned()), image],
            name: Some("ann".to_owned()),
        },
        Message::Assistant {
            parts: Vec::new(),
            reasoning: Some("hm".to_owned()),
            tool_calls: vec![call("c1", "{}"), call("c2", "")],
            name: None,
        },
        Message::Tool {
            call_id: "c2".to_owned(),
            parts: text("two"),
        },
        Message::Tool {
            call_id: "c1".to_owned(),
            parts: text("one"),
        },
    ];
    assert_eq!(asked.chat.messages, expected);
}

#[test]
fn null_is_absent_and_unknown_members_are_skipped() {
    let mut body = json!({ "messages": [{ "role": "user", "content": "hi", "name": null, "tool_calls": null, "x": {} }], "verbosity": "low" });
    for member in [
        "model",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "parallel_tool_calls",
        "response_format",
        "max_completion_tokens",
        "max_tokens",
        "temperature",
        "top_p",
        "frequency_penalty",
        "presence_penalty",
        "seed",
        "stop",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "n",
        "reasoning_effort",
        "user",
        "metadata",
        "service_tier",
        "prompt_cache_key",
        "store",
    ] {
        body[member] = Value::Null;
    }
    let asked = asked(body);
    assert_eq!((asked.model, asked.include_usage), (None, false));
    assert_eq!(asked.chat.messages, [Message::user("hi")]);
    assert_eq!(asked.chat.delivery, Delivery::Whole);
    assert_eq!(asked.chat.tool_choice, ToolChoice::Auto);
    assert!(asked.chat.sampling.logit_bias.is_none() && asked.chat.sampling.metadata.is_none());
}

#[test]
fn sampling_is_taken_over() {
    let asked = asked(json!({
        "messages": [{ "role": "user", "content": "hi" }], "stream": true, "stream_options": { "include_usage": true },
        "max_tokens": 5, "max_completion_tokens": 7, "temperature": 2, "stop": "\n", "seed": -1, "user": "ann",
        "logit_bias": { "50256": -100 }, "metadata": { "a": "b" }, "n": 1,
    }));
    let sampling = &asked.chat.sampling;
    assert_eq!(
        (sampling.max_tokens, sampling.temperature, sampling.seed),
        (Some(7), Some(2.0), Some(-1))
    );
    assert_eq!(sampling.stop, ["\n"]);
    assert_eq!(
        sampling.logit_bias.as_ref().unwrap().get(),
        r#"{"50256":-100}"#
    );
    assert_eq!(
        (asked.include_usage, asked.chat.delivery),
        (true, Delivery::Streamed)
    );
    assert_eq!(asked.chat.user.as_deref(), Some("ann"));
}

#[test]
fn a_value_out_of_range_or_of_the_wrong_type_is_named() {
    for (member, value, param) in [
        ("temperature", json!(2.1), "temperature"),
        ("temperature", json!("hot"), "temperature"),
        ("top_p", json!(-0.1), "top_p"),
        ("frequency_penalty", json!(-2.5), "frequency_penalty"),
        ("presence_penalty", json!(3), "presence_penalty"),
        ("n", json!(2), "n"),
        ("max_tokens", json!(0), "max_tokens"),
        ("max_completion_tokens", json!(-1), "max_completion_tokens"),
        ("top_logprobs", json!(21), "top_logprobs"),
        ("stop", json!(""), "stop"),
        ("stop", json!(["a", ""]), "stop[1]"),
        ("stop", json!(["a", "b", "c", "d", "e"]), "stop"),
        ("stop", json!(["a", 1]), "stop[1]"),
        ("logit_bias", json!({ "1": 101 }), "logit_bias.1"),
        ("logit_bias", json!([]), "logit_bias"),
        ("metadata", json!({ "a": 1 }), "metadata"),
        (
            "stream_options",
            json!({ "include_usage": 1 }),
            "stream_options.include_usage",
        ),
        (
            "response_format",
            json!({ "type": "xml" }),
            "response_format.type",
        ),
        (
            "response_format",
            json!({ "type": "json_schema" }),
            "response_format.json_schema",
        ),
        (
            "response_format",
            json!({ "type": "json_schema", "json_schema": {} }),
            "response_format.json_schema",
        ),
        ("messages", json!("hi"), "messages"),
        ("model", json!(7), "model"),
    ] {
        let mut body = json!({ "messages": [{ "role": "user", "content": "hi" }] });
        body[member] = value.clone();
        assert_eq!(refused(body), param, "{member}: {value}");
    }
    assert_eq!(refused(json!({})), "messages");
}

#[test]
fn a_message_that_cannot_be_used_is_named_to_its_last_member() {
    let user = |part: Value| json!({ "role": "user", "content": [part] });
    for (message, param) in [
        (
            json!({ "role": "wizard", "content": "hi" }),
            "messages[0].role",
        ),
        (
            json!({ "role": "user", "content": 7 }),
            "messages[0].content",
        ),
        (
            user(json!({ "type": "video" })),
            "messages[0].content[0].type",
        ),
        (
            user(json!({ "type": "text" })),
            "messages[0].content[0].text",
        ),
        (
            user(json!({ "type": "image_url", "image_url": { "url": 7 } })),
            "messages[0].content[0].image_url.url",
        ),
        (
            user(json!({ "type": "image_url", "image_url": { "url": "https://x.example/a.png" } })),
            "messages[0].content[0].image_url.url",
        ),
        (
            user(
                json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,PHN2Zz4=" } }),
            ),
            "messages[0].content[0].image_url.url",
        ),
        (
            user(json!({ "type": "image_url", "image_url": { "url": PNG, "detail": "huge" } })),
            "messages[0].content[0].image_url.detail",
        ),
        (
            user(
                json!({ "type": "input_audio", "input_audio": { "data": "aGk=", "format": "ogg" } }),
            ),
            "messages[0].content[0].input_audio.format",
        ),
        (
            user(json!({ "type": "input_audio", "input_audio": { "data": "?", "format": "wav" } })),
            "messages[0].content[0].input_audio.data",
        ),
        (
            user(json!({ "type": "file", "file": { "file_id": "f1" } })),
            "messages[0].content[0].file.file_id",
        ),
        (
            json!({ "role": "system", "content": [{ "type": "image_url", "image_url": { "url": PNG } }] }),
            "messages[0].content[0].type",
        ),
    ] {
        assert_eq!(
            refused(json!({ "messages": [message.clone()] })),
            param,
            "{message}"
        );
    }
}

#[test]
fn every_call_must_be_answered_and_every_answer_have_a_call() {
    let user = json!({ "role": "user", "content": "hi" });
    let call = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let calls = json!({ "role": "assistant", "tool_calls": [call("a"), call("b")] });
    let tool = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "x" });
    for (messages, param) in [
        (
            vec![user.clone(), calls.clone(), tool("a")],
            "messages[1].tool_calls",
        ),
        (
            vec![user.clone(), calls.clone(), tool("a"), user.clone()],
            "messages[1].tool_calls",
        ),
        (
            vec![user.clone(), calls.clone(), tool("a"), tool("a")],
            "messages[3].tool_call_id",
        ),
        (
            vec![
                user.clone(),
                calls.clone(),
                json!({ "role": "tool", "content": "x" }),
            ],
            "messages[2].tool_call_id",
        ),
        (vec![user.clone(), tool("a")], "messages[1].tool_call_id"),
        (
            vec![
                user.clone(),
                json!({ "role": "function", "name": "f", "content": "x" }),
            ],
            "messages[1].name",
        ),
        (
            vec![
                user.clone(),
                json!({ "role": "assistant", "tool_calls": [{ "id": "a", "type": "custom" }] }),
            ],
            "messages[1].tool_calls[0].type",
        ),
        (
            vec![
                user.clone(),
                json!({ "role": "assistant", "tool_calls": [{ "id": "a" }] }),
            ],
            "messages[1].tool_calls[0].function",
        ),
    ] {
        assert_eq!(refused(json!({ "messages": messages })), param);
    }
    asked(json!({ "messages": [user, calls, tool("b"), tool("a")] }));
}

#[test]
fn the_new_turn_must_say_something() {
    let user = |content: Value| json!({ "role": "user", "content": content });
    let assistant = json!({ "role": "assistant", "content": "" });
    for empty in [
        Value::Null,
        json!(""),
        json!([]),
        json!([{ "type": "text", "text": "" }]),
    ] {
        assert_eq!(
            refused(json!({ "messages": [user(empty)] })),
            "messages[0].content"
        );
    }
    assert_eq!(refused(json!({ "messages": [] })), "messages");
    assert_eq!(
        refused(json!({ "messages": [user(json!("hi")), assistant] })),
        "messages[1].content"
    );
    assert_eq!(
        refused(json!({ "messages": [{ "role": "system", "content": "s" }] })),
        "messages[0].content"
    );
    let earlier = asked(json!({ "messages": [user(json!("")), assistant, user(json!("hi"))] }));
    assert_eq!(earlier.chat.messages.len(), 3, "empty earlier turns pass");
}

#[test]
fn pictures_have_limits() {
    let picture = json!({ "type": "image_url", "image_url": { "url": PNG } });
    let many = |count: usize| json!({ "role": "user", "content": vec![picture.clone(); count] });
    asked(json!({ "messages": [many(9), many(8)] }));
    assert_eq!(
        refused(json!({ "messages": [many(9)] })),
        "messages[0].content[8].image_url.url"
    );
    let large = |bytes: usize| {
        let url = format!(
            "data:image/png;base64,iVBORw0KGgoAAAAN{}",
            "AAAA".repeat(bytes / 3)
        );
        json!({ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": url } }] })
    };
    assert_eq!(
        refused(json!({ "messages": [large(10_000_000)] })),
        "messages[0].content[0].image_url.url"
    );
    let two = json!({ "messages": [large(7_500_000), large(7_500_000)] });
    assert_eq!(refused(two), "messages[1].content[0].image_url.url");
}

fn tools(choice: Value) -> Value {
    let function = |name: &str| json!({ "type": "function", "function": { "name": name, "parameters": { "type": "object" } } });
    let mut body = with("tools", json!([function("look"), function("go")]));
    body["tool_choice"] = choice;
    body
}

#[test]
fn a_tool_choice_names_tools_of_the_request() {
    let chosen = |choice: Value| asked(tools(choice)).chat;
    assert_eq!(chosen(json!("none")).tool_choice, ToolChoice::None);
    assert_eq!(chosen(json!("required")).tool_choice, ToolChoice::Required);
    let look = json!({ "type": "function", "function": { "name": "look" } });
    assert_eq!(
        chosen(look.clone()).tool_choice,
        ToolChoice::Function("look".to_owned())
    );
    let narrowed = chosen(
        json!({ "type": "allowed_tools", "allowed_tools": { "mode": "required", "tools": [look] } }),
    );
    assert_eq!(narrowed.tool_choice, ToolChoice::Required);
    assert_eq!(narrowed.tools.len(), 1);
    for (choice, param) in [
        (json!("maybe"), "tool_choice"),
        (
            json!({ "type": "function", "function": { "name": "fly" } }),
            "tool_choice.function.name",
        ),
        (json!({ "type": "function" }), "tool_choice.function"),
        (json!({ "type": "custom" }), "tool_choice.type"),
        (
            json!({ "type": "allowed_tools" }),
            "tool_choice.allowed_tools",
        ),
        (
            json!({ "type": "allowed_tools", "allowed_tools": { "mode": "auto" } }),
            "tool_choice.allowed_tools.tools",
        ),
        (
            json!({ "type": "allowed_tools", "allowed_tools": { "mode": "auto", "tools": [{ "function": { "name": "fly" } }] } }),
            "tool_choice.allowed_tools.tools[0].function.name",
        ),
    ] {
        assert_eq!(refused(tools(choice.clone())), param, "{choice}");
    }
    assert_eq!(
        refused(with("tool_choice", json!("required"))),
        "tool_choice"
    );
}

#[test]
fn a_tool_is_a_named_function() {
    for (tool, param) in [
        (json!({ "type": "web_search" }), "tools[0].type"),
        (json!({ "type": "function" }), "tools[0].function"),
        (
            json!({ "type": "function", "function": {} }),
            "tools[0].function",
        ),
        (
            json!({ "type": "function", "function": { "name": "" } }),
            "tools[0].function.name",
        ),
        (
            json!({ "type": "function", "function": { "name": "f", "parameters": [] } }),
            "tools[0].function.parameters",
        ),
    ] {
        assert_eq!(refused(with("tools", json!([tool]))), param, "{tool}");
    }
}

#[test]
fn the_older_words_for_tools_still_work() {
    let asked = asked(json!({
        "messages": [
            { "role": "user", "content": "hi" },
            { "role": "assistant", "content": null, "function_call": { "name": "look", "arguments": "{}" } },
            { "role": "function", "name": "look", "content": "seen" },
        ],
        "functions": [{ "name": "look", "parameters": { "type": "object" } }],
        "function_call": { "name": "look" },
    }));
    assert_eq!(asked.chat.tools[0].name, "look");
    assert_eq!(
        asked.chat.tool_choice,
        ToolChoice::Function("look".to_owned())
    );
    assert_eq!(
        asked.chat.messages[2],
        Message::Tool {
            call_id: "call_1".to_owned(),
            parts: text("seen")
        }
    );
}

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
