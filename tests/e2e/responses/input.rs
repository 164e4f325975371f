//! What a request may hold, and what is refused, by name.

use serde_json::json;

use super::*;

#[tokio::test]
async fn what_cannot_be_right_is_refused_by_its_name() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let user = json!({ "role": "user", "content": "hi" });
    let with = |name: &str, value: Value| {
        let mut body = json!({ "input": "hi" });
        body[name] = value;
        body
    };
    let input = |item: Value| json!({ "input": [item] });
    let part = |part: Value| json!({ "input": [{ "role": "user", "content": [part] }] });
    for (body, param) in [
        (json!({}), "input"),
        (with("input", json!("")), "input"),
        (with("input", json!([])), "input"),
        (with("input", Value::Null), "input"),
        (with("input", json!(7)), "input"),
        (with("input", json!([[]])), "input[0]"),
        (with("input", json!(vec![user.clone(); 20_001])), "input"),
        (with("background", json!(true)), "background"),
        (with("conversation", json!("conv_1")), "conversation"),
        (with("prompt", json!({ "id": "pmpt_1" })), "prompt"),
        (with("temperature", json!(3)), "temperature"),
        (with("top_p", json!(-1)), "top_p"),
        (with("top_logprobs", json!(21)), "top_logprobs"),
        (with("max_output_tokens", json!(0)), "max_output_tokens"),
        (with("max_tool_calls", json!(0)), "max_tool_calls"),
        (with("metadata", json!({ "a": 1 })), "metadata"),
        (with("truncation", json!("some")), "truncation"),
        (with("stream", json!("yes")), "stream"),
        (
            with("text", json!({ "format": { "type": "xml" } })),
            "text.format.type",
        ),
        (
            with(
                "text",
                json!({ "format": { "type": "json_schema", "schema": {} } }),
            ),
            "text.format.name",
        ),
        (
            with(
                "text",
                json!({ "format": { "type": "json_schema", "name": "x", "schema": 1 } }),
            ),
            "text.format.schema",
        ),
        (
            with("tools", json!([{ "type": "function" }])),
            "tools[0].name",
        ),
        (
            with(
                "tools",
                json!([{ "type": "function", "name": "f", "parameters": [] }]),
            ),
            "tools[0].parameters",
        ),
        (with("tool_choice", json!("required")), "tool_choice"),
        (
            input(json!({ "type": "function_call", "name": "f", "arguments": "{}" })),
            "input[0].call_id",
        ),
        (
            input(
                json!({ "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" }),
            ),
            "input",
        ),
        (
            input(json!({ "type": "function_call_output", "call_id": "c", "output": "x" })),
            "input[0].call_id",
        ),
        (
            input(json!({ "type": "function_call_output", "call_id": "c" })),
            "input[0].output",
        ),
        (input(json!({ "type": "poem" })), "input[0].type"),
        (
            input(json!({ "role": "ghost", "content": "x" })),
            "input[0].role",
        ),
        (
            input(json!({ "role": "assistant", "content": "x" })),
            "input",
        ),
        (input(json!({ "role": "system", "content": "x" })), "input"),
        (
            json!({ "input": [user, { "type": "reasoning", "summary": [{ "type": "summary_text", "text": "x" }] }] }),
            "input",
        ),
        (part(json!({ "type": "video" })), "input[0].content[0].type"),
        (
            part(json!({ "type": "input_text" })),
            "input[0].content[0].text",
        ),
        (
            part(json!({ "type": "input_image" })),
            "input[0].content[0].image_url",
        ),
        (
            part(json!({ "type": "input_image", "file_id": "file_1" })),
            "input[0].content[0].file_id",
        ),
        (
            part(
                json!({ "type": "input_image", "image_url": "data:image/png;base64,aGVsbG8gd29ybGQhIQ==" }),
            ),
            "input[0].content[0].image_url",
        ),
        (
            part(json!({ "type": "input_image", "image_url": PNG, "detail": "all" })),
            "input[0].content[0].detail",
        ),
        (
            part(json!({ "type": "input_image", "image_url": "https://example.com/x.png" })),
            "input[0].content[0].image_url",
        ),
        (
            part(json!({ "type": "input_image", "source": { "type": "disk" } })),
            "input[0].content[0].source.type",
        ),
        (
            part(json!({ "type": "input_file", "file_id": "file_1" })),
            "input[0].content[0]",
        ),
        (
            part(json!({ "type": "input_file", "file_url": "https://example.com/x.txt" })),
            "input[0].content[0]",
        ),
    ] {
        let refused = create(&house, body.clone()).await;
        assert_eq!(refused.status, 400, "{param} {}", refused.text());
        assert_eq!(
            refused.json()["error"]["param"],
            param,
            "{body} {}",
            refused.text()
        );
    }
    assert!(provider.requests().is_empty());
    assert_eq!(std::fs::read_dir(house.state()).unwrap().count(), 0);
}

