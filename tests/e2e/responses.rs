//! `/v1/responses`: the cases of the official compliance suite of Open Responses, and every rule of ours beside them.
//! Whatever is answered is checked against the published schema.

mod chain;
mod compact;
mod failures;
mod files;
mod input;
mod items;
mod kept;
mod reasoning;
mod socket;
mod tools;
mod unkept;

use serde_json::{Value, json};

use super::support::{
    Answer, House, Reply, Scripted, TOKEN, Told, check_item, check_response, config_for, reply,
};

const PATH: &str = "/v1/responses";

/// A picture of one pixel.
const PNG: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async fn create(house: &House, body: Value) -> Reply {
    house.post(PATH, body).await
}

/// A response that is complete and as the schema has it.
#[track_caller]
fn completed(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let response = reply.json();
    check_response(&response);
    assert_eq!(response["status"], "completed");
    response
}

fn id(response: &Value) -> &str {
    response["id"].as_str().unwrap()
}

/// What a response says.
fn said(response: &Value) -> String {
    let items = response["output"].as_array().unwrap();
    let parts = items
        .iter()
        .filter(|item| item["type"] == "message")
        .flat_map(|item| item["content"].as_array().unwrap());
    parts.filter_map(|part| part["text"].as_str()).collect()
}

/// The conversation that a request to the provider held, as `role: text`.
fn context(provider: &Scripted, request: usize) -> Vec<String> {
    let body = provider.requests()[request].json();
    let messages = body["messages"].as_array().unwrap();
    let line = |message: &Value| {
        let content = match &message["content"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{}: {content}", message["role"].as_str().unwrap())
    };
    messages.iter().map(line).collect()
}

#[tokio::test]
async fn compliance_a_basic_text_response() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("hello there, friend"));
    let house = House::before(&provider).await;
    let sent = json!({ "model": "openclaw", "input": [
        { "type": "message", "role": "user", "content": "Say hello in exactly 3 words." },
    ] });
    let reply = create(&house, sent).await;
    let response = completed(&reply);
    assert_eq!(said(&response), "hello there, friend");
    assert_eq!(response["model"], "openclaw");
    assert_eq!(
        response["usage"],
        json!({
            "input_tokens": 11, "input_tokens_details": { "cached_tokens": 0 },
            "output_tokens": 7, "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": 18,
        })
    );
    assert_eq!(reply.header("x-openclaw-model"), Some("mock/m1"));
    assert_eq!(reply.header("x-openclaw-agent-id"), Some("main"));
    assert_eq!(
        context(&provider, 0),
        ["user: Say hello in exactly 3 words."]
    );
}

#[tokio::test]
async fn compliance_the_phase_of_an_assistant_message_is_taken_and_kept() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("42"));
    let house = House::before(&provider).await;
    let sent = json!({ "input": [
        { "type": "message", "role": "user", "content": "What is it?" },
        { "type": "message", "role": "assistant", "phase": "commentary", "content": [
            { "type": "output_text", "text": "Let me think." },
        ] },
        { "type": "message", "role": "user", "content": "Well?" },
    ] });
    let response = completed(&create(&house, sent).await);
    let listed = house
        .get(&format!("{PATH}/{}/input_items?order=asc", id(&response)))
        .await
        .json();
    let phases: Vec<&Value> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["phase"])
        .collect();
    assert_eq!(phases, [&Value::Null, &json!("commentary"), &Value::Null]);
    assert_eq!(
        context(&provider, 0),
        [
            "user: What is it?",
            "assistant: Let me think.",
            "user: Well?"
        ]
    );
    let wrong = json!({ "input": [{ "role": "assistant", "phase": "other", "content": "x" }] });
    assert_eq!(create(&house, wrong).await.status, 400);
}

