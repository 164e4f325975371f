use serde_json::{Value, json};

use super::{CHAT, House, hello};

#[tokio::test]
async fn a_message_is_answered_by_the_agent_and_the_headers_say_by_whom() {
    let answer = House::open().post(CHAT, hello()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let completion = answer.json();
    assert_eq!(
        (&completion["object"], &completion["model"]),
        (&json!("chat.completion"), &json!("offline/echo"))
    );
    assert!(
        completion["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .ends_with("hello")
    );
    assert_eq!(answer.header("x-openclaw-model"), Some("offline/echo"));
    assert_eq!(answer.header("x-openclaw-agent-id"), Some("main"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("openai-processing-ms").is_some());
}

#[tokio::test]
async fn a_stream_says_the_same_in_pieces_and_ends_with_done() {
    let mut body = hello();
    body["stream"] = json!(true);
    let answer = House::open().post(CHAT, body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    assert_eq!(answer.header("x-openclaw-model"), Some("offline/echo"));
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let frames: Vec<&str> = text
        .split_terminator("\n\n")
        .map(|frame| frame.strip_prefix("data: ").unwrap())
        .collect();
    let (done, chunks) = frames.split_last().unwrap();
    assert_eq!(*done, "[DONE]");
    let chunks: Vec<Value> = chunks
        .iter()
        .map(|chunk| serde_json::from_str(chunk).unwrap())
        .collect();
    let content: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert!(content.ends_with("hello"));
    assert_eq!(
        chunks.last().unwrap()["choices"][0]["finish_reason"],
        "stop"
    );
}

#[tokio::test]
async fn what_the_room_refuses_has_its_status_and_names_what_there_is() {
    let house = House::open();
    let mut body = hello();
    body["model"] = json!("openclaw/nobody");
    let answer = house.post(CHAT, body.clone()).await;
    assert_eq!(
        answer.error(),
        (
            404,
            json!("invalid_request_error"),
            json!("agent_not_found")
        )
    );
    assert!(
        answer.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("main")
    );
    body["model"] = json!("nowhere/model");
    assert_eq!(
        house.post(CHAT, body).await.error(),
        (
            404,
            json!("invalid_request_error"),
            json!("model_not_found")
        )
    );
}

#[tokio::test]
async fn models_are_listed_and_found_encoded_or_plain() {
    let house = House::open();
    let list = house.get("/v1/models").await.json();
    let ids: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["openclaw/default", "openclaw/main", "offline/echo"]);
    for path in [
        "offline%2Fecho",
        "offline/echo",
        "openclaw",
        "openclaw%2Fdefault",
        "OpenClaw/Main",
    ] {
        let answer = house.get(&format!("/v1/models/{path}")).await;
        assert_eq!(
            (answer.status, &answer.json()["object"]),
            (200, &json!("model")),
            "{path}"
        );
    }
    assert_eq!(house.get("/v1/models/%zz").await.status, 400);
    assert_eq!(house.get("/v1/models/%ff").await.status, 400);
    let unknown = house.get("/v1/models/offline/nothing").await;
    assert_eq!(
        unknown.error(),
        (
            404,
            json!("invalid_request_error"),
            json!("model_not_found")
        )
    );
}

#[tokio::test]
async fn embeddings_come_in_the_encoding_that_was_asked_for() {
    let house = House::open();
    let body =
        json!({ "model": "offline/hash-384", "input": ["a", "b"], "encoding_format": "base64" });
    let answer = house.post("/v1/embeddings", body).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let list = answer.json();
    assert_eq!(list["data"][1]["index"], 1);
    assert_eq!(
        list["data"][1]["embedding"].as_str().unwrap().len(),
        384 * 4 / 3 * 4
    );
    assert_eq!(answer.header("x-openclaw-model"), Some("offline/hash-384"));
    let missing = house.post("/v1/embeddings", json!({ "input": "a" })).await;
    assert_eq!(
        (missing.status, &missing.json()["error"]["param"]),
        (400, &json!("model"))
    );
    let empty = house
        .post(
            "/v1/embeddings",
            json!({ "model": "offline/hash-384", "input": ["a", ""] }),
        )
        .await;
    assert_eq!(
        (empty.status, &empty.json()["error"]["param"]),
        (400, &json!("input[1]"))
    );
}
