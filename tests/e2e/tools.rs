//! Tools of the house: who has them, what they do within a run, and what callers see of it.

use serde_json::{Value, json};

use super::support::{Answer, House, Recorded, Scripted};

fn hello() -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "hello" }] })
}

/// A workspace with two files, and a configuration whose agent may use `tools` in it.
fn workspace(tools: Value) -> (tempfile::TempDir, Value) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.txt"), "alpha\n").unwrap();
    std::fs::write(dir.path().join("b.txt"), "beta\n").unwrap();
    let changes = json!({ "agents": { "defaults": { "workspace": dir.path(), "tools": tools } } });
    (dir, changes)
}

fn offered(request: &Recorded) -> Vec<String> {
    let tools = request.json()["tools"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    tools
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_agent_has_no_tools_unless_its_configuration_says_so() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("ok"));
    let house = House::before(&provider).await;
    house.chat(hello()).await;
    assert_eq!(provider.only_request().json().get("tools"), None);
}

#[tokio::test]
async fn parallel_calls_are_carried_out_and_their_results_go_back_in_order() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[
        ("c1", "read", json!({ "path": "a.txt" })),
        ("c2", "read", json!({ "path": "missing.txt" })),
        ("c3", "read", json!({ "path": "b.txt" })),
    ]));
    provider.push(Answer::chat_text("alpha and beta"));
    let (_dir, changes) = workspace(json!({ "allow": ["read"], "profile": "full" }));
    let house = House::changed(&provider, changes).await;

    let reply = house.chat(hello()).await;

    assert_eq!(reply.said(), "alpha and beta");
    assert_eq!(reply.json()["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        reply.json()["choices"][0]["message"].get("tool_calls"),
        None
    );
    assert_eq!(reply.json()["usage"]["total_tokens"], 36);
    let requests = provider.requests();
    assert_eq!(offered(&requests[0]), ["read"]);
    let messages = requests[1].json()["messages"].clone();
    assert_eq!(messages[1]["tool_calls"].as_array().unwrap().len(), 3);
    let ids: Vec<&str> = (2..5)
        .map(|place| messages[place]["tool_call_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["c1", "c2", "c3"]);
    assert!(messages[2]["content"].as_str().unwrap().contains("alpha"));
    assert!(
        messages[3]["content"]
            .as_str()
            .unwrap()
            .contains("missing.txt")
    );
    assert!(messages[4]["content"].as_str().unwrap().contains("beta"));
}

#[tokio::test]
async fn a_stream_shows_tools_only_to_who_asks() {
    let provider = Scripted::start().await;
    let (_dir, changes) = workspace(json!({ "allow": ["read"], "profile": "full" }));
    let house = House::changed(&provider, changes).await;
    let mut body = hello();
    body["stream"] = json!(true);
    for watches in [false, true] {
        provider.push(Answer::chat_tool_calls(&[(
            "c1",
            "read",
            json!({ "path": "a.txt" }),
        )]));
        provider.push(Answer::chat_stream(&["it says ", "alpha"]));
        let mut request = house.posting("/v1/chat/completions", &body);
        if watches {
            request = request.header("x-openclaw-events", "tools");
        }
        let reply = super::support::reply(request).await;
        let named: Vec<&str> = reply
            .text()
            .split("\n\n")
            .filter(|frame| frame.starts_with("event: "))
            .collect();
        if watches {
            assert_eq!(
                named[0],
                "event: openclaw.tool\ndata: {\"type\":\"called\",\"id\":\"c1\",\"name\":\"read\",\"arguments\":\"{\\\"path\\\":\\\"a.txt\\\"}\"}"
            );
            assert!(named[1].contains("\"is_error\":false"), "{named:?}");
        } else {
            assert_eq!(named, Vec::<&str>::new());
        }
        let events = reply.events();
        let said: String = events
            .iter()
            .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
            .collect();
        assert_eq!(said, "it says alpha");
        assert!(
            events
                .iter()
                .all(|event| event["choices"][0]["delta"].get("tool_calls").is_none())
        );
    }
}

#[tokio::test]
async fn a_callers_tool_of_the_same_name_wins() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[(
        "c1",
        "read",
        json!({ "path": "a.txt" }),
    )]));
    let (_dir, changes) = workspace(json!({ "allow": ["read"], "profile": "full" }));
    let house = House::changed(&provider, changes).await;
    let mut body = hello();
    body["tools"] = json!([{ "type": "function", "function": { "name": "read" } }]);
    let reply = house.chat(body).await;
    assert_eq!(reply.json()["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(
        reply.json()["choices"][0]["message"]["tool_calls"][0]["id"],
        "c1"
    );
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn a_call_of_a_tool_that_is_not_allowed_is_answered_as_unknown() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[(
        "c1",
        "exec",
        json!({ "command": "touch ran" }),
    )]));
    provider.push(Answer::chat_text("I cannot."));
    let (dir, changes) = workspace(json!({ "allow": ["read"], "profile": "full" }));
    let house = House::changed(&provider, changes).await;

    assert_eq!(house.chat(hello()).await.said(), "I cannot.");

    let answer = provider.requests()[1].json()["messages"][2].clone();
    assert_eq!(answer["tool_call_id"], "c1");
    let text = answer["content"].as_str().unwrap();
    assert!(text.contains("exec") && text.contains("read"), "{text}");
    assert!(!dir.path().join("ran").exists());
}