#[tokio::test]
async fn null_is_absent_and_what_is_not_known_is_passed_over() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let sent = json!({
        "input": [{ "role": "user", "content": "hi", "id": null, "status": null, "type": null, "phase": null }],
        "model": null, "instructions": null, "previous_response_id": null, "conversation": null, "prompt": null,
        "tools": null, "tool_choice": null, "include": null, "metadata": null, "text": null, "reasoning": null,
        "store": null, "stream": null, "stream_options": { "include_obfuscation": true }, "background": null,
        "truncation": null, "user": null, "service_tier": null, "max_output_tokens": null, "temperature": null,
        "something_new": { "a": 1 },
    });
    completed(&create(&house, sent).await);
}

#[tokio::test]
async fn a_picture_may_be_written_in_four_ways() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("a dot"));
    let house = House::before(&provider).await;
    let base64 = PNG.split_once(',').unwrap().1;
    let parts = [
        json!({ "type": "input_image", "image_url": PNG, "detail": "low" }),
        json!({ "type": "input_image", "image_url": { "url": PNG, "detail": "low" } }),
        // What it is said to be does not count.
        json!({ "type": "input_image", "source": { "type": "base64", "media_type": "image/jpeg", "data": base64 }, "detail": "low" }),
        json!({ "type": "input_image", "source": { "type": "url", "url": PNG }, "detail": "low" }),
    ];
    for (request, part) in parts.into_iter().enumerate() {
        let sent = json!({ "input": [{ "role": "user", "content": [part] }] });
        let response = completed(&create(&house, sent).await);
        let content = provider.requests()[request].json()["messages"][0]["content"][0].clone();
        assert_eq!(content["image_url"], json!({ "url": PNG, "detail": "low" }));
        let listed = house
            .get(&format!("{PATH}/{}/input_items", id(&response)))
            .await
            .json();
        assert_eq!(
            listed["data"][0]["content"][0],
            json!({ "type": "input_image", "image_url": PNG, "detail": "low" })
        );
    }
    let next = json!({ "input": "and?", "user": null });
    completed(&create(&house, next).await);
}

#[tokio::test]
async fn a_file_is_read_marked_and_still_there_when_the_response_is_continued() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let sent = json!({ "input": [{ "role": "user", "content": [
        { "type": "input_text", "text": "sum it up" },
        { "type": "input_file", "filename": "a.csv", "file_data": "data:text/csv;base64,bmFtZSxhZ2UKYW5uLDQx" },
    ] }] });
    let first = completed(&create(&house, sent).await);
    let next = json!({ "input": "and?", "previous_response_id": id(&first) });
    completed(&create(&house, next).await);
    let first_content = provider.requests()[0].json()["messages"][0]["content"].clone();
    let text = first_content[1]["text"].as_str().unwrap();
    assert!(text.contains("ann,41") && text.contains("a.csv"), "{text}");
    assert_eq!(
        provider.requests()[1].json()["messages"][0]["content"],
        first_content
    );
    let listed = house
        .get(&format!("{PATH}/{}/input_items", id(&first)))
        .await
        .json();
    assert_eq!(
        listed["data"][0]["content"][1],
        json!({ "type": "input_file", "filename": "a.csv" })
    );
    // Named beside another file, each keeps its own.
    let named = json!({ "input": [{ "type": "item_reference", "id": listed["data"][0]["id"] }, { "role": "user", "content": [
        { "type": "input_file", "filename": "b.txt", "file_data": "data:text/plain;base64,Ym9i" },
    ] }] });
    completed(&create(&house, named).await);
    let messages = provider.requests()[2].json()["messages"].clone();
    assert_eq!(messages[0]["content"], first_content);
    assert!(
        messages[1]["content"].as_str().unwrap().contains("bob"),
        "{messages}"
    );
}

