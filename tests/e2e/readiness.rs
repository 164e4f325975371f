//! What `/readyz` says, and what a store that cannot be used means to callers and to a shell.

mod lost;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::support::{
    Answer, Frames, Gate, House, Ran, Scripted, Shell, config_for, merged, reply, within,
};

fn hello(user: &str) -> Value {
    json!({ "model": "openclaw", "user": user, "messages": [{ "role": "user", "content": "hello" }] })
}

fn file(state: &Path) -> std::path::PathBuf {
    state.join("openclaw.sqlite")
}

/// Asks until the server says this of itself.
async fn says(house: &House, status: &str) -> (u16, Value) {
    let asking = async {
        loop {
            let answer = house.get("/readyz").await;
            if answer.json()["status"] == status {
                return (answer.status, answer.json());
            }
            tokio::task::yield_now().await;
        }
    };
    within(|| format!("{status} at /readyz"), asking).await
}

#[tokio::test]
async fn a_server_is_ready_when_its_store_could_keep_something() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    assert_eq!(says(&house, "ok").await, (200, json!({ "status": "ok" })));
    assert!(
        !file(house.state()).exists(),
        "nothing was there to be kept"
    );
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_not_ready_and_only_those_near_are_told_why() {
    let provider = Scripted::start().await;
    let house = House::unready(&provider, |state| {
        std::fs::write(file(state), "no database at all".repeat(100)).unwrap();
    })
    .await;
    let reason = "the session store cannot be used: its file is damaged or is something else";
    let told = json!({ "status": "unavailable", "reason": reason });
    assert_eq!(says(&house, "unavailable").await, (503, told.clone()));
    // Somebody behind a proxy, without and with the token.
    let from_afar = house
        .client
        .get(house.url("/readyz"))
        .header("x-forwarded-for", "1.2.3.4");
    let answer = reply(from_afar).await;
    assert_eq!(
        (answer.status, answer.json()),
        (503, json!({ "status": "unavailable" }))
    );
    let from_afar = house
        .request(reqwest::Method::GET, "/readyz")
        .header("x-forwarded-for", "1.2.3.4");
    assert_eq!(reply(from_afar).await.json(), told);
    assert_eq!(house.get("/health").await.status, 200);
}

#[tokio::test]
async fn a_damaged_store_is_503_and_no_retry_mends_it() {
    let provider = Scripted::start().await;
    let house = House::unready(&provider, |state| {
        std::fs::write(file(state), "no database at all".repeat(100)).unwrap();
    })
    .await;
    let answer = house.chat(hello("ann")).await;
    assert_eq!(answer.fault(), (503, "store_unavailable".to_owned()));
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert_eq!(answer.header("retry-after"), None);
}

#[tokio::test]
async fn a_locked_store_says_when_to_come_back_and_is_ready_again_when_it_is_free() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("hello"));
    let house = House::before(&provider).await;
    assert_eq!(house.chat(hello("ann")).await.status, 200);
    let other = Connection::open(file(house.state())).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = house.chat(hello("ann")).await;
    assert_eq!(answer.fault(), (503, "store_unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    let began = Instant::now();
    for _ in 0..8 {
        let answer = house.chat(hello("bob")).await;
        assert_eq!(answer.fault(), (503, "store_unavailable".to_owned()));
    }
    let waited = began.elapsed();
    assert!(
        waited < Duration::from_secs(5),
        "each waited anew: {waited:?}"
    );
    let (status, body) = says(&house, "unavailable").await;
    assert_eq!((status, body["reason"].is_string()), (503, true));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(house.chat(hello("ann")).await.status, 200);
    says(&house, "ok").await;
}

#[tokio::test]
async fn models_and_health_answer_while_every_place_for_a_run_is_taken() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let one = json!({ "agents": { "defaults": { "maxConcurrent": 1, "maxQueued": 0 } } });
    let house = House::start(merged(config_for(&provider), one)).await;
    let streamed = merged(hello("ann"), json!({ "stream": true }));
    let mut frames = Frames::of(house.streaming(streamed).await);
    frames.next().await.unwrap();
    let full = house.chat(hello("bob")).await;
    assert_eq!(full.fault(), (429, "too_many_runs".to_owned()));
    for path in ["/v1/models", "/v1/models/openclaw", "/health", "/healthz"] {
        assert_eq!(house.get(path).await.status, 200, "{path}");
    }
    says(&house, "ok").await;
    gate.open();
    while frames.next().await.is_some() {}
}

