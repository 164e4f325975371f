//! The surface as `/openapi.json` describes it, held against the server by a program that makes up requests from it.

use std::process::Stdio;

use serde_json::json;

use super::support::{Answer, Program, Recorded, Scripted, TOKEN, config_for, python};

/// A model that calls the tool that it must call.
fn model(request: &Recorded) -> Answer {
    let body = request.json();
    let choice = &body["tool_choice"];
    let named = choice["function"]["name"].as_str().map(str::to_owned);
    let first = body["tools"][0]["function"]["name"]
        .as_str()
        .map(str::to_owned);
    let must = named.or(first.filter(|_| choice == "required"));
    match must {
        Some(name) => Answer::chat_tool_calls(&[("call_1", &name, json!({}))]),
        None => Answer::chat_auto("{}"),
    }
}

#[tokio::test]
async fn no_request_that_the_description_allows_or_forbids_is_answered_otherwise_than_described() {
    let Some(python) = python() else { return };
    let provider = Scripted::start().await;
    provider.on("/chat/completions", Answer::from_fn(model));
    provider.on("/embeddings", Answer::embeddings_of(4));
    let program = Program::serve(&config_for(&provider));
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(python)
        .args(["-m", "schemathesis.cli", "run", "--no-color"])
        .args(["--phases", "examples,coverage,fuzzing,stateful"])
        .args(["--seed", "1", "--max-examples", "20", "--workers", "1"])
        .args([
            "--generation-database",
            "none",
            "--suppress-health-check",
            "all",
        ])
        .args(["--request-timeout", "10", "--continue-on-failure"])
        // What a provider has, and what is kept, no description can say.
        .args(["--exclude-checks", "positive_data_acceptance"])
        .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
        .arg(format!("http://{}/openapi.json", program.address()))
        .env("NO_PROXY", "127.0.0.1")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{wrong}");
    // It was let in, and what it asked went all the way.
    for path in ["/chat/completions", "/embeddings"] {
        let asked = |request: &&Recorded| request.path.ends_with(path);
        let count = provider.requests().iter().filter(asked).count();
        assert!(count >= 5, "{count} at {path}: {told}");
    }
}
