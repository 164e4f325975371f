//! Failover over real sockets: what a caller sees when the primary fails in every way there is, and a fallback stands by.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::support::{Answer, Frames, Gate, House, Reply, Scripted, config_for, merged};

/// An agent that runs on `mock/m1` and falls back to `backup/m1`.
async fn house(primary: &Scripted, backup: &Scripted) -> House {
    house_with(primary, backup, json!({})).await
}

/// The same with a primary that may be silent for half a second.
async fn impatient(primary: &Scripted, backup: &Scripted) -> House {
    let changes = json!({ "models": { "providers": { "mock": { "timeoutSeconds": 0.5 } } } });
    house_with(primary, backup, changes).await
}

async fn house_with(primary: &Scripted, backup: &Scripted, changes: Value) -> House {
    let config = merged(
        config_for(primary),
        json!({
            "models": { "providers": {
                "backup": { "baseUrl": backup.base_url(), "apiKey": "k", "models": [{ "id": "m1" }] },
            } },
            "agents": { "defaults": { "model": { "primary": "mock/m1", "fallbacks": ["backup/m1"] } } },
        }),
    );
    House::start(merged(config, changes)).await
}

async fn two() -> (Scripted, Scripted) {
    let (primary, backup) = (Scripted::start().await, Scripted::start().await);
    backup.always(Answer::chat_auto("from the fallback"));
    (primary, backup)
}

fn hello(stream: bool) -> Value {
    json!({ "model": "openclaw", "stream": stream, "messages": [{ "role": "user", "content": "hello" }] })
}

/// The text of an answer, whole or streamed.
fn text(reply: &Reply, stream: bool) -> String {
    if !stream {
        return reply.said();
    }
    let content = |event: &Value| {
        let content = &event["choices"][0]["delta"]["content"];
        content.as_str().unwrap_or_default().to_owned()
    };
    reply.events().iter().map(content).collect()
}

