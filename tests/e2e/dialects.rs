//! Each dialect through the running gateway: whole, streamed, and a round of tool calls. The provider plays the wire
//! examples of the vendors' API references; the caller sees OpenAI's shapes throughout.

use serde_json::{Value, json};

use super::support::{Answer, House, Scripted, config_for, merged};

/// What a provider says in its dialect, and where it finds the result of a tool.
struct Script {
    api: &'static str,
    /// Says `Hello!`, with usage 25 + 15.
    whole: Answer,
    streamed: Answer,
    /// Calls `get_weather` for Paris.
    call: Answer,
    call_streamed: Answer,
    /// Where the request after the call holds the tool's answer.
    result_at: &'static str,
}

fn tools() -> Value {
    json!([{ "type": "function", "function": {
        "name": "get_weather",
        "description": "Get the current weather",
        "parameters": { "type": "object", "properties": { "location": { "type": "string" } }, "required": ["location"] },
    } }])
}

fn ask(messages: Value, stream: bool) -> Value {
    json!({
        "model": "openclaw", "messages": messages, "tools": tools(), "stream": stream,
        "stream_options": if stream { json!({ "include_usage": true }) } else { Value::Null },
    })
}

fn question() -> Value {
    json!([{ "role": "user", "content": "How is the weather in Paris?" }])
}

async fn house(provider: &Scripted, api: &str) -> House {
    let changes = json!({ "models": { "providers": { "mock": { "api": api } } } });
    House::start(merged(config_for(provider), changes)).await
}

