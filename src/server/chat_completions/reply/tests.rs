use futures_util::stream;

use super::*;
use crate::chat::{Cost, FinishReason};

async fn folded(deltas: Vec<Delta>, finished: Finished) -> String {
    let deltas = deltas.into_iter().map(|delta| Ok(RunEvent::Delta(delta)));
    let events = deltas.chain([Ok(RunEvent::Finished(finished))]);
    let completion = fold(stream::iter(events.collect::<Vec<_>>()).boxed())
        .await
        .unwrap();
    let envelope = Envelope {
        calling: Calling::Tools,
        id: "chatcmpl-1".to_owned(),
        created: 7,
        model: "openclaw".to_owned(),
    };
    String::from_utf8(completion.document(&envelope)).unwrap()
}

fn stop(usage: Option<Usage>) -> Finished {
    Finished {
        reason: FinishReason::Stop,
        usage,
    }
}

fn text(text: &str) -> Delta {
    Delta::Text(text.to_owned())
}

#[tokio::test]
async fn pieces_become_one_message() {
    let usage = Usage {
        input_tokens: 3,
        output_tokens: 2,
        total_tokens: 5,
        cached_tokens: 1,
        reasoning_tokens: 2,
        cost: Some(Cost::of_tokens(5, 1.5)),
        ..Usage::default()
    };
    let deltas = vec![Delta::Reasoning("hm".to_owned()), text("Hel"), text("lo")];
    assert_eq!(
        folded(deltas, stop(Some(usage))).await,
        concat!(
            r#"{"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"openclaw","choices":[{"index":0,"#,
            r#""message":{"role":"assistant","content":"Hello","refusal":null,"reasoning_content":"hm","annotations":[]},"#,
            r#""logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"#,
            r#""prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":2},"cost":7.5e-6},"#,
            r#""service_tier":null,"system_fingerprint":null}"#
        )
    );
}

#[tokio::test]
async fn calls_are_put_together_and_content_is_null_beside_them() {
    let piece = |index, id: Option<&str>, arguments: &str| {
        Delta::ToolCall(ToolCallDelta {
            index,
            id: id.map(str::to_owned),
            name: id.map(|id| format!("f_{id}")),
            arguments: arguments.to_owned(),
        })
    };
    let deltas = vec![
        piece(0, Some("a"), "{"),
        piece(1, Some("b"), "[]"),
        piece(0, None, "}"),
    ];
    let finished = Finished {
        reason: FinishReason::ToolCalls,
        usage: None,
    };
    let document = folded(deltas, finished).await;
    assert!(document.contains(concat!(
        r#""message":{"role":"assistant","content":null,"refusal":null,"tool_calls":["#,
        r#"{"id":"a","type":"function","function":{"name":"f_a","arguments":"{}"}},"#,
        r#"{"id":"b","type":"function","function":{"name":"f_b","arguments":"[]"}}],"annotations":[]}"#
    )));
    assert!(
        document.contains(r#""finish_reason":"tool_calls"}],"service_tier""#),
        "no usage is invented"
    );
}

#[tokio::test]
async fn an_empty_answer_has_empty_content_and_a_refusal_has_none() {
    assert!(
        folded(Vec::new(), stop(None))
            .await
            .contains(r#""content":"","refusal":null"#)
    );
    let refusal = vec![Delta::Refusal("no".to_owned())];
    assert!(
        folded(refusal, stop(None))
            .await
            .contains(r#""content":null,"refusal":"no""#)
    );
}

#[tokio::test]
async fn logprobs_of_all_pieces_are_joined() {
    let piece = |json: &str| Delta::Logprobs(RawValue::from_string(json.to_owned()).unwrap());
    let deltas = vec![
        piece(r#"{"content":[{"token":"a"}]}"#),
        piece(r#"{"content":[{"token":"b"}],"refusal":null}"#),
    ];
    let document = folded(deltas, stop(None)).await;
    assert!(
        document.contains(r#""logprobs":{"content":[{"token":"a"},{"token":"b"}],"refusal":null}"#)
    );
}

#[tokio::test]
async fn a_run_that_breaks_is_no_answer() {
    let broken = stream::iter([Ok(RunEvent::Delta(text("a"))), Err(RunError::Unfinished)]).boxed();
    assert_eq!(fold(broken).await.unwrap_err(), RunError::Unfinished);
    let cut = stream::iter([Ok(RunEvent::Delta(text("a")))]).boxed();
    assert_eq!(fold(cut).await.unwrap_err(), RunError::Unfinished);
}
