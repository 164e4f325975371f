//! Failures: before anything is out they are HTTP errors, afterwards the end of the stream says so. Nothing of a run that
//! did not come to its end is kept.

use serde_json::json;

use super::*;
use crate::support::{Frames, Gate};

fn streaming() -> Value {
    json!({ "input": "hi", "stream": true })
}

#[tokio::test]
async fn a_failure_before_the_first_event_is_an_http_error_whole_or_streamed() {
    let provider = Scripted::start().await;
    provider.always(Answer::error(401, "bad key", "invalid_api_key"));
    let house = House::before(&provider).await;
    for stream in [false, true] {
        let reply = create(&house, json!({ "input": "hi", "stream": stream })).await;
        assert_eq!(reply.fault(), (502, "provider_auth".to_owned()));
        assert_eq!(reply.json()["error"]["type"], "upstream_error");
    }
    assert_eq!(std::fs::read_dir(house.state()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_whole_answer_that_breaks_is_an_http_error_not_a_failed_response() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_stream(&["Hel", "lo"]).cut_after(3));
    let house = House::changed(
        &provider,
        json!({ "models": { "providers": { "mock": { "models": [{ "id": "m1", "compat": { "upstream": "stream" } }] } } },
                "agents": { "defaults": { "memorySearch": null } } }),
    )
    .await;
    let reply = create(&house, json!({ "input": "hi" })).await;
    assert_eq!(reply.fault(), (502, "provider_broken_answer".to_owned()));
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_a_failed_response() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["Hel", "lo"]).cut_after(3));
    let house = House::before(&provider).await;
    let told = Told::of(&create(&house, streaming()).await);
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
            "response.failed",
        ]
    );
    let response = told.response();
    check_response(response);
    assert_eq!(response["status"], "failed");
    assert_eq!(response["error"]["code"], "provider_broken_answer");
    assert_eq!(response["completed_at"], Value::Null);
    assert_eq!(said(response), "Hello");
    assert_eq!(response["output"][0]["status"], "incomplete");
    let ended = |event: &&Value| event["type"] == "response.output_item.done";
    let ended = told.0.iter().find(ended).unwrap();
    assert_eq!(ended["item"], response["output"][0]);
    assert_eq!(told.0[0]["response"]["store"], true);
    assert_eq!(response["store"], false);

    assert_eq!(
        house.get(&format!("{PATH}/{}", id(response))).await.status,
        404
    );
    let next = json!({ "input": "go on", "previous_response_id": id(response) });
    assert_eq!(
        create(&house, next).await.fault(),
        (400, "previous_response_not_found".to_owned())
    );
}

#[tokio::test]
async fn a_call_that_breaks_off_is_ended_as_incomplete() {
    let provider = Scripted::start().await;
    let calls = Answer::chat_tool_calls(&[("c1", "f", json!({ "n": 1 })), ("c2", "g", json!({}))]);
    provider.push(calls.cut_after(5));
    let house = House::before(&provider).await;
    let tools = json!([{ "type": "function", "name": "f" }, { "type": "function", "name": "g" }]);
    let sent = json!({ "input": "hi", "stream": true, "tools": tools });
    let told = Told::of(&create(&house, sent).await);
    let output = told.response()["output"].as_array().unwrap();
    let done = |event: &&Value| event["type"] == "response.output_item.done";
    let ended: Vec<&Value> = told.0.iter().filter(done).collect();
    assert_eq!(ended.len(), 2);
    for (event, item) in ended.iter().zip(output) {
        assert_eq!(&event["item"], item);
        assert_eq!(item["status"], "incomplete");
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_ends_the_run_and_nothing_is_kept() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;

    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["Hel", "lo"]).pause_before(2, &gate));
    let response = house.posting(PATH, &streaming()).send().await.unwrap();
    let mut frames = Frames::of(response);
    let created = frames.next().await.unwrap();
    gate.reached().await;
    drop(frames);
    provider.hung_up().await;
    let created: Value = serde_json::from_str(created.split_once("data: ").unwrap().1).unwrap();
    let path = format!("{PATH}/{}", created["response"]["id"].as_str().unwrap());
    assert_eq!(house.get(&path).await.status, 404);

    provider.push(Answer::hang());
    let sent = json!({ "input": "hi" });
    let mut waiting = Box::pin(house.posting(PATH, &sent).send());
    tokio::select! {
        _ = &mut waiting => panic!("an answer of a silent provider"),
        _ = provider.next_request() => {}
    }
    // The first request was the stream's.
    tokio::select! {
        _ = &mut waiting => panic!("an answer of a silent provider"),
        _ = provider.next_request() => {}
    }
    drop(waiting);
    provider.hung_up().await;
}

#[tokio::test]
async fn a_stream_without_a_first_event_begins_all_the_same_and_may_fail_in_order() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.always(Answer::error(400, "no", "bad").pause_before_head(&gate));
    let house = House::changed(
        &provider,
        json!({ "gateway": { "http": { "sse": { "heartbeatMs": 20 } } } }),
    )
    .await;
    let response = house.posting(PATH, &streaming()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    gate.open();
    let text = response.text().await.unwrap();
    assert!(text.contains(": keep-alive\n\n"), "{text}");
    let told = Told::read(text.strip_suffix("data: [DONE]\n\n").unwrap());
    assert_eq!(
        told.kinds(),
        [
            "response.created",
            "response.in_progress",
            "response.failed"
        ]
    );
    assert_eq!(told.response()["error"]["code"], "bad");
}

#[tokio::test]
async fn a_server_that_ends_fails_its_streams_in_order() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["Hel", "lo"]).pause_before(2, &gate));
    let mut house = House::before(&provider).await;
    let response = house.posting(PATH, &streaming()).send().await.unwrap();
    gate.reached().await;
    house.stop();
    house.end_now();
    let text = response.text().await.unwrap();
    let told = Told::read(text.strip_suffix("data: [DONE]\n\n").unwrap());
    assert_eq!(told.kinds().last(), Some(&"response.failed"));
    assert_eq!(told.response()["error"]["code"], "shutting_down");
}
