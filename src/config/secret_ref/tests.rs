//! Whole configurations whose secrets are kept elsewhere.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::config::{Environment, Loaded, Secret, effective, load};

const MODE_OF_SECRETS: u32 = 0o600;
const MODE_OF_PROGRAMS: u32 = 0o700;

fn write(dir: &TempDir, (name, text): (&str, &str), mode: u32) -> String {
    let file = dir.path().join(name);
    if mode & MODE_OF_PROGRAMS == MODE_OF_PROGRAMS {
        // Copied by another process: what this one still writes to, or a child that another test begins at this moment
        // has from it, cannot be run.
        let draft = file.with_extension("draft");
        fs::write(&draft, text).unwrap();
        let copied = Command::new("cp").args([&draft, &file]).status();
        assert!(copied.unwrap().success());
    } else {
        fs::write(&file, text).unwrap();
    }
    fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
    file.to_str().unwrap().to_owned()
}

fn loaded(dir: &TempDir, config: &Value, variables: &[(&str, &str)]) -> Result<Loaded, String> {
    let file = dir.path().join("openclaw.json");
    fs::write(&file, serde_json::to_string_pretty(config).unwrap()).unwrap();
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let env = Environment::default().with_layer(variables.iter().map(pair));
    load(Some(&file), env).map_err(|error| {
        error
            .to_string()
            .replace(dir.path().to_str().unwrap(), "DIR")
    })
}

/// A provider whose key is this reference, with these keepers of secrets.
fn with_key(reference: Value, providers: Value) -> Value {
    json!({
        "secrets": { "providers": providers },
        "models": { "providers": { "p": { "baseUrl": "http://h/v1", "apiKey": reference } } },
    })
}

fn key(loaded: &Loaded) -> Option<Secret> {
    loaded.config.models.providers["p"].api_key.clone()
}

fn told(dir: &TempDir, reference: Value, providers: Value) -> String {
    loaded(dir, &with_key(reference, providers), &[]).unwrap_err()
}

#[test]
fn a_variable_needs_no_keeper_and_one_with_an_allowlist_has_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let reference = json!({ "source": "env", "provider": "default", "id": "MY_KEY" });
    let config = with_key(reference.clone(), json!({}));
    let known = loaded(&dir, &config, &[("MY_KEY", "sk-of-the-variable")]).unwrap();
    assert_eq!(key(&known), Some(Secret::new("sk-of-the-variable")));
    let shown = effective(&known);
    assert!(!shown.contains("sk-of-the-variable"), "{shown}");
    let line = shown.lines().find(|line| line.contains("apiKey")).unwrap();
    assert!(
        line.trim().starts_with("apiKey: \"(redacted)\", // "),
        "{line}"
    );
    assert!(line.ends_with("from env default:MY_KEY"), "{line}");

    let error = told(&dir, reference.clone(), json!({}));
    let expected = "error: models.providers.p.apiKey: this secret cannot be had: the variable MY_KEY is not set, or empty";
    assert!(error.contains(expected), "{error}");
    assert!(error.contains("--> DIR/openclaw.json:"), "{error}");
    let listed = json!({ "default": { "source": "env", "allowlist": ["OTHER"] } });
    assert!(
        told(&dir, reference, listed)
            .contains("the allowlist of its provider does not have MY_KEY")
    );
}

#[test]
fn a_file_holds_one_secret_or_many() {
    let dir = tempfile::tempdir().unwrap();
    let many = r#"{ "openai": { "key/1": "sk-many" }, "n": 5, "empty": "" }"#;
    let many = write(&dir, ("many.json", many), MODE_OF_SECRETS);
    let one = write(&dir, ("one", "sk-one\r\n"), MODE_OF_SECRETS);
    let providers = json!({
        "many": { "source": "file", "path": many },
        "one": { "source": "file", "path": one, "mode": "singleValue" },
    });
    let of = |provider: &str, id: &str| {
        let reference = json!({ "source": "file", "provider": provider, "id": id });
        loaded(&dir, &with_key(reference, providers.clone()), &[]).map(|known| key(&known))
    };
    assert_eq!(
        of("many", "/openai/key~11"),
        Ok(Some(Secret::new("sk-many")))
    );
    assert_eq!(of("one", "value"), Ok(Some(Secret::new("sk-one"))));
    for (provider, id, reason) in [
        (
            "many",
            "/openai/none",
            "the file has nothing at `/openai/none`",
        ),
        ("many", "openai", "`openai` is no JSON pointer"),
        ("many", "/n", "it is no text"),
        ("many", "/empty", "it is empty"),
        ("one", "other", "whose id is `value`"),
        ("none", "value", "there is no secrets.providers.none"),
    ] {
        let error = of(provider, id).unwrap_err();
        assert!(error.contains(reason), "{error}");
        assert!(!error.contains("sk-many"), "{error}");
    }
}

