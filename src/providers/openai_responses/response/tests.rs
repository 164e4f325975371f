//! Streams, and what streams and whole answers have in common.

mod whole;

use super::*;
use crate::providers::answer::Events;
use crate::sse;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};

fn shown(events: Vec<Result<crate::chat::ChatEvent, ProviderError>>) -> Vec<String> {
    let shown = events.into_iter().map(|event| match event {
        Ok(event) => format!("{event:?}"),
        Err(error) => error.to_string(),
    });
    shown.collect()
}

/// The events of a stream that comes in these pieces, as text.
fn read(pieces: &[&[u8]]) -> Vec<String> {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let source = sse::events(stream::iter(pieces));
    let events = Events::new("p", source, EventReader::default());
    let events = events.collect::<Vec<_>>();
    shown(events.now_or_never().expect("nothing to wait for"))
}

/// A stream of these events, each under its type.
fn stream_of(events: &[&str]) -> String {
    let frame = |event: &&str| {
        let json: Value = serde_json::from_str(event).unwrap();
        let kind = json["type"].as_str().unwrap().to_owned();
        format!("event: {kind}\ndata: {event}\n\n")
    };
    events.iter().map(frame).collect()
}

fn played(events: &[&str]) -> Vec<String> {
    read(&[stream_of(events).as_bytes()])
}

fn read_whole(body: &str) -> Vec<String> {
    let answer = whole("p", body.as_bytes()).unwrap();
    shown(answer.into_events().into_iter().map(Ok).collect())
}

fn call(index: usize, id: Option<&str>, name: Option<&str>, arguments: &str) -> String {
    let delta = ToolCallDelta {
        index,
        id: id.map(Into::into),
        name: name.map(Into::into),
        arguments: arguments.into(),
    };
    format!("Delta(ToolCall({delta:?}))")
}

const STOPPED: &str = "Finished(Finished { reason: Stop, usage: None })";
const CALLED: &str = "Finished(Finished { reason: ToolCalls, usage: None })";
const DONE: &str = r#"{"type":"response.completed","response":{"status":"completed"}}"#;

const SAID: [&str; 10] = [
    r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_67c9fdcecf488190","object":"response","status":"in_progress","error":null,"incomplete_details":null,"output":[],"usage":null}}"#,
    r#"{"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_67c9fdcecf488190","status":"in_progress"}}"#,
    r#"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"msg_67c9fdcf37fc8190","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
    r#"{"type":"response.content_part.added","sequence_number":3,"item_id":"msg_67c9fdcf37fc8190","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#,
    r#"{"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_67c9fdcf37fc8190","output_index":0,"content_index":0,"delta":"Hi","logprobs":[]}"#,
    r#"{"type":"response.output_text.delta","sequence_number":5,"item_id":"msg_67c9fdcf37fc8190","output_index":0,"content_index":0,"delta":" 😀"}"#,
    r#"{"type":"response.output_text.done","sequence_number":6,"item_id":"msg_67c9fdcf37fc8190","output_index":0,"content_index":0,"text":"Hi 😀"}"#,
    r#"{"type":"response.content_part.done","sequence_number":7,"item_id":"msg_67c9fdcf37fc8190","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Hi 😀","annotations":[]}}"#,
    r#"{"type":"response.output_item.done","sequence_number":8,"output_index":0,"item":{"id":"msg_67c9fdcf37fc8190","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hi 😀","annotations":[]}]}}"#,
    r#"{"type":"response.completed","sequence_number":9,"response":{"id":"resp_67c9fdcecf488190","status":"completed","error":null,"incomplete_details":null,"output":[{"id":"msg_67c9fdcf37fc8190","type":"message","content":[{"type":"output_text","text":"Hi 😀"}]}],"usage":{"input_tokens":37,"output_tokens":11,"output_tokens_details":{"reasoning_tokens":4},"input_tokens_details":{"cached_tokens":32},"total_tokens":48}}}"#,
];

#[test]
fn text_is_read_once_and_with_its_usage_wherever_the_bytes_are_cut() {
    let wanted = [
        r#"Delta(Text("Hi"))"#,
        r#"Delta(Text(" 😀"))"#,
        "Finished(Finished { reason: Stop, usage: Some(Usage { input_tokens: 37, output_tokens: 11, total_tokens: 48, cached_tokens: 32, cache_write_tokens: 0, reasoning_tokens: 4, cost: None }) })",
    ];
    let stream = stream_of(&SAID);
    let bytes = stream.as_bytes();
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(read(&[head, tail]), wanted, "cut at {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single), wanted);
}

#[test]
fn a_call_is_its_name_then_its_arguments_in_fragments() {
    let events = played(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1234xyz","call_id":"call_1234xyz","name":"get_weather","arguments":""}}"#,
        r#"{"type":"response.function_call_arguments.delta","item_id":"fc_1234xyz","output_index":0,"delta":"{\"location\""}"#,
        r#"{"type":"response.function_call_arguments.delta","item_id":"fc_1234xyz","output_index":0,"delta":":\"Paris\"}"}"#,
        r#"{"type":"response.function_call_arguments.done","item_id":"fc_1234xyz","output_index":0,"arguments":"{\"location\":\"Paris\"}"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"fc_1234xyz","call_id":"call_1234xyz","name":"get_weather","arguments":"{\"location\":\"Paris\"}"}}"#,
        DONE,
    ]);
    assert_eq!(
        events,
        [
            call(0, Some("call_1234xyz"), Some("get_weather"), ""),
            call(0, None, None, "{\"location\""),
            call(0, None, None, ":\"Paris\"}"),
            CALLED.to_owned(),
        ]
    );
}

