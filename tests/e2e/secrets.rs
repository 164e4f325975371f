//! Canaries: a fresh secret in every place of the configuration and the environment that takes one, providers that repeat
//! whatever they are sent in every error that they can make, and a search of everything that comes out.
//!
//! One file of the state holds a secret on purpose, `gateway-token`: with a configured token it is not even there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{Answer, Program, Recorded, Scripted, Shell, reply, within};

/// Secrets that were planted, by the place where they are.
#[derive(Default)]
struct Canaries(BTreeMap<String, String>);

impl Canaries {
    /// A fresh secret for this place.
    fn plant(&mut self, place: &str) -> String {
        let secret = format!("canary-{}", Uuid::new_v4().simple());
        self.0.insert(place.to_owned(), secret.clone());
        secret
    }

    /// # Panics
    /// Where one of them is in the text, whole or its greater part.
    #[track_caller]
    fn assert_none_in(&self, what: &str, bytes: &[u8]) {
        for (place, secret) in &self.0 {
            let part = &secret.as_bytes()[..24];
            let found = memchr::memmem::find(bytes, part);
            if let Some(at) = found {
                let around = &bytes[at.saturating_sub(200)..bytes.len().min(at + 60)];
                let around = String::from_utf8_lossy(around);
                panic!("the secret of {place} is in {what}: …{around}…");
            }
        }
    }

    fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

/// The dialects, and where each is asked for a chat.
const DIALECTS: [&str; 5] = [
    "anthropic-messages",
    "google-generative-ai",
    "ollama",
    "openai-completions",
    "openai-responses",
];

/// How a provider fails; the model's name asks for it.
const FAILURES: [&str; 9] = [
    "s400", "s401", "s404", "s422", "s429", "s500", "reported", "garbage", "midway",
];

/// Everything that was sent, as one text.
fn all_of(request: &Recorded) -> String {
    let headers = request.headers.iter();
    let headers: Vec<String> = headers
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!(
        "you sent {}?{} {}",
        request.path,
        request.query,
        headers.join(", ")
    )
}

/// Fails as the model asks, and says in it all that it knows.
fn echo(request: &Recorded, known: &str) -> Answer {
    let sent = format!("{} and {known}", all_of(request));
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let asked = format!("{} {body}", request.path);
    let wanted = FAILURES.iter().find(|name| asked.contains(**name));
    let error = json!({ "message": sent, "code": sent, "param": sent, "type": sent, "status": sent,
        "details": [{ "reason": sent }] });
    let wrapped = json!({ "error": error, "message": sent, "type": "error" });
    let is_stream = body.contains("\"stream\":true") || request.path.contains("streamGenerate");
    let answer = match *wanted.unwrap_or(&"s400") {
        "garbage" => Answer::raw(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {sent}\r\nconnection: close\r\n\r\ndata: {sent}\n\n"
        )),
        "reported" if is_stream => frames(request, &[wrapped]),
        "midway" if is_stream => frames(request, &[began(request), wrapped]),
        "reported" | "midway" => Answer::json(200, wrapped),
        status => Answer::json(status[1..].parse().unwrap(), wrapped),
    };
    match wanted {
        Some(&"garbage") => answer,
        _ => answer.header("retry-after", "0").header("x-told", &sent),
    }
}

/// The first event of an answer, in the dialect that the path tells.
fn began(request: &Recorded) -> Value {
    match request.path.as_str() {
        path if path.contains("/messages") => {
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Well" } })
        }
        path if path.contains("Generate") => {
            json!({ "candidates": [{ "content": { "parts": [{ "text": "Well" }] } }] })
        }
        path if path.ends_with("/api/chat") => {
            json!({ "message": { "content": "Well" }, "done": false })
        }
        path if path.ends_with("/responses") => {
            json!({ "type": "response.output_text.delta", "delta": "Well" })
        }
        _ => json!({ "choices": [{ "delta": { "content": "Well" } }] }),
    }
}

fn frames(request: &Recorded, events: &[Value]) -> Answer {
    let lines = request.path.ends_with("/api/chat");
    let frame = |event: &Value| match lines {
        true => format!("{event}\n"),
        false => format!("data: {event}\n\n"),
    };
    Answer::raw_sse(events.iter().map(frame))
}

