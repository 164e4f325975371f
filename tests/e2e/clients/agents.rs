//! The OpenAI Agents SDK: agents with a tool, a handoff and a structured answer, before a provider that knows only chat
//! completions.

use serde_json::{Value, json};

use super::{Answer, Recorded, client, run_before, words};

/// Answers as a model would: hands over where it can, asks for the weather where it can, then says what it heard.
fn model(request: &Recorded) -> Answer {
    let body = request.json();
    let messages = body["messages"].as_array().unwrap();
    let last = messages.last().unwrap();
    let offered: Vec<&str> = body["tools"]
        .as_array()
        .map(|tools| {
            tools
                .iter()
                .filter_map(|tool| tool["function"]["name"].as_str())
                .collect()
        })
        .unwrap_or_default();
    let calls =
        |id: &str, name: &str, arguments: Value| Answer::chat_tool_calls(&[(id, name, arguments)]);
    if offered.contains(&"transfer_to_meteorologist") {
        return calls("call_1", "transfer_to_meteorologist", json!({}));
    }
    let said = words(&last["content"]);
    if last["role"] == "tool" && said.starts_with("Oslo") {
        return Answer::chat_auto(&format!("It is {said} degrees."));
    }
    if offered.contains(&"weather") {
        return calls("call_2", "weather", json!({ "city": "Oslo" }));
    }
    if body.get("response_format").is_some() {
        return Answer::chat_auto("{\"name\":\"Ann\",\"age\":41}");
    }
    Answer::chat_auto("Hello, world.")
}

#[tokio::test]
async fn the_openai_agents_sdk_calls_tools_streams_hands_over_structures_and_continues() {
    let Some(client) = client("openai_agents.py") else {
        return;
    };
    assert_eq!(
        run_before(model, "openai_agents", client).await,
        json!({
            "tool": ["It is Oslo: -3 degrees.", ["tool_call_item", "tool_call_output_item", "message_output_item"]],
            "replayed": "Hello, world.",
            "streamed": [
                "It is Oslo: -3 degrees.",
                "It is Oslo: -3 degrees.",
                ["tool_called", "tool_output", "message_output_created"],
            ],
            "handoff": [
                "It is Oslo: -3 degrees.",
                "Meteorologist",
                [
                    "handoff_call_item",
                    "handoff_output_item",
                    "tool_call_item",
                    "tool_call_output_item",
                    "message_output_item",
                ],
            ],
            "structured": { "name": "Ann", "age": 41 },
            "tokens": 18,
            "continued": { "name": "Ann", "age": 41 },
        })
    );
}
