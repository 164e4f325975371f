use super::*;
use crate::chat::{Document, Image, ThoughtToken, ToolCall};
use serde_json::{Value, json};

fn wire(messages: &[Message]) -> Value {
    serde_json::to_value(Items(messages)).unwrap()
}

fn picture(detail: Option<&str>) -> Part {
    Part::Image(Image {
        source: ImageSource::Inline {
            mime: "image/png",
            base64: "iVBORw0KGgo=".into(),
        },
        detail: detail.map(Into::into),
    })
}

#[test]
fn a_user_sends_text_images_and_files() {
    let file = Part::Document(Document {
        filename: Some("draconomicon.pdf".into()),
        mime: "application/pdf".into(),
        base64: "JVBERi0=".into(),
    });
    let parts = vec![
        Part::Text("what is in this?".into()),
        picture(None),
        picture(Some("low")),
        file,
    ];
    assert_eq!(
        wire(&[Message::user("hi"), Message::User { parts, name: None }]),
        json!([
            { "type": "message", "role": "user", "content": "hi" },
            {
                "type": "message",
                "role": "user",
                "content": [
                    { "type": "input_text", "text": "what is in this?" },
                    { "type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "auto" },
                    { "type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low" },
                    { "type": "input_file", "filename": "draconomicon.pdf", "file_data": "data:application/pdf;base64,JVBERi0=" },
                ],
            },
        ])
    );
}

#[test]
fn an_answer_with_calls_is_several_items_and_reasoning_that_nobody_encrypted_none() {
    let call = |id: &str| ToolCall {
        id: id.into(),
        name: "get_weather".into(),
        arguments: r#"{"location":"Paris, France"}"#.into(),
    };
    let asked = Message::Assistant {
        parts: vec![Part::Text("Let me".into()), Part::Text(" look.".into())],
        reasoning: Some("weather?".into()),
        tool_calls: vec![call("call_1"), call("call_2")],
        name: None,
        marks: Vec::new(),
    };
    let told = |call_id: &str, parts| Message::Tool {
        call_id: call_id.into(),
        parts,
    };
    let messages = [
        asked,
        told("call_1", vec![Part::Text("14".into())]),
        told("call_2", vec![Part::Text("map:".into()), picture(None)]),
    ];
    let arguments = r#"{"location":"Paris, France"}"#;
    assert_eq!(
        wire(&messages),
        json!([
            { "type": "message", "role": "assistant", "content": [
                { "type": "output_text", "text": "Let me" },
                { "type": "output_text", "text": " look." },
            ] },
            { "type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": arguments },
            { "type": "function_call", "call_id": "call_2", "name": "get_weather", "arguments": arguments },
            { "type": "function_call_output", "call_id": "call_1", "output": "14" },
            { "type": "function_call_output", "call_id": "call_2", "output": [
                { "type": "input_text", "text": "map:" },
                { "type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "auto" },
            ] },
        ])
    );
}

#[test]
fn a_call_alone_needs_no_message_and_a_refusal_is_told_as_one() {
    let quiet = Message::Assistant {
        parts: vec![],
        reasoning: None,
        tool_calls: vec![ToolCall {
            id: "call_1".into(),
            name: "f".into(),
            arguments: "{}".into(),
        }],
        name: None,
        marks: Vec::new(),
    };
    let refused = Message::Assistant {
        parts: vec![Part::Refusal("I cannot.".into())],
        reasoning: None,
        tool_calls: vec![],
        name: None,
        marks: Vec::new(),
    };
    assert_eq!(
        wire(&[quiet, refused]),
        json!([
            { "type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}" },
            { "type": "message", "role": "assistant", "content": [{ "type": "refusal", "refusal": "I cannot." }] },
        ])
    );
}

fn thought(form: TokenForm, text: &str, content: &str) -> Marked {
    Marked::Thought(Thought {
        text: text.into(),
        token: ThoughtToken {
            form,
            model: None,
            id: Some(format!("rs_{content}")),
            content: content.into(),
        },
    })
}

#[test]
fn encrypted_reasoning_and_phases_go_back_in_their_places() {
    let encrypted = |text, content| thought(TokenForm::OpenaiEncrypted, text, content);
    let message = |phase| Marked::Message { phase: Some(phase) };
    let mark = |parts, calls, what| Mark { parts, calls, what };
    let call = |id: &str| ToolCall {
        id: id.into(),
        name: "f".into(),
        arguments: "{}".into(),
    };
    let asked = Message::Assistant {
        parts: vec![
            Part::Text("Let me look.".into()),
            Part::Text("Done.".into()),
        ],
        reasoning: Some("hm".into()),
        tool_calls: vec![call("a"), call("b")],
        name: None,
        marks: vec![
            mark(0, 0, encrypted("hm", "1")),
            mark(0, 0, message(MessagePhase::Commentary)),
            mark(1, 0, encrypted("", "2")),
            mark(1, 0, thought(TokenForm::AnthropicSignature, "mm", "x")),
            mark(1, 1, encrypted("so", "3")),
            mark(1, 2, message(MessagePhase::FinalAnswer)),
        ],
    };
    assert_eq!(
        wire(&[asked]),
        json!([
            { "type": "reasoning", "id": "rs_1", "summary": [{ "type": "summary_text", "text": "hm" }], "encrypted_content": "1" },
            { "type": "message", "role": "assistant", "content": "Let me look.", "phase": "commentary" },
            { "type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "2" },
            { "type": "function_call", "call_id": "a", "name": "f", "arguments": "{}" },
            { "type": "reasoning", "id": "rs_3", "summary": [{ "type": "summary_text", "text": "so" }], "encrypted_content": "3" },
            { "type": "function_call", "call_id": "b", "name": "f", "arguments": "{}" },
            { "type": "message", "role": "assistant", "content": "Done.", "phase": "final_answer" },
        ])
    );
}

#[test]
fn reasoning_that_led_to_nothing_stays_behind() {
    let mark = |parts, content| Mark {
        parts,
        calls: 0,
        what: thought(TokenForm::OpenaiEncrypted, "", content),
    };
    let said = Message::Assistant {
        parts: vec![Part::Text("Yes.".into())],
        reasoning: None,
        tool_calls: Vec::new(),
        name: None,
        marks: vec![mark(0, "1"), mark(0, "2"), mark(1, "3")],
    };
    assert_eq!(
        wire(&[said]),
        json!([
            { "type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "2" },
            { "type": "message", "role": "assistant", "content": "Yes." },
        ])
    );
}