#[tokio::test]
async fn who_is_no_owner_has_no_owner_only_tools() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("ok"));
    let (_dir, changes) = workspace(json!({ "profile": "full" }));
    let house = House::changed(&provider, changes).await;

    house.chat(hello()).await;
    let stranger = house
        .posting("/v1/chat/completions", &hello())
        .header("x-openclaw-sender-is-owner", "false");
    super::support::reply(stranger).await;

    let [owner, stranger] = [0, 1].map(|place| offered(&provider.requests()[place]));
    for name in ["exec", "write", "edit"] {
        assert!(owner.iter().any(|tool| tool == name), "{owner:?}");
        assert!(!stranger.iter().any(|tool| tool == name), "{stranger:?}");
    }
    assert!(stranger.iter().any(|tool| tool == "read"));
}

#[tokio::test]
async fn a_failing_call_that_is_repeated_ends_the_run() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_tool_calls(&[(
        "c",
        "read",
        json!({ "path": "missing.txt" }),
    )]));
    let (_dir, changes) = workspace(json!({ "allow": ["read"], "profile": "full" }));
    let house = House::changed(&provider, changes).await;
    let reply = house.chat(hello()).await;
    assert_eq!(reply.fault(), (502, "tool_loop".to_owned()));
    assert_eq!(provider.requests().len(), 3);
}

#[tokio::test]
async fn the_rounds_of_a_run_are_capped() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_tool_calls(&[(
        "c",
        "read",
        json!({ "path": "a.txt" }),
    )]));
    let (_dir, mut changes) = workspace(json!({ "allow": ["read"], "profile": "full" }));
    changes["agents"]["defaults"]["maxToolRounds"] = json!(4);
    let house = House::changed(&provider, changes).await;
    let reply = house.chat(hello()).await;
    assert_eq!(reply.fault(), (502, "tool_rounds_exceeded".to_owned()));
    assert_eq!(provider.requests().len(), 5);
}

#[tokio::test]
async fn an_error_after_something_was_written_is_not_to_be_retried() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[(
        "c",
        "write",
        json!({ "path": "new.txt", "content": "x" }),
    )]));
    provider.always(Answer::error(503, "down", "x"));
    let (dir, changes) = workspace(json!({ "profile": "full" }));
    let house = House::changed(&provider, changes).await;
    let reply = house.chat(hello()).await;
    assert_eq!(reply.status, 502);
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    assert_eq!(
        std::fs::read_to_string(dir.path().join("new.txt")).unwrap(),
        "x"
    );
}

#[tokio::test]
async fn the_prompt_has_the_channel_in_its_runtime_line_and_the_callers_words_last() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("ok"));
    let changes =
        json!({ "agents": { "defaults": { "context": "full", "systemPrompt": "You are Ada." } } });
    let house = House::changed(&provider, changes).await;
    let mut body = hello();
    body["messages"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({ "role": "system", "content": "Be brief." }));

    let request = house
        .posting("/v1/chat/completions", &body)
        .header("x-openclaw-message-channel", "slack");
    super::support::reply(request).await;

    let sent = provider.only_request().json();
    let prompt = sent["messages"][0]["content"].as_str().unwrap();
    assert!(
        prompt.starts_with("You are Ada.\n\nRuntime: host="),
        "{prompt}"
    );
    assert!(prompt.contains(" agent=main channel=slack\n"), "{prompt}");
    assert!(prompt.ends_with("\n\nBe brief."), "{prompt}");
    assert_eq!(sent["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_public_agent_shows_nothing_of_its_machine() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[
        ("c1", "session_status", json!({})),
        ("c2", "read", json!({ "path": "../canary" })),
    ]));
    provider.push(Answer::chat_text("ok"));
    let (dir, mut changes) = workspace(json!({ "profile": "full" }));
    std::fs::write(dir.path().join("SOUL.md"), "canary-soul").unwrap();
    changes["agents"]["defaults"]["context"] = json!("full");
    changes["agents"]["defaults"]["publicMode"] = json!(true);
    let house = House::changed(&provider, changes).await;

    let reply = house.chat(hello()).await;

    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .unwrap_or_else(|_| "no-host-name".into());
    let mut sent: Vec<String> = provider
        .requests()
        .iter()
        .map(|request| request.json().to_string())
        .collect();
    assert!(sent[0].contains("Runtime: public-facing agent"));
    sent.push(reply.text().to_owned());
    for text in sent {
        for canary in [
            dir.path().to_str().unwrap(),
            "canary-soul",
            hostname.trim(),
            std::env::consts::ARCH,
            "os=",
            "SOUL.md",
        ] {
            assert!(!text.contains(canary), "{canary} is in {text}");
        }
        assert!(
            !text.contains("\"exec\"") && !text.contains("\"write\""),
            "{text}"
        );
    }
}

#[tokio::test]
async fn words_between_tool_calls_are_no_part_of_a_json_answer() {
    let provider = Scripted::start().await;
    let (_dir, changes) = workspace(json!({ "allow": ["read"], "profile": "full" }));
    let house = House::changed(&provider, changes).await;
    provider.push(Answer::sse([
        json!({ "choices": [{ "delta": { "content": "Let me look. " } }] }),
        json!({ "choices": [{ "delta": { "tool_calls": [{ "index": 0, "id": "c1", "function": { "name": "read", "arguments": "{\"path\":\"a.txt\"}" } }] } }] }),
        json!({ "choices": [{ "delta": {}, "finish_reason": "tool_calls" }] }),
    ]));
    provider.push(Answer::chat_auto("{\"n\":1}"));
    let mut body = hello();
    body["stream"] = json!(true);
    body["response_format"] = json!({ "type": "json_object" });

    let events = house.chat(body).await.events();

    // The words are out and cannot be taken back: the answer is told as what it is.
    assert_eq!(events[events.len() - 2]["error"]["code"], "schema_unmet");
}