#[tokio::test]
async fn compliance_a_streaming_response() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["1, ", "2, ", "\"3\"\n"]));
    let house = House::before(&provider).await;
    let sent = json!({ "model": "openclaw", "stream": true, "input": [
        { "type": "message", "role": "user", "content": "Count from 1 to 3." },
    ] });
    let reply = create(&house, sent).await;
    let told = Told::of(&reply);
    assert_eq!(
        told.kinds(),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    assert_eq!(told.joined("response.output_text.delta"), "1, 2, \"3\"\n");
    let created = &told.0[0]["response"];
    assert_eq!(
        (&created["status"], &created["output"], &created["usage"]),
        (&json!("in_progress"), &json!([]), &Value::Null)
    );
    let response = told.response();
    check_response(response);
    assert_eq!(response["id"], created["id"]);
    assert_eq!(said(response), "1, 2, \"3\"\n");
    assert_eq!(response["usage"]["total_tokens"], 18);
    let done = told
        .0
        .iter()
        .find(|event| event["type"] == "response.output_item.done");
    assert_eq!(done.unwrap()["item"], response["output"][0]);
    assert_eq!(reply.header("x-openclaw-model"), Some("mock/m1"));
}

#[tokio::test]
async fn compliance_a_system_prompt() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("Ahoy"));
    let house = House::before(&provider).await;
    let sent = json!({ "instructions": "Be brief.", "input": [
        { "type": "message", "role": "system", "content": "You are a pirate." },
        { "type": "message", "role": "developer", "content": [{ "type": "input_text", "text": "Really." }] },
        { "type": "message", "role": "user", "content": "Say hello." },
    ] });
    let response = completed(&create(&house, sent).await);
    assert_eq!(response["instructions"], "Be brief.");
    assert_eq!(
        context(&provider, 0),
        [
            "system: Be brief.\n\nYou are a pirate.\n\nReally.",
            "user: Say hello."
        ]
    );
}

#[tokio::test]
async fn compliance_tool_calling() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[(
        "call_1",
        "get_weather",
        json!({ "location": "Oslo" }),
    )]));
    let house = House::before(&provider).await;
    let sent = json!({
        "input": [{ "type": "message", "role": "user", "content": "What's the weather?" }],
        "tools": [{
            "type": "function", "name": "get_weather", "description": "Get the current weather",
            "parameters": { "type": "object", "properties": { "location": { "type": "string" } }, "required": ["location"] },
        }],
    });
    let response = completed(&create(&house, sent).await);
    let call = &response["output"][0];
    assert_eq!(
        (
            &call["type"],
            &call["name"],
            &call["call_id"],
            &call["status"]
        ),
        (
            &json!("function_call"),
            &json!("get_weather"),
            &json!("call_1"),
            &json!("completed")
        )
    );
    assert_eq!(call["arguments"], "{\"location\":\"Oslo\"}");
    assert_eq!(
        provider.only_request().json()["tools"][0]["function"]["name"],
        "get_weather"
    );
}

#[tokio::test]
async fn compliance_image_input() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("a dot"));
    let house = House::before(&provider).await;
    let sent = json!({ "input": [{ "type": "message", "role": "user", "content": [
        { "type": "input_text", "text": "What do you see?" },
        { "type": "input_image", "image_url": PNG },
    ] }] });
    assert_eq!(said(&completed(&create(&house, sent).await)), "a dot");
    assert_eq!(
        provider.only_request().json()["messages"][0]["content"][1]["image_url"],
        json!({ "url": PNG, "detail": "auto" })
    );
}

#[tokio::test]
async fn compliance_a_multi_turn_conversation() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("Alice"));
    let house = House::before(&provider).await;
    let sent = json!({ "input": [
        { "type": "message", "role": "user", "content": "My name is Alice." },
        { "type": "message", "role": "assistant", "content": "Hello Alice!" },
        { "type": "message", "role": "user", "content": "What is my name?" },
    ] });
    assert_eq!(said(&completed(&create(&house, sent).await)), "Alice");
    assert_eq!(
        context(&provider, 0),
        [
            "user: My name is Alice.",
            "assistant: Hello Alice!",
            "user: What is my name?"
        ]
    );
}

