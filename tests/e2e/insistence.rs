//! What a caller insists on: a call of a tool, or an answer of a certain form. Enforced with one repair, or refused.

mod forms;
mod tools;

use serde_json::{Value, json};

use super::support::{Answer, House, Scripted};

fn talk() -> Value {
    json!([{ "role": "user", "content": "How is the weather in Oslo?" }])
}

/// A request with two tools and this choice among them.
fn choosing(choice: Value) -> Value {
    let tool = |name: &str| json!({ "type": "function", "function": { "name": name } });
    json!({ "messages": talk(), "tools": [tool("weather"), tool("clock")], "tool_choice": choice })
}

fn required() -> Value {
    choosing(json!("required"))
}

/// A request for an answer of a strict schema.
fn formed() -> Value {
    json!({ "messages": talk(), "response_format": { "type": "json_schema", "json_schema": {
        "name": "weather", "strict": true, "schema": schema(),
    } } })
}

fn schema() -> Value {
    json!({ "type": "object", "properties": { "degrees": { "type": "integer" } }, "required": ["degrees"] })
}

fn streamed(mut body: Value) -> Value {
    body["stream"] = json!(true);
    body
}

fn calls(name: &str) -> Answer {
    Answer::chat_tool_calls(&[("call_1", name, json!({ "city": "Oslo" }))])
}

#[tokio::test]
async fn a_stream_that_has_begun_breaks_with_the_error_and_done() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for (body, code) in [
        (required(), "tool_choice_unmet"),
        (formed(), "schema_unmet"),
    ] {
        provider.push(Answer::chat_stream(&["It is ", "cold."]));

        let reply = house.chat(streamed(body)).await;

        assert_eq!(reply.status, 200);
        let events = reply.events();
        let [.., error, done] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(error["error"]["code"], code, "{events:?}");
        assert_eq!(error["error"]["type"], "upstream_error");
        assert_eq!(done, "[DONE]");
        let reasons = events
            .iter()
            .map(|event| &event["choices"][0]["finish_reason"]);
        assert!(reasons.into_iter().all(Value::is_null), "{events:?}");
    }
    assert_eq!(provider.requests().len(), 2);
}

#[tokio::test]
async fn a_stream_of_the_right_form_is_passed_on_as_it_comes() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["{\"degrees\"", ":-3}"]));
    provider.push(calls("weather"));
    let house = House::before(&provider).await;

    let said: String = house
        .chat(streamed(formed()))
        .await
        .events()
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(said, "{\"degrees\":-3}");

    let events = house.chat(streamed(required())).await.events();
    let reason = &events[events.len() - 2]["choices"][0]["finish_reason"];
    assert_eq!(reason, "tool_calls", "{events:?}");
}
