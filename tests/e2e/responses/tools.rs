//! Tools of the caller: functions, custom tools, those that this program does not have, and the choice among them.

use serde_json::json;

use super::*;

fn function(name: &str) -> Value {
    json!({ "type": "function", "name": name, "parameters": { "type": "object", "properties": {} } })
}

fn offered(provider: &Scripted, request: usize) -> Vec<String> {
    let body = provider.requests()[request].json();
    let tools = body["tools"].as_array().cloned().unwrap_or_default();
    let name = |tool: &Value| tool["function"]["name"].as_str().unwrap().to_owned();
    tools.iter().map(name).collect()
}

#[tokio::test]
async fn calls_are_streamed_each_as_an_item() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[
        ("c1", "f", json!({ "text": "a \"b\"" })),
        ("c2", "g", json!({})),
    ]));
    let house = House::before(&provider).await;
    let sent = json!({ "input": "go", "stream": true, "tools": [function("f"), function("g")] });
    let told = Told::of(&create(&house, sent).await);
    let output = &told.response()["output"];
    assert_eq!(
        output[0],
        json!({ "type": "function_call", "id": output[0]["id"], "call_id": "c1", "name": "f",
                "arguments": "{\"text\":\"a \\\"b\\\"\"}", "status": "completed" })
    );
    assert_eq!(
        (&output[1]["call_id"], &output[1]["arguments"]),
        (&json!("c2"), &json!("{}"))
    );
    let of = |index: usize, kind: &str| {
        let own = told
            .0
            .iter()
            .filter(|event| event["output_index"] == index && event["type"] == kind);
        own.collect::<Vec<_>>()
    };
    for index in [0, 1] {
        let added = of(index, "response.output_item.added");
        assert_eq!(
            (&added[0]["item"]["status"], &added[0]["item"]["arguments"]),
            (&json!("in_progress"), &json!(""))
        );
        let done = of(index, "response.function_call_arguments.done");
        assert_eq!(done[0]["arguments"], output[index]["arguments"]);
        assert_eq!(done[0]["item_id"], output[index]["id"]);
        let pieces = of(index, "response.function_call_arguments.delta");
        let joined: String = pieces
            .iter()
            .map(|event| event["delta"].as_str().unwrap())
            .collect();
        assert_eq!(joined, output[index]["arguments"].as_str().unwrap());
    }
}

#[tokio::test]
async fn a_custom_tool_is_a_function_of_one_string_to_the_model_and_a_custom_call_to_the_caller() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[(
        "c1",
        "run",
        json!({ "input": "print(\"hi\")\n" }),
    )]));
    provider.push(Answer::chat_auto("done"));
    let house = House::before(&provider).await;
    let tool = json!({ "type": "custom", "name": "run", "description": "Runs code.",
                       "format": { "type": "grammar", "syntax": "lark", "definition": "start: /.+/" } });
    let sent = json!({ "input": "go", "stream": true, "tools": [tool], "tool_choice": { "type": "custom", "name": "run" } });
    let told = Told::of(&create(&house, sent).await);
    let asked = provider.requests()[0].json();
    let declared = &asked["tools"][0]["function"];
    assert_eq!(declared["parameters"]["required"], json!(["input"]));
    let description = declared["description"].as_str().unwrap();
    assert!(
        description.starts_with("Runs code.") && description.contains("start: /.+/"),
        "{description}"
    );

    let call = &told.response()["output"][0];
    assert_eq!(
        call,
        &json!({ "type": "custom_tool_call", "id": call["id"], "call_id": "c1", "name": "run",
                 "input": "print(\"hi\")\n", "status": "completed" })
    );
    assert_eq!(told.response()["tools"], json!([tool]));
    assert_eq!(
        told.joined("response.custom_tool_call_input.delta"),
        "print(\"hi\")\n"
    );
    assert!(
        !told
            .kinds()
            .contains(&"response.function_call_arguments.delta")
    );

    let next = json!({ "previous_response_id": id(told.response()), "tools": [tool], "input": [
        { "type": "custom_tool_call_output", "call_id": "c1", "output": [{ "type": "input_text", "text": "hi" }] },
    ] });
    let reply = create(&house, next).await;
    assert_eq!(
        (reply.status, said(&reply.json())),
        (200, "done".to_owned())
    );
    let asked = provider.requests()[1].json();
    assert_eq!(
        asked["messages"][1]["tool_calls"][0]["function"]["arguments"],
        "{\"input\":\"print(\\\"hi\\\")\\n\"}"
    );
    assert_eq!(asked["messages"][2]["content"], "hi");
}