#[tokio::test]
async fn what_was_asked_is_echoed_and_what_was_not_has_its_default() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;

    let plain = completed(&create(&house, json!({ "input": "hi" })).await);
    let mut expected = json!({
        "id": plain["id"], "object": "response", "created_at": plain["created_at"],
        "completed_at": plain["completed_at"], "status": "completed", "error": null, "incomplete_details": null,
        "background": false, "frequency_penalty": 0.0, "instructions": null, "max_output_tokens": null,
        "max_tool_calls": null, "metadata": {}, "model": "openclaw", "parallel_tool_calls": true,
        "presence_penalty": 0.0, "previous_response_id": null, "prompt_cache_key": null,
        "reasoning": { "effort": null, "summary": null }, "safety_identifier": null, "service_tier": "default",
        "store": true, "temperature": 1.0, "text": { "format": { "type": "text" }, "verbosity": "medium" },
        "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "user": null,
    });
    expected["usage"] = plain["usage"].clone();
    expected["output"] = json!([{
        "type": "message", "id": plain["output"][0]["id"], "status": "completed", "role": "assistant",
        "content": [{ "type": "output_text", "text": "ok", "annotations": [], "logprobs": [] }],
    }]);
    assert_eq!(plain, expected);

    let asked = json!({
        "model": "openclaw/default", "input": "hi", "instructions": "short", "max_output_tokens": 50,
        "max_tool_calls": 3, "metadata": { "a": "b" }, "parallel_tool_calls": false, "temperature": 0.5, "top_p": 0.25,
        "presence_penalty": 1.5, "frequency_penalty": -1.0, "prompt_cache_key": "k", "safety_identifier": "s",
        "service_tier": "flex", "store": false, "truncation": "auto", "top_logprobs": 2,
        "reasoning": { "effort": "low", "summary": "auto" }, "text": { "verbosity": "low" },
        "tool_choice": "none", "tools": [{ "type": "function", "name": "f" }],
    });
    let response = completed(&create(&house, asked.clone()).await);
    for (name, value) in asked.as_object().unwrap() {
        match name.as_str() {
            "input" => {}
            "text" => assert_eq!(response["text"]["verbosity"], "low"),
            "tools" => assert_eq!(
                response["tools"],
                json!([{ "type": "function", "name": "f", "description": null, "parameters": null, "strict": null }])
            ),
            name => assert_eq!(&response[name], value, "{name}"),
        }
    }
    let sent = provider.requests()[1].json();
    assert_eq!(
        (
            &sent["temperature"],
            &sent["service_tier"],
            &sent["reasoning_effort"]
        ),
        (&json!(0.5), &json!("flex"), &json!("low"))
    );
    assert!(
        sent.get("store").is_none() && sent.get("metadata").is_none(),
        "{sent}"
    );
}

#[tokio::test]
async fn the_endpoint_has_a_switch_of_its_own() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let switches = |chat: Value, responses: Value| {
        json!({ "gateway": { "http": { "endpoints": {
            "chatCompletions": { "enabled": chat }, "responses": { "enabled": responses },
        } } } })
    };
    for (chat, responses, is_on) in [
        (json!(true), Value::Null, true),
        (json!(true), json!(false), false),
        (Value::Null, json!(true), true),
        (json!(false), json!(true), true),
        (Value::Null, Value::Null, false),
    ] {
        let house = House::changed(&provider, switches(chat.clone(), responses.clone())).await;
        let reply = create(&house, json!({ "input": "hi" })).await;
        let status = if is_on { 200 } else { 404 };
        assert_eq!(reply.status, status, "{chat} {responses}");
        let chat_status = house
            .chat(json!({ "messages": [{ "role": "user", "content": "x" }] }))
            .await
            .status;
        assert_eq!(chat_status == 200, chat == json!(true));
        if !is_on {
            assert_eq!(reply.fault(), (404, "endpoint_off".to_owned()));
            assert!(
                reply.text().contains("responses.enabled"),
                "{}",
                reply.text()
            );
        }
    }
}
