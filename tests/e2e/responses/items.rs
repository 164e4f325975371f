//! What a run says as items: reasoning, refusals, probabilities, and answers that are not whole.

use serde_json::json;

use super::*;

fn choice(delta: Value, logprobs: Value, finish: Value) -> Value {
    json!({ "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
        { "index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish },
    ] })
}

fn delta(delta: Value) -> Value {
    choice(delta, Value::Null, Value::Null)
}

fn end(reason: &str) -> Value {
    choice(json!({}), Value::Null, json!(reason))
}

fn streaming() -> Value {
    json!({ "input": "hi", "stream": true })
}

fn thinking() -> Answer {
    Answer::sse([
        delta(json!({ "role": "assistant", "reasoning_content": "Hm, " })),
        delta(json!({ "reasoning_content": "\"yes\".\n" })),
        delta(json!({ "content": "Yes." })),
        end("stop"),
    ])
}

#[tokio::test]
async fn reasoning_is_an_item_of_its_own_before_the_message() {
    let provider = Scripted::start().await;
    provider.push(thinking());
    let house = House::before(&provider).await;
    let told = Told::of(&create(&house, streaming()).await);
    assert_eq!(
        told.kinds(),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    let output = &told.response()["output"];
    assert_eq!(
        output[0],
        json!({ "type": "reasoning", "id": output[0]["id"], "summary": [
            { "type": "summary_text", "text": "Hm, \"yes\".\n" },
        ] })
    );
    assert_eq!(said(told.response()), "Yes.");
    let indexes: Vec<&Value> = told.0[2..14]
        .iter()
        .map(|event| &event["output_index"])
        .collect();
    assert_eq!(
        indexes.iter().filter(|index| ***index == json!(0)).count(),
        7
    );
}

#[tokio::test]
async fn sealed_reasoning_is_given_where_it_is_asked_for_and_taken_back() {
    let provider = Scripted::start().await;
    provider.push(thinking());
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let mut sent = streaming();
    sent["include"] = json!([
        "reasoning.encrypted_content",
        "web_search_call.action.sources"
    ]);
    sent["store"] = json!(false);
    let told = Told::of(&create(&house, sent).await);
    let output = told.response()["output"].as_array().unwrap().clone();
    let sealed = output[0]["encrypted_content"].as_str().unwrap();
    assert!(!sealed.contains("yes"), "{sealed}");

    // As a client sends its own conversation on, with the summary or with what is sealed alone.
    let mut bare = output[0].clone();
    bare["summary"] = json!([]);
    let foreign = json!({ "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA", "content": null });
    for reasoning in [output[0].clone(), bare, foreign] {
        let next = json!({ "store": false, "input": [
            { "role": "user", "content": "hi" }, reasoning, output[1], { "role": "user", "content": "and?" },
        ] });
        completed(&create(&house, next).await);
        assert_eq!(
            context(&provider, provider.requests().len() - 1),
            ["user: hi", "assistant: Yes.", "user: and?"]
        );
    }
}

#[tokio::test]
async fn a_refusal_is_told_as_one() {
    let provider = Scripted::start().await;
    provider.push(Answer::sse([
        delta(json!({ "role": "assistant", "refusal": "I " })),
        delta(json!({ "refusal": "won't." })),
        end("stop"),
    ]));
    let house = House::before(&provider).await;
    let told = Told::of(&create(&house, streaming()).await);
    assert_eq!(told.joined("response.refusal.delta"), "I won't.");
    assert!(told.kinds().contains(&"response.refusal.done"));
    assert_eq!(
        told.response()["output"][0]["content"],
        json!([{ "type": "refusal", "refusal": "I won't." }])
    );
}

#[tokio::test]
async fn probabilities_are_told_where_they_are_asked_for() {
    let provider = Scripted::start().await;
    let logprobs = json!({ "content": [
        { "token": "Hi", "logprob": -0.5, "bytes": null, "top_logprobs": [{ "token": "Hi", "logprob": -0.5, "bytes": [72, 105] }] },
    ], "refusal": null });
    provider.push(Answer::sse([
        choice(
            json!({ "role": "assistant", "content": "Hi" }),
            logprobs,
            Value::Null,
        ),
        end("stop"),
    ]));
    let house = House::before(&provider).await;
    let mut sent = streaming();
    sent["include"] = json!(["message.output_text.logprobs"]);
    sent["top_logprobs"] = json!(1);
    let told = Told::of(&create(&house, sent).await);
    let expected = json!([
        { "token": "Hi", "logprob": -0.5, "bytes": [], "top_logprobs": [{ "token": "Hi", "logprob": -0.5, "bytes": [72, 105] }] },
    ]);
    assert_eq!(
        told.response()["output"][0]["content"][0]["logprobs"],
        expected
    );
    let in_deltas = told.0.iter().find(|event| {
        event["logprobs"]
            .as_array()
            .is_some_and(|list| !list.is_empty())
    });
    assert_eq!(in_deltas.unwrap()["logprobs"], expected);
    assert_eq!(told.joined("response.output_text.delta"), "Hi");
    let asked = provider.only_request().json();
    assert_eq!(
        (&asked["logprobs"], &asked["top_logprobs"]),
        (&json!(true), &json!(1))
    );
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_incomplete_and_says_why() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    for (finish, reason) in [
        ("length", "max_output_tokens"),
        ("content_filter", "content_filter"),
    ] {
        provider.push(Answer::sse([
            delta(json!({ "role": "assistant", "content": "Once upon" })),
            end(finish),
        ]));
        let mut sent = streaming();
        sent["max_output_tokens"] = json!(16);
        let told = Told::of(&create(&house, sent).await);
        assert_eq!(told.kinds().last(), Some(&"response.incomplete"));
        let response = told.response();
        assert_eq!(
            (
                &response["status"],
                &response["incomplete_details"],
                &response["completed_at"]
            ),
            (
                &json!("incomplete"),
                &json!({ "reason": reason }),
                &Value::Null
            )
        );
        assert_eq!(response["output"][0]["status"], "incomplete");
        assert_eq!(
            house.get(&format!("{PATH}/{}", id(response))).await.json(),
            *response
        );
    }
    // A call that was cut off is not waited for.
    provider.push(Answer::sse([
        delta(json!({ "role": "assistant", "tool_calls": [
            { "index": 0, "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{\"a" } },
        ] })),
        end("length"),
    ]));
    let mut sent = streaming();
    sent["tools"] = json!([{ "type": "function", "name": "f" }]);
    let told = Told::of(&create(&house, sent).await);
    assert_eq!(told.response()["output"][0]["status"], "incomplete");
    provider.push(Answer::chat_auto("ok"));
    let next = json!({ "input": "go on", "previous_response_id": id(told.response()) });
    completed(&create(&house, next).await);
    assert_eq!(context(&provider, 3), ["user: hi", "user: go on"]);
}

