//! Every member of a request, with every kind of value in its place.

use serde_json::{Value, json};

use super::hello;
use crate::support::{Answer, House, Recorded, Reply, Scripted};

/// A request that has every member there is, and is answered.
fn whole() -> Value {
    let schema = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    let image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
    let call =
        json!({ "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    json!({
        "model": "openclaw",
        "messages": [
            { "role": "system", "content": "s" },
            { "role": "user", "content": "one", "name": "ann" },
            { "role": "assistant", "content": [{ "type": "text", "text": "t" }, { "type": "refusal", "refusal": "r" }],
              "refusal": "r", "reasoning_content": "r", "tool_calls": [call] },
            { "role": "tool", "tool_call_id": "c1", "content": "result" },
            { "role": "assistant", "content": null, "function_call": { "name": "f", "arguments": "{}" } },
            { "role": "function", "name": "f", "content": "result" },
            { "role": "user", "content": [
                { "type": "text", "text": "t" },
                { "type": "image_url", "image_url": { "url": image, "detail": "low" } },
                { "type": "input_audio", "input_audio": { "data": "AAAA", "format": "wav" } },
                { "type": "file", "file": { "file_data": "data:text/plain;base64,AAAA", "filename": "f" } },
            ] },
        ],
        "stream": false,
        "stream_options": { "include_usage": true },
        "tools": [{ "type": "function", "function": { "name": "f", "description": "d", "parameters": schema, "strict": true } }],
        "tool_choice": { "type": "allowed_tools", "allowed_tools":
            { "mode": "auto", "tools": [{ "type": "function", "function": { "name": "f" } }] } },
        "functions": [{ "name": "g", "parameters": schema }],
        "function_call": { "name": "g" },
        "parallel_tool_calls": true,
        "response_format": { "type": "json_schema", "json_schema":
            { "name": "n", "description": "d", "schema": schema, "strict": false } },
        "max_completion_tokens": 5, "max_tokens": 5,
        "temperature": 1, "top_p": 1, "frequency_penalty": 1, "presence_penalty": 1,
        "seed": 1, "stop": ["END"], "logit_bias": { "1": 1 }, "logprobs": true, "top_logprobs": 1, "n": 1,
        "reasoning_effort": "low", "metadata": { "k": "v" }, "service_tier": "auto",
        "prompt_cache_key": "k", "store": false,
    })
}

/// The pointer of every member and element, however deep.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), member))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect(),
        _ => Vec::new(),
    };
    for (name, member) in below {
        let place = format!("{at}/{name}");
        places(member, &place, found);
        found.push(place);
    }
}

/// What a reply has to be when `place` of a request holds something else; otherwise, what is wrong with it.
fn fault(reply: &Reply, place: &str) -> Option<String> {
    if reply.status == 200 {
        return None;
    }
    let error = &reply.json()["error"];
    let unknown_model = place == "/model" && error["code"] == "model_not_found";
    if reply.status != if unknown_model { 404 } else { 400 } {
        return Some("the status".to_owned());
    }
    let top = place.split('/').nth(1);
    match (error["param"].as_str(), top) {
        (None, None) => None,
        (None, Some(_)) => Some("no param".to_owned()),
        (Some(param), None) => (param != "messages").then(|| format!("param {param}")),
        // A choice names tools, so either of the two may be the one that does not fit.
        (Some(param), Some("tools" | "functions")) if param.starts_with("tool_choice") => None,
        (Some(param), Some(top)) => (!param.starts_with(top)).then(|| format!("param {param}")),
    }
}

/// Answers in whatever form is insisted on.
fn obedient(request: &Recorded) -> Answer {
    match request.json().pointer("/tool_choice/function/name") {
        Some(name) => Answer::chat_tool_calls(&[("c2", name.as_str().unwrap(), json!({}))]),
        None => Answer::chat_auto("{}"),
    }
}

#[tokio::test]
async fn no_value_in_any_place_is_a_fault_of_ours_and_every_refusal_names_its_place() {
    let provider = Scripted::start().await;
    provider.always(Answer::from_fn(obedient));
    let house = House::before(&provider).await;
    assert_eq!(house.chat(whole()).await.status, 200);

    let mut found = vec![String::new()];
    places(&whole(), "", &mut found);
    let values = [
        json!(null),
        json!(true),
        json!(1),
        json!(-1),
        json!("x"),
        json!([]),
        json!({}),
    ];
    let mut refused = 0;
    let mut faults = Vec::new();
    for place in &found {
        for value in &values {
            let mut body = whole();
            *body.pointer_mut(place).unwrap() = value.clone();
            let reply = house.chat(body).await;
            refused += usize::from(reply.status != 200);
            faults.extend(
                fault(&reply, place)
                    .map(|what| format!("{what}: {place} = {value}: {}", reply.text())),
            );
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(refused > found.len() * 4, "only {refused} refusals");
    assert_eq!(house.chat(hello()).await.status, 200);
}
