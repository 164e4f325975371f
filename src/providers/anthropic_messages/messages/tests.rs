use super::*;
use crate::chat::{Audio, Mark, ThoughtToken};
use serde_json::{Value, json};

fn written(messages: &[Message]) -> Value {
    serde_json::to_value(turns(messages, Thoughts::Kept).expect("it can be carried")).unwrap()
}

fn assistant(parts: Vec<Part>, tool_calls: Vec<ToolCall>) -> Message {
    Message::Assistant {
        parts,
        reasoning: Some("hm".into()),
        tool_calls,
        name: None,
        marks: Vec::new(),
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
        turns(&[message], Thoughts::Kept).err()
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

fn thought(form: TokenForm, text: &str, content: &str) -> Mark {
    Mark {
        parts: 0,
        calls: 0,
        what: Marked::Thought(Thought {
            text: text.into(),
            token: ThoughtToken {
                form,
                model: None,
                id: None,
                content: content.into(),
            },
        }),
    }
}

fn thinking(marks: Vec<Mark>) -> Message {
    Message::Assistant {
        parts: vec![Part::Text("I'll look.".into())],
        reasoning: Some("hm".into()),
        tool_calls: vec![call("toolu_1", "f", "{}")],
        name: None,
        marks,
    }
}

#[test]
fn thoughts_go_back_signed_before_what_they_led_to() {
    let message = thinking(vec![
        thought(TokenForm::AnthropicSignature, "hm", "EqQB"),
        thought(TokenForm::AnthropicRedacted, "", "EmwK"),
        thought(TokenForm::OpenaiEncrypted, "", "gAAA"),
    ]);
    let messages = [Message::user("hi"), message];
    assert!(began_with_a_thought(&messages));
    let rest = [
        json!({ "type": "text", "text": "I'll look." }),
        json!({ "type": "tool_use", "id": "toolu_1", "name": "f", "input": {} }),
    ];
    let mut wanted = vec![
        json!({ "type": "thinking", "thinking": "hm", "signature": "EqQB" }),
        json!({ "type": "redacted_thinking", "data": "EmwK" }),
    ];
    wanted.extend(rest.clone());
    assert_eq!(written(&messages)[1]["content"], json!(wanted));
    let left = serde_json::to_value(turns(&messages, Thoughts::Left).ok().unwrap()).unwrap();
    assert_eq!(left[1]["content"], json!(rest));
}

#[test]
fn a_turn_that_begins_without_a_thought_has_none() {
    let mut late = thought(TokenForm::AnthropicSignature, "hm", "EqQB");
    late.parts = 1;
    let messages = [Message::user("hi"), thinking(vec![late])];
    assert!(!began_with_a_thought(&messages));
    let content = &written(&messages)[1]["content"];
    assert_eq!(content[0]["type"], "text");
    assert_eq!(content[1]["type"], "tool_use");
}
