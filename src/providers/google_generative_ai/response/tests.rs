use super::super::super::replay::{assert_the_same_wherever_it_is_cut, replay};
use super::*;
use proptest::prelude::*;

fn read(stream: &str) -> Vec<String> {
    replay(vec![stream.as_bytes()], ChunkReader::default())
}

fn read_whole(body: &str) -> Result<Vec<String>, ProviderError> {
    let events = whole("p", body.as_bytes())?.into_events();
    Ok(events.iter().map(|event| format!("{event:?}")).collect())
}

fn call(index: usize, id: &str, name: &str, arguments: &str) -> String {
    format!(
        r#"Delta(ToolCall(ToolCallDelta {{ index: {index}, id: Some("{id}"), name: Some("{name}"), arguments: {arguments:?} }}))"#
    )
}

/// As the API streams: whole parts, running totals, and the reason in the last chunk.
const WITH_THOUGHTS_AND_CALLS: &str = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"**Räume**\",\"thought\": true}],\"role\": \"model\"},\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 29,\"totalTokenCount\": 100,\"thoughtsTokenCount\": 71},\"modelVersion\": \"gemini-3.8-flash\",\"responseId\": \"QHiL\"}\r
\r
data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Grüße 😀\"}],\"role\": \"model\"},\"index\": 0}]}\r
\r
data: {\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"weather\",\"args\": {\"location\": \"San Francisco\"},\"id\": \"fc1\"},\"thoughtSignature\": \"EpEgCo4g\"},{\"functionCall\": {\"name\": \"now\",\"id\": \"fc2\"}}],\"role\": \"model\"},\"index\": 0}]}\r
\r
data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"finishReason\": \"STOP\",\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 29,\"candidatesTokenCount\": 15,\"totalTokenCount\": 848,\"thoughtsTokenCount\": 804,\"cachedContentTokenCount\": 8}}\r
\r
";

#[test]
fn a_stream_with_thoughts_text_and_calls_is_read_to_its_end() {
    assert_eq!(
        read(WITH_THOUGHTS_AND_CALLS),
        [
            r#"Delta(Reasoning("**Räume**"))"#,
            r#"Delta(Text("Grüße 😀"))"#,
            r#"Delta(Thought(ThoughtToken { form: GoogleSignature, model: None, id: None, content: "EpEgCo4g" }))"#,
            &call(0, "fc1", "weather", r#"{"location": "San Francisco"}"#),
            &call(1, "fc2", "now", "{}"),
            "Finished(Finished { reason: ToolCalls, usage: Some(Usage { input_tokens: 29, output_tokens: 819, total_tokens: 848, cached_tokens: 8, cache_write_tokens: 0, reasoning_tokens: 804, cost: None }) })",
        ]
    );
}

#[test]
fn a_stream_is_read_the_same_wherever_it_is_cut() {
    assert_the_same_wherever_it_is_cut(WITH_THOUGHTS_AND_CALLS, ChunkReader::default);
}

#[test]
fn a_call_without_an_id_is_given_one_of_its_own() {
    let body = r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"f","args":null}}]},"finishReason":"STOP"}]}"#;
    let events = whole("p", body.as_bytes()).unwrap().into_events();
    let ids: Vec<String> = events
        .into_iter()
        .filter_map(|event| match event {
            crate::chat::ChatEvent::Delta(Delta::ToolCall(call)) => call.id,
            _ => None,
        })
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| id.starts_with("call_")));
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_prompt_that_was_blocked_is_filtered_content() {
    let body = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"gemini-3.7-flash"}"#;
    let wanted = "Finished(Finished { reason: ContentFilter, usage: Some(Usage { input_tokens: 9, output_tokens: 0, total_tokens: 9, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, cost: None }) })";
    assert_eq!(read_whole(body).unwrap(), [wanted]);
    assert_eq!(read(&format!("data: {body}\n\n")), [wanted]);
}

