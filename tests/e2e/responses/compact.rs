//! Compaction: a conversation comes back as a few items that a new chain begins with.

use serde_json::{Value, json};

use super::*;
use crate::support::check_compaction;

const COMPACT: &str = "/v1/responses/compact";

async fn compact(house: &House, body: Value) -> Value {
    let reply = house.post(COMPACT, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let compaction = reply.json();
    check_compaction(&compaction);
    assert!(id(&compaction).starts_with("resp_"));
    compaction
}

fn kinds(compaction: &Value) -> Vec<&str> {
    let items = compaction["output"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn compliance_a_conversation_is_compacted_by_the_agents_model() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("Ann has a cat, Tom."));
    let house = House::before(&provider).await;
    let sent = json!({ "model": "openclaw", "instructions": "Keep the names.", "input": [
        { "role": "developer", "content": "Answer in French." },
        { "role": "user", "content": "I am Ann, and my cat is Tom." },
        { "type": "function_call", "call_id": "c1", "name": "note", "arguments": "{\"cat\":1}" },
        { "type": "function_call_output", "call_id": "c1", "output": "noted" },
        { "role": "assistant", "content": [{ "type": "output_text", "text": "Noted." }] },
    ] });
    let reply = house.post(COMPACT, sent).await;
    let compaction = reply.json();
    check_compaction(&compaction);
    assert_eq!(kinds(&compaction), ["message", "compaction"]);
    assert_eq!(
        compaction["output"][0]["content"],
        json!([{ "type": "input_text", "text": "Answer in French." }])
    );
    assert_eq!(compaction["usage"]["total_tokens"], 18);
    assert_eq!(reply.header("x-openclaw-model"), Some("mock/m1"));
    let asked = context(&provider, 0);
    let [system, transcript] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert!(system.ends_with("Keep the names."), "{system}");
    assert_eq!(
        transcript,
        "user: User: I am Ann, and my cat is Tom.\nAssistant: \nAssistant calls note {\"cat\":1}\n\
         Tool: noted\nAssistant: Noted.\n"
    );
}

#[tokio::test]
async fn compliance_a_new_chain_begins_with_what_was_compacted() {
    let provider = Scripted::start().await;
    for answer in [
        "Hello Ann.",
        "Ann said hello.",
        "You are Ann.",
        "Still Ann.",
    ] {
        provider.push(Answer::chat_auto(answer));
    }
    let house = House::before(&provider).await;
    let first = completed(&create(&house, json!({ "input": "I am Ann." })).await);
    let sent = json!({ "model": "openclaw", "previous_response_id": id(&first) });
    let compaction = compact(&house, sent).await;
    assert_eq!(
        context(&provider, 1)[1],
        "user: User: I am Ann.\nAssistant: Hello Ann.\n"
    );

    let mut input = compaction["output"].as_array().unwrap().clone();
    input.push(json!({ "role": "user", "content": "Who am I?" }));
    let second = completed(&create(&house, json!({ "input": input })).await);
    let window = [
        "user: Summary of the conversation so far:\nAnn said hello.",
        "user: Who am I?",
    ];
    assert_eq!(context(&provider, 2), window);

    let sent = json!({ "input": "Sure?", "previous_response_id": id(&second) });
    completed(&create(&house, sent).await);
    assert_eq!(context(&provider, 3)[..2], window);
    let items = house
        .get(&format!("{PATH}/{}/input_items?order=asc", id(&second)))
        .await
        .json();
    assert_eq!(items["data"][0], compaction["output"][0]);
}

#[tokio::test]
async fn compliance_compaction_without_a_model_is_refused() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for model in [Value::Null, json!("")] {
        let refused = house
            .post(COMPACT, json!({ "model": model, "input": "x" }))
            .await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.json()["error"]["param"], "model");
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn what_cannot_be_compacted_is_refused_by_name() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for (body, status, param) in [
        (json!({}), 400, json!("input")),
        (json!({ "input": [] }), 400, json!("input")),
        (json!({ "input": "" }), 400, json!("input")),
        (
            json!({ "input": [{ "role": "user", "content": [] }] }),
            400,
            json!("input"),
        ),
        (
            json!({ "input": [{ "role": "system", "content": "x" }] }),
            400,
            json!("input"),
        ),
        (
            json!({ "input": [{ "role": "nobody", "content": "x" }] }),
            400,
            json!("input[0].role"),
        ),
        (
            json!({ "previous_response_id": "resp_0" }),
            400,
            json!("previous_response_id"),
        ),
        (
            json!({ "input": "x", "model": "openclaw/nobody" }),
            404,
            Value::Null,
        ),
    ] {
        let mut sent = json!({ "model": "openclaw" });
        sent.as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        let refused = house.post(COMPACT, sent).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]["param"]),
            (status, &param),
            "{body}"
        );
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn a_conversation_that_is_too_long_for_one_call_is_summed_up_in_parts() {
    let provider = Scripted::start().await;
    for answer in ["first part", "second part", "all of it"] {
        provider.push(Answer::chat_auto(answer));
    }
    let house = House::before(&provider).await;
    let sent = json!({ "model": "openclaw", "input": "x".repeat(450_000) });
    let compaction = compact(&house, sent).await;
    assert_eq!(compaction["usage"]["total_tokens"], 3 * 18);
    let lengths: Vec<usize> = (0..3).map(|at| context(&provider, at)[1].len()).collect();
    assert!(
        lengths.iter().all(|length| *length < 201_000),
        "{lengths:?}"
    );
    assert!(context(&provider, 2)[1].contains("so far:\nsecond part\n"));
}

