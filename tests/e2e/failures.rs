//! What callers are told when something is wrong: with the request, with the provider, with the address.

use serde_json::{Value, json};

use super::support::{Answer, House, Scripted};

fn hello() -> Value {
    json!({ "model": "openclaw", "messages": [{ "role": "user", "content": "hello" }] })
}

/// Short waits, and no retry that a test would have to wait for.
fn impatient() -> Value {
    json!({ "models": { "providers": { "mock": { "timeoutSeconds": 0.2 } } } })
}

#[tokio::test]
async fn a_refused_provider_key_becomes_502_not_401() {
    let provider = Scripted::start().await;
    provider.push(Answer::error(
        401,
        "Incorrect API key provided: provider-key",
        "invalid_api_key",
    ));
    let house = House::before(&provider).await;

    let reply = house.chat(hello()).await;

    assert_eq!(
        reply.json(),
        json!({ "error": {
            "message": "mock refused our credentials (HTTP 401): check its API key and account",
            "type": "upstream_error", "param": null, "code": "provider_auth",
        } })
    );
    assert_eq!(reply.status, 502);
    assert_eq!(reply.header("x-should-retry"), Some("false"));
}

#[tokio::test]
async fn a_request_that_the_provider_rejects_keeps_its_words_and_code() {
    let provider = Scripted::start().await;
    provider.push(Answer::error(
        400,
        "too many tokens",
        "context_length_exceeded",
    ));
    let house = House::before(&provider).await;

    let reply = house.chat(hello()).await;

    assert_eq!(reply.fault(), (400, "context_length_exceeded".to_owned()));
    assert_eq!(reply.json()["error"]["message"], "too many tokens");
    assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
}

#[tokio::test]
async fn a_rate_limit_is_passed_on_with_its_wait() {
    let provider = Scripted::start().await;
    provider
        .push(Answer::error(429, "slow down", "rate_limit_exceeded").header("retry-after", "30"));
    let house = House::before(&provider).await;

    let reply = house.chat(hello()).await;

    assert_eq!(reply.fault(), (429, "rate_limit_exceeded".to_owned()));
    assert_eq!(reply.json()["error"]["type"], "rate_limit_error");
    assert_eq!(reply.header("retry-after"), Some("30"));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_503() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    provider.stop().await;

    let reply = house.chat(hello()).await;

    assert_eq!(reply.fault(), (503, "provider_unreachable".to_owned()));
    assert_eq!(
        reply.json()["error"]["message"],
        "mock cannot be reached: connection refused"
    );
}

#[tokio::test]
async fn a_provider_that_stays_silent_is_504() {
    let provider = Scripted::start().await;
    provider.always(Answer::hang());
    let house = House::changed(&provider, impatient()).await;

    let mut body = hello();
    body["stream"] = json!(true);
    let reply = house.chat(body).await;

    assert_eq!(reply.fault(), (504, "provider_timeout".to_owned()));
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_504() {
    let provider = Scripted::start().await;
    provider.always(Answer::hang());
    let changes = json!({ "agents": { "defaults": { "timeoutSeconds": 0.2 } } });
    let house = House::changed(&provider, changes).await;

    assert_eq!(
        house.chat(hello()).await.fault(),
        (504, "run_timeout".to_owned())
    );
}

#[tokio::test]
async fn garbage_and_cut_answers_are_502_after_one_more_try() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for answer in [
        Answer::json(200, json!("what?")),
        Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"choi"),
        Answer::close_before_headers(),
        Answer::json(200, json!({ "choices": [] })),
    ] {
        provider.always(answer);
        assert_eq!(
            house.chat(hello()).await.fault(),
            (502, "provider_broken_answer".to_owned())
        );
    }
    assert_eq!(provider.requests().len(), 8);
}

