//! Reasoning, phases and verbosity on their way through: what a provider wants back it gets back, from tool rounds,
//! sessions, chains and clients that keep their own conversation, and nobody else gets it.

use super::*;
use crate::support::{Program, Shell, http, merged};

const CLIENTS_TOOL: &str = "look";

/// A house whose provider speaks this dialect, with an agent that may list its workspace.
async fn house(provider: &Scripted, api: &str, workspace: &tempfile::TempDir) -> House {
    House::start(config(provider, api, workspace)).await
}

fn config(provider: &Scripted, api: &str, workspace: &tempfile::TempDir) -> Value {
    let model = |id: &str| json!({ "id": id, "reasoning": true });
    let mut config = merged(
        config_for(provider),
        json!({
            "models": { "providers": { "mock": { "api": api, "models": [model("m1"), model("m2")] } } },
            "agents": { "defaults": { "workspace": workspace.path(), "tools": { "allow": ["ls"] } } },
        }),
    );
    config["agents"]["defaults"]
        .as_object_mut()
        .unwrap()
        .remove("memorySearch");
    config
}

fn asking(input: Value) -> Value {
    json!({
        "input": input,
        "reasoning": { "effort": "high" },
        "include": ["reasoning.encrypted_content"],
        "tools": [{ "type": "function", "name": CLIENTS_TOOL, "parameters": { "type": "object" } }],
    })
}

fn signed() -> Value {
    json!({ "type": "thinking", "thinking": "hm\n", "signature": "EqQB" })
}

fn redacted() -> Value {
    json!({ "type": "redacted_thinking", "data": "EmwK" })
}

/// A message of Anthropic's.
fn message(content: Value, stop: &str) -> Answer {
    let usage = json!({ "input_tokens": 1, "output_tokens": 1 });
    let body = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m1",
        "content": content, "stop_reason": stop, "usage": usage,
    });
    Answer::json(200, body)
}