#[tokio::test]
async fn a_provider_that_fails_fails_the_compaction() {
    let provider = Scripted::start().await;
    provider.always(Answer::json(401, json!({ "error": { "message": "no" } })));
    let house = House::before(&provider).await;
    let refused = house
        .post(COMPACT, json!({ "model": "openclaw", "input": "x" }))
        .await;
    assert_eq!(refused.fault(), (502, "provider_auth".to_owned()));
}

#[tokio::test]
async fn what_another_server_compacted_is_passed_over_and_named() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let sent = json!({ "input": [
        { "type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAAABpM0Yj" },
        { "role": "user", "content": "hi" },
    ] });
    let reply = create(&house, sent).await;
    completed(&reply);
    assert_eq!(reply.header("x-openclaw-ignored"), Some("compaction"));
    assert_eq!(context(&provider, 0), ["user: hi"]);
}

#[tokio::test]
async fn what_another_server_compacted_is_named_where_it_is_compacted_again_too() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let sent = json!({ "model": "openclaw", "input": [
        { "type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAAABpM0Yj" },
        { "role": "user", "content": "hi" },
    ] });
    let reply = house.post(COMPACT, sent).await;
    check_compaction(&reply.json());
    assert_eq!(reply.header("x-openclaw-ignored"), Some("compaction"));
    assert_eq!(context(&provider, 0)[1], "user: User: hi\n");
}

#[tokio::test]
async fn a_summary_that_was_cut_short_is_an_error_and_never_a_compaction() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for finish in ["length", "content_filter"] {
        provider.push(Answer::sse([
            json!({ "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "Ann sa" } }] }),
            json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": finish }] }),
        ]));
        let sent = json!({ "model": "openclaw", "input": "I am Ann." });
        let refused = house.post(COMPACT, sent).await;
        assert_eq!(refused.status, 502, "{finish}: {}", refused.text());
    }
}

#[tokio::test]
async fn a_call_that_is_still_open_is_answered_in_the_new_chain() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("Ann asks for the weather."));
    provider.push(Answer::chat_auto("It rains."));
    let house = House::before(&provider).await;
    let call = |id: &str| {
        json!({ "type": "function_call", "id": format!("fc_{id}"), "call_id": id, "name": "weather",
            "arguments": "{}", "status": "completed" })
    };
    let output = |id: &str, said: &str| json!({ "type": "function_call_output", "call_id": id, "output": said });
    let sent = json!({ "model": "openclaw", "input": [
        { "role": "user", "content": "What is the weather?" },
        call("c1"),
        call("c2"),
        output("c1", "sunny, it was"),
    ] });
    let compaction = compact(&house, sent).await;
    assert_eq!(kinds(&compaction), ["compaction", "function_call"]);
    assert_eq!(compaction["output"][1], call("c2"));
    // What is carried over is not told of twice.
    assert_eq!(
        context(&provider, 0)[1],
        "user: User: What is the weather?\nAssistant: \nAssistant calls weather {}\nTool: sunny, it was\n"
    );
    let mut input = compaction["output"].as_array().unwrap().clone();
    input.push(output("c2", "rain"));
    let next = completed(&create(&house, json!({ "input": input })).await);
    assert_eq!(said(&next), "It rains.");
}

#[tokio::test]
async fn the_session_of_a_user_is_compacted_where_it_is_named() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let sent = json!({ "input": "I am Ann.", "user": "ann" });
    let first = completed(&create(&house, sent).await);
    let mut sent = json!({ "model": "openclaw", "previous_response_id": id(&first) });
    let elsewhere = house.post(COMPACT, sent.clone()).await;
    assert_eq!(
        elsewhere.fault(),
        (400, "previous_response_not_found".to_owned())
    );
    sent["user"] = json!("ann");
    compact(&house, sent).await;
}
