use serde_json::{Value, json};

use super::{PNG, asked, refused};
use crate::chat::{Image, ImageSource, Message, Part, ToolCall};

fn text(text: &str) -> Vec<Part> {
    vec![Part::Text(text.to_owned())]
}

#[test]
fn a_whole_conversation_is_understood() {
    let asked = asked(json!({
        "model": "openclaw/beta",
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [{ "type": "text", "text": "What is it?" }, { "type": "image_url", "image_url": { "url": PNG, "detail": "low" } }], "name": "ann" },
            { "role": "developer", "content": [{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }] },
            { "role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
                { "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{}" } },
                { "id": "c2", "type": "function", "function": { "name": "look", "arguments": "" } },
            ] },
            { "role": "tool", "tool_call_id": "c2", "content": "two" },
            { "role": "tool", "tool_call_id": "c1", "content": [{ "type": "text", "text": "one" }] },
        ],
    }));
    assert_eq!(asked.model.as_deref(), Some("openclaw/beta"));
    assert_eq!(asked.system, ["Be brief.", "a\nb"]);
    let call = |id: &str, arguments: &str| ToolCall {
        id: id.to_owned(),
        name: "look".to_owned(),
        arguments: arguments.to_owned(),
    };
    let image = Part::Image(Image {
        source: ImageSource::Inline {
            mime: "image/png",
            base64: "iVBORw0KGgoAAAANSUhEUg==".to_owned(),
        },
        detail: Some("low".to_owned()),
    });
    let expected = [
        Message::User {
            parts: vec![Part::Text("What is it?".to_owned()), image],
            name: Some("ann".to_owned()),
        },
        Message::Assistant {
            parts: Vec::new(),
            reasoning: Some("hm".to_owned()),
            tool_calls: vec![call("c1", "{}"), call("c2", "")],
            name: None,
            marks: Vec::new(),
        },
        Message::Tool {
            call_id: "c2".to_owned(),
            parts: text("two"),
        },
        Message::Tool {
            call_id: "c1".to_owned(),
            parts: text("one"),
        },
    ];
    assert_eq!(asked.chat.messages, expected);
}

#[test]
fn a_message_that_cannot_be_used_is_named_to_its_last_member() {
    let user = |part: Value| json!({ "role": "user", "content": [part] });
    for (message, param) in [
        (
            json!({ "role": "wizard", "content": "hi" }),
            "messages[0].role",
        ),
        (
            json!({ "role": "user", "content": 7 }),
            "messages[0].content",
        ),
        (
            user(json!({ "type": "video" })),
            "messages[0].content[0].type",
        ),
        (
            user(json!({ "type": "text" })),
            "messages[0].content[0].text",
        ),
        (
            user(json!({ "type": "image_url", "image_url": { "url": 7 } })),
            "messages[0].content[0].image_url.url",
        ),
        (
            user(
                json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,PHN2Zz4=" } }),
            ),
            "messages[0].content[0].image_url.url",
        ),
        (
            user(json!({ "type": "image_url", "image_url": { "url": PNG, "detail": "huge" } })),
            "messages[0].content[0].image_url.detail",
        ),
        (
            user(
                json!({ "type": "input_audio", "input_audio": { "data": "aGk=", "format": "ogg" } }),
            ),
            "messages[0].content[0].input_audio.format",
        ),
        (
            user(json!({ "type": "input_audio", "input_audio": { "data": "?", "format": "wav" } })),
            "messages[0].content[0].input_audio.data",
        ),
        (
            user(json!({ "type": "file", "file": { "file_id": "f1" } })),
            "messages[0].content[0].file.file_id",
        ),
        (
            json!({ "role": "system", "content": [{ "type": "image_url", "image_url": { "url": PNG } }] }),
            "messages[0].content[0].type",
        ),
    ] {
        assert_eq!(
            refused(json!({ "messages": [message.clone()] })),
            param,
            "{message}"
        );
    }
}

#[test]
fn every_call_must_be_answered_and_every_answer_have_a_call() {
    let user = json!({ "role": "user", "content": "hi" });
    let call = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let calls = json!({ "role": "assistant", "tool_calls": [call("a"), call("b")] });
    let tool = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "x" });
    for (messages, param) in [
        (
            vec![user.clone(), calls.clone(), tool("a")],
            "messages[1].tool_calls",
        ),
        (
            vec![user.clone(), calls.clone(), tool("a"), user.clone()],
            "messages[1].tool_calls",
        ),
        (
            vec![user.clone(), calls.clone(), tool("a"), tool("a")],
            "messages[3].tool_call_id",
        ),
        (
            vec![
                user.clone(),
                calls.clone(),
                json!({ "role": "tool", "content": "x" }),
            ],
            "messages[2].tool_call_id",
        ),
        (vec![user.clone(), tool("a")], "messages[1].tool_call_id"),
        (
            vec![
                user.clone(),
                json!({ "role": "function", "name": "f", "content": "x" }),
            ],
            "messages[1].name",
        ),
        (
            vec![
                user.clone(),
                json!({ "role": "assistant", "tool_calls": [{ "id": "a", "type": "custom" }] }),
            ],
            "messages[1].tool_calls[0].type",
        ),
        (
            vec![
                user.clone(),
                json!({ "role": "assistant", "tool_calls": [{ "id": "a" }] }),
            ],
            "messages[1].tool_calls[0].function",
        ),
    ] {
        assert_eq!(refused(json!({ "messages": messages })), param);
    }
    asked(json!({ "messages": [user, calls, tool("b"), tool("a")] }));
}

#[test]
fn the_new_turn_must_say_something() {
    let user = |content: Value| json!({ "role": "user", "content": content });
    let assistant = json!({ "role": "assistant", "content": "" });
    for empty in [
        Value::Null,
        json!(""),
        json!([]),
        json!([{ "type": "text", "text": "" }]),
    ] {
        assert_eq!(
            refused(json!({ "messages": [user(empty)] })),
            "messages[0].content"
        );
    }
    assert_eq!(refused(json!({ "messages": [] })), "messages");
    assert_eq!(
        refused(json!({ "messages": [user(json!("hi")), assistant] })),
        "messages[1].content"
    );
    assert_eq!(
        refused(json!({ "messages": [{ "role": "system", "content": "s" }] })),
        "messages[0].content"
    );
    let earlier = asked(json!({ "messages": [user(json!("")), assistant, user(json!("hi"))] }));
    assert_eq!(earlier.chat.messages.len(), 3, "empty earlier turns pass");
}

#[test]
fn pictures_have_limits() {
    let picture = json!({ "type": "image_url", "image_url": { "url": PNG } });
    let many = |count: usize| json!({ "role": "user", "content": vec![picture.clone(); count] });
    asked(json!({ "messages": [many(9), many(8)] }));
    assert_eq!(
        refused(json!({ "messages": [many(9)] })),
        "messages[0].content[8].image_url.url"
    );
    let large = |bytes: usize| {
        let url = format!(
            "data:image/png;base64,iVBORw0KGgoAAAAN{}",
            "AAAA".repeat(bytes / 3)
        );
        json!({ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": url } }] })
    };
    assert_eq!(
        refused(json!({ "messages": [large(10_000_000)] })),
        "messages[0].content[0].image_url.url"
    );
    let two = json!({ "messages": [large(7_500_000), large(7_500_000)] });
    assert_eq!(refused(two), "messages[1].content[0].image_url.url");
}
