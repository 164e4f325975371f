//! What there is and what it costs: `GET /v1/models`, `GET /v1/models/{id}`, discovery, prices, `POST /v1/embeddings`.

use serde_json::{Value, json};

use super::support::{
    Answer, Gate, House, Program, Scripted, config_for, embedding_of, http, merged, reply, within,
};

fn ids(list: &Value) -> Vec<&str> {
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_list_holds_agent_targets_then_models() {
    let provider = Scripted::start().await;
    let house = House::changed(
        &provider,
        json!({ "agents": { "list": [{ "id": "beta" }, { "id": "Main" }] } }),
    )
    .await;

    let reply = house.get("/v1/models").await;

    let list = reply.json();
    assert_eq!(list["object"], "list");
    assert_eq!(
        ids(&list),
        [
            "openclaw/default",
            "openclaw/main",
            "openclaw/beta",
            "mock/m1",
            "mock/m2"
        ]
    );
    let model = &list["data"][3];
    assert_eq!(model["object"], "model");
    assert_eq!(model["owned_by"], "mock");
    assert!(model["created"].as_u64().unwrap() > 1_700_000_000);
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn the_list_may_hold_only_agents_or_only_models_and_follows_an_allow_list() {
    let provider = Scripted::start().await;
    let listing = |list: &str| {
        merged(
            config_for(&provider),
            json!({
                "gateway": { "http": { "endpoints": { "models": { "list": list } } } },
                "agents": { "list": [{ "id": "main" }, { "id": "beta", "models": { "mock/m2": {} } }] },
            }),
        )
    };
    let agents = House::start(listing("agents")).await;
    assert_eq!(
        ids(&agents.get("/v1/models").await.json()),
        ["openclaw/default", "openclaw/main", "openclaw/beta"]
    );

    let models = House::start(listing("models")).await;
    assert_eq!(
        ids(&models.get("/v1/models").await.json()),
        ["mock/m1", "mock/m2"]
    );

    // The agent's primary, and the keys of its `models`.
    let request = models
        .request(reqwest::Method::GET, "/v1/models")
        .header("x-openclaw-agent-id", "beta");
    assert_eq!(
        ids(&super::support::reply(request).await.json()),
        ["mock/m1", "mock/m2"]
    );
    let request = models
        .request(reqwest::Method::GET, "/v1/models")
        .header("x-openclaw-agent-id", "gamma");
    assert_eq!(
        super::support::reply(request).await.fault(),
        (404, "agent_not_found".to_owned())
    );
}

#[tokio::test]
async fn one_model_is_found_by_its_id_plain_or_encoded() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for id in [
        "mock/m1",
        "mock%2Fm1",
        "openclaw",
        "openclaw/default",
        "openclaw%2Fdefault",
        "openclaw/main",
    ] {
        let reply = house.get(&format!("/v1/models/{id}")).await;
        assert_eq!(reply.status, 200, "{id}: {}", reply.text());
        assert_eq!(reply.json()["id"], id.replace("%2F", "/"));
    }
    assert_eq!(
        house.get("/v1/models/mock/m9").await.fault(),
        (404, "model_not_found".to_owned())
    );
    assert_eq!(house.get("/v1/models/%zz").await.status, 400);
    assert_eq!(house.get("/v1/models/%ff").await.status, 400);
}

/// A server whose one provider has no list of models.
fn without_a_list(provider: &Scripted) -> Value {
    let mut config = config_for(provider);
    config["models"]["providers"]["mock"]["models"] = json!([]);
    config
}

#[tokio::test]
async fn a_provider_without_a_list_is_asked_in_the_background_and_its_answer_kept() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    let said = json!({ "object": "list", "data": [{ "id": "m7" }, { "id": "m8" }, { "id": "m-embed" }, { "id": "whisper-1" }] });
    provider.on("/models", Answer::json(200, said).pause_before_head(&gate));
    let server = Program::serve(&without_a_list(&provider));
    let client = http();
    let listed = async || {
        let request = client
            .get(format!("http://{}/v1/models", server.address()))
            .bearer_auth("house-token");
        let list = reply(request).await.json();
        ids(&list)[2..]
            .iter()
            .map(|id| (*id).to_owned())
            .collect::<Vec<_>>()
    };

    gate.reached().await;
    assert_eq!(listed().await, [""; 0], "nobody waits for the provider");

    gate.open();
    within(|| "the models of the provider".to_owned(), async {
        while listed().await != ["mock/m7", "mock/m8"] {}
    })
    .await;
    assert_eq!(
        provider.only_request().header("authorization"),
        Some("Bearer provider-key")
    );
    let plain = server.run(&["models", "list", "--plain"]);
    assert_eq!(plain.out, "mock/m7\nmock/m8\nmock/m-embed\n", "{plain:?}");
    assert_eq!(
        provider.requests().len(),
        1,
        "a command reads what was kept"
    );
}

