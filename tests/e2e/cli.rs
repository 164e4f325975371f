//! The command line, driven as a process.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::{Answer, Ran, Scripted, Shell, config_for, is_installed, merged};

#[test]
fn a_fresh_machine_answers_offline_and_says_so() {
    let shell = Shell::new();
    let ran = shell.pipe(b"hi\n", &["agent"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.out.starts_with("offline/echo ("), "{}", ran.out);
    assert!(ran.out.contains("hi"));
    assert!(ran.err.contains("OPENAI_API_KEY"), "{}", ran.err);
}

#[tokio::test]
async fn agent_says_what_the_model_says_and_nothing_else() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["Hel", "lo"]));
    let shell = Shell::with(&config_for(&provider));

    let ran = shell.pipe(
        b"the diff\n",
        &["agent", "review this", "--system", "Be kind."],
    );

    let expected = Ran {
        code: Some(0),
        out: "Hello\n".into(),
        err: String::new(),
    };
    assert_eq!(ran, expected);
    assert_eq!(
        provider.only_request().json()["messages"],
        json!([
            { "role": "system", "content": "Be kind." },
            { "role": "user", "content": "review this\n\nthe diff" },
        ])
    );
}

#[tokio::test]
async fn agent_json_is_one_object() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("Hello"));
    let shell = Shell::with(&config_for(&provider));

    let ran = shell.run(&["agent", "--json", "-m", "hi"]);

    let mut said = ran.json();
    assert!(said["durationMs"].as_u64().is_some());
    said.as_object_mut().unwrap().remove("durationMs");
    assert_eq!(
        said,
        json!({
            "text": "Hello", "model": "mock/m1", "agent": "main", "sessionKey": null, "toolCalls": [], "finishReason": "stop",
            "usage": { "inputTokens": 11, "outputTokens": 7, "totalTokens": 18, "cachedTokens": 0, "cacheWriteTokens": 0, "reasoningTokens": 0 },
        })
    );
}

