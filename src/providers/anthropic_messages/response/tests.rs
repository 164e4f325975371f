use super::super::super::replay::{assert_the_same_wherever_it_is_cut, replay};
use super::*;
use proptest::prelude::*;

fn read(stream: &str) -> Vec<String> {
    replay(vec![stream.as_bytes()], MessageReader::default())
}

fn read_whole(body: &str) -> Result<Vec<String>, ProviderError> {
    let events = whole("p", body.as_bytes())?.into_events();
    Ok(events.iter().map(|event| format!("{event:?}")).collect())
}

fn call(index: usize, id: &str, name: &str) -> String {
    format!(
        r#"Delta(ToolCall(ToolCallDelta {{ index: {index}, id: Some("{id}"), name: Some("{name}"), arguments: "" }}))"#
    )
}

fn arguments(index: usize, json: &str) -> String {
    format!(
        "Delta(ToolCall(ToolCallDelta {{ index: {index}, id: None, name: None, arguments: {json:?} }}))"
    )
}

/// The stream of the reference, with a tool call after the text.
const WITH_A_CALL: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_014p7gG3wDgGV9EUtLvnow3U","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","stop_sequence":null,"usage":{"input_tokens":472,"output_tokens":2,"cache_creation_input_tokens":30,"cache_read_input_tokens":1000},"content":[],"stop_reason":null}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" 😀"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_01T1x1fJ34qAmk2tNTrN7Up6","name":"get_weather","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"location\":"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":" \"Rome\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89}}

event: message_stop
data: {"type":"message_stop"}

"#;

#[test]
fn a_stream_with_text_and_a_call_is_read_to_its_end() {
    assert_eq!(
        read(WITH_A_CALL),
        [
            r#"Delta(Text("Grüße"))"#,
            r#"Delta(Text(" 😀"))"#,
            &call(0, "toolu_01T1x1fJ34qAmk2tNTrN7Up6", "get_weather"),
            &arguments(0, r#"{"location":"#),
            &arguments(0, r#" "Rome"}"#),
            "Finished(Finished { reason: ToolCalls, usage: Some(Usage { input_tokens: 1502, output_tokens: 89, total_tokens: 1591, cached_tokens: 1000, cache_write_tokens: 30, reasoning_tokens: 0, cost: None }) })",
        ]
    );
}

#[test]
fn a_stream_is_read_the_same_wherever_it_is_cut() {
    assert_the_same_wherever_it_is_cut(WITH_A_CALL, MessageReader::default);
}

#[test]
fn thoughts_are_reasoning_and_end_with_their_signatures() {
    let stream = r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"27 = 3^3"}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3h"}}

data: {"type":"content_block_stop","index":0}

data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"EmwKAhgBEgy3va3pzix"}}

data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":"9"}}

data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":10,"output_tokens":30,"output_tokens_details":{"thinking_tokens":20}}}

data: {"type":"message_stop"}

"#;
    assert_eq!(
        read(stream),
        [
            r#"Delta(Reasoning("27 = 3^3"))"#,
            r#"Delta(Thought(ThoughtToken { form: AnthropicSignature, model: None, id: None, content: "EqQBCgIYAhIM1gbcDa9GJwZA2b3h" }))"#,
            r#"Delta(Thought(ThoughtToken { form: AnthropicRedacted, model: None, id: None, content: "EmwKAhgBEgy3va3pzix" }))"#,
            r#"Delta(Text("9"))"#,
            "Finished(Finished { reason: Stop, usage: Some(Usage { input_tokens: 10, output_tokens: 30, total_tokens: 40, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 20, cost: None }) })",
        ]
    );
}

#[test]
fn a_call_without_arguments_has_an_empty_object() {
    let stream = r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"now","input":{}}}

data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"b","name":"at","input":{"x":1}}}

data: {"type":"content_block_stop","index":1}

data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}

"#;
    assert_eq!(
        read(stream),
        [
            call(0, "a", "now"),
            call(1, "b", "at"),
            arguments(1, r#"{"x":1}"#),
            arguments(0, "{}"),
            "Finished(Finished { reason: ToolCalls, usage: None })".to_owned(),
        ]
    );
}

#[test]
fn an_error_in_mid_stream_is_told_in_its_own_words_and_ends_it() {
    let stream = r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}

event: error
data: {"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}

event: message_stop
data: {"type":"message_stop"}

"#;
    assert_eq!(
        read(stream),
        [
            r#"Delta(Text("hi"))"#,
            "error: p reported an error: Overloaded"
        ]
    );
}