/// Priced so that an answer of the script, 11 tokens in and 7 out, costs 36 millionths of a dollar.
fn priced() -> Value {
    let model = json!({ "id": "m1", "cost": { "input": 2, "output": 2 } });
    json!({ "models": { "providers": { "mock": { "models": [model, { "id": "m2" }] } } } })
}

#[tokio::test]
async fn usage_says_what_a_run_cost_whole_and_streamed_where_the_price_is_known() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("hi"));
    let house = House::changed(&provider, priced()).await;
    let ask = |model: &str, stream: bool| {
        let options = if stream {
            json!({ "include_usage": true })
        } else {
            Value::Null
        };
        house.chat(json!({
            "model": model, "stream": stream, "stream_options": options,
            "messages": [{ "role": "user", "content": "hello" }],
        }))
    };

    assert_eq!(
        ask("mock/m1", false).await.json()["usage"]["cost"],
        json!(0.000_036)
    );
    let events = ask("mock/m1", true).await.events();
    let usage = events
        .iter()
        .find(|event| event["usage"].is_object())
        .unwrap();
    assert_eq!(usage["usage"]["cost"], json!(0.000_036));
    let unpriced = ask("mock/m2", false).await.json();
    assert_eq!(unpriced["usage"]["total_tokens"], 18);
    assert_eq!(unpriced["usage"].get("cost"), None, "no price is invented");
}

#[tokio::test]
async fn vectors_of_another_length_than_asked_for_are_502() {
    let provider = Scripted::start().await;
    let item = |index: usize| json!({ "index": index, "embedding": [0.5, 0.5, 0.5] });
    provider.always(Answer::json(200, json!({ "data": [item(0), item(1)] })));
    let configured = json!({ "models": { "providers": { "mock": { "models": [
        { "id": "e1", "kind": "embedding", "dimensions": 2 },
    ] } } } });
    for (config, body) in [
        (json!({}), json!({ "dimensions": 2 })),
        (configured, json!({})),
    ] {
        let house = House::start(merged(config_for(&provider), config)).await;
        let body = merged(json!({ "model": "mock/e1", "input": ["a", "b"] }), body);
        let reply = house.post("/v1/embeddings", body).await;
        assert_eq!(reply.status, 502, "{}", reply.text());
        let error = &reply.json()["error"];
        assert_eq!(error["type"], "upstream_error");
        assert_eq!(error["code"], "provider_broken_answer");
    }
}

#[tokio::test]
async fn embeddings_keep_order_and_come_as_asked() {
    let provider = Scripted::start().await;
    provider.always(Answer::embeddings_of(3));
    let house = House::before(&provider).await;

    let reply = house
        .post(
            "/v1/embeddings",
            json!({ "model": "openclaw", "input": ["a", "b"] }),
        )
        .await;
    let item = |index: usize, text: &str| json!({ "object": "embedding", "index": index, "embedding": embedding_of(text, 3) });
    assert_eq!(
        reply.json(),
        json!({
            "object": "list",
            "data": [item(0, "a"), item(1, "b")],
            "model": "openclaw",
            "usage": { "prompt_tokens": 2, "total_tokens": 2 },
        })
    );
    assert_eq!(reply.header("x-openclaw-model"), Some("mock/e1"));

    let body =
        json!({ "model": "mock/e1", "input": "a", "encoding_format": "base64", "dimensions": 2 });
    let reply = house.post("/v1/embeddings", body).await;
    let bytes: Vec<u8> = embedding_of("a", 2)
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    use base64::Engine as _;
    let expected = base64::engine::general_purpose::STANDARD.encode(bytes);
    assert_eq!(reply.json()["data"][0]["embedding"], expected);
    assert_eq!(provider.requests()[1].json()["dimensions"], 2);
}