#[tokio::test]
async fn failures_have_their_exit_codes_and_one_sentence() {
    let provider = Scripted::start().await;
    let config = config_for(&provider);
    let shell = Shell::with(&config);

    provider.always(Answer::error(
        401,
        "bad key provider-key",
        "invalid_api_key",
    ));
    let ran = shell.run(&["agent", "hi"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(77), ""));
    assert!(
        ran.err.starts_with("error: mock refused our credentials"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("provider-key"));

    provider.always(Answer::error(429, "slow down", "x").header("retry-after", "60"));
    let ran = shell.run(&["agent", "hi"]);
    assert_eq!(ran.code, Some(75));
    assert!(ran.err.contains("60"), "{}", ran.err);

    provider.always(Answer::error(500, "oops", "x"));
    assert_eq!(shell.run(&["agent", "hi"]).code, Some(1));

    provider.always(Answer::hang());
    assert_eq!(
        shell.run(&["agent", "hi", "--timeout", "0.2"]).code,
        Some(124)
    );

    assert_eq!(shell.run(&["agent", "hi", "--agent", "beta"]).code, Some(2));
    assert_eq!(shell.run(&["agent"]).code, Some(2));

    provider.stop().await;
    let ran = shell.run(&["agent", "hi"]);
    assert_eq!(ran.code, Some(69));
    assert!(ran.err.contains("connection refused"), "{}", ran.err);
}

#[test]
fn a_mistake_in_the_configuration_is_78_with_its_place_and_remedy() {
    let shell = Shell::with(&json!({ "gateway": { "auth": { "tokn": "secret-token" } } }));
    for arguments in [
        &["config", "check"][..],
        &["agent", "hi"],
        &["gateway", "serve"],
    ] {
        let ran = shell.run(arguments);
        assert_eq!(ran.code, Some(78), "{ran:?}");
        assert!(ran.err.contains("did you mean `token`?"), "{}", ran.err);
        assert!(ran.err.contains("openclaw.json:1:"), "{}", ran.err);
        assert!(!ran.err.contains("secret-token"), "{}", ran.err);
    }
}

#[test]
fn config_show_redacts_and_says_where_values_come_from() {
    let shell =
        Shell::with(&json!({ "gateway": { "port": 4242, "auth": { "token": "secret-token" } } }));
    let ran = Ran::of(
        &shell
            .command(&["config", "show"])
            .env("OPENCLAW_GATEWAY_PASSWORD", "hidden")
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, Some(0));
    assert!(
        !ran.out.contains("secret-token") && !ran.out.contains("hidden"),
        "{}",
        ran.out
    );
    for line in [
        "port: 4242, // ",
        "openclaw.json:1",
        "password: \"(redacted)\", // OPENCLAW_GATEWAY_PASSWORD",
        "bind: \"loopback\", // default",
    ] {
        assert!(ran.out.contains(line), "{line} is not in\n{}", ran.out);
    }
}

#[test]
fn config_init_writes_a_file_that_checks_and_never_overwrites() {
    let shell = Shell::new();
    let first = shell.run(&["config", "init"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(shell.run(&["config", "check"]).code, Some(0));
    let path = shell.run(&["config", "path"]).out;
    assert!(
        path.trim_end().ends_with(".config/openclaw/openclaw.json5"),
        "{path}"
    );
    assert_ne!(shell.run(&["config", "init"]).code, Some(0));
}

#[test]
fn the_example_configuration_checks_and_answers() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.json5");
    let shell = Shell::new();
    assert_eq!(
        shell.run(&["--config", example, "config", "check"]).code,
        Some(0)
    );
    let ran = shell.run(&["agent", "--config", example, "hello"]);
    assert!(ran.out.contains("hello"), "{ran:?}");
}

#[tokio::test]
async fn agent_json_says_what_the_run_cost_where_the_price_is_known() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("Hello"));
    let models = json!([{ "id": "m1", "cost": { "input": 1, "output": 10 } }]);
    let changes = json!({ "models": { "providers": { "mock": { "models": models } } } });
    let shell = Shell::with(&merged(config_for(&provider), changes));

    let said = shell.run(&["agent", "--json", "-m", "hi"]).json();

    assert_eq!(said["usage"]["cost"], json!(0.000_081));
}

