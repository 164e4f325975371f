use super::super::lines::lines;
use super::*;
use crate::chat::{ChatEvent, Finished};
use crate::providers::answer::Events;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};

const THOUGHT_AND_SAID: &str = r#"{"model":"qwen3","created_at":"2025-05-27T22:54:57.641643Z","message":{"role":"assistant","content":"","thinking":"Sky… "},"done":false}
{"model":"qwen3","created_at":"2025-05-27T22:54:57.641643Z","message":{"role":"assistant","content":"The"},"done":false}
{"model":"qwen3","created_at":"2025-05-27T22:54:57.641643Z","message":{"role":"assistant","content":" sky 😀"},"done":false}
{"model":"qwen3","created_at":"2025-05-27T22:54:58.1Z","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"total_duration":4883583458,"load_duration":1334875,"prompt_eval_count":26,"prompt_eval_duration":342546000,"eval_count":282,"eval_duration":4535599000}
"#;

/// The events of a stream that comes in these pieces, as text.
fn read(pieces: &[&[u8]]) -> Vec<String> {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let lines = lines(stream::iter(pieces));
    let events = Events::new("p", lines, LineReader::default());
    let events = events.collect::<Vec<_>>();
    let events = events.now_or_never().expect("nothing to wait for");
    let shown = events.into_iter().map(|event| match event {
        Ok(event) => format!("{event:?}"),
        Err(error) => error.to_string(),
    });
    shown.collect()
}

fn calls(answer: Answer) -> Vec<ToolCallDelta> {
    let call = |event| match event {
        ChatEvent::Delta(Delta::ToolCall(call)) => Some(call),
        _ => None,
    };
    answer.into_events().into_iter().filter_map(call).collect()
}

#[test]
fn thought_text_and_usage_are_read_line_by_line_wherever_the_bytes_are_cut() {
    let wanted = [
        r#"Delta(Reasoning("Sky… "))"#,
        r#"Delta(Text("The"))"#,
        r#"Delta(Text(" sky 😀"))"#,
        "Finished(Finished { reason: Stop, usage: Some(Usage { input_tokens: 26, output_tokens: 282, total_tokens: 308, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, cost: None }) })",
    ];
    let bytes = THOUGHT_AND_SAID.as_bytes();
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(read(&[head, tail]), wanted, "cut at {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single), wanted);
}

#[test]
fn a_call_without_an_id_gets_one_and_ends_the_answer_as_tool_calls() {
    let body = br#"{"model":"llama3.2","created_at":"2024-07-22T20:33:28.123648Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get_current_weather","arguments":{"format":"celsius","location":"Paris, FR"}}},{"id":"call_7","function":{"index":1,"name":"get_time"}}]},"done_reason":"stop","done":true,"prompt_eval_count":122,"eval_count":33}"#;
    let events = whole("p", body).unwrap().into_events();
    let Some(ChatEvent::Finished(finished)) = events.last() else {
        panic!("no finish: {events:?}");
    };
    assert_eq!(
        *finished,
        Finished {
            reason: FinishReason::ToolCalls,
            usage: Some(Usage {
                input_tokens: 122,
                output_tokens: 33,
                total_tokens: 155,
                ..Usage::default()
            }),
        }
    );
    let calls = calls(whole("p", body).unwrap());
    let made = calls[0].id.clone().unwrap();
    assert!(made.starts_with("call_") && made.len() == 37, "{made}");
    assert_eq!(
        calls,
        [
            ToolCallDelta {
                index: 0,
                id: Some(made),
                name: Some("get_current_weather".into()),
                arguments: r#"{"format":"celsius","location":"Paris, FR"}"#.into(),
            },
            ToolCallDelta {
                index: 1,
                id: Some("call_7".into()),
                name: Some("get_time".into()),
                arguments: "{}".into(),
            },
        ]
    );
}

#[test]
fn arguments_inside_a_string_are_taken_out() {
    let body = br#"{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{\"x\":1}"}}]},"done":true}"#;
    assert_eq!(calls(whole("p", body).unwrap())[0].arguments, r#"{"x":1}"#);
}

#[test]
fn an_answer_that_was_cut_short_says_so_even_after_a_call() {
    let body = br#"{"message":{"tool_calls":[{"function":{"name":"f"}}]},"done":true,"done_reason":"length"}"#;
    let events = whole("p", body).unwrap().into_events();
    assert_eq!(
        format!("{:?}", events.last().unwrap()),
        "Finished(Finished { reason: Length, usage: None })"
    );
}

#[test]
fn what_is_missing_or_unknown_is_no_fault() {
    assert_eq!(
        read(&[b"{\"model\":\"m\"}\n{\"status\":\"loading\"}\n{\"message\":{\"content\":\"hi\",\"tool_calls\":null},\"done\":null}\n{\"done\":true}\n"]),
        [
            r#"Delta(Text("hi"))"#,
            "Finished(Finished { reason: Stop, usage: None })"
        ]
    );
}

#[test]
fn log_probabilities_come_in_the_shape_of_openai() {
    let body =
        br#"{"message":{"content":"hi"},"logprobs":[{"token":"hi","logprob":-0.25}],"done":true}"#;
    let events = whole("p", body).unwrap().into_events();
    let Some(ChatEvent::Delta(Delta::Logprobs(logprobs))) = events.get(1) else {
        panic!("no log probabilities: {events:?}");
    };
    assert_eq!(
        logprobs.get(),
        r#"{"content":[{"token":"hi","logprob":-0.25}],"refusal":null}"#
    );
}

#[test]
fn an_error_line_ends_the_stream_in_its_own_words() {
    assert_eq!(
        read(&[b"{\"message\":{\"content\":\"hi\"},\"done\":false}\n{\"error\":\"an error was encountered while running the model\"}\n{\"done\":true}\n"]),
        [
            r#"Delta(Text("hi"))"#,
            "p reported an error: an error was encountered while running the model"
        ]
    );
}

#[test]
fn a_stream_that_ends_before_it_is_done_was_cut() {
    assert_eq!(
        read(&[b"{\"message\":{\"content\":\"hi\"},\"done\":false}\n"]),
        [
            r#"Delta(Text("hi"))"#,
            "p sent an answer that cannot be used: the stream ended before its end"
        ]
    );
}

#[test]
fn garbage_is_not_an_answer() {
    let broken = |body: &[u8]| whole("p", body).err().unwrap().to_string();
    assert_eq!(
        broken(b"<html>"),
        "p sent an answer that cannot be used: an answer that is not of its dialect"
    );
    assert_eq!(
        broken(b"{}"),
        "p sent an answer that cannot be used: an answer without a message"
    );
}

#[test]
fn the_list_of_models_is_their_names() {
    let body = br#"{"models":[{"name":"deepseek-r1:latest","model":"deepseek-r1:latest","size":4683075271},{"name":"llama3.2:latest","model":"llama3.2:latest"}]}"#;
    assert_eq!(
        models(body).unwrap(),
        ["deepseek-r1:latest", "llama3.2:latest"]
    );
    assert_eq!(models(b"<html>"), None);
}
