//! `POST /v1/chat/completions`, from the caller to the provider and back.

use serde_json::{Value, json};

use super::support::{Answer, Frames, Gate, House, Scripted, within};

fn hello() -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "hello" }] })
}

fn streamed(mut body: Value) -> Value {
    body["stream"] = json!(true);
    body
}

/// The same with what differs from run to run taken out.
fn stable(mut chunk: Value) -> Value {
    if let Some(members) = chunk.as_object_mut() {
        members.remove("id");
        members.remove("created");
    }
    chunk
}

#[tokio::test]
async fn a_whole_answer_has_every_member_of_openais_object() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("Hi there"));
    let house = House::before(&provider).await;

    let reply = house.chat(hello()).await;

    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert!(body["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert!(body["created"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(
        stable(body),
        json!({
            "object": "chat.completion",
            "model": "openclaw",
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": "Hi there", "refusal": null, "annotations": [] },
                "logprobs": null,
                "finish_reason": "stop",
            }],
            "usage": {
                "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18,
                "prompt_tokens_details": { "cached_tokens": 0 },
                "completion_tokens_details": { "reasoning_tokens": 0 },
            },
            "system_fingerprint": null,
            "service_tier": null,
        })
    );
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("x-openclaw-model"), Some("mock/m1"));
    assert_eq!(reply.header("x-openclaw-agent-id"), Some("main"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert!(reply.header("x-request-id").is_some());
    assert!(reply.header("openai-processing-ms").is_some());
}

#[tokio::test]
async fn the_provider_is_sent_the_conversation_and_nothing_else() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("ok"));
    let house = House::before(&provider).await;

    let body = json!({
        "model": "mock/m2",
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "one" },
            { "role": "assistant", "content": "1" },
            { "role": "user", "content": [{ "type": "text", "text": "two" }], "name": "ann" },
        ],
        "temperature": 0.5, "top_p": 0.9, "max_completion_tokens": 50, "stop": "END", "seed": 7,
        "frequency_penalty": 1, "presence_penalty": -1, "reasoning_effort": "low",
        "logit_bias": { "1": 2 }, "metadata": { "k": "v" }, "unknown_field": { "x": 1 }, "n": 1,
    });
    house.chat(body).await;

    let request = provider.only_request();
    assert_eq!(request.path, "/v1/chat/completions");
    assert_eq!(request.header("authorization"), Some("Bearer provider-key"));
    assert_eq!(
        request.json(),
        json!({
            "model": "m2",
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "one" },
                { "role": "assistant", "content": "1" },
                { "role": "user", "content": "two", "name": "ann" },
            ],
            "max_tokens": 50, "temperature": 0.5, "top_p": 0.9, "frequency_penalty": 1.0,
            "presence_penalty": -1.0, "seed": 7, "stop": ["END"], "logit_bias": { "1": 2 },
            "metadata": { "k": "v" }, "reasoning_effort": "low",
        })
    );
}

#[tokio::test]
async fn a_stream_begins_with_the_role_and_ends_with_done() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["Hel", "lo ", "wörld"]));
    let house = House::before(&provider).await;

    let mut body = streamed(hello());
    body["stream_options"] = json!({ "include_usage": true });
    let reply = house.chat(body).await;

    assert_eq!(
        reply.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(reply.header("cache-control"), Some("no-cache"));
    assert_eq!(reply.header("x-accel-buffering"), Some("no"));
    assert_eq!(reply.header("x-openclaw-model"), Some("mock/m1"));
    let events = reply.events();
    let ids: Vec<&Value> = events.iter().filter_map(|event| event.get("id")).collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
    let chunk = |delta: Value, finish: Value| {
        json!({
            "object": "chat.completion.chunk", "model": "openclaw", "system_fingerprint": null,
            "choices": [{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }],
            "usage": null,
        })
    };
    let usage = json!({
        "object": "chat.completion.chunk", "model": "openclaw", "system_fingerprint": null, "choices": [],
        "usage": {
            "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18,
            "prompt_tokens_details": { "cached_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": 0 },
        },
    });
    let events: Vec<Value> = events.into_iter().map(stable).collect();
    assert_eq!(
        events,
        [
            chunk(json!({ "role": "assistant", "content": "" }), Value::Null),
            chunk(json!({ "content": "Hel" }), Value::Null),
            chunk(json!({ "content": "lo " }), Value::Null),
            chunk(json!({ "content": "wörld" }), Value::Null),
            chunk(json!({}), json!("stop")),
            usage,
            json!("[DONE]"),
        ]
    );
}

