//! The log of a server, as a process: whose line is whose, what is said only where it is wanted, and the file that is
//! moved away.

use reqwest::RequestBuilder;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::support::{
    Answer, Program, Scripted, Shell, TOKEN, config_for, http, merged, reply, within,
};

const RELOADED: &str = "the configuration was reloaded";

/// A chat with this id, in which a key of ours is said.
fn chat(program: &Program, id: &str) -> RequestBuilder {
    let body = json!({
        "model": "openclaw", "messages": [{ "role": "user", "content": "the key is provider-key, says ann" }],
    });
    let url = format!("http://{}/v1/chat/completions", program.address());
    let request = http()
        .post(url)
        .bearer_auth(TOKEN)
        .header("x-request-id", id);
    request
        .header("content-type", "application/json")
        .body(body.to_string())
}

/// All that it has logged, to its orderly end.
async fn ended(program: &mut Program) -> String {
    program.signal(Signal::TERM);
    assert_eq!(program.ended().await, Some(0));
    program.rest_of_log()
}

fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn every_line_of_a_request_has_its_id_and_none_says_what_was_said() {
    let provider = Scripted::start().await;
    provider.push(Answer::error(500, "broken", "broken"));
    provider.push(Answer::chat_text("a quiet answer"));
    let mut program = Program::serve(&config_for(&provider));
    assert_eq!(reply(chat(&program, "r-17")).await.status, 200);
    let log = ended(&mut program).await;
    let lines = lines(&log);
    let failed = |line: &&Value| line["fields"]["message"] == "model call failed";
    let failure = lines.iter().find(failed).unwrap();
    assert_eq!(failure["span"]["request_id"], "r-17");
    let access = lines
        .iter()
        .find(|line| line["target"] == "openclaw::access")
        .unwrap();
    assert_eq!(access["fields"]["request_id"], "r-17");
    for phase in ["queue_ms", "prompt_ms", "connect_ms", "first_event_ms"] {
        assert!(access["fields"][phase].is_f64(), "{phase}: {access}");
    }
    assert!(!log.contains("says ann") && !log.contains("quiet"), "{log}");
}

#[tokio::test]
async fn what_is_said_is_logged_where_it_is_wanted_without_our_keys() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("provider-key is a fine key"));
    let wanted = json!({ "logging": { "content": true } });
    let mut program = Program::serve(&merged(config_for(&provider), wanted));
    assert_eq!(reply(chat(&program, "r-18")).await.status, 200);
    let log = ended(&mut program).await;
    let content: Vec<Value> = lines(&log)
        .into_iter()
        .filter(|line| line["target"] == "openclaw::content")
        .map(|line| {
            json!([
                line["span"]["request_id"],
                line["fields"]["role"],
                line["fields"]["text"]
            ])
        })
        .collect();
    let expected = [
        json!(["r-18", "user", "the key is (redacted), says ann"]),
        json!(["r-18", "assistant", "(redacted) is a fine key"]),
    ];
    assert_eq!(content, expected);
    assert!(!log.contains("provider-key"), "{log}");
}

#[tokio::test]
async fn a_file_of_the_log_that_was_moved_away_is_begun_anew_at_a_hangup() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("hello"));
    let shell = Shell::new();
    let file = shell.home.path().join("gateway.log");
    let logging = json!({ "logging": { "file": "~/gateway.log", "level": "info", "consoleLevel": "warn,openclaw=info" } });
    let shell = {
        std::fs::create_dir(shell.home.path().join(".openclaw")).unwrap();
        shell.configure(&merged(config_for(&provider), logging).to_string());
        shell
    };
    let mut program = Program::serve_in(&shell);
    assert_eq!(reply(chat(&program, "before")).await.status, 200);
    let moved = file.with_extension("1");
    std::fs::rename(&file, &moved).unwrap();
    program.signal(Signal::HUP);
    program.logged(RELOADED).await;
    assert_eq!(reply(chat(&program, "after")).await.status, 200);
    let accessed = |file: &std::path::Path| {
        let log = std::fs::read_to_string(file).unwrap_or_default();
        let access = lines(&log)
            .into_iter()
            .filter(|line| line["target"] == "openclaw::access");
        access
            .map(|line| line["fields"]["request_id"].clone())
            .collect::<Vec<_>>()
    };
    let written = async {
        while accessed(&file).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    within(|| "the line in the file".to_owned(), written).await;
    assert_eq!(accessed(&moved), ["before"]);
    assert_eq!(accessed(&file), ["after"]);
}

