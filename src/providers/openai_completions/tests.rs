//! Reasoning, there and back: how servers tell it, and how it goes back to them.

use serde_json::{Value, json};

use super::response::whole;
use super::{messages, response::ChunkReader};
use crate::chat::{
    ChatRequest, Mark, Marked, Message, Part, Thought, ThoughtToken, TokenForm, ToolCall,
};
use crate::providers::replay::replay;

fn token(form: TokenForm) -> ThoughtToken {
    ThoughtToken {
        form,
        model: None,
        id: None,
        content: String::new(),
    }
}

#[test]
fn a_thought_is_over_where_something_else_begins() {
    let stream = r#"data: {"choices":[{"delta":{"role":"assistant","content":"","reasoning_content":"h"}}]}

data: {"choices":[{"delta":{"reasoning_content":"m"}}]}

data: {"choices":[{"delta":{"content":"Let me look."}}]}

data: {"choices":[{"delta":{"reasoning":"so","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}

data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}

data: [DONE]

"#;
    assert_eq!(
        replay(vec![stream.as_bytes()], ChunkReader::default()),
        [
            r#"Delta(Reasoning("h"))"#,
            r#"Delta(Reasoning("m"))"#,
            &format!("Delta(Thought({:?}))", token(TokenForm::ReasoningContent)),
            r#"Delta(Text("Let me look."))"#,
            r#"Delta(Reasoning("so"))"#,
            &format!("Delta(Thought({:?}))", token(TokenForm::Reasoning)),
            r#"Delta(ToolCall(ToolCallDelta { index: 0, id: Some("a"), name: Some("f"), arguments: "{}" }))"#,
            "Finished(Finished { reason: ToolCalls, usage: None })",
        ]
    );
}

#[test]
fn an_answer_without_reasoning_has_no_thought() {
    let body = r#"{"choices":[{"message":{"content":"Hi.","reasoning_content":""},"finish_reason":"stop"}]}"#;
    let events = whole("p", body.as_bytes(), ChunkReader::default())
        .unwrap()
        .into_events();
    let events: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
    assert_eq!(
        events,
        [
            r#"Delta(Text("Hi."))"#,
            "Finished(Finished { reason: Stop, usage: None })",
        ]
    );
}

fn written(form: TokenForm, tool_calls: Vec<ToolCall>) -> Value {
    let marks = ["hm", "so"].map(|text| thought(form, text));
    sent((marks.to_vec(), tool_calls), None)
}

fn thought(form: TokenForm, text: &str) -> Mark {
    Mark {
        parts: 0,
        calls: 0,
        what: Marked::Thought(Thought {
            text: text.into(),
            token: token(form),
        }),
    }
}

fn sent((marks, tool_calls): (Vec<Mark>, Vec<ToolCall>), spoken: Option<TokenForm>) -> Value {
    let said = Message::Assistant {
        parts: vec![Part::Text("Let me look.".into())],
        reasoning: Some("hm\n\nso".into()),
        tool_calls,
        name: None,
        marks,
    };
    let mut out = Vec::new();
    messages::write(
        &mut out,
        &ChatRequest {
            messages: vec![said],
            ..ChatRequest::default()
        },
        spoken,
    );
    serde_json::from_slice(&out).unwrap()
}

fn call() -> ToolCall {
    ToolCall {
        id: "a".into(),
        name: "f".into(),
        arguments: "{}".into(),
    }
}

#[test]
fn reasoning_from_nowhere_goes_to_who_speaks_so_and_to_nobody_else() {
    let to = |marks: Vec<Mark>, spoken| sent((marks, vec![call()]), spoken)[0].clone();
    let spoken = to(Vec::new(), Some(TokenForm::ReasoningContent));
    assert_eq!(spoken["reasoning_content"], "hm\n\nso");
    assert_eq!(spoken.get("reasoning"), None);
    for silent in [
        to(Vec::new(), None),
        to(
            vec![thought(TokenForm::AnthropicSignature, "hm")],
            Some(TokenForm::Reasoning),
        ),
    ] {
        assert_eq!(silent.get("reasoning"), None);
        assert_eq!(silent.get("reasoning_content"), None);
    }
}

#[test]
fn reasoning_goes_back_with_the_calls_that_it_led_to_under_its_own_name() {
    let plain = json!({ "role": "assistant", "content": "Let me look." });
    let with = |member: Option<&str>| {
        let mut message = plain.clone();
        message["tool_calls"] = json!([
            { "id": "a", "type": "function", "function": { "name": "f", "arguments": "{}" } },
        ]);
        if let Some(member) = member {
            message[member] = json!("hm\n\nso");
        }
        json!([message])
    };
    for (form, member) in [
        (TokenForm::ReasoningContent, Some("reasoning_content")),
        (TokenForm::Reasoning, Some("reasoning")),
        (TokenForm::AnthropicSignature, None),
    ] {
        assert_eq!(written(form, vec![call()]), with(member), "{form:?}");
        assert_eq!(written(form, Vec::new()), json!([plain]), "{form:?}");
    }
}