#[tokio::test]
async fn an_answer_without_a_word_has_no_item_and_no_invented_usage() {
    let provider = Scripted::start().await;
    let nothing = delta(json!({ "role": "assistant", "content": "" }));
    provider.push(Answer::sse([nothing, end("stop")]));
    let house = House::before(&provider).await;
    // Only what a tool answered may be left without a word.
    let sent = json!({ "stream": true, "input": [
        { "role": "user", "content": "do it" },
        { "type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c1", "output": "done" },
    ] });
    let told = Told::of(&create(&house, sent).await);
    check_response(told.response());
    assert_eq!(told.response()["output"], json!([]));
    assert_eq!(told.response()["usage"], Value::Null);
}

#[tokio::test]
async fn what_tools_of_the_house_do_is_shown_to_who_asks() {
    let provider = Scripted::start().await;
    let house = House::changed(
        &provider,
        json!({ "agents": { "defaults": { "tools": { "allow": ["session_status"] } } } }),
    )
    .await;
    for watches in [false, true] {
        provider.push(Answer::chat_tool_calls(&[(
            "c1",
            "session_status",
            json!({}),
        )]));
        provider.push(Answer::chat_auto("fine"));
        let mut request = house.posting(PATH, &streaming());
        if watches {
            request = request.header("x-openclaw-events", "tools");
        }
        let text = reply(request).await.text().to_owned();
        assert_eq!(
            text.matches("event: openclaw.tool\n").count(),
            if watches { 2 } else { 0 }
        );
        assert!(!text.contains("function_call"), "{text}");
    }
}
