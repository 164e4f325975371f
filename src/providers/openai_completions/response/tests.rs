use super::*;
use crate::chat::ChatEvent;

fn events(chunks: &[&str]) -> Result<Vec<ChatEvent>, ProviderError> {
    let mut answer = Answer::new("p");
    let mut reader = ChunkReader::default();
    for chunk in chunks {
        let event = Event {
            kind: "message".into(),
            data: (*chunk).into(),
        };
        reader.read(&event, &mut answer)?;
    }
    if !answer.is_over() {
        reader.ended(&mut answer)?;
    }
    Ok(answer.into_events())
}

fn read(chunks: &[&str]) -> Result<Vec<String>, ProviderError> {
    let events = events(chunks)?;
    Ok(events.iter().map(|event| format!("{event:?}")).collect())
}

#[test]
fn usage_that_comes_after_the_finish_reason_is_in_the_finish() {
    let events = read(&[
        r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"choices":[{"delta":{"content":"hi"},"finish_reason":null}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#,
        "[DONE]",
    ]);
    assert_eq!(
        events.unwrap(),
        [
            r#"Delta(Text("hi"))"#,
            "Finished(Finished { reason: Stop, usage: Some(Usage { input_tokens: 3, output_tokens: 1, total_tokens: 4, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, cost: None }) })",
        ]
    );
}

#[test]
fn a_stream_that_ends_without_a_finish_reason_was_cut() {
    let error = read(&[r#"{"choices":[{"delta":{"content":"hi"}}]}"#]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "p sent an answer that cannot be used: the stream ended before its end"
    );
}

#[test]
fn a_finish_reason_that_says_error_is_no_end_of_an_answer() {
    let error = read(&[
        r#"{"choices":[{"delta":{"content":"hi"}}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]}"#,
    ])
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "p reported an error: insufficient_system_resource"
    );
}

#[test]
fn an_error_inside_the_stream_is_told_in_its_own_words() {
    let error = read(&[r#"{"error":{"message":"overloaded","code":503}}"#]).unwrap_err();
    assert_eq!(error.to_string(), "p reported an error: overloaded");
}
