//! `tool_choice`: required, or one function by its name.

use serde_json::{Value, json};

use super::{calls, choosing, required, talk};
use crate::support::{Answer, House, Scripted};

fn named(name: &str) -> Value {
    choosing(json!({ "type": "function", "function": { "name": name } }))
}

#[tokio::test]
async fn a_required_call_is_asked_for_and_passed_on() {
    let provider = Scripted::start().await;
    provider.push(calls("clock"));
    let house = House::before(&provider).await;

    let reply = house.chat(required()).await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    let choice = &reply.json()["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(
        choice["message"]["tool_calls"][0]["function"]["name"],
        "clock"
    );
    assert_eq!(provider.only_request().json()["tool_choice"], "required");
}

#[tokio::test]
async fn a_call_that_is_missing_is_asked_for_once_more_and_both_answers_are_paid() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("It is cold."));
    provider.push(calls("weather"));
    let house = House::before(&provider).await;

    let reply = house.chat(required()).await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = reply.json();
    assert_eq!(
        body["choices"][0]["message"],
        json!({
            "role": "assistant", "content": null, "refusal": null, "annotations": [],
            "tool_calls": [{ "id": "call_1", "type": "function",
                "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" } }],
        })
    );
    let usage = &body["usage"];
    assert_eq!(usage["prompt_tokens"], 22);
    assert_eq!(usage["completion_tokens"], 14);
    assert_eq!(usage["total_tokens"], 36);
    let repair = provider.requests()[1].json();
    assert_eq!(
        repair["messages"],
        json!([
            talk()[0],
            { "role": "assistant", "content": "It is cold." },
            { "role": "user", "content": "You must answer with a call of one of these tools, and no text: weather, clock." },
        ])
    );
    assert_eq!(repair["tool_choice"], "required");
}

#[tokio::test]
async fn a_call_that_is_missing_twice_is_502() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("It is cold."));
    let house = House::before(&provider).await;

    let reply = house.chat(required()).await;

    assert_eq!(reply.fault(), (502, "tool_choice_unmet".to_owned()));
    assert_eq!(reply.json()["error"]["type"], "upstream_error");
    assert_eq!(provider.requests().len(), 2);
}

#[tokio::test]
async fn a_named_function_is_the_only_one_that_counts() {
    let provider = Scripted::start().await;
    provider.push(calls("clock"));
    provider.push(calls("weather"));
    let house = House::before(&provider).await;

    let reply = house.chat(named("weather")).await;

    let call = &reply.json()["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"]["name"], "weather", "{}", reply.text());
    assert_eq!(
        provider.requests()[0].json()["tool_choice"],
        json!({ "type": "function", "function": { "name": "weather" } })
    );

    provider.always(calls("clock"));
    let reply = house.chat(named("weather")).await;
    assert_eq!(reply.fault(), (502, "tool_choice_unmet".to_owned()));

    let reply = house.chat(named("calendar")).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["error"]["param"], "tool_choice.function.name");
    assert_eq!(provider.requests().len(), 4);
}

#[tokio::test]
async fn a_call_that_is_ruled_out_is_asked_away_once_and_then_502() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let allowed = json!({ "type": "allowed_tools", "allowed_tools": { "mode": "auto", "tools": [
        { "type": "function", "function": { "name": "weather" } },
    ] } });
    for choice in [json!("none"), allowed] {
        provider.push(calls("clock"));
        provider.push(Answer::chat_text("It is noon."));
        let reply = house.chat(choosing(choice.clone())).await;
        assert_eq!(reply.said(), "It is noon.", "{choice}");

        provider.push(calls("clock"));
        provider.push(calls("clock"));
        let reply = house.chat(choosing(choice.clone())).await;
        assert_eq!(
            reply.fault(),
            (502, "tool_choice_unmet".to_owned()),
            "{choice}"
        );

        provider.push(Answer::chat_tool_calls(&[("call_1", "clock", json!({}))]));
        provider.push(Answer::chat_stream(&["It is ", "noon."]));
        let events = house.chat(super::streamed(choosing(choice))).await.events();
        let deltas = events.iter().map(|event| &event["choices"][0]["delta"]);
        assert!(
            deltas.clone().all(|delta| delta["tool_calls"].is_null()),
            "{events:?}"
        );
        let said: String = deltas
            .filter_map(|delta| delta["content"].as_str())
            .collect();
        assert_eq!(said, "It is noon.");
    }
}

#[tokio::test]
async fn two_tools_of_one_name_are_refused() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let tool = json!({ "type": "function", "function": { "name": "clock" } });
    let function = json!({ "name": "clock" });
    for (body, param) in [
        (
            json!({ "messages": talk(), "tools": [tool, tool] }),
            "tools[1].function.name",
        ),
        (
            json!({ "messages": talk(), "functions": [function, function] }),
            "functions[1].name",
        ),
    ] {
        let reply = house.chat(body).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]["param"]),
            (400, &json!(param))
        );
    }
    assert_eq!(provider.requests().len(), 0);
}