#[test]
fn arguments_that_come_only_at_the_end_come_once() {
    let events = played(&[
        r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f"}}"#,
        r#"{"type":"response.function_call_arguments.done","output_index":1,"arguments":"{\"a\":1}"}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"fc_1b","call_id":"call_1","name":"f","arguments":"{\"a\":1}"}}"#,
        r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","call_id":"call_2","name":"g","arguments":"{}"}}"#,
        DONE,
    ]);
    assert_eq!(
        events,
        [
            call(0, Some("call_1"), Some("f"), ""),
            call(0, None, None, "{\"a\":1}"),
            call(1, Some("call_2"), Some("g"), ""),
            call(1, None, None, "{}"),
            CALLED.to_owned(),
        ]
    );
}

#[test]
fn calls_that_are_told_in_turns_stay_apart() {
    let added = |index: usize| {
        format!(
            r#"{{"type":"response.output_item.added","output_index":{index},"item":{{"type":"function_call","call_id":"call_{index}","name":"f"}}}}"#
        )
    };
    let arguments = |index: usize, text: &str| {
        format!(
            r#"{{"type":"response.function_call_arguments.delta","output_index":{index},"delta":"{text}"}}"#
        )
    };
    let (first, second) = (added(3), added(5));
    let (a, b) = (arguments(3, "a"), arguments(5, "b"));
    assert_eq!(
        played(&[&first, &second, &b, &a, DONE]),
        [
            call(0, Some("call_3"), Some("f"), ""),
            call(1, Some("call_5"), Some("f"), ""),
            call(1, None, None, "b"),
            call(0, None, None, "a"),
            CALLED.to_owned(),
        ]
    );
}

#[test]
fn reasoning_comes_in_paragraphs_under_any_of_its_names() {
    let events = played(&[
        r#"{"type":"response.reasoning_summary_part.added","summary_index":0,"part":{"type":"summary_text","text":""}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","summary_index":0,"delta":"**First**"}"#,
        r#"{"type":"response.reasoning_summary_part.added","summary_index":1,"part":{"type":"summary_text","text":""}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","summary_index":1,"delta":"**Then**"}"#,
        r#"{"type":"response.reasoning_text.delta","content_index":0,"delta":" raw"}"#,
        r#"{"type":"response.reasoning.delta","content_index":0,"delta":" open"}"#,
        DONE,
    ]);
    assert_eq!(
        events,
        [
            r#"Delta(Reasoning("**First**"))"#,
            r#"Delta(Reasoning("\n\n"))"#,
            r#"Delta(Reasoning("**Then**"))"#,
            r#"Delta(Reasoning(" raw"))"#,
            r#"Delta(Reasoning(" open"))"#,
            STOPPED,
        ]
    );
}