#[tokio::test]
async fn tools_and_items_that_are_not_here_are_left_out_and_named() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    for stream in [false, true] {
        let sent = json!({ "stream": stream, "tools": [
            { "type": "web_search", "search_context_size": "low" }, function("f"), { "type": "local_shell" },
            { "type": "web_search" }, { "type": "odd\r\nname" }, { "type": "mcp", "server_label": "x", "server_url": "y" },
        ], "input": [
            { "role": "user", "content": "hi" },
            { "type": "web_search_call", "id": "ws_1", "status": "completed", "action": { "type": "search" } },
        ] });
        let reply = create(&house, sent).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(
            reply.header("x-openclaw-ignored"),
            Some("web_search, local_shell, mcp, web_search_call")
        );
        assert_eq!(offered(&provider, usize::from(stream)), ["f"]);
    }
    let plain = create(&house, json!({ "input": "hi" })).await;
    assert_eq!(plain.header("x-openclaw-ignored"), None);
}

#[tokio::test]
async fn a_choice_narrows_or_insists() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_tool_calls(&[("c1", "g", json!({}))]));
    let house = House::before(&provider).await;
    let choosing = |choice: Value| json!({ "input": "go", "tools": [function("f"), function("g"), { "type": "web_search" }], "tool_choice": choice });
    let allowed = json!({ "type": "allowed_tools", "mode": "required", "tools": [
        { "type": "function", "name": "g" }, { "type": "web_search" },
    ] });
    let response = completed(&create(&house, choosing(allowed)).await);
    assert_eq!(offered(&provider, 0), ["g"]);
    assert_eq!(
        response["tool_choice"],
        json!({ "type": "allowed_tools", "mode": "required", "tools": [{ "type": "function", "name": "g" }] })
    );
    assert_eq!(response["tools"].as_array().unwrap().len(), 2);
    let named =
        completed(&create(&house, choosing(json!({ "type": "function", "name": "g" }))).await);
    assert_eq!(
        named["tool_choice"],
        json!({ "type": "function", "name": "g" })
    );

    let unmet = create(&house, choosing(json!({ "type": "function", "name": "f" }))).await;
    assert_eq!(unmet.fault(), (502, "tool_choice_unmet".to_owned()));
    for (choice, param) in [
        (json!("sometimes"), "tool_choice"),
        (
            json!({ "type": "function", "name": "h" }),
            "tool_choice.name",
        ),
        (json!({ "type": "function" }), "tool_choice.name"),
        (json!({ "type": "web_search" }), "tool_choice.type"),
        (
            json!({ "type": "allowed_tools", "mode": "auto" }),
            "tool_choice.tools",
        ),
        (
            json!({ "type": "allowed_tools", "mode": "x", "tools": [{ "type": "function", "name": "f" }] }),
            "tool_choice.mode",
        ),
        (
            json!({ "type": "allowed_tools", "tools": [{ "type": "function", "name": "h" }] }),
            "tool_choice.tools[0].name",
        ),
    ] {
        let refused = create(&house, choosing(choice.clone())).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]["param"]),
            (400, &json!(param)),
            "{choice}"
        );
    }
}

#[tokio::test]
async fn the_output_of_a_tool_may_be_parts() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let sent = json!({ "input": [
        { "role": "user", "content": "look" },
        { "type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c1", "output": [
            { "type": "input_text", "text": "this" }, { "type": "input_image", "image_url": PNG },
        ] },
    ] });
    let response = completed(&create(&house, sent).await);
    let content = provider.only_request().json()["messages"][2]["content"].clone();
    assert_eq!(content[0], json!({ "type": "text", "text": "this" }));
    assert_eq!(content[1]["image_url"]["url"], PNG);
    let listed = house
        .get(&format!("{PATH}/{}/input_items", id(&response)))
        .await
        .json();
    listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .for_each(check_item);
}

#[tokio::test]
async fn a_call_that_the_choice_rules_out_is_asked_away_once_and_then_refused() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let outside = || Answer::chat_tool_calls(&[("c1", "g", json!({}))]);
    let allowed = json!({ "type": "allowed_tools", "mode": "auto", "tools": [{ "type": "function", "name": "f" }] });
    for (choice, stream) in [
        (json!("none"), false),
        (json!("none"), true),
        (allowed.clone(), false),
        (allowed, true),
    ] {
        let sent = json!({ "input": "go", "stream": stream, "tools": [function("f"), function("g")], "tool_choice": choice });
        let before = provider.requests().len();
        provider.push(outside());
        provider.push(Answer::chat_auto("no need"));
        let reply = create(&house, sent.clone()).await;
        let response = match stream {
            true => Told::of(&reply).response().clone(),
            false => completed(&reply),
        };
        assert_eq!(said(&response), "no need", "{choice}");
        assert_eq!(response["output"].as_array().unwrap().len(), 1);
        assert_eq!(
            context(&provider, before + 1),
            [
                "user: go",
                "user: The tool `g` may not be called now. Answer again, without a call of it."
            ]
        );

        provider.push(outside());
        provider.push(outside());
        let reply = create(&house, sent).await;
        match stream {
            true => {
                let told = Told::of(&reply);
                assert_eq!(told.response()["error"]["code"], "tool_choice_unmet");
                assert_eq!(told.response()["output"], json!([]));
            }
            false => assert_eq!(reply.fault(), (502, "tool_choice_unmet".to_owned())),
        }
    }
}

