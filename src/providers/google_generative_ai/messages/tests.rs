use super::*;
use crate::chat::{Marked, Thought, ThoughtToken};
use serde_json::{Value, json};

fn written(model: &str, messages: &[Message]) -> Value {
    serde_json::to_value(contents(messages, Generation::of(model))).unwrap()
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    }
}

fn image() -> Part {
    Part::Image(Image {
        source: ImageSource::Inline {
            mime: "image/png",
            base64: "iVBO".into(),
        },
        detail: None,
    })
}

fn weather() -> [Message; 5] {
    [
        Message::user("What's the weather in Oslo and Rome?"),
        Message::Assistant {
            parts: vec![Part::Text("I'll look.".into())],
            reasoning: Some("hm".into()),
            tool_calls: vec![
                call("a", "get_weather", r#"{"location":"Oslo"}"#),
                call("b", "get_map", ""),
            ],
            name: None,
            marks: Vec::new(),
        },
        Message::Tool {
            call_id: "a".into(),
            parts: vec![Part::Text("15".into()), Part::Text("windy".into())],
        },
        Message::Tool {
            call_id: "b".into(),
            parts: vec![image()],
        },
        Message::user("Be brief."),
    ]
}

#[test]
fn the_answers_to_parallel_calls_are_one_user_turn_with_what_the_user_says_next() {
    let wanted = json!([
        { "role": "user", "parts": [{ "text": "What's the weather in Oslo and Rome?" }] },
        { "role": "model", "parts": [
            { "text": "I'll look." },
            { "functionCall": { "id": "a", "name": "get_weather", "args": { "location": "Oslo" } } },
            { "functionCall": { "id": "b", "name": "get_map", "args": {} } },
        ] },
        { "role": "user", "parts": [
            { "functionResponse": { "id": "a", "name": "get_weather", "response": { "output": "15\nwindy" } } },
            { "functionResponse": { "id": "b", "name": "get_map", "response": { "output": "" } } },
            { "inlineData": { "mimeType": "image/png", "data": "iVBO" } },
            { "text": "Be brief." },
        ] },
    ]);
    assert_eq!(written("gemini-2.5-flash", &weather()), wanted);
}

#[test]
fn since_gemini_3_the_first_call_bears_a_signature_and_results_hold_their_images() {
    let written = written("gemini-3.8-flash", &weather());
    let signature = "skip_thought_signature_validator";
    assert_eq!(
        written[1]["parts"],
        json!([
            { "text": "I'll look." },
            { "functionCall": { "id": "a", "name": "get_weather", "args": { "location": "Oslo" } }, "thoughtSignature": signature },
            { "functionCall": { "id": "b", "name": "get_map", "args": {} } },
        ])
    );
    assert_eq!(
        written[2]["parts"][1],
        json!({ "functionResponse": {
            "id": "b",
            "name": "get_map",
            "response": { "output": "" },
            "parts": [{ "inlineData": { "mimeType": "image/png", "data": "iVBO" } }],
        } })
    );
}

#[test]
fn files_go_as_they_are_but_textual_ones_as_their_text() {
    let document = |mime: &str, base64: &str| {
        Part::Document(Document {
            filename: Some("a".into()),
            mime: mime.into(),
            base64: base64.into(),
        })
    };
    let messages = [Message::User {
        parts: vec![
            image(),
            Part::Audio(Audio {
                base64: "UklGRg==".into(),
                format: "wav".into(),
            }),
            document("application/pdf", "JVBERi0="),
            document("text/csv", "YTtiCg=="),
        ],
        name: Some("ann".into()),
    }];
    let wanted = json!([{ "role": "user", "parts": [
        { "inlineData": { "mimeType": "image/png", "data": "iVBO" } },
        { "inlineData": { "mimeType": "audio/wav", "data": "UklGRg==" } },
        { "inlineData": { "mimeType": "application/pdf", "data": "JVBERi0=" } },
        { "text": "a;b\n" },
    ] }]);
    assert_eq!(written("gemini-2.5-flash", &messages), wanted);
}

#[test]
fn neighbours_of_one_role_are_joined_and_empty_turns_left_out() {
    let silence = Message::Assistant {
        parts: vec![Part::Text(String::new())],
        reasoning: None,
        tool_calls: Vec::new(),
        name: None,
        marks: Vec::new(),
    };
    let messages = [Message::user("a"), silence, Message::user("b")];
    let wanted = json!([{ "role": "user", "parts": [{ "text": "a" }, { "text": "b" }] }]);
    assert_eq!(written("gemini-2.5-flash", &messages), wanted);
}

#[test]
fn a_call_bears_the_signature_that_it_came_with() {
    let mut messages = weather();
    let mark = |calls, form, content: &str| Mark {
        parts: 1,
        calls,
        what: Marked::Thought(Thought {
            text: "hm".into(),
            token: ThoughtToken {
                form,
                model: None,
                id: None,
                content: content.into(),
            },
        }),
    };
    if let Message::Assistant { marks, .. } = &mut messages[1] {
        marks.push(mark(0, TokenForm::GoogleSignature, "EpEg"));
        marks.push(mark(1, TokenForm::ReasoningContent, ""));
    }
    for model in ["gemini-2.5-flash", "gemini-3-pro-preview"] {
        let parts = &written(model, &messages)[1]["parts"];
        assert_eq!(parts[1]["thoughtSignature"], "EpEg", "{model}");
        assert_eq!(parts[2]["thoughtSignature"], Value::Null, "{model}");
    }
}
