//! What is counted and timed, as somebody who watches over the server sees it: nothing is lost, nothing is told to
//! strangers, and no caller can make the page grow.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Answer, Frames, Gate, House, Scripted, config_for, merged, reply, within};

/// Samples by name and labels, as they are written.
type Samples = BTreeMap<String, f64>;

async fn samples(house: &House) -> Samples {
    let page = house.get("/metrics").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let lines = page.text().lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(sample).collect()
}

fn hello() -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "hello" }] })
}

const CHATS_OK: &str = r#"openclaw_http_requests_total{route="/v1/chat/completions",status="200"}"#;
const RUNS_OK: &str = r#"openclaw_runs_total{agent="main",outcome="ok"}"#;

#[tokio::test]
async fn a_run_is_counted_once_everywhere_and_a_reload_forgets_nothing() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("hello"));
    let mut house = House::before(&provider).await;
    assert_eq!(house.chat(hello()).await.status, 200);
    house.reconfigure(config_for(&provider));
    let streamed = merged(hello(), json!({ "stream": true }));
    assert_eq!(house.chat(streamed).await.status, 200);
    let samples = samples(&house).await;
    for (name, value) in [
        (CHATS_OK, 2.0),
        (RUNS_OK, 2.0),
        (r#"openclaw_run_seconds_count{agent="main"}"#, 2.0),
        (
            r#"openclaw_run_first_event_seconds_count{agent="main"}"#,
            2.0,
        ),
        (
            r#"openclaw_provider_attempts_total{provider="mock",model="m1",outcome="answered"}"#,
            2.0,
        ),
        (
            r#"openclaw_provider_first_event_seconds_count{provider="mock",model="m1"}"#,
            2.0,
        ),
        (
            r#"openclaw_http_request_seconds_count{route="/v1/chat/completions"}"#,
            2.0,
        ),
        (
            r#"openclaw_http_cut_total{route="/v1/chat/completions"}"#,
            0.0,
        ),
        ("openclaw_http_requests_in_flight", 1.0),
        ("openclaw_http_streams_active", 0.0),
        ("openclaw_runs_in_flight", 0.0),
        ("openclaw_runs_waiting", 0.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name}");
    }
    let tokens = |direction| {
        let name = format!(
            r#"openclaw_tokens_total{{provider="mock",model="m1",direction="{direction}"}}"#
        );
        samples[&name]
    };
    assert!(tokens("input") > 0.0 && tokens("output") > 0.0);
    assert!(samples["process_start_time_seconds"] > 1e9);
}

#[tokio::test]
async fn a_failure_is_counted_by_its_class_and_so_is_whoever_takes_over() {
    let provider = Scripted::start().await;
    provider.push(Answer::error(401, "no", "no"));
    provider.push(Answer::chat_text("of the other"));
    let fallback = json!({ "agents": { "defaults": { "model": { "primary": "mock/m1", "fallbacks": ["mock/m2"] } } } });
    let house = House::changed(&provider, fallback).await;
    assert_eq!(house.chat(hello()).await.said(), "of the other");
    let samples = samples(&house).await;
    for name in [
        r#"openclaw_provider_attempts_total{provider="mock",model="m1",outcome="auth"}"#,
        r#"openclaw_provider_failovers_total{provider="mock",model="m1",class="auth"}"#,
        r#"openclaw_provider_attempts_total{provider="mock",model="m2",outcome="answered"}"#,
        RUNS_OK,
    ] {
        assert_eq!(samples.get(name), Some(&1.0), "{name}");
    }
}

#[tokio::test]
async fn whoever_hangs_up_is_counted_as_cut_and_their_run_as_cancelled() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, Gate::new()));
    let house = House::before(&provider).await;
    let streamed = merged(hello(), json!({ "stream": true }));
    let mut frames = Frames::of(house.streaming(streamed).await);
    frames.next().await.unwrap();
    assert_eq!(samples(&house).await["openclaw_http_streams_active"], 1.0);
    drop(frames);
    provider.hung_up().await;
    let over = async {
        loop {
            let samples = samples(&house).await;
            if samples["openclaw_http_streams_active"] == 0.0 {
                return samples;
            }
        }
    };
    let samples = within(|| "the end of the stream".to_owned(), over).await;
    for name in [
        r#"openclaw_runs_total{agent="main",outcome="cancelled"}"#,
        r#"openclaw_http_cut_total{route="/v1/chat/completions"}"#,
        r#"openclaw_provider_attempts_total{provider="mock",model="m1",outcome="answered"}"#,
    ] {
        assert_eq!(samples.get(name), Some(&1.0), "{name}");
    }
    assert_eq!(samples["openclaw_runs_in_flight"], 0.0);
}

