use super::*;
use crate::chat::{Document, Image, ToolCall};
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
fn an_answer_with_calls_is_several_items_and_its_reasoning_none() {
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
    };
    let refused = Message::Assistant {
        parts: vec![Part::Refusal("I cannot.".into())],
        reasoning: None,
        tool_calls: vec![],
        name: None,
    };
    assert_eq!(
        wire(&[quiet, refused]),
        json!([
            { "type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}" },
            { "type": "message", "role": "assistant", "content": [{ "type": "refusal", "refusal": "I cannot." }] },
        ])
    );
}