#[tokio::test]
async fn a_stream_split_at_any_byte_says_the_same() {
    let provider = Scripted::start().await;
    for bytes in [1, 2, 3, 7, 64] {
        provider.push(Answer::chat_stream(&["Grüße, ", "😀", " wörld"]).split_every(bytes));
    }
    let house = House::before(&provider).await;
    for _ in 0..5 {
        let events = house.chat(streamed(hello())).await.events();
        let said: String = events
            .iter()
            .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
            .collect();
        assert_eq!(said, "Grüße, 😀 wörld");
        assert_eq!(events.last(), Some(&json!("[DONE]")));
    }
}

#[tokio::test]
async fn a_tool_call_comes_whole_and_its_answer_goes_back_as_a_message() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[(
        "call_1",
        "weather",
        json!({ "city": "Oslo" }),
    )]));
    provider.push(Answer::chat_text("Cold."));
    let house = House::before(&provider).await;
    let tool = json!({ "type": "function", "function": { "name": "weather", "parameters": { "type": "object" } } });

    let mut body = hello();
    body["tools"] = json!([tool]);
    let first = house.chat(body.clone()).await.json();
    assert_eq!(first["choices"][0]["finish_reason"], "tool_calls");
    let message = first["choices"][0]["message"].clone();
    assert_eq!(message["content"], Value::Null);
    assert_eq!(
        message["tool_calls"],
        json!([{ "id": "call_1", "type": "function", "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" } }])
    );

    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(message);
    messages.push(json!({ "role": "tool", "tool_call_id": "call_1", "content": "-3°" }));
    assert_eq!(house.chat(body).await.said(), "Cold.");

    let sent = provider.requests()[1].json();
    assert_eq!(
        sent["messages"],
        json!([
            { "role": "user", "content": "hello" },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "call_1", "type": "function", "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" } }
            ] },
            { "role": "tool", "tool_call_id": "call_1", "content": "-3°" },
        ])
    );
    assert_eq!(sent["tools"], json!([tool]));
}

#[tokio::test]
async fn a_streamed_tool_call_has_its_id_and_name_once() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[
        ("a", "f", json!({})),
        ("b", "g", json!({ "x": 1 })),
    ]));
    let house = House::before(&provider).await;
    let tool = |name| json!({ "type": "function", "function": { "name": name } });
    let mut body = streamed(hello());
    body["tools"] = json!([tool("f"), tool("g")]);

    let events = house.chat(body).await.events();

    let mut calls = vec![(String::new(), String::new(), String::new()); 2];
    for event in &events {
        for call in event["choices"][0]["delta"]["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            calls[index].0 += call["id"].as_str().unwrap_or_default();
            calls[index].1 += call["function"]["name"].as_str().unwrap_or_default();
            calls[index].2 += call["function"]["arguments"].as_str().unwrap_or_default();
        }
    }
    let call = |id: &str, name: &str, arguments: &str| {
        (id.to_owned(), name.to_owned(), arguments.to_owned())
    };
    assert_eq!(calls, [call("a", "f", "{}"), call("b", "g", "{\"x\":1}")]);
    let finish = events
        .iter()
        .rev()
        .find_map(|event| event["choices"][0]["finish_reason"].as_str());
    assert_eq!(finish, Some("tool_calls"));
}

#[tokio::test]
async fn a_failure_in_mid_stream_is_one_error_frame_and_done() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["some", "thing"]).cut_after(3));
    let house = House::before(&provider).await;

    let events = house.chat(streamed(hello())).await.events();

    let error = &events[events.len() - 2];
    assert_eq!(error["error"]["type"], "upstream_error");
    assert_eq!(error["error"]["code"], "provider_broken_answer");
    assert_eq!(events.last(), Some(&json!("[DONE]")));
    assert!(
        events
            .iter()
            .all(|event| event["choices"][0]["finish_reason"].is_null())
    );
}

#[tokio::test]
async fn a_client_that_leaves_mid_stream_cancels_the_providers_request() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["some", "thing"]).pause_before(2, &gate));
    let house = House::before(&provider).await;

    let mut frames = Frames::of(house.streaming(streamed(hello())).await);
    assert!(frames.next().await.unwrap().contains("assistant"));
    drop(frames);

    assert_eq!(provider.hung_up().await.path, "/v1/chat/completions");
}