/// Plays all of it.
async fn holds(script: Script) {
    let provider = Scripted::start().await;
    let house = house(&provider, script.api).await;

    provider.push(script.whole.clone());
    let whole = house.chat(ask(question(), false)).await.json();
    assert_eq!(
        whole["choices"][0]["message"]["content"], "Hello!",
        "{whole}"
    );
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    assert_usage(&whole["usage"]);

    provider.push(script.streamed);
    let events = house.chat(ask(question(), true)).await.events();
    let content = |event: &Value| {
        let content = &event["choices"][0]["delta"]["content"];
        content.as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(
        events.iter().map(content).collect::<String>(),
        "Hello!",
        "{events:?}"
    );
    assert_eq!(finish(&events), Some("stop"));
    let usage = events.iter().find(|event| event["usage"].is_object());
    assert_usage(&usage.unwrap()["usage"]);
    assert_eq!(events.last(), Some(&json!("[DONE]")));

    provider.push(script.call);
    let called = house.chat(ask(question(), false)).await.json();
    let message = &called["choices"][0]["message"];
    assert_eq!(
        called["choices"][0]["finish_reason"], "tool_calls",
        "{called}"
    );
    assert_call(&message["tool_calls"][0]);

    provider.push(script.call_streamed);
    let events = house.chat(ask(question(), true)).await.events();
    assert_eq!(finish(&events), Some("tool_calls"), "{events:?}");
    assert_call(&joined_call(&events));

    provider.push(script.whole);
    let mut messages = question();
    let result = json!({ "role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "18 degrees" });
    messages
        .as_array_mut()
        .unwrap()
        .extend([message.clone(), result]);
    assert_eq!(house.chat(ask(messages, false)).await.said(), "Hello!");
    let sent = provider.requests().pop().unwrap().json();
    let told = sent
        .pointer(script.result_at)
        .map(Value::to_string)
        .unwrap_or_default();
    assert!(told.contains("18 degrees"), "{sent:#}");
}

fn assert_usage(usage: &Value) {
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"]),
        (&json!(25), &json!(15)),
        "{usage}"
    );
}

fn assert_call(call: &Value) {
    assert!(
        call["id"].as_str().is_some_and(|id| !id.is_empty()),
        "{call}"
    );
    assert_eq!(call["function"]["name"], "get_weather", "{call}");
    let arguments: Value =
        serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, json!({ "location": "Paris" }));
}

fn finish(events: &[Value]) -> Option<&str> {
    events
        .iter()
        .find_map(|event| event["choices"][0]["finish_reason"].as_str())
}

/// The one call of a stream, put together as clients do.
fn joined_call(events: &[Value]) -> Value {
    let mut deltas = events
        .iter()
        .filter_map(|event| event.pointer("/choices/0/delta/tool_calls/0"));
    let mut call = deltas.next().unwrap().clone();
    let mut arguments = call["function"]["arguments"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for delta in deltas {
        arguments += delta["function"]["arguments"].as_str().unwrap_or_default();
    }
    call["function"]["arguments"] = json!(arguments);
    call
}

/// Events under the name that stands in their `type`.
fn typed(events: impl IntoIterator<Item = Value>) -> Answer {
    let named = |event: Value| (event["type"].as_str().unwrap().to_owned(), event);
    Answer::named_sse(events.into_iter().map(named))
}

#[tokio::test]
async fn openai_completions_whole_streamed_and_with_tools() {
    let usage = json!({ "prompt_tokens": 25, "completion_tokens": 15, "total_tokens": 40 });
    let of = |message: Value, finish: &str| {
        Answer::json(
            200,
            json!({
                "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion", "created": 1741569952,
                "model": "gpt-5.4", "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": finish }],
                "usage": usage, "service_tier": "default",
            }),
        )
    };
    let chunk = |delta: Value, finish: Value| {
        json!({
            "id": "chatcmpl-123", "object": "chat.completion.chunk", "created": 1694268190, "model": "gpt-5.4",
            "choices": [{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }],
        })
    };
    let last = json!({ "id": "chatcmpl-123", "object": "chat.completion.chunk", "choices": [], "usage": usage });
    let call = |arguments: &str| json!({ "id": "call_abc123", "type": "function", "function": { "name": "get_weather", "arguments": arguments } });
    let mut opening = call("");
    opening["index"] = json!(0);
    let fragment = |text: &str| {
        chunk(
            json!({ "tool_calls": [{ "index": 0, "function": { "arguments": text } }] }),
            Value::Null,
        )
    };
    holds(Script {
        api: "openai-completions",
        whole: of(json!({ "role": "assistant", "content": "Hello!", "refusal": null, "annotations": [] }), "stop"),
        streamed: Answer::sse([
            chunk(json!({ "role": "assistant", "content": "" }), Value::Null),
            chunk(json!({ "content": "Hel" }), Value::Null),
            chunk(json!({ "content": "lo!" }), Value::Null),
            chunk(json!({}), json!("stop")),
            last.clone(),
        ]),
        call: of(json!({ "role": "assistant", "content": null, "tool_calls": [call("{\n\"location\": \"Paris\"\n}")] }), "tool_calls"),
        call_streamed: Answer::sse([
            chunk(json!({ "role": "assistant", "content": null, "tool_calls": [opening] }), Value::Null),
            fragment("{\"loca"),
            fragment("tion\":\"Paris\"}"),
            chunk(json!({}), json!("tool_calls")),
            last,
        ]),
        result_at: "/messages/2/content",
    })
    .await;
}