/// The whole configuration, a canary in every place of it that takes a secret.
fn configuration(provider: &Scripted, canaries: &mut Canaries) -> Value {
    let mut providers = serde_json::Map::new();
    for api in DIALECTS {
        let models: Vec<Value> = FAILURES.iter().map(|id| json!({ "id": id })).collect();
        let place = format!("models.providers.{api}");
        let password = canaries.plant(&format!("{place}.baseUrl (password)"));
        let entry = json!({
            "baseUrl": format!("http://user:{password}@127.0.0.1:{}/v1", provider.port()),
            "api": api,
            "apiKey": canaries.plant(&format!("{place}.apiKey")),
            "headers": {
                "x-team": canaries.plant(&format!("{place}.headers.x-team")),
                "x-session": format!("Bearer {}", canaries.plant(&format!("{place}.headers.x-session"))),
            },
            "models": models,
        });
        providers.insert(api.to_owned(), entry);
    }
    // Of this one the models are not listed: they are asked for.
    let asked = json!({
        "baseUrl": format!("http://127.0.0.1:{}/listed", provider.port()),
        "apiKey": "${CANARY_OF_THE_DOTENV}",
        "headers": { "x-env": "${CANARY_OF_THE_ENV_SECTION}", "x-process": "${CANARY_API_KEY}" },
    });
    providers.insert("asked".to_owned(), asked);
    let mut remote = |place: &str| {
        json!({ "provider": "remote", "model": "s400", "remote": {
            "baseUrl": format!("http://127.0.0.1:{}/v1", provider.port()),
            "apiKey": canaries.plant(&format!("{place}.remote.apiKey")),
            "headers": { "x-memory": canaries.plant(&format!("{place}.remote.headers")) },
        } })
    };
    let (defaults, own) = (
        remote("agents.defaults.memorySearch"),
        remote("agents.list.memorySearch"),
    );
    json!({
        "gateway": {
            "auth": {
                "mode": "token",
                "token": canaries.plant("gateway.auth.token"),
                "password": canaries.plant("gateway.auth.password"),
            },
            "http": { "endpoints": { "chatCompletions": { "enabled": true } } },
        },
        "env": {
            "CANARY_OF_THE_ENV_SECTION": canaries.plant("env"),
            "vars": { "ANYTHING": canaries.plant("env.vars") },
        },
        "models": { "providers": providers },
        "agents": {
            "defaults": { "model": "openai-completions/s400", "memorySearch": defaults, "timeoutSeconds": 20 },
            "list": [{ "id": "main" }, { "id": "other", "memorySearch": own }],
        },
        "tools": { "allow": ["far__*", "near__*"] },
        "mcp": { "servers": {
            "far": {
                "url": format!("http://user:{}@127.0.0.1:{}/mcp", canaries.plant("mcp.servers.far.url"), provider.port()),
                "headers": { "authorization": format!("Bearer {}", canaries.plant("mcp.servers.far.headers")) },
            },
            // It tells whoever listens.
            "near": {
                "command": "sh", "args": ["-c", "echo $NEAR_KEY; echo $NEAR_KEY >&2; exit 1"],
                "env": { "NEAR_KEY": canaries.plant("mcp.servers.near.env") },
            },
        } },
    })
}

/// A program in a home of its own, before providers that tell all that they know.
struct Scene {
    provider: Scripted,
    shell: Shell,
    canaries: Canaries,
    token: String,
    variables: Vec<(String, String)>,
}

