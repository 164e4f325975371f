//! The Codex CLI on a real task: it runs the command that the model asks for, and says what the model says.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::tempdir;

use super::super::support::{Message, codex};
use super::{Answer, Program, Recorded, Scripted, TOKEN, Tunnel, config_for, words};

const COMMAND: &str = "tr a-z A-Z < seed.txt > shouted.txt && cat shouted.txt";

/// The events of an answer that thinks and calls.
const CALL: [&str; 13] = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_summary_part.done",
    "response.output_item.done",
    "response.output_item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
    "response.completed",
];

/// The events of an answer that says something.
const ANSWER: [&str; 9] = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
];

/// Thinks, asks for the command, then says whether it heard what the command prints.
fn model(request: &Recorded) -> Answer {
    let body = request.json();
    let last = body["messages"].as_array().unwrap().last().unwrap();
    match last["role"] == "tool" {
        true if words(&last["content"]).contains("MARZIPAN") => {
            Answer::chat_auto("The file shouts MARZIPAN.")
        }
        true => Answer::chat_auto("The command failed."),
        false => asking(),
    }
}

fn asking() -> Answer {
    let chunk = |delta: Value, finish: Option<&str>| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m1", "choices": [choice] })
    };
    let arguments = json!({ "cmd": COMMAND }).to_string();
    let function = json!({ "name": "exec_command", "arguments": arguments });
    let call = json!({ "index": 0, "id": "call_1", "type": "function", "function": function });
    Answer::sse([
        chunk(
            json!({ "role": "assistant", "reasoning_content": "There is a tool for that." }),
            None,
        ),
        chunk(json!({ "tool_calls": [call] }), None),
        chunk(json!({}), Some("tool_calls")),
    ])
}

/// What of an exchange is the same in every run: Codex sends its prompts, ids and times as well.
fn outline((request, answer): &(Message, Message)) -> Value {
    let sent = request.json();
    let said = |item: &Value| match item["type"].as_str() {
        Some("message") => item["role"].clone(),
        Some("reasoning") => json!(["reasoning", item["encrypted_content"].is_string()]),
        _ => json!([item["type"], item["call_id"]]),
    };
    let input: Vec<Value> = sent["input"].as_array().unwrap().iter().map(said).collect();
    let events = String::from_utf8(answer.body.to_vec()).unwrap();
    let events: Vec<&str> = events
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    json!({
        "request": request.start,
        "settings": [sent["model"], sent["stream"], sent["store"], sent["include"], sent["reasoning"]],
        "input": input,
        "status": answer.status(),
        "ignored": answer.headers.get("x-openclaw-ignored"),
        "events": events,
    })
}

fn outlined(input: Value, events: &[&str]) -> Value {
    json!({
        "request": "POST /v1/responses HTTP/1.1",
        "settings": ["openclaw", true, false, ["reasoning.encrypted_content"], { "summary": "auto" }],
        "input": input,
        "status": 200,
        "ignored": "namespace, web_search",
        "events": events,
    })
}

/// Has Codex shout what is in a file, before the gateway at this URL; with these settings of its provider beside the usual.
fn shout(mut codex: Command, base_url: &str, settings: &str) {
    let (home, work) = (tempdir().unwrap(), tempdir().unwrap());
    let config = format!(
        "model = \"openclaw\"\nmodel_provider = \"openclaw\"\n\n[model_providers.openclaw]\nname = \"openclaw\"\n\
         base_url = \"{base_url}\"\nenv_key = \"OPENCLAW_GATEWAY_TOKEN\"\nwire_api = \"responses\"\n{settings}"
    );
    std::fs::write(home.path().join("config.toml"), config).unwrap();
    std::fs::write(work.path().join("seed.txt"), "marzipan\n").unwrap();
    let output = codex
        .args([
            "exec",
            "--skip-git-repo-check",
            "--dangerously-bypass-approvals-and-sandbox",
            "--cd",
        ])
        .arg(work.path())
        .arg("Shout what is in seed.txt.")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .env("CODEX_HOME", home.path())
        .env("OPENCLAW_GATEWAY_TOKEN", TOKEN)
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (said.trim(), output.status.code()),
        ("The file shouts MARZIPAN.", Some(0)),
        "{log}"
    );
    let shouted = std::fs::read_to_string(work.path().join("shouted.txt"));
    assert_eq!(shouted.unwrap(), "MARZIPAN\n");
}

#[tokio::test]
async fn codex_runs_the_command_that_the_model_asks_for() {
    let Some(codex) = codex() else {
        return;
    };
    let provider = Scripted::start().await;
    provider.on("/chat/completions", Answer::from_fn(model));
    let program = Program::serve(&config_for(&provider));
    let tunnel = Tunnel::to(program.address()).await;
    shout(codex, &tunnel.url("/v1"), "");

    let exchanges = tunnel.exchanges();
    let exchanges = exchanges
        .iter()
        .filter(|(request, _)| request.start.starts_with("POST"));
    let seen: Vec<Value> = exchanges.map(outline).collect();
    let asked = json!(["developer", "developer", "user", "user"]);
    let ran = json!([
        "developer",
        "developer",
        "user",
        "user",
        ["reasoning", true],
        ["function_call", "call_1"],
        ["function_call_output", "call_1"],
    ]);
    assert_eq!(seen, [outlined(asked, &CALL), outlined(ran, &ANSWER)]);
}

#[tokio::test]
async fn codex_does_the_same_over_a_websocket_and_sends_nothing_twice() {
    let Some(codex) = codex() else {
        return;
    };
    let provider = Scripted::start().await;
    provider.on("/chat/completions", Answer::from_fn(model));
    let program = Program::serve(&config_for(&provider));
    let base_url = format!("http://{}/v1", program.address());
    shout(codex, &base_url, "supports_websockets = true\n");
    let log = program.whole_log();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let logged: Vec<Value> = lines
        .filter(|line| line["fields"]["path"] == "/v1/responses")
        .map(|line| json!([line["fields"]["method"], line["fields"]["status"]]))
        .collect();
    // The upgrade; what Codex sends ahead; what it asks; what the command said.
    assert_eq!(
        logged,
        [
            json!(["GET", 101]),
            json!(["GET", 200]),
            json!(["GET", 200]),
            json!(["GET", 200])
        ]
    );
    let asked: Vec<Value> = provider
        .requests()
        .iter()
        .map(|request| request.json()["messages"].clone())
        .collect();
    let [first, second] = asked.as_slice() else {
        panic!("{asked:#?}");
    };
    let (first, second) = (first.as_array().unwrap(), second.as_array().unwrap());
    assert_eq!(second[..first.len()], first[..]);
    let added: Vec<&Value> = second[first.len()..]
        .iter()
        .map(|message| &message["role"])
        .collect();
    assert_eq!(added, ["assistant", "tool"]);
}