#[tokio::test]
async fn openai_responses_whole_streamed_and_with_tools() {
    let usage = json!({
        "input_tokens": 25, "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens": 15, "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": 40,
    });
    let response = |status: &str, output: Value| {
        json!({
            "id": "resp_67ccd2bed1ec8190b14f964abc054267", "object": "response", "created_at": 1741476542,
            "status": status, "error": null, "incomplete_details": null, "model": "gpt-5.4", "output": output, "usage": usage,
        })
    };
    let message = json!({
        "type": "message", "id": "msg_67ccd2bf17f0819081ff3bb2cf6508e6", "status": "completed", "role": "assistant",
        "content": [{ "type": "output_text", "text": "Hello!", "annotations": [] }],
    });
    let call = |arguments: &str, status: &str| {
        json!({
            "type": "function_call", "id": "fc_67ca09c6bedc8190a7abfec07b1a1332", "call_id": "call_unLAR8MvFNptuiZK6K6HCy5k",
            "name": "get_weather", "arguments": arguments, "status": status,
        })
    };
    let arguments = "{\"location\":\"Paris\"}";
    let created = json!({ "type": "response.created", "sequence_number": 0, "response": response("in_progress", json!([])) });
    let completed = |output: Value| json!({ "type": "response.completed", "response": response("completed", output) });
    let text = |delta: &str| json!({ "type": "response.output_text.delta", "item_id": "msg_67ccd2bf17f0819081ff3bb2cf6508e6", "output_index": 0, "content_index": 0, "delta": delta });
    let fragment = |delta: &str| json!({ "type": "response.function_call_arguments.delta", "item_id": "fc_67ca09c6bedc8190a7abfec07b1a1332", "output_index": 0, "delta": delta });
    holds(Script {
        api: "openai-responses",
        whole: Answer::json(200, response("completed", json!([message]))),
        streamed: typed([
            created.clone(),
            json!({ "type": "response.output_item.added", "output_index": 0, "item": { "type": "message", "id": "msg_67ccd2bf17f0819081ff3bb2cf6508e6", "status": "in_progress", "role": "assistant", "content": [] } }),
            text("Hel"),
            text("lo!"),
            json!({ "type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "Hello!" }),
            json!({ "type": "response.output_item.done", "output_index": 0, "item": message }),
            completed(json!([message])),
        ]),
        call: Answer::json(200, response("completed", json!([call(arguments, "completed")]))),
        call_streamed: typed([
            created,
            json!({ "type": "response.output_item.added", "output_index": 0, "item": call("", "in_progress") }),
            fragment("{\"location\":"),
            fragment("\"Paris\"}"),
            json!({ "type": "response.function_call_arguments.done", "output_index": 0, "arguments": arguments }),
            json!({ "type": "response.output_item.done", "output_index": 0, "item": call(arguments, "completed") }),
            completed(json!([call(arguments, "completed")])),
        ]),
        result_at: "/input/2/output",
    })
    .await;
}

#[tokio::test]
async fn anthropic_messages_whole_streamed_and_with_tools() {
    let usage = json!({ "input_tokens": 25, "output_tokens": 15 });
    let message = |content: Value, stop: Value| {
        json!({
            "id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5",
            "content": content, "stop_reason": stop, "stop_sequence": null, "usage": usage,
        })
    };
    let begun = json!({ "type": "message_start", "message": message(json!([]), Value::Null) });
    let block = |index: usize, content: Value| json!({ "type": "content_block_start", "index": index, "content_block": content });
    let delta = |index: usize, delta: Value| json!({ "type": "content_block_delta", "index": index, "delta": delta });
    let end = |index: usize| json!({ "type": "content_block_stop", "index": index });
    let stop = |reason: &str| json!({ "type": "message_delta", "delta": { "stop_reason": reason, "stop_sequence": null }, "usage": { "output_tokens": 15 } });
    let tool_use = |input: Value| json!({ "type": "tool_use", "id": "toolu_01A09q90qw90lq917835lq9", "name": "get_weather", "input": input });
    holds(Script {
        api: "anthropic-messages",
        whole: Answer::json(200, message(json!([{ "type": "text", "text": "Hello!" }]), json!("end_turn"))),
        streamed: typed([
            begun.clone(),
            block(0, json!({ "type": "text", "text": "" })),
            json!({ "type": "ping" }),
            delta(0, json!({ "type": "text_delta", "text": "Hello" })),
            delta(0, json!({ "type": "text_delta", "text": "!" })),
            end(0),
            stop("end_turn"),
            json!({ "type": "message_stop" }),
        ]),
        call: Answer::json(200, message(
            json!([{ "type": "text", "text": "I'll check." }, tool_use(json!({ "location": "Paris" }))]),
            json!("tool_use"),
        )),
        call_streamed: typed([
            begun,
            block(0, json!({ "type": "text", "text": "" })),
            delta(0, json!({ "type": "text_delta", "text": "I'll check." })),
            end(0),
            block(1, tool_use(json!({}))),
            delta(1, json!({ "type": "input_json_delta", "partial_json": "" })),
            delta(1, json!({ "type": "input_json_delta", "partial_json": "{\"location\":" })),
            delta(1, json!({ "type": "input_json_delta", "partial_json": " \"Paris\"}" })),
            end(1),
            stop("tool_use"),
            json!({ "type": "message_stop" }),
        ]),
        result_at: "/messages/2/content/0/content",
    })
    .await;
}

#[tokio::test]
async fn google_generative_ai_whole_streamed_and_with_tools() {
    let answer = |parts: Value, finish: Value| {
        let mut answer = json!({
            "candidates": [{ "content": { "parts": parts, "role": "model" }, "index": 0 }],
            "usageMetadata": { "promptTokenCount": 25, "candidatesTokenCount": 15, "totalTokenCount": 40 },
            "modelVersion": "gemini-3.8-flash", "responseId": "mAitaLmkHPPlz7IPvtfUqQ4",
        });
        if finish.is_string() {
            answer["candidates"][0]["finishReason"] = finish;
        }
        answer
    };
    let frames = |answers: Vec<Value>| {
        Answer::raw_sse(
            answers
                .into_iter()
                .map(|answer| format!("data: {answer}\r\n\r\n")),
        )
    };
    let stop = json!("STOP");
    let call = answer(
        json!([{ "functionCall": { "name": "get_weather", "args": { "location": "Paris" } } }]),
        stop.clone(),
    );
    holds(Script {
        api: "google-generative-ai",
        whole: Answer::json(200, answer(json!([{ "text": "Hello!" }]), stop.clone())),
        streamed: frames(vec![
            answer(json!([{ "text": "Hel" }]), Value::Null),
            answer(json!([{ "text": "lo!" }]), stop),
        ]),
        call: Answer::json(200, call.clone()),
        call_streamed: frames(vec![call]),
        result_at: "/contents/2/parts/0/functionResponse/response",
    })
    .await;
}

#[tokio::test]
async fn ollama_whole_streamed_and_with_tools() {
    let line = |message: Value, done: bool| {
        let mut line = json!({ "model": "llama3.2", "created_at": "2023-08-04T08:52:19.385406455-07:00", "message": message, "done": done });
        if done {
            let counts = json!({ "done_reason": "stop", "total_duration": 4883583458_u64, "prompt_eval_count": 25, "eval_count": 15 });
            line.as_object_mut()
                .unwrap()
                .extend(counts.as_object().unwrap().clone());
        }
        line
    };
    let say = |text: &str| json!({ "role": "assistant", "content": text });
    let call = json!({
        "role": "assistant", "content": "",
        "tool_calls": [{ "function": { "name": "get_weather", "arguments": { "location": "Paris" } } }],
    });
    let lines = |lines: Vec<Value>| {
        let lines = lines.into_iter().map(|line| format!("{line}\n"));
        Answer::raw_sse(lines).header("content-type", "application/x-ndjson")
    };
    holds(Script {
        api: "ollama",
        whole: Answer::json(200, line(say("Hello!"), true)),
        streamed: lines(vec![
            line(say("Hel"), false),
            line(say("lo!"), false),
            line(say(""), true),
        ]),
        call: Answer::json(200, line(call.clone(), true)),
        call_streamed: lines(vec![line(call, false), line(say(""), true)]),
        result_at: "/messages/2/content",
    })
    .await;
}

#[tokio::test]
async fn a_wait_that_google_asks_for_in_the_body_reaches_the_caller() {
    let provider = Scripted::start().await;
    provider.always(Answer::json(
        429,
        json!({ "error": {
        "code": 429, "message": "You exceeded your current quota.", "status": "RESOURCE_EXHAUSTED",
        "details": [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s" }],
    } }),
    ));
    let house = house(&provider, "google-generative-ai").await;

    let reply = house.chat(ask(question(), false)).await;

    assert_eq!(reply.fault(), (429, "rate_limit_exceeded".to_owned()));
    assert_eq!(reply.header("retry-after"), Some("34"));
}