#[tokio::test]
async fn a_client_that_leaves_before_a_whole_answer_cancels_the_providers_request() {
    let provider = Scripted::start().await;
    provider.push(Answer::hang());
    let house = House::before(&provider).await;

    let asked = house.posting("/v1/chat/completions", &hello()).send();
    tokio::select! {
        answer = asked => panic!("an answer: {answer:?}"),
        _ = provider.next_request() => {}
    }

    provider.hung_up().await;
}

#[tokio::test]
async fn a_thousand_streams_at_once_all_come_whole() {
    let provider = Scripted::start().await;
    let pieces: Vec<String> = (0..20).map(|number| format!("{number} ")).collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    provider.always(Answer::chat_stream(&pieces));
    let house = House::before(&provider).await;

    let streams = (0..1000).map(|_| async {
        let events = house.chat(streamed(hello())).await.events();
        assert_eq!(events.last(), Some(&json!("[DONE]")));
        events
            .iter()
            .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
            .collect::<String>()
    });
    let said = within(
        || "a thousand streams".to_owned(),
        futures_util::future::join_all(streams),
    )
    .await;

    assert!(said.iter().all(|said| *said == pieces.concat()));
    assert_eq!(said.len(), 1000);
}

#[tokio::test]
async fn a_stream_without_a_first_event_is_kept_alive() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["late"]).pause_before_head(&gate));
    let changes = json!({ "gateway": { "http": { "sse": { "heartbeatMs": 30 } } } });
    let house = House::changed(&provider, changes).await;

    let response = house.streaming(streamed(hello())).await;
    assert_eq!(response.headers().get("x-openclaw-model"), None);
    let mut frames = Frames::of(response);
    assert!(
        frames
            .next()
            .await
            .unwrap()
            .contains("\"role\":\"assistant\"")
    );
    assert_eq!(frames.next().await.unwrap(), ": keep-alive");
    assert_eq!(frames.next().await.unwrap(), ": keep-alive");
    gate.open();
    let mut rest = Vec::new();
    while let Some(frame) = frames.next().await {
        rest.push(frame);
    }
    rest.retain(|frame| frame != ": keep-alive");
    assert!(rest[0].contains("\"content\":\"late\""), "{rest:?}");
    assert_eq!(rest.last().unwrap(), "data: [DONE]");
}

#[tokio::test]
async fn the_configured_parameters_of_a_model_join_its_requests() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("ok"));
    let changes = json!({ "agents": { "defaults": {
        "params": { "top_k": 5, "temperature": 0.9 },
        "models": { "mock/m1": { "alias": "fast", "params": { "top_k": 7 } } },
    } } });
    let house = House::changed(&provider, changes).await;

    let mut body = hello();
    body["model"] = json!("fast");
    body["temperature"] = json!(0.1);
    house.chat(body).await;

    assert_eq!(
        provider.only_request().json(),
        json!({ "model": "m1", "messages": [{ "role": "user", "content": "hello" }], "temperature": 0.1, "top_k": 7 })
    );
}

#[tokio::test]
async fn who_offers_functions_is_told_a_function_call() {
    let provider = Scripted::start().await;
    for _ in 0..2 {
        provider.push(Answer::chat_tool_calls(&[(
            "c1",
            "weather",
            json!({ "city": "Oslo" }),
        )]));
    }
    provider.push(Answer::chat_text("Cold."));
    let house = House::before(&provider).await;
    let mut body = hello();
    body["functions"] = json!([{ "name": "weather", "parameters": { "type": "object" } }]);

    let whole = house.chat(body.clone()).await.json();
    let message = whole["choices"][0]["message"].clone();
    assert_eq!(whole["choices"][0]["finish_reason"], "function_call");
    assert_eq!(
        message["function_call"],
        json!({ "name": "weather", "arguments": "{\"city\":\"Oslo\"}" })
    );
    assert_eq!(message.get("tool_calls"), None);

    let events = house.chat(streamed(body.clone())).await.events();
    let pieces: Vec<&Value> = events
        .iter()
        .map(|event| &event["choices"][0]["delta"]["function_call"])
        .filter(|call| !call.is_null())
        .collect();
    let arguments: String = pieces
        .iter()
        .filter_map(|call| call["arguments"].as_str())
        .collect();
    assert_eq!(
        (pieces[0]["name"].as_str(), arguments.as_str()),
        (Some("weather"), "{\"city\":\"Oslo\"}")
    );
    assert!(
        events
            .iter()
            .any(|event| event["choices"][0]["finish_reason"] == "function_call")
    );

    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(message);
    messages.push(json!({ "role": "function", "name": "weather", "content": "-3" }));
    assert_eq!(house.chat(body).await.said(), "Cold.");
}
