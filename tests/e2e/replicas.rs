//! Two gateways that share a database: nobody can tell which of them answered, whatever is killed or restarted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Client;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::support::{
    Answer, Database, Nginx, Program, Scripted, Shell, TOKEN, config_for, http, merged, reply,
};

/// Everybody; the first [`TOGETHER`] of them talk in one session.
const CLIENTS: usize = 200;
const TOGETHER: usize = 50;

/// What each of them has to say.
const TURNS: usize = 3;

/// When one gateway is killed, and when the database is restarted: after so many acknowledged turns.
const KILL_AFTER: usize = 150;
const RESTART_AFTER: usize = 300;

/// How long a client waits before it says again what nobody acknowledged.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The configuration of every replica.
fn shared(provider: &Scripted, database: &Database) -> Value {
    let changes = json!({ "session": { "store": database.url() } });
    merged(config_for(provider), changes)
}

async fn post(
    client: &Client,
    address: SocketAddr,
    path: &str,
    body: &Value,
) -> reqwest::Result<(u16, Value)> {
    let request = client
        .post(format!("http://{address}{path}"))
        .bearer_auth(TOKEN)
        .header("content-type", "application/json")
        .body(body.to_string());
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = response.bytes().await?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// Says its turns one after the other, each until it is acknowledged; gives back what was acknowledged, in order, by the
/// name of each attempt.
async fn talk(address: SocketAddr, number: usize, told: &watch::Sender<usize>) -> Vec<String> {
    let client = http();
    let user = match number < TOGETHER {
        true => "together".to_owned(),
        false => format!("alone-{number}"),
    };
    let mut acknowledged = Vec::new();
    for turn in 0..TURNS {
        for attempt in 0.. {
            // Of an attempt that nobody acknowledged it is not known whether it was kept: each has a name of its own.
            let name = format!("{number}.{turn}.{attempt}");
            let body = json!({
                "model": "openclaw", "user": user, "messages": [{ "role": "user", "content": name }],
            });
            if let Ok((200, _)) = post(&client, address, "/v1/chat/completions", &body).await {
                acknowledged.push(name);
                told.send_modify(|count| *count += 1);
                break;
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
    acknowledged
}

/// The lines of a session as it is stored, oldest first, and whether each turn follows the one before it.
fn stored(shell: &Shell, user: &str) -> Vec<String> {
    let key = format!("agent:main:openai-user:{user}");
    let transcript = shell.run(&["sessions", "export", &key]).json();
    let turns = transcript["turns"].as_array().unwrap().clone();
    for pair in turns.windows(2) {
        assert_eq!(pair[1]["parent"], pair[0]["id"], "one line of turns");
    }
    let line = |turn: &Value| {
        turn["input"][0]["parts"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    turns.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_gateway_and_a_restarted_database_lose_double_and_reorder_no_acknowledged_turn() {
    let Some(mut database) = Database::alone() else {
        return;
    };
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("noted"));
    let shell = Shell::with(&shared(&provider, &database));
    let mut replicas = [Program::serve_in(&shell), Program::serve_in(&shell)];
    let Some(nginx) = Nginx::before(&replicas.each_ref().map(Program::address)) else {
        return;
    };

    let told = watch::Sender::new(0);
    let clients = (0..CLIENTS).map(|number| {
        let (address, told) = (nginx.address(), told.clone());
        // Awaited below.
        tokio::spawn(async move { talk(address, number, &told).await })
    });
    let clients: Vec<_> = clients.collect();
    let mut progress = told.subscribe();
    progress
        .wait_for(|count| *count >= KILL_AFTER)
        .await
        .unwrap();
    replicas[0].signal(Signal::KILL);
    progress
        .wait_for(|count| *count >= RESTART_AFTER)
        .await
        .unwrap();
    database.stop("INT");
    database.start();
    let acknowledged = join_all(clients).await;
    assert_eq!(replicas[0].ended().await, None, "it was killed in mid-run");

    let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (number, said) in acknowledged.into_iter().enumerate() {
        let said = said.unwrap();
        assert_eq!(said.len(), TURNS);
        let user = match number < TOGETHER {
            true => "together".to_owned(),
            false => format!("alone-{number}"),
        };
        let lines = kept
            .entry(user.clone())
            .or_insert_with(|| stored(&shell, &user));
        let found: Vec<&String> = lines.iter().filter(|line| said.contains(line)).collect();
        assert_eq!(
            found,
            said.iter().collect::<Vec<_>>(),
            "each once, in order"
        );
    }
    for lines in kept.values() {
        let mut once = lines.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), lines.len(), "nothing is kept twice: {lines:?}");
    }
}

#[tokio::test]
async fn a_response_of_one_gateway_is_continued_and_deleted_on_the_other() {
    let Some(database) = Database::shared() else {
        return;
    };
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("noted"));
    let shell = Shell::with(&shared(&provider, &database));
    let (here, there) = (Program::serve_in(&shell), Program::serve_in(&shell));
    let client = http();
    let mut previous = Value::Null;
    for (number, replica) in [&here, &there, &here].into_iter().enumerate() {
        let body = json!({
            "model": "openclaw", "input": format!("Q{number}"), "previous_response_id": previous,
        });
        let answer = post(&client, replica.address(), "/v1/responses", &body).await;
        let (status, response) = answer.unwrap();
        assert_eq!(status, 200, "{response}");
        previous = response["id"].clone();
    }
    let context = provider.requests()[2].json();
    let context: Vec<&str> = context["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(context, ["Q0", "noted", "Q1", "noted", "Q2"]);

    let id = previous.as_str().unwrap();
    let at = |replica: &Program| format!("http://{}/v1/responses/{id}", replica.address());
    let deleted = reply(client.delete(at(&there)).bearer_auth(TOKEN)).await;
    assert_eq!(deleted.status, 200);
    let gone = reply(client.get(at(&here)).bearer_auth(TOKEN)).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn a_database_that_is_away_is_503_and_not_ready_and_heals_by_itself() {
    let Some(mut database) = Database::alone() else {
        return;
    };
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("noted"));
    let program = Program::serve(&shared(&provider, &database));
    let client = http();
    let ask = async || {
        let body = json!({
            "model": "openclaw", "user": "ann", "messages": [{ "role": "user", "content": "hello" }],
        });
        let request = client
            .post(format!("http://{}/v1/chat/completions", program.address()))
            .bearer_auth(TOKEN)
            .header("content-type", "application/json")
            .body(body.to_string());
        reply(request).await
    };
    let ready = async || {
        let url = format!("http://{}/readyz", program.address());
        reply(client.get(url)).await.status
    };
    assert_eq!(ask().await.status, 200);
    database.stop("INT");
    let refused = loop {
        let answer = ask().await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(refused.fault(), (503, "store_unavailable".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(
        refused.json()["error"]["message"],
        "the session store cannot be used: its database cannot be reached now"
    );
    while ready().await != 503 {}
    database.start();
    while ready().await != 200 {}
    assert_eq!(ask().await.status, 200);
    let log = program.whole_log();
    assert!(
        log.contains("the session database is reached again"),
        "{log}"
    );
    assert!(!log.contains("not-a-secret"), "{log}");
}

#[tokio::test]
async fn the_command_line_uses_the_database_and_leaves_the_session_free() {
    let Some(database) = Database::shared() else {
        return;
    };
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("noted"));
    let shell = Shell::with(&shared(&provider, &database));
    for line in ["one", "two"] {
        let ran = shell.run(&["agent", "--session-key", "notes", line]);
        assert_eq!((ran.code, ran.out.trim()), (Some(0), "noted"), "{ran:?}");
        assert!(!ran.err.contains("last writes"), "{ran:?}");
    }
    let lines = shell.run(&["sessions", "export", "notes"]).json()["turns"].clone();
    assert_eq!(lines.as_array().unwrap().len(), 2);
    assert_eq!(database.ask("SELECT count(*) FROM openclaw.place"), "0");
    let shown = shell.run(&["config", "show"]).out;
    assert!(
        shown.contains(r#"store: "postgres://(redacted)@"#),
        "{shown}"
    );
    assert!(!shown.contains("not-a-secret"), "{shown}");
}
