//! Whole answers.

use super::*;

#[test]
fn a_whole_response_is_read_item_by_item() {
    let body = r#"{
        "id": "resp_67ccd2bed1ec8190", "object": "response", "created_at": 1741476542, "status": "completed",
        "error": null, "incomplete_details": null, "model": "gpt-5.4",
        "output": [
            { "type": "reasoning", "id": "rs_1", "summary": [{ "type": "summary_text", "text": "One." }, { "type": "summary_text", "text": "Two." }] },
            { "type": "reasoning", "id": "rs_2", "summary": [], "content": [{ "type": "reasoning_text", "text": "Raw." }] },
            { "type": "web_search_call", "id": "ws_1", "status": "completed" },
            { "type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [
                { "type": "output_text", "text": "Hi", "annotations": [], "logprobs": [{ "token": "Hi", "logprob": -0.25 }] },
                { "type": "refusal", "refusal": "No." },
                { "type": "novelty" }
            ] },
            { "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{\"a\":1}" },
            { "type": "function_call", "name": "g", "call_id": "call_2", "arguments": "{}" }
        ],
        "usage": { "input_tokens": 3, "output_tokens": 2 }
    }"#;
    assert_eq!(
        read_whole(body),
        [
            r#"Delta(Reasoning("One."))"#.to_owned(),
            r#"Delta(Reasoning("\n\n"))"#.to_owned(),
            r#"Delta(Reasoning("Two."))"#.to_owned(),
            r#"Delta(Reasoning("\n\n"))"#.to_owned(),
            r#"Delta(Reasoning("Raw."))"#.to_owned(),
            r#"Delta(Text("Hi"))"#.to_owned(),
            r#"Delta(Logprobs(RawValue({"content":[{"token":"Hi","logprob":-0.25}],"refusal":null})))"#.to_owned(),
            r#"Delta(Refusal("No."))"#.to_owned(),
            call(0, Some("call_1"), Some("f"), ""),
            call(0, None, None, "{\"a\":1}"),
            call(1, Some("call_2"), Some("g"), ""),
            call(1, None, None, "{}"),
            "Finished(Finished { reason: ToolCalls, usage: Some(Usage { input_tokens: 3, output_tokens: 2, total_tokens: 5, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, cost: None }) })".to_owned(),
        ]
    );
}

#[test]
fn a_whole_response_that_failed_or_is_none_is_an_error() {
    let error = |body: &str| whole("p", body.as_bytes()).err().unwrap().to_string();
    assert_eq!(
        error(
            r#"{"status":"failed","output":[],"error":{"code":"server_error","message":"no luck"}}"#
        ),
        "p reported an error: no luck"
    );
    assert_eq!(
        error(r#"{"error":{"message":"no luck"}}"#),
        "p reported an error: no luck"
    );
    assert_eq!(
        error(r#"{"status":"cancelled","output":[]}"#),
        "p reported an error: no reason given"
    );
    assert_eq!(
        error("{}"),
        "p sent an answer that cannot be used: a response without output"
    );
    assert_eq!(
        error("<html>"),
        "p sent an answer that cannot be used: an answer that is not of its dialect"
    );
}