#[tokio::test]
async fn what_may_not_be_called_is_not_called_for_a_tool_of_the_house_either() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[("c1", "ls", json!({}))]));
    provider.push(Answer::chat_auto("no need"));
    let workspace = tempfile::tempdir().unwrap();
    let agent = json!({ "agents": { "defaults": {
        "workspace": workspace.path(), "skipBootstrap": true, "tools": { "allow": ["ls"] },
    } } });
    let house = House::changed(&provider, agent).await;
    let sent = json!({ "input": "go", "tool_choice": "none" });
    assert_eq!(said(&completed(&create(&house, sent).await)), "no need");
    let asked = provider.requests()[1].json();
    let roles = asked["messages"].as_array().unwrap().iter();
    let roles: Vec<&Value> = roles.map(|message| &message["role"]).collect();
    assert_eq!(roles, ["user", "user"]);
}

#[tokio::test]
async fn calls_of_the_house_beyond_those_that_are_allowed_are_not_carried_out() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[
        ("c1", "ls", json!({})),
        ("c2", "ls", json!({ "path": "." })),
    ]));
    provider.push(Answer::chat_tool_calls(&[("c3", "ls", json!({}))]));
    provider.push(Answer::chat_auto("done"));
    let workspace = tempfile::tempdir().unwrap();
    std::fs::write(workspace.path().join("note.txt"), "x").unwrap();
    let agent = json!({ "agents": { "defaults": {
        "workspace": workspace.path(), "skipBootstrap": true, "tools": { "allow": ["ls"] },
    } } });
    let house = House::changed(&provider, agent).await;
    let sent = json!({ "input": "go", "max_tool_calls": 1 });
    let response = completed(&create(&house, sent).await);
    assert_eq!(
        (said(&response).as_str(), &response["max_tool_calls"]),
        ("done", &json!(1))
    );
    let context = context(&provider, 2);
    let results: Vec<&String> = context
        .iter()
        .filter(|line| line.starts_with("tool:"))
        .collect();
    let [first, second, third] = results.as_slice() else {
        panic!("{context:?}");
    };
    assert!(first.contains("note.txt"), "{first}");
    for refused in [second, third] {
        assert!(refused.contains("not carried out"), "{refused}");
    }
}

#[tokio::test]
async fn tools_share_one_name_space() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let custom = json!({ "type": "custom", "name": "f" });
    for tools in [
        json!([function("f"), custom]),
        json!([custom, function("f")]),
        json!([function("f"), function("f")]),
    ] {
        let refused = create(&house, json!({ "input": "go", "tools": tools })).await;
        let error = refused.json()["error"].clone();
        assert_eq!(
            (refused.status, &error["param"]),
            (400, &json!("tools[1].name"))
        );
        assert!(
            error["message"].as_str().unwrap().contains("`f`"),
            "{error}"
        );
    }
    assert_eq!(provider.requests().len(), 0);
}

/// The calls of an answer as `(call_id, name, arguments)`.
fn called(response: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = response["output"].as_array().unwrap().iter();
    let call = |item: &Value| {
        (
            text(&item["call_id"]),
            text(&item["name"]),
            text(&item["arguments"]),
        )
    };
    items.map(call).collect()
}

#[tokio::test]
async fn parallel_calls_whose_server_does_not_tell_them_apart_are_two_calls() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let call = |index: usize, id: &str, name: &str, arguments: &str| json!({ "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": arguments } });
    for (index, id) in [(0, ""), (0, "c1"), (1, "c1")] {
        let calls = [
            call(0, id, "f", "{\"a\":1}"),
            call(index, id, "g", "{\"b\":2}"),
        ];
        for stream in [false, true] {
            let choice = |member: &str, said: Value, reason: Value| {
                json!({ "id": "x", "object": "x", "created": 1, "model": "m",
                        "choices": [{ "index": 0, member: said, "finish_reason": reason }] })
            };
            provider.push(match stream {
                true => {
                    let delta = |call: &Value| {
                        choice("delta", json!({ "tool_calls": [call] }), Value::Null)
                    };
                    let end = choice("delta", json!({}), json!("tool_calls"));
                    Answer::sse(calls.iter().map(delta).chain([end]))
                }
                false => Answer::json(
                    200,
                    choice(
                        "message",
                        json!({ "role": "assistant", "tool_calls": calls }),
                        json!("tool_calls"),
                    ),
                ),
            });
            let sent =
                json!({ "input": "go", "stream": stream, "tools": [function("f"), function("g")] });
            let reply = create(&house, sent).await;
            let response = match stream {
                true => Told::of(&reply).response().clone(),
                false => completed(&reply),
            };
            let called = called(&response);
            let [(first, f, one), (second, g, other)] = called.as_slice() else {
                panic!("{called:?}");
            };
            assert!(
                !first.is_empty() && !second.is_empty() && first != second,
                "{called:?}"
            );
            assert_eq!([f, one, g, other], ["f", "{\"a\":1}", "g", "{\"b\":2}"]);
        }
    }
}
