//! Responses over a WebSocket.

mod doors;
mod ends;

use serde_json::{Value, json};

use super::*;
use crate::support::Socket;

fn says(text: &str) -> Value {
    json!({ "model": "openclaw", "store": false, "input": [
        { "type": "message", "role": "user", "content": text },
    ] })
}

fn continues(previous: &Value, text: &str) -> Value {
    let mut body = says(text);
    body["previous_response_id"] = previous["id"].clone();
    body
}

fn not_found() -> (u16, String) {
    (400, "previous_response_not_found".to_owned())
}

async fn answering(words: &[&str]) -> (Scripted, House) {
    let provider = Scripted::start().await;
    for word in words {
        provider.push(Answer::chat_auto(word));
    }
    let house = House::before(&provider).await;
    (provider, house)
}

#[tokio::test]
async fn compliance_a_response_over_a_websocket() {
    let (provider, house) = answering(&["hello there, friend"]).await;
    let mut socket = Socket::to(&house).await;
    let told = socket.turn(says("Say hello in exactly 3 words.")).await;
    assert_eq!(
        told.kinds(),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    check_response(told.response());
    assert_eq!(said(told.response()), "hello there, friend");
    assert_eq!(
        context(&provider, 0),
        ["user: Say hello in exactly 3 words."]
    );
    assert_eq!(provider.only_request().json()["stream"], true);
}

#[tokio::test]
async fn compliance_responses_over_one_websocket_follow_each_other_in_order() {
    let (provider, house) = answering(&["one", "two", "three"]).await;
    let mut socket = Socket::to(&house).await;
    for text in ["1", "2", "3"] {
        socket.ask(says(text)).await;
    }
    for answer in ["one", "two", "three"] {
        assert_eq!(said(socket.told().await.response()), answer);
    }
    let asked: Vec<Vec<String>> = (0..3).map(|at| context(&provider, at)).collect();
    assert_eq!(asked, [["user: 1"], ["user: 2"], ["user: 3"]]);
}

#[tokio::test]
async fn compliance_a_response_that_is_not_stored_is_continued_on_its_websocket() {
    let (provider, house) = answering(&["Hello Ann.", "Ann.", "Ann, still."]).await;
    let mut socket = Socket::to(&house).await;
    let first = socket.turn(says("I am Ann.")).await;
    let second = socket.turn(continues(first.response(), "Who am I?")).await;
    let third = socket.turn(continues(second.response(), "And now?")).await;
    assert_eq!(said(third.response()), "Ann, still.");
    assert_eq!(
        third.response()["previous_response_id"],
        second.response()["id"]
    );
    assert_eq!(
        context(&provider, 2),
        [
            "user: I am Ann.",
            "assistant: Hello Ann.",
            "user: Who am I?",
            "assistant: Ann.",
            "user: And now?",
        ]
    );
    assert_eq!(std::fs::read_dir(house.state()).unwrap().count(), 0);
}

#[tokio::test]
async fn compliance_after_a_reconnect_what_was_not_stored_is_sent_again() {
    let (provider, house) = answering(&["Hello Ann.", "Ann."]).await;
    let mut socket = Socket::to(&house).await;
    let first = socket.turn(says("I am Ann.")).await;
    drop(socket);
    let mut socket = Socket::to(&house).await;
    let continued = continues(first.response(), "Who am I?");
    assert_eq!(socket.refused(continued).await, not_found());

    let mut input = vec![json!({ "role": "user", "content": "I am Ann." })];
    input.extend(first.response()["output"].as_array().unwrap().clone());
    input.push(json!({ "role": "user", "content": "Who am I?" }));
    let whole = json!({ "model": "openclaw", "store": false, "input": input });
    assert_eq!(said(socket.turn(whole).await.response()), "Ann.");
    assert_eq!(
        context(&provider, 1),
        [
            "user: I am Ann.",
            "assistant: Hello Ann.",
            "user: Who am I?"
        ]
    );
}

#[tokio::test]
async fn compliance_an_unknown_previous_response_is_an_error_event() {
    let (_provider, house) = answering(&["hi"]).await;
    let mut socket = Socket::to(&house).await;
    let unknown = json!({ "id": "resp_00000000000000000000000000000000" });
    socket.ask(continues(&unknown, "hello")).await;
    let event = socket.hear().await;
    assert_eq!(
        event,
        json!({ "type": "error", "status": 400, "error": {
            "type": "invalid_request_error",
            "code": "previous_response_not_found",
            "param": "previous_response_id",
            "message": event["error"]["message"],
        } })
    );
    assert_eq!(said(socket.turn(says("hello")).await.response()), "hi");
}

#[tokio::test]
async fn compliance_a_continuation_that_fails_evicts_what_it_continued() {
    let failing = json!({ "error": { "message": "no", "type": "server_error" } });
    for how in ["shape", "items", "model", "provider", "stream"] {
        let (provider, house) = answering(&["one"]).await;
        let mut socket = Socket::to(&house).await;
        let first = socket.turn(says("1")).await;
        let mut continued = continues(first.response(), "2");
        match how {
            "shape" => continued["temperature"] = json!("hot"),
            "items" => {
                continued["input"] =
                    json!([{ "type": "function_call_output", "call_id": "none", "output": "x" }]);
            }
            "model" => continued["model"] = json!("openclaw/nobody"),
            "provider" => provider.push(Answer::json(400, failing.clone())),
            _ => provider.push(Answer::chat_stream(&["be", "gun"]).cut_after(2)),
        }
        match how {
            "stream" => {
                let told = socket.turn(continued).await;
                assert_eq!(told.response()["status"], "failed");
            }
            _ => {
                let (status, _) = socket.refused(continued).await;
                assert!((400..500).contains(&status), "{how}");
            }
        }
        let again = continues(first.response(), "2");
        assert_eq!(socket.refused(again).await, not_found(), "{how}");
    }
}

#[tokio::test]
async fn a_stored_response_is_continued_over_any_websocket_and_without_one() {
    let (provider, house) = answering(&["one", "two", "three"]).await;
    let mut body = says("1");
    body["store"] = json!(true);
    let first = Socket::to(&house).await.turn(body).await;
    let mut body = continues(first.response(), "2");
    body["store"] = json!(true);
    let second = Socket::to(&house).await.turn(body).await;
    let third = create(&house, continues(second.response(), "3")).await;
    assert_eq!(said(&completed(&third)), "three");
    assert_eq!(context(&provider, 2).len(), 5);
}

#[tokio::test]
async fn a_response_that_is_to_generate_nothing_asks_nobody_and_can_be_continued() {
    let (provider, house) = answering(&["Ann."]).await;
    let mut socket = Socket::to(&house).await;
    let mut warming = says("I am Ann.");
    warming["generate"] = json!(false);
    let told = socket.turn(warming).await;
    assert_eq!(
        told.kinds(),
        [
            "response.created",
            "response.in_progress",
            "response.completed"
        ]
    );
    check_response(told.response());
    assert_eq!(told.response()["output"], json!([]));
    assert!(provider.requests().is_empty());
    let next = socket.turn(continues(told.response(), "Who am I?")).await;
    assert_eq!(said(next.response()), "Ann.");
    assert_eq!(
        context(&provider, 0),
        ["user: I am Ann.", "user: Who am I?"]
    );
}

#[tokio::test]
async fn what_is_deleted_is_not_continued_from_memory_either() {
    for is_next in [true, false] {
        let (_provider, house) = answering(&["one", "two", "three"]).await;
        let mut socket = Socket::to(&house).await;
        let mut body = says("1");
        body["store"] = json!(true);
        let stored = socket.turn(body).await;
        let path = format!("{PATH}/{}", id(stored.response()));
        let mut last = stored;
        if !is_next {
            last = socket.turn(continues(last.response(), "2")).await;
        }
        let deleted = house.request(reqwest::Method::DELETE, &path);
        assert_eq!(reply(deleted).await.status, 200);
        let continued = continues(last.response(), "3");
        assert_eq!(socket.refused(continued).await, not_found(), "{is_next}");
    }
}

#[tokio::test]
async fn what_is_to_be_stored_continues_nothing_that_is_not() {
    let (provider, house) = answering(&["one"]).await;
    let mut socket = Socket::to(&house).await;
    let first = socket.turn(says("1")).await;
    let mut stored = continues(first.response(), "2");
    stored["store"] = json!(true);
    socket.ask(stored).await;
    let refused = socket.hear().await;
    assert_eq!(
        (&refused["status"], &refused["error"]["param"]),
        (&json!(400), &json!("store"))
    );
    assert_eq!(provider.requests().len(), 1);
    assert_eq!(std::fs::read_dir(house.state()).unwrap().count(), 0);
}