#[tokio::test]
async fn a_primary_that_refuses_connections_is_replaced_and_the_answer_names_the_fallback() {
    for stream in [false, true] {
        let (primary, backup) = two().await;
        let house = house(&primary, &backup).await;
        primary.stop().await;

        let reply = house.chat(hello(stream)).await;

        assert_eq!(
            (reply.status, text(&reply, stream)),
            (200, "from the fallback".to_owned())
        );
        assert_eq!(reply.header("x-openclaw-model"), Some("backup/m1"));
        assert_eq!(backup.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_primary_that_goes_silent_is_left_and_its_request_ended() {
    let (primary, backup) = two().await;
    primary.always(Answer::hang());
    let house = impatient(&primary, &backup).await;

    let reply = house.chat(hello(true)).await;

    assert_eq!(text(&reply, true), "from the fallback");
    assert_eq!(reply.header("x-openclaw-model"), Some("backup/m1"));
    primary.hung_up().await;
    assert_eq!(primary.requests().len(), 1, "silence is not tried twice");
}

/// Each way to fail before any output, and how often the primary is asked before the fallback answers.
fn failures() -> Vec<(&'static str, Answer, usize)> {
    let error = |status, message: &str| Answer::error(status, message, "code");
    vec![
        ("a refused key", error(401, "no"), 1),
        ("no credit", error(402, "no"), 1),
        ("a missing model", error(404, "no such model"), 1),
        ("a time-out", error(408, "slow"), 2),
        ("a conflict", error(409, "busy"), 2),
        (
            "a conversation that does not fit",
            error(413, "too long"),
            1,
        ),
        ("a limit without a time", error(429, "slow down"), 1),
        (
            "a limit with a long time",
            error(429, "slow down").header("retry-after", "30"),
            1,
        ),
        (
            "a limit with a short time",
            error(429, "slow down").header("retry-after", "0.01"),
            2,
        ),
        ("a failure", error(500, "oops"), 2),
        ("an overload", error(529, "overloaded"), 2),
        ("garbage", Answer::json(200, json!("what?")), 2),
        (
            "a cut before the headers",
            Answer::close_before_headers(),
            2,
        ),
        ("a reset", Answer::reset_before_headers(), 2),
        (
            "an empty answer",
            Answer::from_fn(|request| match request.json()["stream"] {
                Value::Bool(true) => Answer::chat_stream(&[]),
                _ => Answer::chat_text(""),
            }),
            2,
        ),
    ]
}

#[tokio::test]
async fn every_failure_before_any_output_is_invisible_whole_and_streamed() {
    for stream in [false, true] {
        for (name, answer, asked) in failures() {
            let (primary, backup) = two().await;
            primary.always(answer);
            let house = house(&primary, &backup).await;

            let reply = house.chat(hello(stream)).await;

            assert_eq!(
                text(&reply, stream),
                "from the fallback",
                "{name}: {}",
                reply.text()
            );
            assert_eq!(
                reply.header("x-openclaw-model"),
                Some("backup/m1"),
                "{name}"
            );
            assert!(!reply.text().contains("error"), "{name}: {}", reply.text());
            assert_eq!(primary.requests().len(), asked, "{name}, stream: {stream}");
        }
    }
}

#[tokio::test]
async fn a_request_that_is_wrong_in_itself_is_not_sent_elsewhere() {
    let (primary, backup) = two().await;
    primary.always(Answer::error(400, "no such parameter", "bad"));
    let house = house(&primary, &backup).await;
    for stream in [false, true] {
        assert_eq!(
            house.chat(hello(stream)).await.fault(),
            (400, "bad".to_owned())
        );
    }
    assert!(backup.requests().is_empty());
}

#[tokio::test]
async fn a_limit_without_a_fallback_is_passed_on_with_its_wait_and_not_waited_for() {
    let (primary, backup) = two().await;
    primary.always(Answer::error(429, "slow down", "x").header("retry-after", "30"));
    let house = house(&primary, &backup).await;
    for stream in [false, true] {
        let mut body = hello(stream);
        body["model"] = json!("mock/m1");
        let reply = house.chat(body).await;
        assert_eq!(reply.fault(), (429, "rate_limit_exceeded".to_owned()));
        assert_eq!(reply.header("retry-after"), Some("30"));
    }
    assert_eq!(primary.requests().len(), 2, "one call a run");
}

#[tokio::test]
async fn a_limit_that_is_over_soon_is_waited_for() {
    let (primary, backup) = two().await;
    primary.push(Answer::error(429, "slow down", "x").header("retry-after", "0.01"));
    primary.push(Answer::chat_text("from the primary"));
    let house = house(&primary, &backup).await;

    let reply = house.chat(hello(false)).await;

    assert_eq!(reply.said(), "from the primary");
    assert_eq!(reply.header("x-openclaw-model"), Some("mock/m1"));
    assert!(backup.requests().is_empty());
}

#[tokio::test]
async fn a_refused_key_rests_the_provider_for_runs_that_have_a_fallback() {
    let (primary, backup) = two().await;
    primary.push(Answer::error(401, "no", "invalid_api_key"));
    primary.always(Answer::chat_text("from the primary"));
    let house = house(&primary, &backup).await;

    house.chat(hello(false)).await;
    let next = house.chat(hello(false)).await;
    assert_eq!(next.header("x-openclaw-model"), Some("backup/m1"));
    assert_eq!(primary.requests().len(), 1, "the next run passes it by");

    // A run that has nothing else is served all the same, and does not end the rest for the others.
    let mut chosen = hello(false);
    chosen["model"] = json!("mock/m1");
    assert_eq!(house.chat(chosen).await.said(), "from the primary");
    let after = house.chat(hello(false)).await;
    assert_eq!(after.header("x-openclaw-model"), Some("backup/m1"));
    assert_eq!(primary.requests().len(), 2);
}

#[tokio::test]
async fn after_the_first_output_a_silence_is_one_error_in_the_stream() {
    let (primary, backup) = two().await;
    let gate = Gate::new();
    primary.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let house = impatient(&primary, &backup).await;

    let reply = house.chat(hello(true)).await;

    assert_eq!(text(&reply, true), "one ");
    let events = reply.events();
    let errors: Vec<&Value> = events
        .iter()
        .filter(|event| event.get("error").is_some())
        .collect();
    assert_eq!(errors.len(), 1, "{events:?}");
    assert_eq!(errors[0]["error"]["code"], "provider_timeout");
    assert_eq!(events.last(), Some(&json!("[DONE]")));
    let finishes = events
        .iter()
        .any(|event| event["choices"][0]["finish_reason"].is_string());
    assert!(!finishes, "{events:?}");
    primary.hung_up().await;
    assert!(backup.requests().is_empty());
}

#[tokio::test]
async fn after_the_first_output_a_cut_is_one_error_in_the_stream() {
    let (primary, backup) = two().await;
    primary.push(Answer::chat_stream(&["one ", "two"]).cut_after(2));
    let house = house(&primary, &backup).await;

    let reply = house.chat(hello(true)).await;

    assert_eq!(text(&reply, true), "one ");
    assert_eq!(
        reply.text().matches("\"error\"").count(),
        1,
        "{}",
        reply.text()
    );
    assert!(backup.requests().is_empty());
}

#[tokio::test]
async fn no_run_takes_longer_than_its_time_whatever_it_waits_for() {
    let (primary, backup) = two().await;
    let gate = Gate::new();
    let config = merged(
        config_for(&primary),
        json!({ "agents": { "defaults": { "timeoutSeconds": 0.5 } } }),
    );
    let house = House::start(config).await;

    primary.push(Answer::hang());
    assert_eq!(
        house.chat(hello(false)).await.fault(),
        (504, "run_timeout".to_owned())
    );

    // A wait that the run has no time for is not begun: the caller hears at once how long it is.
    primary.push(Answer::error(429, "slow down", "x").header("retry-after", "5"));
    let limited = house.chat(hello(true)).await;
    assert_eq!(limited.fault(), (429, "rate_limit_exceeded".to_owned()));
    assert_eq!(limited.header("retry-after"), Some("5"));

    primary.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let mut frames = Frames::of(house.streaming(hello(true)).await);
    let mut all = Vec::new();
    while let Some(frame) = frames.next().await {
        all.push(frame);
    }
    assert!(
        all.iter().any(|frame| frame.contains("run_timeout")),
        "{all:?}"
    );
    assert_eq!(all.last().map(String::as_str), Some("data: [DONE]"));
    assert!(backup.requests().is_empty());
}

#[tokio::test]
async fn a_limit_whose_explanation_never_comes_is_a_limit_all_the_same() {
    let (primary, backup) = two().await;
    let head = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 100\r\n\r\n{";
    primary.push(Answer::raw(head).pause_before(1, Gate::new()));
    let house = house(&primary, &backup).await;

    assert_eq!(house.chat(hello(false)).await.said(), "from the fallback");
    // And it rests for as long as its header says.
    house.chat(hello(false)).await;
    assert_eq!(primary.requests().len(), 1);
}

#[tokio::test]
async fn what_is_too_long_for_the_first_model_goes_to_a_fallback_with_room() {
    let (primary, backup) = two().await;
    primary.always(Answer::error(400, "too long", "context_length_exceeded"));
    let windows = |backup: u64| {
        json!({ "models": { "providers": {
            "mock": { "models": [{ "id": "m1", "contextWindow": 1000 }] },
            "backup": { "models": [{ "id": "m1", "contextWindow": backup }] },
        } } })
    };
    let mut long = hello(false);
    long["messages"][0]["content"] = json!("word ".repeat(4000));

    let house = house_with(&primary, &backup, windows(100_000)).await;
    assert_eq!(house.chat(long.clone()).await.said(), "from the fallback");
    let asked = primary.requests().len();

    let small = house_with(&primary, &backup, windows(1000)).await;
    let refused = small.chat(long).await;
    assert_eq!(refused.fault(), (400, "context_length_exceeded".to_owned()));
    assert_eq!(primary.requests().len(), asked, "nobody is asked in vain");
}

#[tokio::test]
async fn a_provider_that_speaks_no_tls_or_has_no_address_cannot_be_reached() {
    let provider = Scripted::start().await;
    // A server that answers what it does not understand in plain words.
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", plain.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        while let Ok((mut socket, _)) = plain.accept().await {
            let _gone = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let told = [
        (url.as_str(), "no trusted TLS connection"),
        ("http://nobody.invalid/v1", "its host name is not known"),
    ];
    for (url, why) in told {
        let changes = json!({ "models": { "providers": { "mock": { "baseUrl": url } } } });
        let house = House::changed(&provider, changes).await;
        let reply = house.chat(hello(false)).await;
        assert_eq!(reply.status, 503);
        let message = format!("mock cannot be reached: {why}");
        assert_eq!(reply.json()["error"]["message"], message);
    }
    answering.abort();
}