#[test]
fn each_finish_reason_has_its_finish() {
    let finish = |word: &str| {
        let body = format!(r#"{{"candidates":[{{"finishReason":"{word}"}}]}}"#);
        read_whole(&body).unwrap().pop().unwrap()
    };
    for (word, reason) in [
        ("STOP", "Stop"),
        ("MAX_TOKENS", "Length"),
        ("SAFETY", "ContentFilter"),
        ("RECITATION", "ContentFilter"),
        ("BLOCKLIST", "ContentFilter"),
        ("PROHIBITED_CONTENT", "ContentFilter"),
        ("SPII", "ContentFilter"),
        ("TOMORROWS_REASON", "Stop"),
    ] {
        let wanted = format!("Finished(Finished {{ reason: {reason}, usage: None }})");
        assert_eq!(finish(word), wanted, "{word}");
    }
}

#[test]
fn a_call_that_the_model_could_not_write_is_an_error() {
    let body = r#"{"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: f("}]}"#;
    assert_eq!(
        read_whole(body).unwrap_err().to_string(),
        "p reported an error: MALFORMED_FUNCTION_CALL Malformed function call: f("
    );
}

#[test]
fn an_error_in_mid_stream_is_told_in_its_own_words_and_ends_it() {
    let stream = r#"data: {"candidates":[{"content":{"parts":[{"text":"hi"}]}}]}

data: {"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}

data: {"candidates":[{"finishReason":"STOP"}]}

"#;
    assert_eq!(
        read(stream),
        [
            r#"Delta(Text("hi"))"#,
            "error: p reported an error: The model is overloaded. Please try again later.",
        ]
    );
}

#[test]
fn a_stream_without_a_finish_reason_was_cut() {
    let stream = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hi\"}]}}]}\n\n";
    assert_eq!(
        read(stream),
        [
            r#"Delta(Text("hi"))"#,
            "error: p sent an answer that cannot be used: the stream ended before its end",
        ]
    );
}

#[test]
fn missing_members_and_parts_that_are_not_known_are_passed_over() {
    let stream = r#"data: {}

data: {"candidates":[]}

data: {"candidates":[{}],"promptFeedback":{}}

data: {"candidates":[{"content":{"parts":null}}]}

data: {"candidates":[{"content":{"parts":[{},{"executableCode":{"code":"1"}},{"functionCall":{}},{"inlineData":{"mimeType":"image/png","data":""}},{"text":"hi"}]}}],"usageMetadata":{}}

data: {"candidates":[{"finishReason":"STOP"}],"tomorrow":1}

"#;
    assert_eq!(
        read(stream),
        [
            r#"Delta(Text("hi"))"#,
            "Finished(Finished { reason: Stop, usage: Some(Usage { input_tokens: 0, output_tokens: 0, total_tokens: 0, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, cost: None }) })",
        ]
    );
}

#[test]
fn a_whole_answer_is_read_part_by_part() {
    let body = r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"Hello!","thoughtSignature":"EmcKZQER"}],"role":"model"},"finishReason":"STOP","index":0,"logprobsResult":{"chosenCandidates":[{"token":"Hello!","tokenId":7,"logProbability":-0.5}]}}],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":9,"totalTokenCount":11}}"#;
    assert_eq!(
        read_whole(body).unwrap(),
        [
            r#"Delta(Reasoning("hm"))"#,
            r#"Delta(Text("Hello!"))"#,
            r#"Delta(Logprobs(RawValue({"content":[{"token":"Hello!","logprob":-0.5,"bytes":[72,101,108,108,111,33],"top_logprobs":[]}],"refusal":null})))"#,
            "Finished(Finished { reason: Stop, usage: Some(Usage { input_tokens: 2, output_tokens: 9, total_tokens: 11, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, cost: None }) })",
        ]
    );
}

#[test]
fn a_whole_answer_that_says_nothing_is_an_error() {
    let error = |body| read_whole(body).unwrap_err().to_string();
    assert_eq!(
        error("{}"),
        "p sent an answer that cannot be used: an answer without a candidate"
    );
    assert_eq!(
        error("<html>"),
        "p sent an answer that cannot be used: an answer that is not of its dialect"
    );
}

proptest! {
    #[test]
    fn what_was_said_does_not_depend_on_how_it_was_cut(
        texts in prop::collection::vec("[a-zß😀\"\\\\\n]{1,8}", 1..6),
        cuts in prop::collection::vec(1usize..400, 0..8),
    ) {
        let mut stream = String::new();
        for text in &texts {
            let text = serde_json::to_string(text).unwrap();
            stream.push_str(&format!("data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":{text}}}]}}}}]}}\r\n\r\n"));
        }
        stream.push_str("data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\r\n\r\n");
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
        prop_assert_eq!(replay(pieces, ChunkReader::default()), wanted);
    }
}