#[test]
fn a_file_that_others_can_read_keeps_no_secret_unless_that_is_meant() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(&dir, ("open", "sk-open"), 0o640);
    let reference = json!({ "source": "file", "provider": "one", "id": "value" });
    let mut providers = json!({ "one": { "source": "file", "path": path, "mode": "singleValue" } });
    let error = told(&dir, reference.clone(), providers.clone());
    assert!(
        error.contains("DIR/open can be read by others: chmod 600"),
        "{error}"
    );
    providers["one"]["allowInsecurePath"] = json!(true);
    assert!(loaded(&dir, &with_key(reference, providers), &[]).is_ok());
}

#[test]
fn a_program_is_asked_once_for_all_in_an_environment_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let script = "#!/bin/sh\nread question\necho \"$question\" >> \"$LOG\"\n\
        echo \"{\\\"protocolVersion\\\":1,\\\"values\\\":{\\\"a\\\":\\\"$TOKEN-$PASSED-$HIDDEN$1\\\",\\\"b\\\":\\\"sk-b\\\"}}\"\n";
    let command = write(&dir, ("vault", script), MODE_OF_PROGRAMS);
    let log = dir.path().join("log");
    let mut config = with_key(
        json!({ "source": "exec", "provider": "vault", "id": "a" }),
        json!({ "vault": {
            "source": "exec", "command": command, "args": ["; echo x"],
            "env": { "TOKEN": "t", "LOG": log }, "passEnv": ["PASSED"],
        } }),
    );
    config["models"]["providers"]["p"]["headers"] =
        json!({ "x-b": { "source": "exec", "provider": "vault", "id": "b" } });
    let known = loaded(&dir, &config, &[("PASSED", "passed"), ("HIDDEN", "hidden")]).unwrap();
    assert_eq!(key(&known), Some(Secret::new("t-passed-; echo x")));
    assert_eq!(
        known.config.models.providers["p"].headers["x-b"],
        Secret::new("sk-b")
    );
    let asked = fs::read_to_string(log).unwrap();
    assert_eq!(
        asked,
        "{\"protocolVersion\":1,\"provider\":\"vault\",\"ids\":[\"a\",\"b\"]}\n"
    );
}

fn exec_told(script: &str, more: Value) -> String {
    let dir = tempfile::tempdir().unwrap();
    let command = write(
        &dir,
        ("vault", &format!("#!/bin/sh\n{script}\n")),
        MODE_OF_PROGRAMS,
    );
    let mut vault = json!({ "source": "exec", "command": command });
    vault
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let reference = json!({ "source": "exec", "provider": "vault", "id": "a" });
    match loaded(&dir, &with_key(reference, json!({ "vault": vault })), &[]) {
        Ok(known) => key(&known).unwrap().expose().to_owned(),
        Err(error) => error,
    }
}

#[test]
fn a_program_may_write_one_secret_as_it_is_where_that_is_said() {
    assert_eq!(
        exec_told("echo sk-plain", json!({ "jsonOnly": false })),
        "sk-plain"
    );
    assert!(
        exec_told("echo sk-plain", json!({})).contains("DIR/vault: its answer is no JSON object")
    );
}

#[test]
fn a_program_that_fails_or_answers_nonsense_is_told_without_what_it_wrote() {
    for (script, reason) in [
        ("echo sk-1; exit 3", "DIR/vault failed: exit status: 3"),
        (
            "echo '{\"values\":{\"a\":\"sk-1\"}}'",
            "its answer has no `protocolVersion` 1",
        ),
        (
            "echo '{\"protocolVersion\":1,\"values\":{\"b\":\"sk-1\"}}'",
            "its program does not have `a`",
        ),
        (
            "echo '{\"protocolVersion\":1,\"errors\":{\"a\":{\"message\":\"locked\"}}}'",
            "its program refuses `a`: locked",
        ),
    ] {
        let error = exec_told(script, json!({}));
        assert!(error.contains(reason), "{error}");
        assert!(!error.contains("sk-1"), "{error}");
    }
}