#[tokio::test]
async fn embedding_requests_that_cannot_be_are_told_so() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for (body, status) in [
        (json!({ "input": "a" }), 400),
        (json!({ "model": "mock/e1" }), 400),
        (json!({ "model": "mock/e1", "input": [] }), 400),
        (json!({ "model": "mock/e1", "input": ["a", ""] }), 400),
        (json!({ "model": "mock/e1", "input": vec!["a"; 2049] }), 400),
        (
            json!({ "model": "mock/e1", "input": "a", "encoding_format": "hex" }),
            400,
        ),
        (json!({ "model": "mock/m1", "input": "a" }), 400),
        (json!({ "model": "mock/e9", "input": "a" }), 404),
    ] {
        let reply = house.post("/v1/embeddings", body).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
    let reply = house
        .post(
            "/v1/embeddings",
            json!({ "model": "mock/e1", "input": ["a", ""] }),
        )
        .await;
    assert_eq!(reply.json()["error"]["param"], "input[1]");
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn a_batch_that_is_too_large_for_the_provider_is_halved_and_remembered() {
    let provider = Scripted::start().await;
    provider.always(Answer::from_fn(|request| {
        let count = request.json()["input"].as_array().unwrap().len();
        match count {
            0..=2 => Answer::embeddings_of(2),
            _ => Answer::error(400, "too many inputs: at most 2", "invalid_request_error"),
        }
    }));
    let house = House::before(&provider).await;
    let body = json!({ "model": "mock/e1", "input": ["a", "b", "c", "d"] });

    let reply = house.post("/v1/embeddings", body.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let vectors: Vec<Value> = reply.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["embedding"].clone())
        .collect();
    let expected: Vec<Value> = ["a", "b", "c", "d"]
        .iter()
        .map(|text| json!(embedding_of(text, 2)))
        .collect();
    assert_eq!(vectors, expected);
    assert_eq!(provider.requests().len(), 3);

    // Two are taken and four are not; whether three are shows in the next request, and is known from then on.
    house.post("/v1/embeddings", body.clone()).await;
    assert_eq!(provider.requests().len(), 7);
    house.post("/v1/embeddings", body).await;
    assert_eq!(provider.requests().len(), 9);
}

#[tokio::test]
async fn vectors_that_cannot_be_right_are_502_and_never_passed_on() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for data in [
        json!([]),
        json!([{ "index": 0, "embedding": [1, 2] }]),
        json!([{ "index": 0, "embedding": [1, 2] }, { "index": 0, "embedding": [1, 2] }]),
        json!([{ "index": 0, "embedding": [1, 2] }, { "index": 1, "embedding": [1] }]),
        json!([{ "index": 0, "embedding": [1, 1e300] }, { "index": 1, "embedding": [1, 2] }]),
    ] {
        provider.always(Answer::json(200, json!({ "data": data })));
        let reply = house
            .post(
                "/v1/embeddings",
                json!({ "model": "mock/e1", "input": ["a", "b"] }),
            )
            .await;
        assert_eq!(reply.status, 502, "{data}: {}", reply.text());
    }
}

#[tokio::test]
async fn one_text_that_is_too_long_does_not_shrink_the_batches_of_others() {
    let provider = Scripted::start().await;
    provider.always(Answer::from_fn(|request| {
        if request.json()["input"]
            .as_array()
            .unwrap()
            .iter()
            .any(|text| text == "long")
        {
            return Answer::error(400, "maximum context length exceeded", "x");
        }
        Answer::embeddings_of(2)
    }));
    let house = House::before(&provider).await;
    let ask = |input: Value| {
        house.post(
            "/v1/embeddings",
            json!({ "model": "mock/e1", "input": input }),
        )
    };

    assert_eq!(ask(json!(["long", "b"])).await.status, 400);
    let before = provider.requests().len();
    assert_eq!(ask(json!(["a", "b", "c", "d"])).await.status, 200);
    assert_eq!(provider.requests().len(), before + 1);
}
