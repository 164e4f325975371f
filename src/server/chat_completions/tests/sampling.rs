use serde_json::{Value, json};

use super::{asked, refused};
use crate::chat::{Delivery, Message, ToolChoice};

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
