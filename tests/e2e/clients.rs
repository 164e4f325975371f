//! Unmodified client libraries against the real binary. Where a client cannot be installed its test says so on the
//! terminal, past the capture of test output, and proves nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};

use super::support::{Answer, Program, Recorded, Scripted, TOKEN, config_for};

/// Installed once for all tests of one run, kept for the next.
static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = home.join("bin/python");
    let wanted = clients().join("requirements.txt");
    let marker = home.join("installed.txt");
    if same(&wanted, &marker) {
        return Some(python);
    }
    let made = succeeds(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&home),
    );
    let installed = made
        && succeeds(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "-r"])
                .arg(&wanted),
        );
    installed.then(|| {
        std::fs::copy(&wanted, &marker).unwrap();
        python
    })
});

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

fn same(wanted: &Path, marker: &Path) -> bool {
    std::fs::read(wanted).ok() == std::fs::read(marker).ok()
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Says on the terminal that a test proved nothing.
fn skipped(what: &str) {
    static SAID: Mutex<()> = Mutex::new(());
    let _one_at_a_time = SAID.lock().unwrap();
    // Not `eprintln!`: the test harness would keep it to itself.
    let mut terminal = std::io::stderr();
    writeln!(terminal, "\n*** SKIPPED: {what} ***").unwrap();
}

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
    if body.get("tools").is_some() {
        return Answer::chat_tool_calls(&[("call_7", "weather", json!({ "city": "Oslo" }))]);
    }
    if body.get("response_format").is_some() {
        return Answer::chat_auto("{\"name\":\"Ann\",\"age\":41}");
    }
    Answer::chat_auto("Hello, world.")
}

async fn provider() -> Scripted {
    let provider = Scripted::start().await;
    provider.on("/chat/completions", Answer::from_fn(model));
    provider.on("/embeddings", Answer::embeddings_of(4));
    provider
}

/// Runs a client and reads what it prints.
fn run(client: &mut Command, program: &Program) -> Value {
    let output = client
        .env("OPENAI_BASE_URL", program.url("/v1"))
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
    let Some(python) = &*PYTHON else {
        return skipped(
            "openai-python: it cannot be installed here (python3 with venv, and PyPI, are needed)",
        );
    };
    let provider = provider().await;
    let program = Program::serve(&config_for(&provider));

    let said = run(
        Command::new(python).arg(clients().join("openai_python.py")),
        &program,
    );

    assert_eq!(
        said,
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