#[tokio::test]
async fn a_failing_primary_is_replaced_unseen_by_its_fallback() {
    let provider = Scripted::start().await;
    provider.push(Answer::error(401, "no", "invalid_api_key"));
    provider.push(Answer::chat_stream(&["from", " m2"]));
    let changes = json!({ "agents": { "defaults": { "model": { "primary": "mock/m1", "fallbacks": ["mock/m2"] } } } });
    let house = House::changed(&provider, changes).await;

    let mut body = hello();
    body["stream"] = json!(true);
    let reply = house.chat(body).await;

    assert_eq!(reply.header("x-openclaw-model"), Some("mock/m2"));
    let models: Vec<Value> = provider
        .requests()
        .iter()
        .map(|request| request.json()["model"].clone())
        .collect();
    assert_eq!(models, ["m1", "m2"]);
}

#[tokio::test]
async fn an_explicit_model_has_no_fallbacks() {
    let provider = Scripted::start().await;
    provider.push(Answer::error(401, "no", "invalid_api_key"));
    let changes = json!({ "agents": { "defaults": { "model": { "primary": "mock/m1", "fallbacks": ["mock/m2"] } } } });
    let house = House::changed(&provider, changes).await;

    let mut body = hello();
    body["model"] = json!("mock/m1");

    assert_eq!(
        house.chat(body).await.fault(),
        (502, "provider_auth".to_owned())
    );
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn names_that_are_not_there_are_404_and_the_message_lists_what_is() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let ask = |model: &str| {
        let mut body = hello();
        body["model"] = json!(model);
        house.chat(body)
    };

    let reply = ask("openclaw/beta").await;
    assert_eq!(reply.fault(), (404, "agent_not_found".to_owned()));
    assert_eq!(
        reply.json()["error"]["message"],
        "no agent `beta`; configured: main"
    );

    let reply = ask("mock/m9").await;
    assert_eq!(reply.fault(), (404, "model_not_found".to_owned()));
    assert_eq!(
        reply.json()["error"]["message"],
        "no model `mock/m9`; known: mock/m1, mock/m2"
    );

    assert_eq!(ask("mock/e1").await.status, 400);
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn requests_that_cannot_be_are_400_and_name_the_field() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let user = json!({ "role": "user", "content": "x" });
    for (body, param) in [
        (json!({ "messages": [["user", "hello"]] }), "messages[0]"),
        (
            json!({ "messages": [{ "role": "user", "content": [["text", "hello"]] }] }),
            "messages[0].content[0]",
        ),
        (json!({ "messages": [] }), "messages"),
        (json!({}), "messages"),
        (
            json!({ "messages": [{ "role": "wizard", "content": "x" }] }),
            "messages[0].role",
        ),
        (
            json!({ "messages": [{ "role": "user", "content": 5 }] }),
            "messages[0].content",
        ),
        (
            json!({ "messages": [{ "role": "user", "content": "" }] }),
            "messages[0].content",
        ),
        (
            json!({ "messages": [user], "temperature": 3 }),
            "temperature",
        ),
        (json!({ "messages": [user], "n": 2 }), "n"),
        (json!({ "messages": [user], "stop": [""] }), "stop[0]"),
        (json!({ "messages": [user], "max_tokens": 0 }), "max_tokens"),
        (json!({ "messages": [user], "model": 7 }), "model"),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "ftp://x" } }] }] }),
            "messages[0].content[0].image_url.url",
        ),
        (
            json!({ "messages": [user, { "role": "tool", "tool_call_id": "z", "content": "" }] }),
            "messages[1].tool_call_id",
        ),
    ] {
        let reply = house.chat(body.clone()).await;
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(
            reply.json()["error"]["param"],
            param,
            "{body}: {}",
            reply.text()
        );
        assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn bodies_that_are_no_json_are_400_with_their_place() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let post = |body: Vec<u8>| {
        let request = house.request(reqwest::Method::POST, "/v1/chat/completions");
        super::support::reply(
            request
                .header("content-type", "application/json")
                .body(body),
        )
    };
    let reply = post(b"{\n  \"model\": oops }".to_vec()).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("line 2 column"), "{}", reply.text());
    for body in [
        b"".to_vec(),
        b"{\"model\": \"\xff\"}".to_vec(),
        b"[".repeat(10_000),
        [
            b"{\"x\":".to_vec(),
            b"[".repeat(200),
            b"]".repeat(200),
            b",\"messages\":[]}".to_vec(),
        ]
        .concat(),
        b"{\"model\":\"a\",\"model\":\"b\",\"messages\":[]}".to_vec(),
    ] {
        let reply = post(body).await;
        assert_eq!(reply.status, 400, "{}", reply.text());
        assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
    }
}

