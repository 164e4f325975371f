use serde_json::{Value, json};

use super::{asked, refused, with};
use crate::chat::{Message, Part, ToolChoice};

fn tools(choice: Value) -> Value {
    let function = |name: &str| json!({ "type": "function", "function": { "name": name, "parameters": { "type": "object" } } });
    let mut body = with("tools", json!([function("look"), function("go")]));
    body["tool_choice"] = choice;
    body
}

#[test]
fn a_tool_choice_names_tools_of_the_request() {
    let chosen = |choice: Value| asked(tools(choice)).chat;
    assert_eq!(chosen(json!("none")).tool_choice, ToolChoice::None);
    assert_eq!(chosen(json!("required")).tool_choice, ToolChoice::Required);
    let look = json!({ "type": "function", "function": { "name": "look" } });
    assert_eq!(
        chosen(look.clone()).tool_choice,
        ToolChoice::Function("look".to_owned())
    );
    let narrowed = chosen(
        json!({ "type": "allowed_tools", "allowed_tools": { "mode": "required", "tools": [look] } }),
    );
    assert_eq!(narrowed.tool_choice, ToolChoice::Required);
    assert_eq!(narrowed.tools.len(), 1);
    for (choice, param) in [
        (json!("maybe"), "tool_choice"),
        (
            json!({ "type": "function", "function": { "name": "fly" } }),
            "tool_choice.function.name",
        ),
        (json!({ "type": "function" }), "tool_choice.function"),
        (json!({ "type": "custom" }), "tool_choice.type"),
        (
            json!({ "type": "allowed_tools" }),
            "tool_choice.allowed_tools",
        ),
        (
            json!({ "type": "allowed_tools", "allowed_tools": { "mode": "auto" } }),
            "tool_choice.allowed_tools.tools",
        ),
        (
            json!({ "type": "allowed_tools", "allowed_tools": { "mode": "auto", "tools": [{ "function": { "name": "fly" } }] } }),
            "tool_choice.allowed_tools.tools[0].function.name",
        ),
    ] {
        assert_eq!(refused(tools(choice.clone())), param, "{choice}");
    }
    assert_eq!(
        refused(with("tool_choice", json!("required"))),
        "tool_choice"
    );
}

#[test]
fn a_tool_is_a_named_function() {
    for (tool, param) in [
        (json!({ "type": "web_search" }), "tools[0].type"),
        (json!({ "type": "function" }), "tools[0].function"),
        (
            json!({ "type": "function", "function": {} }),
            "tools[0].function",
        ),
        (
            json!({ "type": "function", "function": { "name": "" } }),
            "tools[0].function.name",
        ),
        (
            json!({ "type": "function", "function": { "name": "f", "parameters": [] } }),
            "tools[0].function.parameters",
        ),
    ] {
        assert_eq!(refused(with("tools", json!([tool]))), param, "{tool}");
    }
}

#[test]
fn the_older_words_for_tools_still_work() {
    let asked = asked(json!({
        "messages": [
            { "role": "user", "content": "hi" },
            { "role": "assistant", "content": null, "function_call": { "name": "look", "arguments": "{}" } },
            { "role": "function", "name": "look", "content": "seen" },
        ],
        "functions": [{ "name": "look", "parameters": { "type": "object" } }],
        "function_call": { "name": "look" },
    }));
    assert_eq!(asked.chat.tools[0].name, "look");
    assert_eq!(
        asked.chat.tool_choice,
        ToolChoice::Function("look".to_owned())
    );
    assert_eq!(
        asked.chat.messages[2],
        Message::Tool {
            call_id: "call_1".to_owned(),
            parts: vec![Part::Text("seen".to_owned())]
        }
    );
}
