//! What a configuration of several files and of secrets that are kept elsewhere means to the program, and what `doctor`
//! says of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::support::{
    Answer, Program, Ran, Scripted, Shell, TOKEN, config_for, http, merged, reply,
};

const KEPT: &str = "the configuration is not reloaded: the last good one stays in force";
const RELOADED: &str = "the configuration was reloaded";

fn allow(file: &Path, mode: u32) {
    fs::set_permissions(file, PermissionsExt::from_mode(mode)).unwrap();
}

/// A home in which nobody else can look.
fn private(config: &Value) -> Shell {
    let shell = Shell::with(config);
    allow(&shell.config_file(), 0o600);
    shell
}

fn beside(shell: &Shell, name: &str, text: &str) {
    let file = shell.config_file().with_file_name(name);
    let draft = file.with_extension("draft");
    fs::write(&draft, text).unwrap();
    allow(&draft, 0o600);
    fs::rename(draft, file).unwrap();
}

async fn status(program: &Program, token: &str) -> u16 {
    let url = format!("http://{}/v1/models", program.address());
    reply(http().get(url).bearer_auth(token)).await.status
}

#[tokio::test]
async fn an_included_file_that_changes_is_read_again_and_a_broken_one_changes_nothing() {
    let provider = Scripted::start().await;
    let mut config = config_for(&provider);
    config["gateway"]["auth"] = json!({ "$include": "auth.json5" });
    let shell = private(&config);
    beside(&shell, "auth.json5", "{ mode: 'token', token: 'first' }");
    let mut program = Program::serve_in(&shell);
    assert_eq!(status(&program, "first").await, 200);
    beside(&shell, "auth.json5", "{ mode: 'token', token: 'second' }");
    program.logged(RELOADED).await;
    assert_eq!(
        (
            status(&program, "first").await,
            status(&program, "second").await
        ),
        (401, 200)
    );
    beside(
        &shell,
        "auth.json5",
        "{ mode: 'token', $include: 'more.json5' }",
    );
    let told = program.logged(KEPT).await;
    assert!(
        told["error"].as_str().unwrap().contains("more.json5"),
        "{told}"
    );
    assert_eq!(status(&program, "second").await, 200);
    // The file that was missing is watched for.
    beside(&shell, "more.json5", "{ token: 'third' }");
    program.logged(RELOADED).await;
    assert_eq!(status(&program, "third").await, 200);
}

#[tokio::test]
async fn a_secret_that_cannot_be_had_keeps_the_server_from_starting_and_a_reload_from_counting() {
    let provider = Scripted::start().await;
    provider.on("/chat/completions", Answer::chat_auto("hello"));
    let mut config = config_for(&provider);
    let reference = json!({ "source": "file", "provider": "keys", "id": "/mock" });
    config["models"]["providers"]["mock"]["apiKey"] = reference;
    let shell = private(&json!({}));
    let keys = shell.config_file().with_file_name("keys.json");
    config["secrets"] = json!({ "providers": { "keys": { "source": "file", "path": keys } } });
    shell.configure(&config.to_string());
    let refused = shell.run(&["gateway", "serve", "--port", "0"]);
    assert_eq!(refused.code, Some(78));
    assert!(
        refused
            .err
            .contains("models.providers.mock.apiKey: this secret cannot be had"),
        "{}",
        refused.err
    );

    beside(&shell, "keys.json", "{\"mock\":\"key-of-the-file\"}");
    let mut program = Program::serve_in(&shell);
    assert_eq!(status(&program, TOKEN).await, 200);
    assert!(shell.run(&["agent", "-n", "hello"]).out.contains("hello"));
    let sent = provider.only_request();
    assert_eq!(sent.header("authorization"), Some("Bearer key-of-the-file"));
    let shown = shell.run(&["config", "show"]);
    assert!(shown.out.contains("from file keys:/mock"), "{}", shown.out);
    assert!(!shown.out.contains("key-of-the-file"));

    allow(&keys, 0o644);
    program.signal(Signal::HUP);
    let told = program.logged(KEPT).await;
    assert!(
        told["error"]
            .as_str()
            .unwrap()
            .contains("can be read by others"),
        "{told}"
    );
    assert_eq!(status(&program, TOKEN).await, 200);
    // A file that only a refused configuration names is watched for.
    let more = shell.config_file().with_file_name("more.json");
    config["secrets"]["providers"]["keys"]["path"] = json!(more);
    shell.configure(&config.to_string());
    program.logged(KEPT).await;
    beside(&shell, "more.json", "{\"mock\":\"key-of-another-file\"}");
    program.logged(RELOADED).await;
}

