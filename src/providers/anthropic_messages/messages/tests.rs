use super::*;
use crate::chat::Audio;
use serde_json::{Value, json};

fn written(messages: &[Message]) -> Value {
    serde_json::to_value(turns(messages).expect("it can be carried")).unwrap()
}

fn assistant(parts: Vec<Part>, tool_calls: Vec<ToolCall>) -> Message {
    Message::Assistant {
        parts,
        reasoning: Some("hm".into()),
        tool_calls,
        name: None,
    }
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
        detail: Some("low".into()),
    })
}

fn document(mime: &str, base64: &str) -> Part {
    Part::Document(Document {
        filename: Some("a".into()),
        mime: mime.into(),
        base64: base64.into(),
    })
}

#[test]
fn the_answers_to_parallel_calls_are_one_user_turn_with_what_the_user_says_next() {
    let messages = [
        Message::user("What's the weather in Oslo and Rome?"),
        assistant(
            vec![Part::Text("I'll look.".into())],
            vec![
                call("toolu_1", "get_weather", r#"{"location":"Oslo"}"#),
                call("toolu_2", "get_weather", ""),
            ],
        ),
        Message::Tool {
            call_id: "toolu_1".into(),
            parts: vec![Part::Text("15 degrees".into()), image()],
        },
        Message::Tool {
            call_id: "toolu_2".into(),
            parts: vec![Part::Text(String::new())],
        },
        Message::user("Be brief."),
    ];
    let wanted = json!([
        { "role": "user", "content": [{ "type": "text", "text": "What's the weather in Oslo and Rome?" }] },
        { "role": "assistant", "content": [
            { "type": "text", "text": "I'll look." },
            { "type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": { "location": "Oslo" } },
            { "type": "tool_use", "id": "toolu_2", "name": "get_weather", "input": {} },
        ] },
        { "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": "toolu_1", "content": [
                { "type": "text", "text": "15 degrees" },
                { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "iVBO" } },
            ] },
            { "type": "tool_result", "tool_use_id": "toolu_2", "content": [] },
            { "type": "text", "text": "Be brief." },
        ] },
    ]);
    assert_eq!(written(&messages), wanted);
}

#[test]
fn neighbours_of_one_role_are_joined_and_empty_turns_left_out() {
    let messages = [
        Message::user("a"),
        assistant(vec![Part::Text(" \n".into())], Vec::new()),
        Message::user("b"),
        assistant(vec![Part::Refusal("No.".into())], Vec::new()),
    ];
    let wanted = json!([
        { "role": "user", "content": [{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }] },
        { "role": "assistant", "content": [{ "type": "text", "text": "No." }] },
    ]);
    assert_eq!(written(&messages), wanted);
}

#[test]
fn a_pdf_goes_as_it_is_and_a_textual_file_as_its_text() {
    let messages = [Message::User {
        parts: vec![
            document("application/pdf", "JVBERi0="),
            document("text/csv", "YTtiCg=="),
        ],
        name: None,
    }];
    let wanted = json!([{ "role": "user", "content": [
        { "type": "document", "source": { "type": "base64", "media_type": "application/pdf", "data": "JVBERi0=" }, "title": "a" },
        { "type": "document", "source": { "type": "text", "media_type": "text/plain", "data": "a;b\n" }, "title": "a" },
    ] }]);
    assert_eq!(written(&messages), wanted);
}

#[test]
fn what_the_dialect_cannot_carry_is_said() {
    let refused = |part| {
        let message = Message::User {
            parts: vec![part],
            name: None,
        };
        turns(&[message]).err()
    };
    let audio = Part::Audio(Audio {
        base64: "UklGRg==".into(),
        format: "wav".into(),
    });
    assert_eq!(refused(audio), Some("listen to audio"));
    assert_eq!(
        refused(document("application/zip", "UEsDBA==")),
        Some("read a file that is neither PDF nor text")
    );
}

#[test]
fn an_id_of_another_provider_fits_and_still_matches_its_result() {
    let id = "functions.get_weather:0";
    let messages = [
        assistant(Vec::new(), vec![call(id, "get_weather", "{}")]),
        Message::Tool {
            call_id: id.into(),
            parts: vec![Part::Text("15".into())],
        },
    ];
    let written = written(&messages);
    assert_eq!(written[0]["content"][0]["id"], "functions_get_weather_0");
    assert_eq!(
        written[1]["content"][0]["tool_use_id"],
        "functions_get_weather_0"
    );
}