fn use_of(tool: &str) -> Value {
    json!({ "type": "tool_use", "id": "toolu_1", "name": tool, "input": { "path": "." } })
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// A response of OpenAI's.
fn response(output: Value) -> Answer {
    let body = json!({
        "id": "resp_1", "object": "response", "status": "completed", "model": "m1", "output": output,
        "usage": { "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 },
    });
    Answer::json(200, body)
}

/// The same, event by event.
fn streamed(output: Value) -> Answer {
    let mut events = Vec::new();
    for (index, item) in output.as_array().unwrap().iter().enumerate() {
        let mut begun = item.clone();
        begun.as_object_mut().unwrap().remove("content");
        begun.as_object_mut().unwrap().remove("encrypted_content");
        events.push(
            json!({ "type": "response.output_item.added", "output_index": index, "item": begun }),
        );
        for part in item["content"].as_array().into_iter().flatten() {
            events.push(json!({ "type": "response.output_text.delta", "output_index": index, "delta": part["text"] }));
        }
        for part in item["summary"].as_array().into_iter().flatten() {
            events.push(json!({ "type": "response.reasoning_summary_text.delta", "output_index": index, "delta": part["text"] }));
        }
        events.push(
            json!({ "type": "response.output_item.done", "output_index": index, "item": item }),
        );
    }
    events.push(json!({ "type": "response.completed", "response": { "status": "completed" } }));
    let named = |event: Value| (event["type"].as_str().unwrap().to_owned(), event);
    Answer::named_sse(events.into_iter().map(named))
}

fn encrypted() -> Value {
    json!({
        "type": "reasoning", "id": "rs_1", "encrypted_content": "gAAA",
        "summary": [{ "type": "summary_text", "text": "sum" }],
    })
}

fn call_of(tool: &str) -> Value {
    json!({
        "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": tool,
        "arguments": "{\"path\":\".\"}", "status": "completed",
    })
}

fn spoken(words: &str, phase: Option<&str>) -> Value {
    let mut item = json!({
        "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
        "content": [{ "type": "output_text", "text": words, "annotations": [] }],
    });
    if let Some(phase) = phase {
        item["phase"] = json!(phase);
    }
    item
}

/// The last request that the provider was sent.
fn sent(provider: &Scripted) -> Value {
    provider.requests().pop().unwrap().json()
}

/// The items of the response, and what the caller's tool put out.
fn answered(response: &Value) -> Vec<Value> {
    let mut items = vec![json!({ "role": "user", "content": "hi" })];
    items.extend(response["output"].as_array().unwrap().iter().cloned());
    let calls = items.iter().filter(|item| item["type"] == "function_call");
    let outputs: Vec<Value> = calls
        .map(|call| json!({ "type": "function_call_output", "call_id": call["call_id"], "output": "seen" }))
        .collect();
    items.extend(outputs);
    items
}

#[tokio::test]
async fn anthropics_thoughts_go_back_signed_once_a_tool_of_the_house_has_answered() {
    let provider = Scripted::start().await;
    let workspace = tempfile::tempdir().unwrap();
    let thought = [signed(), redacted()];
    provider.push(message(
        json!([thought[0], thought[1], use_of("ls")]),
        "tool_use",
    ));
    provider.push(message(json!([text("Empty.")]), "end_turn"));
    let house = house(&provider, "anthropic-messages", &workspace).await;
    let answer = completed(&create(&house, asking(json!("hi"))).await);
    assert_eq!(said(&answer), "Empty.");
    let sent = sent(&provider);
    let content = sent["messages"][1]["content"].as_array().unwrap();
    assert_eq!(content[..2], thought);
    assert_eq!(content[2]["type"], "tool_use");
    assert_eq!(sent["thinking"]["type"], "enabled", "{sent:#}");
}

#[tokio::test]
async fn openais_encrypted_reasoning_goes_back_once_a_tool_of_the_house_has_answered() {
    let workspace = tempfile::tempdir().unwrap();
    for (stream, answer) in [
        (false, response as fn(Value) -> Answer),
        (true, streamed as fn(Value) -> Answer),
    ] {
        let provider = Scripted::start().await;
        let said = spoken("Let me look.", Some("commentary"));
        provider.push(answer(json!([encrypted(), said, call_of("ls")])));
        provider.push(answer(json!([spoken("Empty.", Some("final_answer"))])));
        let house = house(&provider, "openai-responses", &workspace).await;
        let mut asked = asking(json!("hi"));
        asked["stream"] = json!(stream);
        let reply = create(&house, asked).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let sent = sent(&provider);
        assert_eq!(sent["include"], json!(["reasoning.encrypted_content"]));
        assert_eq!(sent["store"], false);
        let input = &sent["input"];
        assert_eq!(input[1], encrypted());
        assert_eq!(
            (&input[2]["content"], &input[2]["phase"]),
            (&json!("Let me look."), &json!("commentary"))
        );
        assert_eq!(input[3]["type"], "function_call");
        assert_eq!(input[4]["type"], "function_call_output");
    }
}

#[tokio::test]
async fn a_client_that_keeps_its_own_conversation_brings_the_reasoning_back() {
    let workspace = tempfile::tempdir().unwrap();
    let anthropic = || message(json!([signed(), use_of(CLIENTS_TOOL)]), "tool_use");
    let openai = || response(json!([encrypted(), call_of(CLIENTS_TOOL)]));
    let deepseek = || {
        let call = json!({ "id": "c1", "type": "function", "function": { "name": CLIENTS_TOOL, "arguments": "{}" } });
        let message = json!({ "role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [call] });
        Answer::json(
            200,
            json!({ "choices": [{ "message": message, "finish_reason": "tool_calls" }] }),
        )
    };
    let cases = [
        (
            "anthropic-messages",
            anthropic(),
            "/messages/1/content/0",
            signed(),
        ),
        ("openai-responses", openai(), "/input/1", encrypted()),
        (
            "openai-completions",
            deepseek(),
            "/messages/1/reasoning_content",
            json!("hm"),
        ),
    ];
    for (api, answer, at, wanted) in cases {
        let provider = Scripted::start().await;
        provider.always(answer);
        let house = house(&provider, api, &workspace).await;
        let mut asked = asking(json!("hi"));
        asked["store"] = json!(false);
        let first = completed(&create(&house, asked.clone()).await);
        let sealed = first["output"][0]["encrypted_content"].clone();
        assert!(sealed.is_string(), "{first:#}");
        // The summary may get lost on the way, or be changed: what is sealed counts.
        let mut items = answered(&first);
        items[1]["summary"] = json!([{ "type": "summary_text", "text": "something else" }]);
        asked["input"] = json!(items);
        completed(&create(&house, asked.clone()).await);
        assert_eq!(sent(&provider).pointer(at), Some(&wanted), "{api}");

        // Another model is not sent it.
        asked["model"] = json!("mock/m2");
        completed(&create(&house, asked).await);
        let told = sent(&provider).to_string();
        for token in ["EqQB", "gAAA", "reasoning_content", "thinking\","] {
            assert!(!told.contains(token), "{api}: {told}");
        }
    }
}

#[tokio::test]
async fn what_was_sealed_here_and_is_damaged_is_refused_and_what_others_sealed_is_named() {
    let provider = Scripted::start().await;
    let workspace = tempfile::tempdir().unwrap();
    provider.always(response(json!([encrypted(), call_of(CLIENTS_TOOL)])));
    let house = house(&provider, "openai-responses", &workspace).await;
    let first = completed(&create(&house, asking(json!("hi"))).await);
    let with = |sealed: &str| {
        let mut items = answered(&first);
        items[1]["encrypted_content"] = json!(sealed);
        asking(json!(items))
    };
    let sealed = first["output"][0]["encrypted_content"].as_str().unwrap();
    let asked = provider.requests().len();
    for damaged in [&sealed[..sealed.len() - 8], &format!("{sealed}AAAA")] {
        let refused = create(&house, with(damaged)).await;
        assert_eq!(refused.status, 400);
        assert_eq!(
            refused.json()["error"]["param"],
            "input[1].encrypted_content"
        );
    }
    assert_eq!(provider.requests().len(), asked);
    let reply = create(&house, with("gAAAA")).await;
    completed(&reply);
    assert_eq!(
        reply.header("x-openclaw-ignored"),
        Some("reasoning.encrypted_content")
    );
    let told = sent(&provider);
    assert!(!told["input"].to_string().contains("gAAA"), "{told:#}");
}

#[tokio::test]
async fn a_chain_keeps_reasoning_that_its_client_never_asked_for() {
    let provider = Scripted::start().await;
    let workspace = tempfile::tempdir().unwrap();
    provider.always(response(json!([
        encrypted(),
        spoken("I look.", Some("commentary")),
        call_of(CLIENTS_TOOL),
    ])));
    let house = house(&provider, "openai-responses", &workspace).await;
    let mut asked = asking(json!("hi"));
    asked.as_object_mut().unwrap().remove("include");
    let first = completed(&create(&house, asked.clone()).await);
    assert_eq!(first["output"][0].get("encrypted_content"), None);
    assert_eq!(first["output"][1]["phase"], "commentary");
    asked["previous_response_id"] = first["id"].clone();
    asked["input"] =
        json!([{ "type": "function_call_output", "call_id": "call_1", "output": "seen" }]);
    completed(&create(&house, asked).await);
    let input = &sent(&provider)["input"];
    assert_eq!(input[1], encrypted());
    assert_eq!(input[2]["phase"], "commentary");
    assert_eq!(input[3]["type"], "function_call");
}

/// What a program answers.
async fn at(program: &Program, body: Value) -> Value {
    let request = http()
        .post(format!("http://{}{PATH}", program.address()))
        .bearer_auth(TOKEN)
        .header("content-type", "application/json")
        .body(body.to_string());
    completed(&reply(request).await)
}

#[tokio::test]
async fn reasoning_and_phases_outlast_a_restart_in_chains_and_sessions() {
    let provider = Scripted::start().await;
    let workspace = tempfile::tempdir().unwrap();
    let shell = Shell::with(&config(&provider, "openai-responses", &workspace));
    provider.always(response(json!([
        encrypted(),
        spoken("I look.", Some("commentary")),
        spoken("Nothing.", Some("final_answer")),
    ])));
    let of_session = |text: &str| json!({ "input": text, "user": "ann" });
    let program = Program::serve_in(&shell);
    let first = at(&program, json!({ "input": "hi" })).await;
    at(&program, of_session("hi")).await;
    drop(program);
    let program = Program::serve_in(&shell);
    for next in [
        json!({ "input": "and?", "previous_response_id": first["id"] }),
        of_session("and?"),
    ] {
        at(&program, next).await;
        let input = sent(&provider)["input"].clone();
        assert_eq!(input[1], encrypted(), "{input:#}");
        assert_eq!(
            (&input[2]["phase"], &input[3]["phase"]),
            (&json!("commentary"), &json!("final_answer"))
        );
        assert_eq!(input[4]["content"], "and?");
    }
}

#[tokio::test]
async fn messages_of_two_phases_stay_two_streamed_or_not() {
    let workspace = tempfile::tempdir().unwrap();
    let output = || {
        json!([
            spoken("I look.", Some("commentary")),
            spoken("Nothing.", Some("final_answer")),
        ])
    };
    let provider = Scripted::start().await;
    provider.push(response(output()));
    provider.push(streamed(output()));
    let house = house(&provider, "openai-responses", &workspace).await;
    let whole = completed(&create(&house, asking(json!("hi"))).await);
    let mut asked = asking(json!("hi"));
    asked["stream"] = json!(true);
    let told = Told::of(&create(&house, asked).await);
    for answer in [&whole, told.response()] {
        let items = answer["output"].as_array().unwrap();
        let heard: Vec<(&Value, &Value)> = items
            .iter()
            .map(|item| (&item["phase"], &item["content"][0]["text"]))
            .collect();
        assert_eq!(
            heard,
            [
                (&json!("commentary"), &json!("I look.")),
                (&json!("final_answer"), &json!("Nothing."))
            ]
        );
    }
}

#[tokio::test]
async fn verbosity_and_the_summary_are_passed_on_as_they_are_asked_for() {
    let workspace = tempfile::tempdir().unwrap();
    let provider = Scripted::start().await;
    provider.always(response(json!([spoken("ok", None)])));
    let house = house(&provider, "openai-responses", &workspace).await;
    let asked = json!({
        "input": "hi", "text": { "verbosity": "low" }, "reasoning": { "effort": "low", "summary": "detailed" },
    });
    completed(&create(&house, asked).await);
    let first = sent(&provider);
    assert_eq!(first["text"], json!({ "verbosity": "low" }));
    assert_eq!(
        first["reasoning"],
        json!({ "effort": "low", "summary": "detailed" })
    );
    completed(&create(&house, json!({ "input": "hi" })).await);
    assert_eq!(sent(&provider).get("text"), None);

    let chat = Scripted::start().await;
    chat.always(Answer::chat_auto("ok"));
    let house = House::before(&chat).await;
    for (asked, wanted) in [
        (json!({ "input": "hi" }), None),
        (
            json!({ "input": "hi", "text": { "verbosity": "high" } }),
            Some(json!("high")),
        ),
    ] {
        completed(&create(&house, asked).await);
        assert_eq!(sent(&chat).get("verbosity").cloned(), wanted);
    }
}

#[tokio::test]
async fn a_client_of_chat_completions_sends_reasoning_back_to_a_model_that_told_it_so() {
    let provider = Scripted::start().await;
    let call = json!({ "id": "c1", "type": "function", "function": { "name": CLIENTS_TOOL, "arguments": "{}" } });
    let message = json!({ "role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [call] });
    let answer = json!({ "choices": [{ "message": message, "finish_reason": "tool_calls" }] });
    provider.always(Answer::json(200, answer));
    let house = House::before(&provider).await;
    let asked = |model: &str| {
        json!({ "model": model, "messages": [
            { "role": "user", "content": "hi" },
            message,
            { "role": "tool", "tool_call_id": "c1", "content": "seen" },
        ] })
    };
    for (model, wanted) in [
        // Nothing is known of it yet.
        ("mock/m1", None),
        ("mock/m1", Some(json!("hm"))),
        ("mock/m2", None),
    ] {
        assert_eq!(house.chat(asked(model)).await.status, 200);
        let told = sent(&provider)["messages"][1]
            .get("reasoning_content")
            .cloned();
        assert_eq!(told, wanted, "{model}");
    }
}