#[test]
fn a_store_that_no_retry_mends_exits_78() {
    let shell = Shell::new();
    let state = shell.home.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let run = || {
        let mut command = shell.command(&["sessions", "list"]);
        Ran::of(&command.env("OPENCLAW_STATE_DIR", &state).output().unwrap())
    };
    std::fs::write(file(&state), "no database at all".repeat(100)).unwrap();
    let ran = run();
    assert_eq!(ran.code, Some(78), "{}", ran.err);
    assert!(ran.err.contains("damaged"), "{}", ran.err);

    std::fs::remove_file(file(&state)).unwrap();
    let newer = Connection::open(file(&state)).unwrap();
    newer.pragma_update(None, "user_version", 1_000).unwrap();
    drop(newer);
    let ran = run();
    assert_eq!(ran.code, Some(78), "{}", ran.err);
    assert!(ran.err.contains("a newer version"), "{}", ran.err);
}

/// A user who may write nothing here, whoever runs the tests: root's rights know no modes.
const NOBODY: u32 = 65_534;

#[tokio::test]
async fn the_sessions_of_a_folder_that_cannot_be_written_can_be_read() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("kept"));
    let mut house = House::before(&provider).await;
    house.chat(hello("ann")).await;
    house.stop();
    // A closed store is one file.
    let home = house.ended_and_closed().await;
    let state = home.path().join("copied # 100%");
    std::fs::create_dir(&state).unwrap();
    std::fs::copy(file(home.path()), file(&state)).unwrap();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    mode(&file(&state), 0o444);
    mode(&state, 0o555);
    mode(state.parent().unwrap(), 0o755);
    let shell = Shell::new();
    mode(shell.home.path(), 0o755);
    let list = |arguments: &[&str]| {
        let mut command = shell.command(arguments);
        command.env("OPENCLAW_STATE_DIR", &state);
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY);
        }
        Ran::of(&command.output().unwrap())
    };
    let listed = list(&["sessions", "list", "--json"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    assert_eq!(listed.json()[0]["key"], "agent:main:openai-user:ann");
    let deleted = list(&["sessions", "delete", "agent:main:openai-user:ann"]);
    assert_eq!(deleted.code, Some(75), "{}", deleted.err);
    assert!(deleted.err.contains("read-only"), "{}", deleted.err);
    mode(&state, 0o755);
}

#[tokio::test]
async fn deleting_a_session_in_its_first_run_says_that_there_was_one() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let house = House::before(&provider).await;
    let streamed = merged(hello("ann"), json!({ "stream": true }));
    let mut frames = Frames::of(house.streaming(streamed).await);
    frames.next().await.unwrap();
    let state = house.state().to_owned();
    let delete = || {
        let shell = Shell::new();
        let mut command = shell.command(&["sessions", "delete", "agent:main:openai-user:ann"]);
        Ran::of(&command.env("OPENCLAW_STATE_DIR", &state).output().unwrap())
    };
    let deleted = delete();
    assert_eq!(deleted.code, Some(0), "{}", deleted.err);
    gate.open();
    let mut rest = String::new();
    while let Some(frame) = frames.next().await {
        rest += &frame;
    }
    assert!(rest.contains("session_lost"), "{rest}");
    assert_eq!(delete().code, Some(2), "it is gone");
}