impl Scene {
    async fn set() -> Self {
        let mut canaries = Canaries::default();
        let provider = Scripted::start().await;
        let config = configuration(&provider, &mut canaries);
        let token = config["gateway"]["auth"]["token"]
            .as_str()
            .unwrap()
            .to_owned();
        let shell = Shell::with(&config);
        let dotenv = format!("CANARY_OF_THE_DOTENV={}\n", canaries.plant(".env"));
        fs::write(shell.home.path().join(".openclaw/.env"), dotenv).unwrap();
        let variables = [
            "CANARY_API_KEY",
            "OPENAI_API_KEY",
            "ANTHROPIC_API_KEY",
            "SOME_TOKEN",
        ]
        .map(|name| (name.to_owned(), canaries.plant(&format!("${name}"))));
        // What one provider learned it tells to all.
        let known = canaries.0.values().map(String::as_str);
        let known = known.collect::<Vec<_>>().join(" ");
        provider.always(Answer::from_fn(move |request| echo(request, &known)));
        Self {
            provider,
            shell,
            canaries,
            token,
            variables: variables.into(),
        }
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.shell.command(arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        // Whatever any library has to say.
        command.env("OPENCLAW_LOG_LEVEL", "trace,openclaw=trace");
        command
    }

    /// Runs a command; nothing that it prints may hold a secret.
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let what = format!("the output of `openclaw {}`", arguments.join(" "));
        self.canaries.assert_none_in(&what, &output.stdout);
        self.canaries.assert_none_in(&what, &output.stderr);
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}

/// Every file below the folder.
fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_the_server_no_line_of_its_log_and_no_file_of_its_state_holds_a_secret() {
    let scene = Scene::set().await;
    let program = Program::start(scene.command(&["gateway", "serve", "--port", "0"]));
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}", program.address());
    let send = async |path: &str, body: Value| {
        let request = client
            .post(format!("{url}{path}"))
            .bearer_auth(&scene.token)
            .header("content-type", "application/json")
            .body(body.to_string());
        let reply = reply(request).await;
        let what = format!("the answer to {path} {body}");
        let head = format!("{:?}", reply.headers);
        scene.canaries.assert_none_in(&what, head.as_bytes());
        scene.canaries.assert_none_in(&what, &reply.body);
        reply
    };
    let mut redacted = 0;
    for api in DIALECTS {
        for failure in FAILURES {
            for stream in [false, true] {
                let body = json!({
                    "model": format!("{api}/{failure}"), "stream": stream, "user": format!("{api} {failure}"),
                    "messages": [{ "role": "user", "content": "hello" }],
                });
                let reply = send("/v1/chat/completions", body).await;
                redacted += usize::from(reply.text().contains("(redacted)"));
            }
        }
        send(
            "/v1/embeddings",
            json!({ "model": format!("{api}/s400"), "input": "hello" }),
        )
        .await;
    }
    // The providers were heard: their words are passed on, without what is ours in them.
    assert!(redacted >= 2 * DIALECTS.len(), "{redacted}");
    for agent in ["openclaw/main", "openclaw/other"] {
        let reply = send(
            "/v1/embeddings",
            json!({ "model": agent, "input": "hello" }),
        )
        .await;
        assert!(reply.text().contains("(redacted)"), "{}", reply.text());
    }
    let wrong = client.get(format!("{url}/v1/models")).bearer_auth("wrong");
    for request in [
        wrong,
        client
            .get(format!("{url}/v1/models"))
            .bearer_auth(&scene.token),
    ] {
        let reply = reply(request).await;
        scene
            .canaries
            .assert_none_in("the list of models", &reply.body);
    }

    // It was asked which models it has, and that failed as well.
    let listed = within(|| "a request for the list of models".to_owned(), async {
        loop {
            let request = scene.provider.next_request().await;
            if request.path.starts_with("/listed") {
                return request;
            }
        }
    });
    assert_eq!(listed.await.path, "/listed/models");

