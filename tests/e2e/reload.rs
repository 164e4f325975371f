//! A configuration that changes while the server runs: what bites at once, what stays, and what nobody notices.

mod process;

use serde_json::{Value, json};

use super::support::{Answer, Frames, Gate, House, Raw, Scripted, TOKEN, config_for, merged};

fn hello() -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "hello" }] })
}

fn streamed() -> Value {
    merged(hello(), json!({ "stream": true }))
}

async fn rest(frames: &mut Frames) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(frame) = frames.next().await {
        all.push(frame);
    }
    all
}

#[tokio::test]
async fn a_run_keeps_the_settings_that_it_began_with_and_the_next_one_has_the_new_ones() {
    let (before, after) = (Scripted::start().await, Scripted::start().await);
    let gate = Gate::new();
    before.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    after.push(Answer::chat_auto("of the new provider"));
    let mut house = House::before(&before).await;
    let mut frames = Frames::of(house.streaming(streamed()).await);
    frames.next().await.unwrap();

    house.reconfigure(config_for(&after));
    assert_eq!(house.chat(hello()).await.said(), "of the new provider");
    gate.open();
    let rest = rest(&mut frames).await;
    assert!(rest.iter().any(|frame| frame.contains("two")), "{rest:?}");
    assert_eq!(rest.last().unwrap(), "data: [DONE]");
}

#[tokio::test]
async fn a_new_token_bites_on_the_next_request_of_an_open_connection() {
    let provider = Scripted::start().await;
    let mut house = House::before(&provider).await;
    let mut connection = Raw::to(house.address).await;
    let request = |token: &str| {
        format!("GET /v1/models HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {token}\r\n\r\n")
    };
    let mut status = async |token: &str| {
        connection.send(request(token)).await;
        connection.answer().await.unwrap().status()
    };
    assert_eq!(status(TOKEN).await, 200);
    let changed = json!({ "gateway": { "auth": { "token": "another" } } });
    house.reconfigure(merged(config_for(&provider), changed));
    assert_eq!(status(TOKEN).await, 401);
    assert_eq!(status("another").await, 200);
}

#[tokio::test]
async fn an_endpoint_is_switched_off_and_on_while_the_server_runs() {
    let provider = Scripted::start().await;
    let mut house = House::before(&provider).await;
    let off = json!({ "gateway": { "http": { "endpoints": { "chatCompletions": { "enabled": false } } } } });
    house.reconfigure(merged(config_for(&provider), off));
    assert_eq!(
        house.chat(hello()).await.fault(),
        (404, "endpoint_off".to_owned())
    );
    house.reconfigure(config_for(&provider));
    assert_eq!(house.get("/v1/models").await.status, 200);
}

#[tokio::test]
async fn a_changed_key_goes_over_the_connections_that_are_there() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("hello"));
    let mut house = House::before(&provider).await;
    assert_eq!(house.chat(hello()).await.status, 200);
    let changed = json!({ "models": { "providers": { "mock": { "apiKey": "rotated" } } } });
    house.reconfigure(merged(config_for(&provider), changed));
    assert_eq!(house.chat(hello()).await.status, 200);
    let sent: Vec<(usize, String)> = provider
        .requests()
        .iter()
        .map(|request| {
            (
                request.connection,
                request.header("authorization").unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(
        sent,
        [
            (0, "Bearer provider-key".to_owned()),
            (0, "Bearer rotated".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_conversation_goes_on_under_another_configuration() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("hello"));
    let mut house = House::before(&provider).await;
    let of_ann = merged(hello(), json!({ "user": "ann" }));
    house.chat(of_ann.clone()).await;
    let changed = json!({ "agents": { "defaults": { "model": "mock/m2" } } });
    house.reconfigure(merged(config_for(&provider), changed));
    house.chat(of_ann).await;
    let second = provider.requests()[1].json();
    assert_eq!(second["model"], "m2");
    assert_eq!(second["messages"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_runs_of_every_configuration_share_one_line() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    provider.always(Answer::chat_auto("let in"));
    let one = json!({ "agents": { "defaults": { "maxConcurrent": 1, "maxQueued": 0 } } });
    let one = merged(config_for(&provider), one);
    let mut house = House::start(one.clone()).await;
    let mut frames = Frames::of(house.streaming(streamed()).await);
    frames.next().await.unwrap();

    house.reconfigure(one.clone());
    assert_eq!(
        house.chat(hello()).await.fault(),
        (429, "too_many_runs".to_owned())
    );
    let two = json!({ "agents": { "defaults": { "maxConcurrent": 2 } } });
    house.reconfigure(merged(one.clone(), two));
    assert_eq!(house.chat(hello()).await.said(), "let in");
    house.reconfigure(one);
    assert_eq!(
        house.chat(hello()).await.fault(),
        (429, "too_many_runs".to_owned())
    );
    gate.open();
    rest(&mut frames).await;
}

#[tokio::test]
async fn a_provider_that_rests_goes_on_resting_unless_its_own_configuration_changed() {
    let provider = Scripted::start().await;
    let limited = || Answer::json(429, json!({ "error": { "message": "slow down" } }));
    let fallback = |text| Answer::chat_auto(text);
    let config = json!({
        "models": { "providers": { "spare": {
            "baseUrl": provider.base_url(), "apiKey": "spare", "models": [{ "id": "s" }],
        } } },
        "agents": { "defaults": { "model": { "primary": "mock/m1", "fallbacks": ["spare/s"] } } },
    });
    let config = merged(config_for(&provider), config);
    provider.on(
        "/chat/completions",
        Answer::from_fn(move |request| match request.header("authorization") {
            Some("Bearer provider-key") => limited().header("retry-after", "60"),
            Some("Bearer spare") => fallback("spare"),
            _ => fallback("rested"),
        }),
    );
    let mut house = House::start(config.clone()).await;
    let asked = || {
        let requests = provider.requests();
        requests
            .iter()
            .map(|request| request.json()["model"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(house.chat(hello()).await.said(), "spare");
    let tried = asked().len();
    let elsewhere = json!({ "gateway": { "http": { "maxBodyBytes": 5_000_000 } } });
    house.reconfigure(merged(config.clone(), elsewhere));
    assert_eq!(house.chat(hello()).await.said(), "spare");
    assert_eq!(asked()[tried..], ["s"], "it still rests");
    let rotated = json!({ "models": { "providers": { "mock": { "apiKey": "rotated" } } } });
    house.reconfigure(merged(config, rotated));
    assert_eq!(house.chat(hello()).await.said(), "rested");
}