#[test]
fn a_program_ends_within_its_limits_with_all_that_it_started() {
    let began = Instant::now();
    let late = exec_told("sleep 60 & sleep 60", json!({ "timeoutMs": 50 }));
    assert!(late.contains("took longer than 50 ms"), "{late}");
    let silent = exec_told(
        "echo x; sleep 60",
        json!({ "timeoutMs": 50_000, "noOutputTimeoutMs": 50 }),
    );
    assert!(silent.contains("said nothing for 50 ms"), "{silent}");
    let talkative = exec_told(
        "while :; do echo xxxxxxxxxxxxxxxx; done",
        json!({ "maxOutputBytes": 4096 }),
    );
    assert!(
        talkative.contains("wrote more than 4096 bytes"),
        "{talkative}"
    );
    let lingering = exec_told("exec >&-; sleep 60", json!({ "timeoutMs": 50 }));
    assert!(lingering.contains("does not end"), "{lingering}");
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_program_that_others_can_change_is_not_run() {
    let dir = tempfile::tempdir().unwrap();
    let script = "#!/bin/sh\ntouch \"${0%/*}/was-run\"\n";
    let open = write(&dir, ("open", script), 0o722);
    let closed = write(&dir, ("closed", script), MODE_OF_PROGRAMS);
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&closed, &link).unwrap();
    for (command, more, reason) in [
        (json!(open), json!({}), "can be changed by others"),
        (json!(link), json!({}), "is a symbolic link"),
        (json!("vault"), json!({}), "must be an absolute path"),
        (
            json!(closed),
            json!({ "trustedDirs": ["/usr/bin"] }),
            "is in none of `trustedDirs`",
        ),
        (json!(dir.path()), json!({}), "is no regular file"),
    ] {
        let mut vault = json!({ "source": "exec", "command": command });
        vault
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let reference = json!({ "source": "exec", "provider": "vault", "id": "a" });
        let error = told(&dir, reference, json!({ "vault": vault }));
        assert!(error.contains(reason), "{error}");
    }
    assert!(!dir.path().join("was-run").exists());
}

#[test]
fn a_secret_that_nothing_asks_for_may_be_missing() {
    let dir = tempfile::tempdir().unwrap();
    let gone = json!({ "source": "env", "id": "GONE" });
    let config = json!({ "gateway": { "auth": { "mode": "none", "token": gone } } });
    let known = loaded(&dir, &config, &[]).unwrap();
    assert_eq!(known.config.gateway.auth.token, None);
    assert_eq!(
        known.warnings,
        [
            "gateway.auth.token: the variable GONE is not set, or empty; nothing asks for it: `gateway.auth.mode` is another"
        ]
    );
    let gone = json!({ "source": "env", "id": "GONE" });
    let mut server = json!({ "url": "https://h/mcp", "headers": { "authorization": gone } });
    let with = |server: &Value| json!({ "mcp": { "servers": { "far": server } } });
    assert!(loaded(&dir, &with(&server), &[]).is_err());
    server["enabled"] = json!(false);
    assert!(loaded(&dir, &with(&server), &[]).is_ok());
    let asked = json!({ "gateway": { "auth": { "token": { "source": "env", "id": "GONE" } } } });
    assert!(loaded(&dir, &asked, &[]).is_err());
    let over = loaded(&dir, &asked, &[("OPENCLAW_GATEWAY_TOKEN", "t")]).unwrap();
    assert_eq!(over.config.gateway.auth.token, Some(Secret::new("t")));
}

#[test]
fn a_reference_that_is_none_is_told_by_its_shape() {
    let dir = tempfile::tempdir().unwrap();
    let error = told(&dir, json!({ "source": "vualt", "id": "a" }), json!({}));
    assert!(
        error.contains(
            "models.providers.p.apiKey.source: expected one of \"env\", \"file\" or \"exec\""
        ),
        "{error}"
    );
    let error = told(&dir, json!({ "source": "env" }), json!({}));
    assert!(
        error.contains("models.providers.p.apiKey.id: expected a string, but the key is missing"),
        "{error}"
    );
    let error = told(&dir, json!(5), json!({}));
    assert!(
        error.contains("models.providers.p.apiKey: expected a string or an object, found a number"),
        "{error}"
    );
}