    let mut kept = Vec::new();
    files(scene.shell.home.path(), &mut kept);
    let written = ["openclaw.json", ".env"];
    kept.retain(|file| !written.iter().any(|name| file.ends_with(name)));
    let names: Vec<String> = kept.iter().map(|file| file.display().to_string()).collect();
    assert!(names.iter().any(|name| name.ends_with("-wal")), "{names:?}");
    for file in &kept {
        let what = file.display().to_string();
        scene
            .canaries
            .assert_none_in(&what, &fs::read(file).unwrap());
    }
    let log = program.whole_log();
    scene.canaries.assert_none_in("the log", log.as_bytes());
    for heard in [
        "provider refused a call",
        "hyper",
        "(redacted)",
        "an MCP server says",
        "an MCP server did not greet",
    ] {
        assert!(log.contains(heard), "{heard} is not in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_prints_a_secret() {
    let scene = Scene::set().await;
    let shown = scene.run(&["config", "show"]);
    for part in [
        "apiKey: \"(redacted)\"",
        "CANARY_OF_THE_ENV_SECTION: \"(redacted)\"",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    scene.run(&["config", "check"]);
    scene.run(&["models", "explain", "openai-completions/s400"]);
    scene.run(&["models", "explain", "--json"]);
    scene.run(&["models", "list"]);
    scene.run(&["sessions", "list"]);
    for api in DIALECTS {
        for failure in ["s400", "s404", "reported", "garbage", "midway"] {
            let model = format!("{api}/{failure}");
            let told = scene.run(&["agent", "--model", &model, "hello"]);
            assert!(!told.is_empty(), "{model}");
        }
        scene.run(&[
            "agent",
            "--json",
            "--model",
            &format!("{api}/s422"),
            "hello",
        ]);
        scene.run(&[
            "agent",
            "--events",
            "--model",
            &format!("{api}/midway"),
            "hello",
        ]);
    }
    let probed = scene.run(&["mcp", "list", "--probe"]);
    assert!(probed.contains("(redacted)"), "{probed}");
    scene.run(&["mcp", "list", "--json"]);
    scene.run(&["embed", "hello"]);
    scene.run(&["agent", "--agent", "nobody", "hello"]);
    assert!(
        scene.canaries.names().len() > 25,
        "{:?}",
        scene.canaries.names()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_wrong_is_told_without_its_secrets() {
    let mut scene = Scene::set().await;
    let file = scene.shell.home.path().join(".openclaw/openclaw.json");
    let text = fs::read_to_string(&file).unwrap();
    let value = scene.canaries.plant("the place of a number");
    scene.variables.push(("WRONG_KEY".to_owned(), value));
    for (part, wrong) in [
        ("\"mode\":\"token\"", "\"mode\":\"tokn\""),
        ("\"gateway\":{", "\"gateway\":{\"port\":\"${WRONG_KEY}\","),
        ("\"gateway\":{", "\"gateway\":{\"bind\":\"${WRONG_KEY}\","),
        ("\"gateway\":{", "\"gateway\":{\"prt\":1,"),
        ("\"api\":\"ollama\"", "\"api\":\"${WRONG_KEY}\""),
        ("\"baseUrl\":\"http://user:", "\"baseUrl\":\"htp://user:"),
        ("\"apiKey\":", "\"apiKey\":{\"a\":1},\"headers\":"),
        ("}}", "}} nonsense"),
    ] {
        assert!(text.contains(part), "{part} is not in the configuration");
        fs::write(&file, text.replacen(part, wrong, 1)).unwrap();
        let told = scene.run(&["config", "check"]);
        assert!(told.contains("error"), "{wrong}: {told}");
    }
    fs::write(&file, text).unwrap();
    let broken = format!(
        "GOOD=1\n{} 'and no name\n",
        scene.canaries.plant("a broken .env")
    );
    fs::write(file.with_file_name(".env"), broken).unwrap();
    scene.run(&["config", "check"]);
}

/// What is logged of a model's own choice of words stays one line, and moves no terminal.
#[tokio::test(flavor = "multi_thread")]
async fn a_providers_words_cannot_steer_a_terminal() {
    let provider = Scripted::start().await;
    let seen = Arc::new(Mutex::new(0));
    let count = Arc::clone(&seen);
    provider.always(Answer::from_fn(move |_| {
        *count.lock().unwrap() += 1;
        let steering = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\nWARN forged";
        Answer::json(
            400,
            json!({ "error": { "message": steering, "code": steering } }),
        )
    }));
    let shell = Shell::with(&super::support::config_for(&provider));
    for arguments in [
        &["agent", "hello"][..],
        &["--log-level", "trace", "agent", "hello"],
    ] {
        let ran = shell.run(arguments);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(
            ran.err.contains("\\u001b]0;owned\\u0007\\u009b2J\\u202e"),
            "{}",
            ran.err
        );
        for c in ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'] {
            assert!(!ran.err.contains(c), "{c:?} in {}", ran.err);
        }
    }
    assert_eq!(*seen.lock().unwrap(), 2);
}