#[tokio::test]
async fn a_form_is_asked_for_in_the_shape_of_this_endpoint() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("{\"n\":1}"));
    provider.always(Answer::chat_auto("no"));
    let house = House::before(&provider).await;
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    let format =
        json!({ "type": "json_schema", "name": "number", "strict": true, "schema": schema });
    let sent = json!({ "input": "hi", "text": { "format": format } });
    let reply = create(&house, sent.clone()).await;
    // The published schema has no room for a schema here; OpenAI's API and its clients do.
    let echoed = reply.json()["text"]["format"].clone();
    let mut expected = format.clone();
    expected["description"] = Value::Null;
    assert_eq!((reply.status, echoed), (200, expected));
    assert_eq!(
        provider.only_request().json()["response_format"],
        json!({ "type": "json_schema", "json_schema": { "name": "number", "strict": true, "schema": schema } })
    );
    let unmet = create(&house, sent).await;
    assert_eq!(unmet.fault(), (502, "schema_unmet".to_owned()));
    assert!(unmet.text().contains("`text.format`"), "{}", unmet.text());
    let object = json!({ "input": "hi", "text": { "format": { "type": "json_object" } } });
    assert_eq!(
        create(&house, object).await.fault(),
        (502, "schema_unmet".to_owned())
    );
    let broken = json!({ "input": "hi", "text": { "format": {
        "type": "json_schema", "name": "x", "schema": { "type": "nothing" },
    } } });
    let broken = create(&house, broken).await;
    assert_eq!(
        (broken.status, &broken.json()["error"]["param"]),
        (400, &json!("text.format.schema"))
    );
    assert_eq!(
        broken.json()["error"]["message"],
        "`text.format.schema` is no JSON Schema: at /type: \"nothing\" is no type"
    );
}

#[tokio::test]
async fn results_come_in_any_order_and_stand_behind_their_calls() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let call = |id: &str| json!({ "type": "function_call", "call_id": id, "name": "f", "arguments": "{}" });
    let output = |id: &str| json!({ "type": "function_call_output", "call_id": id, "output": id });
    let sent = json!({ "input": [
        { "role": "user", "content": "go" }, call("a"), call("b"), output("b"),
        { "role": "user", "content": "hurry" }, output("a"),
    ] });
    completed(&create(&house, sent).await);
    assert_eq!(
        context(&provider, 0),
        [
            "user: go",
            "assistant: null",
            "tool: b",
            "tool: a",
            "user: hurry"
        ]
    );
}

#[tokio::test]
async fn words_that_the_schema_does_not_have_are_refused_and_minimal_is_echoed_as_low() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    for (body, param) in [
        (
            json!({ "text": { "verbosity": "shouty" } }),
            "text.verbosity",
        ),
        (
            json!({ "reasoning": { "effort": "bogus" } }),
            "reasoning.effort",
        ),
        (json!({ "reasoning": { "effort": "" } }), "reasoning.effort"),
        (
            json!({ "reasoning": { "summary": "none" } }),
            "reasoning.summary",
        ),
        (json!({ "truncation": "left" }), "truncation"),
    ] {
        let mut sent = body.clone();
        sent["input"] = json!("hi");
        let refused = create(&house, sent).await;
        let error = refused.json()["error"].clone();
        assert_eq!(
            (refused.status, &error["param"]),
            (400, &json!(param)),
            "{body}"
        );
    }
    assert_eq!(provider.requests().len(), 0);
    for (effort, echoed) in [
        ("none", "none"),
        ("minimal", "low"),
        ("low", "low"),
        ("xhigh", "xhigh"),
    ] {
        let sent = json!({ "input": "hi", "text": { "verbosity": "low" },
                           "reasoning": { "effort": effort, "summary": "auto" } });
        let response = completed(&create(&house, sent).await);
        assert_eq!(
            response["reasoning"],
            json!({ "effort": echoed, "summary": "auto" })
        );
    }
}

#[tokio::test]
async fn an_id_that_two_items_bear_is_refused_by_its_place() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let user = |id: &str| json!({ "type": "message", "role": "user", "content": "hi", "id": id });
    for input in [
        json!([user("m1"), user("m2"), user("m1")]),
        json!([user("m1"), user("m2"), { "type": "item_reference", "id": "m1" }]),
        json!([user("m1"), user("m2"), { "type": "reasoning", "id": "m1", "summary": [] }]),
    ] {
        let refused = create(&house, json!({ "input": input })).await;
        let error = refused.json()["error"].clone();
        assert_eq!(
            (refused.status, &error["param"], &error["message"]),
            (
                400,
                &json!("input[2].id"),
                &json!("`input[2].id`: duplicate item found with id `m1`")
            )
        );
    }
    let unnamed = json!({ "input": [user(""), user(""), user("m1"),
        { "type": "web_search_call", "id": "m1", "status": "completed" }] });
    completed(&create(&house, unnamed).await);
}
