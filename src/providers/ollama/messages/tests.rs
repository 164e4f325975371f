use super::*;
use crate::chat::{Audio, Image, SystemPrompt};
use serde_json::{Value, json};

fn wire(messages: Vec<Message>) -> Value {
    let request = ChatRequest {
        system: SystemPrompt {
            stable: "Be brief.".into(),
            varying: String::new(),
        },
        messages,
        ..ChatRequest::default()
    };
    serde_json::to_value(Messages(&request)).unwrap()
}

fn tool_call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    }
}

#[test]
fn images_stand_beside_the_text() {
    let picture = Part::Image(Image {
        source: ImageSource::Inline {
            mime: "image/png",
            base64: "iVBORw0KGgo=".into(),
        },
        detail: None,
    });
    let message = Message::User {
        parts: vec![
            Part::Text("what is in".into()),
            picture,
            Part::Text("this image?".into()),
        ],
        name: None,
    };
    assert_eq!(
        wire(vec![message]),
        json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "what is in\nthis image?", "images": ["iVBORw0KGgo="] },
        ])
    );
}

#[test]
fn arguments_are_objects_and_a_result_names_its_function() {
    let asked = Message::Assistant {
        parts: vec![],
        reasoning: Some("I need the weather.".into()),
        tool_calls: vec![
            tool_call(
                "call_1",
                "get_current_weather",
                r#"{"location":"Paris, FR"}"#,
            ),
            tool_call("call_2", "get_time", "not JSON"),
        ],
        name: None,
        marks: Vec::new(),
    };
    let told = |call_id: &str, text: &str| Message::Tool {
        call_id: call_id.into(),
        parts: vec![Part::Text(text.into())],
    };
    let messages = vec![asked, told("call_2", "noon"), told("call_1", "11 degrees")];
    assert_eq!(
        wire(messages),
        json!([
            { "role": "system", "content": "Be brief." },
            {
                "role": "assistant", "content": "", "thinking": "I need the weather.",
                "tool_calls": [
                    { "id": "call_1", "function": { "name": "get_current_weather", "arguments": { "location": "Paris, FR" } } },
                    { "id": "call_2", "function": { "name": "get_time", "arguments": {} } },
                ],
            },
            { "role": "tool", "content": "noon", "tool_name": "get_time", "tool_call_id": "call_2" },
            { "role": "tool", "content": "11 degrees", "tool_name": "get_current_weather", "tool_call_id": "call_1" },
        ])
    );
}

#[test]
fn audio_is_not_left_out_in_silence() {
    let message = Message::User {
        parts: vec![Part::Audio(Audio {
            base64: "UklGRg==".into(),
            format: "wav".into(),
        })],
        name: None,
    };
    assert_eq!(unsupported(&[message]), Some("take audio"));
    assert_eq!(unsupported(&[Message::user("hi")]), None);
}