#[tokio::test]
async fn bodies_of_another_kind_or_beyond_the_cap_are_refused() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;

    let plain = house
        .request(reqwest::Method::POST, "/v1/chat/completions")
        .header("content-type", "text/plain");
    let reply = super::support::reply(plain.body("{}")).await;
    assert_eq!(reply.status, 415);
    assert!(reply.text().contains("application/json"));

    let big = house
        .request(reqwest::Method::POST, "/v1/chat/completions")
        .header("content-type", "application/json");
    let reply = super::support::reply(big.body(vec![b' '; 25_000_000])).await;
    assert_eq!(reply.status, 413);
}

#[tokio::test]
async fn unknown_places_and_methods_are_json_too() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;

    let reply = house.get("/v1/nothing").await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["error"]["type"], "invalid_request_error");

    let reply = house.get("/v1/chat/completions").await;
    assert_eq!(reply.status, 405);
    assert_eq!(reply.header("allow"), Some("POST"));
    assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
}

#[tokio::test]
async fn a_run_past_the_queue_is_429_and_health_answers_meanwhile() {
    let provider = Scripted::start().await;
    provider.always(Answer::hang());
    let changes = json!({ "agents": { "defaults": { "maxConcurrent": 1, "maxQueued": 0 } } });
    let house = House::changed(&provider, changes).await;

    let first = house.posting("/v1/chat/completions", &hello()).send();
    let others = async {
        provider.next_request().await;
        let second = house.chat(hello()).await;
        (
            second,
            house.get("/health").await,
            house.get("/v1/models").await,
        )
    };
    let (second, health, models) = tokio::select! {
        _ = first => panic!("the first run ended"),
        others = others => others,
    };

    assert_eq!(second.fault(), (429, "too_many_runs".to_owned()));
    assert_eq!(second.header("retry-after"), Some("1"));
    assert_eq!((health.status, models.status), (200, 200));
}

#[tokio::test]
async fn an_empty_answer_is_an_error() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text(""));
    let house = House::before(&provider).await;
    assert_eq!(
        house.chat(hello()).await.fault(),
        (502, "provider_broken_answer".to_owned())
    );
}

#[tokio::test]
async fn a_drain_lets_what_runs_finish_and_refuses_the_rest() {
    let provider = Scripted::start().await;
    let gate = super::support::Gate::new();
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let mut house = House::before(&provider).await;
    let mut body = hello();
    body["stream"] = json!(true);
    let mut frames = super::support::Frames::of(house.streaming(body).await);
    frames.next().await.unwrap();

    house.stop();
    let ready = loop {
        let reply = house.get("/readyz").await;
        if reply.json()["status"] == "draining" {
            break reply;
        }
    };
    assert_eq!(ready.status, 503);
    assert_eq!(house.get("/health").await.status, 200);
    assert_eq!(
        house.chat(hello()).await.fault(),
        (503, "shutting_down".to_owned())
    );

    gate.open();
    let mut last = String::new();
    while let Some(frame) = frames.next().await {
        last = frame;
    }
    assert_eq!(last, "data: [DONE]");
    assert_eq!(house.ended().await, openclaw::server::Ended::Clean);
}

#[tokio::test]
async fn a_second_signal_ends_streams_with_an_error_frame() {
    let provider = Scripted::start().await;
    let gate = super::support::Gate::new();
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let mut house = House::before(&provider).await;
    let mut body = hello();
    body["stream"] = json!(true);
    let mut frames = super::support::Frames::of(house.streaming(body).await);
    frames.next().await.unwrap();

    house.stop();
    house.end_now();

    let mut all = Vec::new();
    while let Some(frame) = frames.next().await {
        all.push(frame);
    }
    assert!(
        all.iter().any(|frame| frame.contains("shutting_down")),
        "{all:?}"
    );
    assert_eq!(all.last().unwrap(), "data: [DONE]");
}