/// Asks for what is not there. Its path is in the access log.
async fn ask(program: &Program, path: &str) {
    let url = format!("http://{}/{path}", program.address());
    assert_eq!(reply(http().get(url)).await.status, 404);
}

/// The paths of the access log.
fn paths(log: &str) -> Vec<Value> {
    let lines = lines(log).into_iter();
    let access = lines.filter(|line| line["target"] == "openclaw::access");
    access.map(|line| line["fields"]["path"].clone()).collect()
}

#[tokio::test]
async fn a_reload_changes_the_level_of_the_log_and_the_secrets_that_are_kept_out_of_it() {
    let provider = Scripted::start().await;
    let config = |level: &str, key: &str| {
        let key = json!({ "providers": { "mock": { "apiKey": key } } });
        let changes = json!({ "logging": { "level": level }, "models": key });
        merged(config_for(&provider), changes)
    };
    let quiet = config("openclaw=info, openclaw::access=warn", "first-key");
    let shell = Shell::with(&quiet);
    let mut program = Program::serve_in(&shell);
    ask(&program, "unlogged").await;
    for key in ["second-key", "third-key"] {
        shell.configure(&config("info", key).to_string());
        program.signal(Signal::HUP);
        program.logged(RELOADED).await;
        for path in ["first-key", "second-key", "third-key"] {
            ask(&program, path).await;
        }
    }
    let log = ended(&mut program).await;
    let after_one = ["/(redacted)", "/(redacted)", "/third-key"];
    let after_two = ["/first-key", "/(redacted)", "/(redacted)"];
    assert_eq!(paths(&log), [after_one, after_two].concat());
    assert!(!log.contains("restarted"), "{log}");
}

#[tokio::test]
async fn a_level_that_is_none_keeps_the_last_good_configuration() {
    let provider = Scripted::start().await;
    let shell = Shell::with(&config_for(&provider));
    let mut program = Program::serve_in(&shell);
    let wrong = json!({ "logging": { "level": "openclaw=loud" }, "gateway": { "auth": { "token": "another" } } });
    shell.configure(&merged(config_for(&provider), wrong).to_string());
    program.signal(Signal::HUP);
    let kept = "the configuration is not reloaded: the last good one stays in force";
    let line = program.logged(kept).await;
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("logging.level"), "{error}");
    let models = format!("http://{}/v1/models", program.address());
    assert_eq!(
        reply(http().get(models).bearer_auth(TOKEN)).await.status,
        200
    );
}

#[tokio::test]
async fn a_token_of_the_command_line_and_one_made_for_the_run_are_not_in_the_log() {
    let provider = Scripted::start().await;
    let mut open = config_for(&provider);
    open["gateway"]["auth"] = json!({});
    let shell = Shell::with(&open);
    let file = shell.home.path().join("token");
    std::fs::write(&file, "of-a-file\n").unwrap();
    let file = file.to_str().unwrap();
    for arguments in [
        &["--token", "of-the-line"][..],
        &["--token-file", file],
        &[],
    ] {
        let serve = [&["gateway", "serve", "--port", "0"], arguments].concat();
        let mut command = shell.command(&serve);
        command.env("OPENCLAW_STATE_DIR", shell.home.path());
        let mut program = Program::start(command);
        let token = match arguments {
            ["--token", token] => (*token).to_owned(),
            [] => {
                let made = shell.home.path().join("gateway-token");
                std::fs::read_to_string(made).unwrap().trim().to_owned()
            }
            _ => "of-a-file".to_owned(),
        };
        ask(&program, &token).await;
        // A reload forgets none of them.
        program.signal(Signal::HUP);
        program.logged(RELOADED).await;
        ask(&program, &token).await;
        let log = ended(&mut program).await;
        assert_eq!(paths(&log), ["/(redacted)"; 2], "{arguments:?}");
        assert!(!log.contains(&token), "{log}");
    }
}
