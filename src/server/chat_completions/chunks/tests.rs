use super::*;
use crate::chat::{FinishReason, Usage};

fn watching(usage: bool) -> Watched {
    Watched {
        usage,
        tools: false,
    }
}

fn envelope() -> Envelope {
    Envelope {
        calling: Calling::Tools,
        id: "chatcmpl-1".to_owned(),
        created: 7,
        model: "a\"b".to_owned(),
    }
}

fn written(include_usage: bool, events: Vec<RunEvent>) -> Vec<String> {
    let mut chunks = Chunks::new(&envelope(), watching(include_usage));
    let mut out = Vec::new();
    chunks.begin(&mut out);
    for event in events {
        chunks.event(event, &mut out);
    }
    let frames = String::from_utf8(out).unwrap();
    let frames = frames.strip_suffix("\n\n").unwrap().split("\n\n");
    frames
        .map(|frame| frame.strip_prefix("data: ").unwrap().to_owned())
        .collect()
}

fn chunk(delta: &str, finish: &str, rest: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"a\"b","system_fingerprint":null,"choices":[{{"index":0,"delta":{{{delta}}},"logprobs":null,"finish_reason":{finish}}}]{rest}}}"#
    )
}

fn finished(usage: Option<Usage>) -> RunEvent {
    RunEvent::Finished(Finished {
        reason: FinishReason::Stop,
        usage,
    })
}

const USAGE: Usage = Usage {
    input_tokens: 3,
    output_tokens: 2,
    total_tokens: 5,
    cached_tokens: 1,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    cost: None,
};

#[test]
fn an_answer_is_role_content_finish_and_done() {
    let hello = RunEvent::Delta(Delta::Text("h\u{e9}\n\u{1}".to_owned()));
    assert_eq!(
        written(false, vec![hello, finished(Some(USAGE))]),
        [
            chunk(r#""role":"assistant","content":"""#, "null", ""),
            chunk(r#""content":"hé\n\u0001""#, "null", ""),
            chunk("", r#""stop""#, ""),
            "[DONE]".to_owned(),
        ]
    );
}

#[test]
fn usage_that_was_asked_for_has_its_own_chunk_and_is_null_before() {
    let usage = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"a\"b","system_fingerprint":null,"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":0}}}"#;
    let null = r#","usage":null"#;
    let role = chunk(r#""role":"assistant","content":"""#, "null", null);
    let finish = chunk("", r#""stop""#, null);
    let all = written(true, vec![finished(Some(USAGE))]);
    assert_eq!(all, [&role, &finish, usage, "[DONE]"]);
    assert_eq!(
        written(true, vec![finished(None)]),
        [&role, &finish, "[DONE]"]
    );
}

#[test]
fn a_tool_call_says_id_and_name_once_and_its_arguments_in_pieces() {
    let piece = |id: Option<&str>, arguments: &str| {
        RunEvent::Delta(Delta::ToolCall(ToolCallDelta {
            index: 1,
            id: id.map(str::to_owned),
            name: id.map(|_| "look".to_owned()),
            arguments: arguments.to_owned(),
        }))
    };
    let all = written(false, vec![piece(Some("c1"), ""), piece(None, "{\"q\"")]);
    assert_eq!(
        all[1..],
        [
            chunk(
                r#""tool_calls":[{"index":1,"id":"c1","type":"function","function":{"name":"look","arguments":""}}]"#,
                "null",
                ""
            ),
            chunk(
                r#""tool_calls":[{"index":1,"function":{"arguments":"{\"q\""}}]"#,
                "null",
                ""
            ),
        ]
    );
}

#[test]
fn logprobs_never_break_a_frame() {
    let raw = RawValue::from_string("{\n\"content\": []\r\n}".to_owned()).unwrap();
    let all = written(false, vec![RunEvent::Delta(Delta::Logprobs(raw))]);
    assert_eq!(
        all[1],
        chunk("", "null", "").replace(r#""logprobs":null"#, r#""logprobs":{ "content": []  }"#)
    );
}

#[test]
fn a_failure_is_an_error_frame_and_done_without_a_finish_reason() {
    let mut out = Vec::new();
    Chunks::new(&envelope(), watching(true)).fail(&ApiError::shutting_down(), &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "data: {\"error\":{\"message\":\"the server is shutting down\",\"type\":\"server_error\",\"param\":null,\"code\":\"shutting_down\"}}\n\ndata: [DONE]\n\n"
    );
}
