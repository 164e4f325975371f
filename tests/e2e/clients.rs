//! Unmodified client libraries against the real binary, each on an ordinary task. What they say is compared here; what
//! went over the wire, with the transcripts in `tests/golden`.

mod agents;
mod codex;
mod responses;

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::{
    Answer, Program, Recorded, Scripted, TOKEN, Tunnel, client, config_for, golden,
};

/// Answers as a model would: by the last message and what is offered.
fn model(request: &Recorded) -> Answer {
    let body = request.json();
    let last = body["messages"]
        .as_array()
        .and_then(|messages| messages.last())
        .cloned()
        .unwrap_or_default();
    if last["role"] == "tool" {
        return Answer::chat_auto(&format!(
            "It is {} degrees.",
            last["content"].as_str().unwrap()
        ));
    }
    let said = words(&last["content"]);
    if let Some((_, file)) = said.split_once("\n---\n") {
        return Answer::chat_auto(file.lines().next().unwrap());
    }
    if body.get("tools").is_some() {
        return Answer::chat_tool_calls(&[("call_7", "weather", json!({ "city": "Oslo" }))]);
    }
    if body.get("response_format").is_some() {
        return Answer::chat_auto("{\"name\":\"Ann\",\"age\":41}");
    }
    Answer::chat_auto("Hello, world.")
}

/// The text of a message's content, whichever of its two forms it has.
fn words(content: &Value) -> String {
    match content {
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
        content => content.as_str().unwrap_or_default().to_owned(),
    }
}

/// Runs a client, and compares what went over the wire with the transcript of that name; what it printed.
async fn run(name: &str, client: Command) -> Value {
    run_before(model, name, client).await
}

/// The same before another model.
async fn run_before(model: fn(&Recorded) -> Answer, name: &str, client: Command) -> Value {
    let (_provider, program) = before(model).await;
    let tunnel = Tunnel::to(program.address()).await;
    let printed = print(client, &tunnel.url("/v1"));
    golden::check(name, &tunnel.exchanges());
    printed
}

/// Runs a client that says more than requests; what it printed.
async fn run_untold(model: fn(&Recorded) -> Answer, client: Command) -> Value {
    let (_provider, program) = before(model).await;
    print(client, &format!("http://{}/v1", program.address()))
}

async fn before(model: fn(&Recorded) -> Answer) -> (Scripted, Program) {
    let provider = Scripted::start().await;
    provider.on("/chat/completions", Answer::from_fn(model));
    provider.on("/embeddings", Answer::embeddings_of(4));
    let program = Program::serve(&config_for(&provider));
    (provider, program)
}

fn print(mut client: Command, base_url: &str) -> Value {
    let output = client
        .env("OPENAI_BASE_URL", base_url)
        .env("OPENAI_API_KEY", TOKEN)
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}\n{text}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_str(text.trim()).unwrap()
}

#[tokio::test]
async fn openai_python_lists_chats_streams_embeds_calls_tools_and_parses() {
    let Some(client) = client("openai_python.py") else {
        return;
    };
    assert_eq!(
        run("openai_python", client).await,
        json!({
            "models": ["openclaw/default", "openclaw/main", "mock/m1", "mock/m2"],
            "model": "openclaw/default",
            "chat": ["Hello, world.", "stop", 18],
            "stream": "Hello, world.",
            "stream_usage": 18,
            "embeddings": [4, 4],
            "tool_loop": "It is Oslo: -3 degrees.",
            "parsed": { "name": "Ann", "age": 41 },
            "unknown_agent": "agent_not_found",
            "wrong_key": "invalid_api_key",
        })
    );
}

#[tokio::test]
async fn openai_node_lists_chats_streams_embeds_runs_tools_and_parses() {
    let Some(client) = client("openai_node.mjs") else {
        return;
    };
    assert_eq!(
        run("openai_node", client).await,
        json!({
            "models": ["openclaw/default", "openclaw/main", "mock/m1", "mock/m2"],
            "model": "openclaw/default",
            "chat": ["Hello, world.", "stop", 18],
            "stream": "Hello, world.",
            "stream_usage": 18,
            "embeddings": [4, 4],
            "tool_loop": "It is Oslo: -3 degrees.",
            "streamed_tool_loop": "It is Oslo: -3 degrees.",
            "parsed": { "name": "Ann", "age": 41 },
            "unknown_agent": ["NotFoundError", "agent_not_found"],
            "wrong_key": ["AuthenticationError", "invalid_api_key"],
        })
    );
}

#[tokio::test]
async fn the_vercel_ai_sdk_generates_streams_runs_tools_and_makes_objects() {
    let Some(client) = client("vercel_ai.mjs") else {
        return;
    };
    assert_eq!(
        run("vercel_ai", client).await,
        json!({
            "text": ["Hello, world.", "stop", 18],
            "stream": "Hello, world.",
            "stream_usage": 18,
            "tool_loop": "It is Oslo: -3 degrees.",
            "streamed_tool_loop": "It is Oslo: -3 degrees.",
            "object": { "name": "Ann", "age": 41 },
            "embeddings": [4, 4],
            "unknown_agent": [404, "agent_not_found"],
        })
    );
}

#[tokio::test]
async fn langchain_invokes_streams_binds_tools_and_structures() {
    let Some(client) = client("langchain_chat.py") else {
        return;
    };
    assert_eq!(
        run("langchain_openai", client).await,
        json!({
            "invoke": ["Hello, world.", "stop", 18],
            "stream": "Hello, world.",
            "stream_usage": 18,
            "tool_loop": "It is Oslo: -3 degrees.",
            "streamed_call": [["weather", { "city": "Oslo" }]],
            "structured": { "name": "Ann", "age": 41 },
            "embeddings": [4, 4],
            "unknown_agent": "agent_not_found",
        })
    );
}