#[test]
fn a_stream_without_a_stop_reason_was_cut() {
    let cut = &WITH_A_CALL[..WITH_A_CALL.find("event: message_delta").unwrap()];
    assert_eq!(
        read(cut).last().unwrap(),
        "error: p sent an answer that cannot be used: the stream ended before its end"
    );
}

#[test]
fn missing_members_and_kinds_that_are_not_known_are_passed_over() {
    let stream = r#"event: message_start
data: {}

data: {"type":"content_block_start"}

data: {"type":"content_block_start","content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}

data: {"type":"content_block_delta","delta":{"type":"citations_delta","text":"no text"}}

data: {"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{}"}}

event: content_block_delta
data: {"delta":{"type":"text_delta","text":"hi"}}

data: {"type":"tomorrows_event","delta":{"text":"no text"}}

data: {"type":"message_delta","delta":{"stop_reason":null}}

data: {"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{}}

data: {"type":"message_stop"}

"#;
    assert_eq!(
        read(stream),
        [
            r#"Delta(Text("hi"))"#,
            "Finished(Finished { reason: Length, usage: Some(Usage { input_tokens: 0, output_tokens: 0, total_tokens: 0, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, cost: None }) })",
        ]
    );
}

#[test]
fn each_stop_reason_has_its_finish() {
    let finish = |word: &str| {
        let body = format!(r#"{{"content":[],"stop_reason":"{word}"}}"#);
        read_whole(&body).unwrap().pop().unwrap()
    };
    let finished = |reason: &str| format!("Finished(Finished {{ reason: {reason}, usage: None }})");
    for (word, reason) in [
        ("end_turn", "Stop"),
        ("stop_sequence", "Stop"),
        ("pause_turn", "Stop"),
        ("max_tokens", "Length"),
        ("model_context_window_exceeded", "Length"),
        ("tool_use", "ToolCalls"),
        ("refusal", "ContentFilter"),
        ("tomorrows_reason", "Stop"),
    ] {
        assert_eq!(finish(word), finished(reason), "{word}");
    }
}

#[test]
fn a_whole_message_is_read_block_by_block() {
    let body = r#"{"id":"msg_01","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"text","text":"I'll check."},{"type":"tool_use","id":"toolu_01","name":"get_weather","input":{"location":"San Francisco, CA","unit":"celsius"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":345,"output_tokens":89}}"#;
    assert_eq!(
        read_whole(body).unwrap(),
        [
            r#"Delta(Reasoning("hm"))"#,
            r#"Delta(Thought(ThoughtToken { form: AnthropicSignature, model: None, id: None, content: "x" }))"#,
            r#"Delta(Text("I'll check."))"#,
            &call(0, "toolu_01", "get_weather"),
            &arguments(0, r#"{"location":"San Francisco, CA","unit":"celsius"}"#),
            "Finished(Finished { reason: ToolCalls, usage: Some(Usage { input_tokens: 345, output_tokens: 89, total_tokens: 434, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, cost: None }) })",
        ]
    );
}

#[test]
fn a_whole_answer_that_is_no_message_is_an_error() {
    let error = |body| read_whole(body).unwrap_err().to_string();
    assert_eq!(
        error("<html>"),
        "p sent an answer that cannot be used: an answer that is no message"
    );
    assert_eq!(
        error(r#"{"choices":[]}"#),
        "p sent an answer that cannot be used: a message without content"
    );
    assert_eq!(
        error(r#"{"type":"error","error":{"type":"api_error","message":"oh"}}"#),
        "p reported an error: oh"
    );
}

proptest! {
    #[test]
    fn what_was_said_does_not_depend_on_how_it_was_cut_into_events(
        texts in prop::collection::vec("[a-zß😀\"\\\\\n]{1,8}", 1..6),
        cuts in prop::collection::vec(1usize..400, 0..8),
    ) {
        let mut stream = String::new();
        for text in &texts {
            let text = serde_json::to_string(text).unwrap();
            stream.push_str(&format!("data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":{text}}}}}\n\n"));
        }
        stream.push_str("data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n");
        let mut rest = stream.as_bytes();
        let mut pieces = Vec::new();
        for cut in cuts {
            let (head, tail) = rest.split_at(cut.min(rest.len()));
            pieces.push(head);
            rest = tail;
        }
        pieces.push(rest);
        let mut wanted: Vec<String> = texts.iter().map(|text| format!("Delta(Text({text:?}))")).collect();
        wanted.push("Finished(Finished { reason: Stop, usage: None })".to_owned());
        prop_assert_eq!(replay(pieces, MessageReader::default()), wanted);
    }
}