#[tokio::test]
async fn no_name_that_a_caller_makes_up_becomes_a_label() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("hello"));
    let unlisted = json!({ "models": { "providers": { "mock": { "allowUnlisted": true } } } });
    let house = House::changed(&provider, unlisted).await;
    house.get("/v1/made-up").await;
    house.get("/v1/models/made-up").await;
    for model in ["openclaw/made-up", "made-up/made-up"] {
        let status = house
            .chat(merged(hello(), json!({ "model": model })))
            .await
            .status;
        assert_eq!(status, 404, "{model}");
    }
    let unlisted = house
        .chat(merged(hello(), json!({ "model": "mock/made-up" })))
        .await;
    assert_eq!(unlisted.status, 200);
    let samples = samples(&house).await;
    assert!(
        !samples.keys().any(|name| name.contains("made-up")),
        "{samples:?}"
    );
    for (name, value) in [
        (
            r#"openclaw_http_requests_total{route="other",status="404"}"#,
            1.0,
        ),
        (
            r#"openclaw_http_requests_total{route="/v1/models/",status="404"}"#,
            1.0,
        ),
        (
            r#"openclaw_runs_total{agent="other",outcome="not_found"}"#,
            2.0,
        ),
        (
            r#"openclaw_provider_attempts_total{provider="other",model="other",outcome="answered"}"#,
            1.0,
        ),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name}");
    }
}

#[tokio::test]
async fn the_metrics_are_for_those_who_may_read_and_where_wanted_for_programs_on_this_machine() {
    let provider = Scripted::start().await;
    let mut house = House::before(&provider).await;
    let bare = |house: &House| house.client.get(house.url("/metrics"));
    assert_eq!(reply(bare(&house)).await.status, 401);
    assert_eq!(house.get("/metrics").await.status, 200);
    assert_eq!(
        reply(house.request(Method::POST, "/metrics")).await.status,
        405
    );

    let open = json!({ "gateway": { "metrics": { "open": true } } });
    house.reconfigure(merged(config_for(&provider), open));
    assert_eq!(reply(bare(&house)).await.status, 200);
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("host", "evil.example"),
        ("x-forwarded-for", "203.0.113.9"),
    ] {
        let status = reply(bare(&house).header(name, value)).await.status;
        assert_eq!(status, 401, "{name}");
    }
}

#[tokio::test]
async fn the_metrics_are_there_while_the_server_drains() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let mut house = House::before(&provider).await;
    let streamed = merged(hello(), json!({ "stream": true }));
    let mut frames = Frames::of(house.streaming(streamed).await);
    frames.next().await.unwrap();
    house.stop();
    while house.get("/readyz").await.status == 200 {}
    assert_eq!(samples(&house).await["openclaw_http_streams_active"], 1.0);
    gate.open();
    while frames.next().await.is_some() {}
}

#[tokio::test]
async fn every_answer_says_where_its_time_went() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("hello"));
    let house = House::before(&provider).await;
    let phases = |reply: &super::support::Reply| {
        let timing = reply.header("server-timing").unwrap().to_owned();
        let name = |phase: &str| {
            let (name, time) = phase.split_once(";dur=").unwrap();
            assert!(time.parse::<f64>().unwrap() >= 0.0, "{timing}");
            name.to_owned()
        };
        timing.split(", ").map(name).collect::<Vec<_>>()
    };
    let whole = ["queue", "prompt", "connect", "first-event", "total"];
    assert_eq!(phases(&house.chat(hello()).await), whole);
    let streamed = merged(hello(), json!({ "stream": true }));
    assert_eq!(phases(&house.chat(streamed).await), whole);
    let of_ann = merged(hello(), json!({ "user": "ann" }));
    let lasting = [
        "queue",
        "prompt",
        "store",
        "connect",
        "first-event",
        "total",
    ];
    assert_eq!(phases(&house.chat(of_ann).await), lasting);
    for path in ["/healthz", "/v1/models", "/nowhere"] {
        assert_eq!(phases(&house.get(path).await), ["total"], "{path}");
    }
}

#[tokio::test]
async fn tools_and_the_store_are_counted() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[
        ("c1", "session_status", json!({})),
        ("c2", "ls", json!({ "path": "/nowhere" })),
    ]));
    provider.push(Answer::chat_text("done"));
    let tools =
        json!({ "agents": { "defaults": { "tools": { "allow": ["session_status", "ls"] } } } });
    let house = House::changed(&provider, tools).await;
    let of_ann = merged(hello(), json!({ "user": "ann" }));
    assert_eq!(house.chat(of_ann).await.said(), "done");
    let samples = samples(&house).await;
    for (name, value) in [
        (
            r#"openclaw_tool_calls_total{tool="session_status",outcome="ok"}"#,
            1.0,
        ),
        (
            r#"openclaw_session_store_seconds_count{operation="acquire"}"#,
            1.0,
        ),
        (
            r#"openclaw_session_store_seconds_count{operation="load"}"#,
            1.0,
        ),
        (
            r#"openclaw_session_store_seconds_count{operation="append"}"#,
            1.0,
        ),
        (
            r#"openclaw_provider_attempts_total{provider="mock",model="m1",outcome="answered"}"#,
            2.0,
        ),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name}");
    }
}
