//! A server at an address: a real one, over streamable HTTP.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{calling, offered};
use crate::support::{Answer, House, Scripted, Shell, clients, config_for, merged, python, within};

const KEY: &str = "far-away-key";

/// The server as a process, which ends when this is dropped.
struct Far {
    child: Child,
    port: u16,
}

impl Far {
    /// `None`, said aloud, where its libraries cannot be had.
    fn start(port: u16, away: &str) -> Option<Self> {
        let mut command = Command::new(python()?);
        command
            .arg(clients().join("http_mcp.py"))
            .args([KEY, &port.to_string(), away])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut port = String::new();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        told.read_line(&mut port).unwrap();
        let port = port.trim().parse().unwrap();
        Some(Self { child, port })
    }

    /// A configuration whose agent may use its tools, by this path and key.
    fn at(&self, path: &str, key: &str) -> Value {
        json!({
            "mcp": { "servers": { "far": {
                "url": format!("http://127.0.0.1:{}{path}", self.port),
                "headers": { "Authorization": format!("Bearer {key}") },
                "startTimeoutSeconds": 20, "timeoutSeconds": 5,
            } } },
            "tools": { "allow": ["far__*"] },
        })
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
async fn a_server_at_an_address_is_used_with_its_credential() {
    let Some(far) = Far::start(0, "/") else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, far.at("/mcp", KEY)).await;
    assert_eq!(
        calling(&provider, &house, "far__greet").await,
        "good day, hi"
    );
    assert_eq!(
        offered(&provider.requests()[0]),
        ["far__greet", "far__dawdle", "far__count"]
    );
    let counted = calling(&provider, &house, "far__count").await;
    let counted: Value = serde_json::from_str(&counted).unwrap();
    assert_eq!(counted, json!({ "one": 1 }));

    let impatient = json!({ "mcp": { "servers": { "far": { "timeoutSeconds": 0.3 } } } });
    let house = House::changed(&provider, merged(far.at("/mcp", KEY), impatient)).await;
    assert_eq!(
        calling(&provider, &house, "far__dawdle").await,
        "the MCP server `far` did not answer within 0.3 s; what it did so far stays done"
    );
    assert_eq!(
        calling(&provider, &house, "far__greet").await,
        "good day, hi"
    );
}

#[tokio::test]
async fn a_credential_may_come_from_the_environment_and_a_wrong_one_is_told_without_it() {
    let Some(far) = Far::start(0, "/") else {
        return;
    };
    let provider = Scripted::start().await;
    let shell = Shell::with(&merged(config_for(&provider), far.at("/mcp", "${FAR_KEY}")));
    let probe = |key: &str| {
        let mut command = shell.command(&["mcp", "list", "--probe", "--json"]);
        crate::support::Ran::of(&command.env("FAR_KEY", key).output().unwrap())
    };
    let right = probe(KEY);
    assert_eq!(
        right.json(),
        json!([{ "id": "far", "transport": "http", "enabled": true, "error": null,
                 "tools": ["far__greet", "far__dawdle", "far__count"] }])
    );
    let wrong = probe("another-far-key");
    assert_eq!(wrong.code, Some(69));
    assert_eq!(wrong.json()[0]["error"], "it refuses our credential (401)");
    assert!(!format!("{wrong:?}").contains("another-far-key"));
}

#[tokio::test]
async fn a_redirect_is_followed_on_the_same_server_and_carries_no_credential_elsewhere() {
    let (provider, elsewhere) = (Scripted::start().await, Scripted::start().await);
    elsewhere.always(Answer::json(200, json!({})));
    let away = format!("http://127.0.0.1:{}/mcp", elsewhere.port());
    let Some(far) = Far::start(0, &away) else {
        return;
    };
    let house = House::changed(&provider, far.at("/moved", KEY)).await;
    assert_eq!(
        calling(&provider, &house, "far__greet").await,
        "good day, hi"
    );

    for path in ["/away", "/round"] {
        let house = House::changed(&provider, far.at(path, KEY)).await;
        assert_eq!(
            calling(&provider, &house, "far__unavailable").await,
            "the MCP server `far` is not there: it answers with 307 and wants us elsewhere, where its `url` does not lead",
            "{path}"
        );
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn a_server_that_goes_and_comes_back_is_used_again() {
    let Some(far) = Far::start(0, "/") else {
        return;
    };
    let provider = Scripted::start().await;
    let house = House::changed(&provider, far.at("/mcp", KEY)).await;
    assert_eq!(
        calling(&provider, &house, "far__greet").await,
        "good day, hi"
    );
    let port = far.port;
    drop(far);
    assert_eq!(
        calling(&provider, &house, "far__greet").await,
        "the MCP server `far` failed: it cannot be reached"
    );
    let _far = Far::start(port, "/");
    within(|| "the server to be back".to_owned(), async {
        while calling(&provider, &house, "far__greet").await != "good day, hi" {}
    })
    .await;
}

#[tokio::test]
async fn what_is_no_mcp_server_is_told() {
    let (provider, other) = (Scripted::start().await, Scripted::start().await);
    let at = |headers: Value| {
        json!({
            "mcp": { "servers": { "far": {
                "url": format!("http://127.0.0.1:{}/mcp", other.port()), "headers": headers,
                "startTimeoutSeconds": 5,
            } } },
            "tools": { "allow": ["far__*"] },
        })
    };
    let answers = [
        (Answer::json(404, json!({})), "it answers with 404"),
        (Answer::json(503, json!({})), "it answers with 503"),
        (
            Answer::json(401, json!({})).header("www-authenticate", "Bearer"),
            "it refuses our credential (401)",
        ),
        (
            Answer::json(200, json!({ "a": 1 })),
            "it did not answer in its protocol",
        ),
        (Answer::reset_before_headers(), "the connection to it broke"),
    ];
    for (answer, reason) in answers {
        other.push(answer);
        let house = House::changed(&provider, at(json!({}))).await;
        assert_eq!(
            calling(&provider, &house, "far__unavailable").await,
            format!("the MCP server `far` is not there: {reason}")
        );
    }
    let house = House::changed(&provider, at(json!({ "a b": "c" }))).await;
    assert_eq!(
        calling(&provider, &house, "far__unavailable").await,
        "the MCP server `far` is not there: its header `a b` cannot be one"
    );
}