#[test]
fn a_refusal_is_told_as_one() {
    assert_eq!(
        played(&[
            r#"{"type":"response.refusal.delta","item_id":"msg_123","output_index":0,"content_index":0,"delta":"I cannot."}"#,
            DONE,
        ]),
        [r#"Delta(Refusal("I cannot."))"#, STOPPED]
    );
}

#[test]
fn an_incomplete_response_says_what_cut_it_short() {
    let cut = |reason: &str| {
        let ending = format!(
            r#"{{"type":"response.incomplete","response":{{"status":"incomplete","incomplete_details":{reason}}}}}"#
        );
        played(&[&ending]).remove(0)
    };
    let length = "Finished(Finished { reason: Length, usage: None })";
    assert_eq!(cut(r#"{"reason":"max_output_tokens"}"#), length);
    assert_eq!(cut("null"), length);
    assert_eq!(
        cut(r#"{"reason":"content_filter"}"#),
        "Finished(Finished { reason: ContentFilter, usage: None })"
    );
}

#[test]
fn unknown_events_and_missing_fields_are_no_fault() {
    let events = played(&[
        r#"{"type":"response.queued","response":{}}"#,
        r#"{"type":"response.web_search_call.searching","output_index":0,"item_id":7,"delta":{"odd":true}}"#,
        r#"{"type":"response.output_item.added","item":{"type":"web_search_call","id":"ws_1","action":{"type":"search"},"content":1}}"#,
        r#"{"type":"response.output_item.added"}"#,
        r#"{"type":"response.output_item.added","item":{"type":"function_call"}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":9,"delta":"lost"}"#,
        r#"{"type":"response.output_text.delta"}"#,
        r#"{"type":"response.output_text.delta","delta":"hi"}"#,
        r#"{"type":"response.completed"}"#,
    ]);
    assert_eq!(events, [r#"Delta(Text("hi"))"#, STOPPED]);
}

#[test]
fn the_mark_of_other_dialects_is_not_an_event() {
    let stream = format!(
        "data: {}\n\ndata: [DONE]\n\n",
        r#"{"type":"response.output_text.delta","delta":"hi"}"#
    );
    assert_eq!(
        read(&[stream.as_bytes()]),
        [
            r#"Delta(Text("hi"))"#,
            "p sent an answer that cannot be used: the stream ended before its end"
        ]
    );
}

#[test]
fn an_error_after_the_first_words_is_told_in_its_own_words() {
    let said = r#"{"type":"response.output_text.delta","delta":"hi"}"#;
    let failed = r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"The model failed to generate a response."}}}"#;
    let wanted = [
        r#"Delta(Text("hi"))"#,
        "p reported an error: The model failed to generate a response.",
    ];
    assert_eq!(played(&[said, failed]), wanted);
    let flat = r#"{"type":"error","code":"server_error","message":"The model failed to generate a response.","param":null,"sequence_number":1}"#;
    assert_eq!(played(&[said, flat]), wanted);
    let nested = r#"{"type":"error","sequence_number":1,"error":{"type":"server_error","code":null,"message":"The model failed to generate a response.","param":null}}"#;
    assert_eq!(played(&[said, nested]), wanted);
    let silent = r#"{"type":"response.failed","response":{"status":"failed","error":null}}"#;
    assert_eq!(played(&[silent]), ["p reported an error: no reason given"]);
}

#[test]
fn errors_that_others_tell_by_status_mean_the_same_inside_the_stream() {
    let answer = Answer::new("p");
    let error = |code: &str| {
        let error = serde_json::json!({ "code": code, "message": "m", "param": "input" });
        failure(Some(error), &answer).unwrap()
    };
    let limited = ProviderError::Limited {
        provider: "p".into(),
        retry_after: None,
    };
    assert_eq!(error("rate_limit_exceeded"), limited);
    let rejected = ProviderError::Rejected {
        message: "m".into(),
        code: Some("context_length_exceeded".into()),
        param: Some("input".into()),
    };
    assert_eq!(error("context_length_exceeded"), rejected);
    assert_eq!(failure(Some(Value::Null), &answer), None);
}

/// What is said of these items, whole and in a stream.
fn both(items: &[&str]) -> [Vec<String>; 2] {
    let mut events = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut begun: Value = serde_json::from_str(item).unwrap();
        for member in ["content", "summary", "encrypted_content"] {
            begun.as_object_mut().unwrap().remove(member);
        }
        let of = |kind: &str, item: &Value| {
            serde_json::json!({ "type": kind, "output_index": index, "item": item }).to_string()
        };
        events.push(of("response.output_item.added", &begun));
        let item: Value = serde_json::from_str(item).unwrap();
        for (member, kind) in [
            ("content", "response.output_text.delta"),
            ("summary", "response.reasoning_summary_text.delta"),
        ] {
            let parts = item[member].as_array().into_iter().flatten();
            let delta = |part: &Value| {
                serde_json::json!({ "type": kind, "output_index": index, "delta": part["text"] })
                    .to_string()
            };
            events.extend(parts.map(delta));
        }
        events.push(of("response.output_item.done", &item));
    }
    events.push(DONE.to_owned());
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let whole = format!(r#"{{"status":"completed","output":[{}]}}"#, items.join(","));
    [read_whole(&whole), played(&events)]
}

#[test]
fn encrypted_reasoning_is_told_behind_its_summary_and_the_phase_before_its_message() {
    let wanted = [
        r#"Delta(Reasoning("sum"))"#,
        r#"Delta(Thought(ThoughtToken { form: OpenaiEncrypted, model: None, id: Some("rs_1"), content: "gAAA" }))"#,
        r#"Delta(Thought(ThoughtToken { form: OpenaiEncrypted, model: None, id: Some("rs_2"), content: "gAAB" }))"#,
        "Delta(Message(Some(Commentary)))",
        r#"Delta(Text("Let me look."))"#,
        "Delta(Message(None))",
        r#"Delta(Text("Done."))"#,
        STOPPED,
    ];
    let read = both(&[
        r#"{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"sum"}],"encrypted_content":"gAAA"}"#,
        r#"{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gAAB"}"#,
        r#"{"type":"message","id":"msg_1","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"Let me look."}]}"#,
        r#"{"type":"message","id":"msg_2","role":"assistant","phase":"of a later day","content":[{"type":"output_text","text":"Done."}]}"#,
    ]);
    assert_eq!(read[0], wanted);
    assert_eq!(read[1], wanted);
}

#[test]
fn a_token_that_is_too_large_is_not_kept() {
    let long = "x".repeat(crate::chat::MAX_TOKEN_BYTES);
    let item = format!(r#"{{"type":"reasoning","id":"r","encrypted_content":"{long}"}}"#);
    let [whole, streamed] = both(&[&item]);
    assert_eq!(whole, [STOPPED]);
    assert_eq!(streamed, [STOPPED]);
}