#[test]
fn models_explain_shows_the_chain_and_what_each_failure_leads_to() {
    let shell = Shell::with(&json!({ "agents": { "defaults": {
        "model": { "primary": "openai/gpt-5.4", "fallbacks": ["anthropic/claude-opus-5", "offline/echo"] },
    } } }));

    let explained = shell.run(&["models", "explain", "--json"]).json();
    assert_eq!(explained["agent"], "main");
    let usable = |usable: bool, problem: Value, name: &str| json!({ "name": name, "model": name, "usable": usable, "problem": problem });
    assert_eq!(
        explained["chain"],
        json!([
            usable(
                false,
                json!("`openai` has no key: set OPENAI_API_KEY"),
                "openai/gpt-5.4"
            ),
            usable(
                false,
                json!("`anthropic` has no key: set ANTHROPIC_API_KEY"),
                "anthropic/claude-opus-5"
            ),
            usable(true, Value::Null, "offline/echo"),
        ])
    );
    let failures = explained["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 10);
    assert_eq!(
        failures[5],
        json!({
            "failure": "rate limited (429)", "sameModelAgain": "once, after a Retry-After of up to 5 s",
            "then": "fail", "othersPassItBy": "for Retry-After, else 60 s",
        })
    );

    let with_key = shell
        .command(&["models", "explain"])
        .env("OPENAI_API_KEY", "sk")
        .output();
    let text = Ran::of(&with_key.unwrap()).out;
    for part in [
        "agent main",
        "openai/gpt-5.4",
        "rate limited (429)",
        "next model",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(
        shell.run(&["models", "explain", "offline/none"]).code,
        Some(2)
    );
    let chosen = shell
        .run(&["models", "explain", "offline/echo", "--json"])
        .json();
    assert_eq!(
        chosen["chain"],
        json!([usable(true, Value::Null, "offline/echo")])
    );
}

#[tokio::test]
async fn models_list_shows_what_there_is() {
    let provider = Scripted::start().await;
    let config = merged(
        config_for(&provider),
        json!({ "agents": { "defaults": {
            "model": { "primary": "mock/m1", "fallbacks": ["mock/m2"] },
            "models": { "mock/m2": { "alias": "big" } },
        } } }),
    );
    let shell = Shell::with(&config);

    assert_eq!(
        shell.run(&["models", "list", "--plain"]).out,
        "mock/m1\nmock/m2\nmock/e1\n"
    );
    let listed = shell.run(&["models", "list", "--json"]).json();
    assert_eq!(listed[0]["id"], "mock/m1");
    let table = shell.run(&["models", "list"]).out;
    for part in ["mock/m1", "default", "fallback#1", "alias:big"] {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }
    assert!(provider.requests().is_empty());
}

#[test]
fn embed_writes_a_vector_a_line_in_order() {
    let shell = Shell::new();
    let ran = shell.pipe(
        b"alpha\nbeta\nalpha\n",
        &["embed", "--model", "offline/hash-384"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let lines: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let texts: Vec<&str> = lines
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["alpha", "beta", "alpha"]);
    assert_eq!(lines[2]["index"], 2);
    assert_eq!(lines[0]["embedding"].as_array().unwrap().len(), 384);
    assert_eq!(lines[0]["embedding"], lines[2]["embedding"]);
    assert_ne!(lines[0]["embedding"], lines[1]["embedding"]);
}

#[tokio::test]
async fn embed_asks_for_equal_texts_once() {
    let provider = Scripted::start().await;
    provider.always(Answer::embeddings_of(2));
    let shell = Shell::with(&config_for(&provider));
    let ran = shell.pipe(b"a\nb\na\na\n", &["embed"]);
    assert_eq!(ran.out.lines().count(), 4, "{ran:?}");
    assert_eq!(provider.only_request().json()["input"], json!(["a", "b"]));
}

#[test]
fn embed_names_the_line_that_it_cannot_use() {
    let shell = Shell::new();
    let ran = shell.pipe(b"a\n\nb\n", &["embed", "--model", "offline/hash-384"]);
    assert_eq!(ran.code, Some(65));
    assert!(ran.err.contains("line 2"), "{}", ran.err);
    let ran = shell.pipe(b"a\n\xff\n", &["embed", "--model", "offline/hash-384"]);
    assert_eq!(ran.code, Some(65));
    assert!(ran.err.contains("line 2"), "{}", ran.err);
    let ran = shell.pipe(
        b"a\n\nb\n",
        &["embed", "--model", "offline/hash-384", "--skip-empty"],
    );
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 2));
}

#[test]
fn embed_refuses_an_empty_file_and_its_own_output() {
    let shell = Shell::new();
    let at = |name: &str| shell.home.path().join(name).display().to_string();
    std::fs::write(at("full"), "text").unwrap();
    std::fs::write(at("empty"), "").unwrap();
    let embed = |more: &[&str]| {
        let mut arguments = vec!["embed", "--model", "offline/hash-384"];
        arguments.extend(more);
        shell.run(&arguments)
    };
    let ran = embed(&["--input-format", "whole", &at("full"), &at("empty")]);
    assert_eq!(ran.code, Some(65), "{ran:?}");
    assert!(ran.err.contains("empty"), "{}", ran.err);

    let ran = embed(&[&at("full"), "-o", &at("full")]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(std::fs::read_to_string(at("full")).unwrap(), "text");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let shell = Shell::new();
    let lines: String = (0..20_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    std::fs::write(shell.home.path().join("lines"), lines).unwrap();
    let mut embed = shell.command(&["embed", "--model", "offline/hash-384", "lines"]);
    let mut child = embed
        .current_dir(shell.home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let head = Command::new("head")
        .args(["-n", "1"])
        .stdin(child.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(
        String::from_utf8(head.stdout)
            .unwrap()
            .starts_with("{\"index\":0,")
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap()
        ),
        (Some(0), String::new())
    );
}

#[test]
fn a_taken_port_is_one_clear_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let shell = Shell::new();
    let ran = shell.run(&["gateway", "serve", "--port", &port, "--token", "t"]);
    assert_eq!(ran.code, Some(1));
    let sentence = ran
        .err
        .lines()
        .find(|line| line.starts_with("error: "))
        .unwrap();
    assert!(
        sentence.contains(&format!("port {port} is taken")),
        "{sentence}"
    );
}

#[test]
fn an_open_gateway_is_refused_without_a_secret() {
    let shell = Shell::new();
    let ran = shell.run(&["gateway", "serve", "--port", "0", "--bind", "lan"]);
    assert_eq!(ran.code, Some(78), "{ran:?}");
    let ran = shell.run(&[
        "gateway", "serve", "--port", "0", "--bind", "lan", "--auth", "none",
    ]);
    assert_eq!(ran.code, Some(78), "{ran:?}");
    let both = shell.command(&["gateway", "serve", "--port", "0"]);
    let mut both = both;
    let output = both
        .env("OPENCLAW_GATEWAY_TOKEN", "a")
        .env("OPENCLAW_GATEWAY_PASSWORD", "b")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn help_and_version_are_there_at_once_and_read_nothing() {
    let shell = Shell::with(&json!({ "gateway": "broken" }));
    let version = format!("openclaw {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(shell.run(&["--version"]).out, version);
    assert!(shell.run(&["--help"]).out.contains("Usage: openclaw"));
    for question in ["--version", "--help"] {
        // The best of many: what else the machine does is not what is measured.
        let times = (0..20).map(|_| {
            let begun = Instant::now();
            assert_eq!(shell.run(&[question]).code, Some(0));
            begun.elapsed()
        });
        let best = times.min().unwrap();
        // Of the program as it is shipped; without optimization, and beside other tests, it may take longer.
        let limit = if cfg!(debug_assertions) { 50 } else { 10 };
        assert!(best < Duration::from_millis(limit), "{question}: {best:?}");
    }
    assert_eq!(shell.run(&[]).code, Some(2));
    assert_eq!(shell.run(&["nonsense"]).code, Some(2));
}

#[test]
fn the_manual_pages_please_the_linter() {
    if !is_installed("mandoc") {
        return;
    }
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let files = std::fs::read_dir(pages)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let lint = Command::new("mandoc")
        .args(["-Tlint", "-Wwarning"])
        .args(files)
        .output();
    assert_eq!(
        Ran::of(&lint.unwrap()),
        Ran {
            code: Some(0),
            out: String::new(),
            err: String::new()
        }
    );
}

#[test]
fn the_systemd_unit_is_one_that_systemd_takes() {
    let shell = Shell::new();
    let unit = shell
        .run(&["gateway", "unit", "--enable", "chat-completions"])
        .out;
    assert!(
        unit.contains(" gateway serve --enable chat-completions\n"),
        "{unit}"
    );
    if !is_installed("systemd-analyze") {
        return;
    }
    let file = shell.home.path().join("openclaw.service");
    std::fs::write(&file, unit).unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify
        .args(["--user", "verify"])
        .arg(file)
        .env("XDG_RUNTIME_DIR", shell.home.path());
    let ran = Ran::of(&verify.output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
}

#[test]
fn the_committed_man_pages_are_fresh() {
    for (path, fresh) in openclaw::cli::generated() {
        let committed = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&path))
            .unwrap_or_default();
        assert!(
            committed == fresh,
            "{} is stale: run `cargo run -- man man`",
            path.display()
        );
    }
}