#[tokio::test]
async fn a_reload_tells_what_it_ignores_and_its_secrets_are_in_no_log() {
    let provider = Scripted::start().await;
    let with = |token: &str, more: Value| {
        let auth = json!({ "gateway": { "auth": { "token": token } } });
        merged(merged(config_for(&provider), auth), more).to_string()
    };
    let shell = private(&json!({}));
    shell.configure(&with("token-of-before", json!({})));
    let mut program = Program::serve_in(&shell);
    let foreign = json!({ "channels": { "telegram": {} }, "talk": {} });
    shell.configure(&with("token-of-after", foreign));
    let ignored = program
        .logged("keys of the configuration that this version has no use for")
        .await;
    assert_eq!(ignored["keys"], "channels, talk");
    program.logged(RELOADED).await;
    for secret in ["token-of-before", "token-of-after", "nothing-of-ours"] {
        let url = format!("http://{}/{secret}", program.address());
        assert_eq!(reply(http().get(url)).await.status, 404);
    }
    // What is told now is written behind the lines of the requests.
    program.signal(Signal::HUP);
    program.logged(RELOADED).await;
    let log = program.whole_log();
    assert!(log.contains("/nothing-of-ours"), "{log}");
    assert!(!log.contains("token-of-"), "{log}");
}

#[test]
fn the_schema_is_printed_for_editors() {
    let schema = Shell::new().run(&["config", "schema"]).json();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert!(schema["$defs"]["Include"].is_object());
}

fn findings(ran: &Ran) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let checks = ran.json()["checks"].as_array().unwrap().clone();
    checks
        .iter()
        .map(|check| (word(&check["check"]), word(&check["status"])))
        .collect()
}

fn has(ran: &Ran, check: &str, status: &str) -> bool {
    findings(ran).contains(&(check.to_owned(), status.to_owned()))
}

#[tokio::test]
async fn doctor_finds_nothing_where_all_is_well_and_asks_providers_when_told_to() {
    let provider = Scripted::start().await;
    provider.on(
        "/models",
        Answer::json(200, json!({ "object": "list", "data": [{ "id": "m1" }] })),
    );
    let shell = private(&merged(
        config_for(&provider),
        json!({ "gateway": { "port": 0 } }),
    ));
    let ran = shell.run(&["doctor", "--probe", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["ok"], true);
    assert!(
        findings(&ran).iter().all(|(_, status)| status == "ok"),
        "{ran:?}"
    );
    assert!(ran.out.contains("`mock` answers"), "{ran:?}");
    let text = shell.run(&["doctor"]).out;
    assert!(text.contains("ok    config"), "{text}");
}

#[tokio::test]
async fn doctor_names_what_is_open_what_does_not_answer_and_what_mends_it() {
    let provider = Scripted::start().await;
    provider.on(
        "/models",
        Answer::json(401, json!({ "error": { "message": "no" } })),
    );
    let config = merged(config_for(&provider), json!({ "gateway": { "port": 0 } }));
    let shell = private(&config);
    let state = shell.home.path().join("state");
    fs::create_dir(&state).unwrap();
    allow(&state, 0o755);
    allow(&shell.config_file(), 0o644);
    let ran = |arguments: &[&str]| {
        let mut command = shell.command(arguments);
        Ran::of(&command.env("OPENCLAW_STATE_DIR", &state).output().unwrap())
    };
    let open = ran(&["doctor", "--json"]);
    // The token itself stands in the file.
    assert_eq!(open.code, Some(1), "{open:?}");
    assert!(
        has(&open, "permissions", "failure") && has(&open, "permissions", "warning"),
        "{open:?}"
    );
    assert!(
        open.out
            .contains(&format!("chmod 600 {}", shell.config_file().display())),
        "{open:?}"
    );
    assert!(!open.out.contains(TOKEN));
    allow(&shell.config_file(), 0o600);
    let warned = ran(&["doctor", "--json"]);
    assert_eq!(warned.code, Some(0), "{warned:?}");
    assert!(has(&warned, "permissions", "warning"), "{warned:?}");
    let probed = ran(&["doctor", "--probe", "--json"]);
    assert_eq!(probed.code, Some(1), "{probed:?}");
    assert!(has(&probed, "providers", "failure"), "{probed:?}");
}

#[test]
fn doctor_is_78_where_the_configuration_cannot_be_used() {
    let shell = private(&json!({ "gateway": { "prot": 1 } }));
    let ran = shell.run(&["doctor", "--json"]);
    assert_eq!(ran.code, Some(78));
    assert!(has(&ran, "config", "misconfigured"), "{ran:?}");
    let missing = shell.run(&["--config", "gone.json", "doctor"]);
    assert_eq!(missing.code, Some(78));
    let mended = "→ openclaw --config gone.json config init";
    assert!(missing.out.contains(mended), "{missing:?}");
    let open = private(&json!({ "gateway": { "bind": "lan", "auth": { "mode": "none" } } }));
    let ran = open.run(&["doctor", "--json"]);
    assert_eq!(ran.code, Some(78));
    assert!(has(&ran, "exposure", "misconfigured"), "{ran:?}");
}
