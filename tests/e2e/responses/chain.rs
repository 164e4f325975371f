//! `previous_response_id` and `item_reference`: what a request builds on, and what it may not.

use openclaw::chat::Principal;
use openclaw::sessions::{SessionStore, SqliteStore, Timing};
use serde_json::{Value, json};

use super::*;
use crate::support::merged;

fn next(previous: &Value, text: &str) -> Value {
    json!({ "input": text, "previous_response_id": id(previous) })
}

/// Two agents.
fn two_agents(provider: &Scripted) -> Value {
    let agents = json!({ "agents": { "list": [
        { "id": "main", "default": true }, { "id": "beta" },
    ] } });
    merged(config_for(provider), agents)
}

#[tokio::test]
async fn a_chain_holds_everything_but_the_instructions() {
    let provider = Scripted::start().await;
    for text in ["A1", "A2", "A3"] {
        provider.push(Answer::chat_auto(text));
    }
    let house = House::before(&provider).await;
    let first = json!({ "instructions": "Only once.", "input": [
        { "role": "system", "content": "Always." }, { "role": "user", "content": "Q1" },
    ] });
    let first = completed(&create(&house, first).await);
    let mut second = next(&first, "Q2");
    second["stream"] = json!(true);
    let second = create(&house, second).await;
    let second = Told::of(&second).response().clone();
    assert_eq!(second["previous_response_id"], first["id"]);
    completed(&create(&house, next(&second, "Q3")).await);
    assert_eq!(
        context(&provider, 2),
        [
            "system: Always.",
            "user: Q1",
            "assistant: A1",
            "user: Q2",
            "assistant: A2",
            "user: Q3"
        ]
    );
    // A response may be continued more than once.
    provider.push(Answer::chat_auto("B2"));
    completed(&create(&house, next(&first, "other")).await);
    assert_eq!(
        context(&provider, 3),
        [
            "system: Always.",
            "user: Q1",
            "assistant: A1",
            "user: other"
        ]
    );
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_for_this_request_look_the_same() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::start(two_agents(&provider)).await;
    let own = completed(&create(&house, json!({ "input": "hi" })).await);
    let of_beta = json!({ "model": "openclaw/beta", "input": "hi" });
    let of_beta = completed(&create(&house, of_beta).await);
    let of_ann = completed(&create(&house, json!({ "input": "hi", "user": "ann" })).await);

    // Somebody else's, as a proxy would vouch for: put beside ours by the store itself.
    let store = SqliteStore::with(house.state(), 1, Timing::default()).unwrap();
    let kept = store
        .get_response(&Principal::Owner, id(&own))
        .await
        .unwrap();
    let mut foreign = kept.unwrap();
    foreign.id = "resp_foreign".to_owned();
    foreign.principal = Principal::Proxy("eve".to_owned());
    store.put_response(foreign).await.unwrap();
    store.close().await;

    let faults = [
        ("resp_nobody", "openclaw", None),
        ("", "openclaw", None),
        ("resp_foreign", "openclaw", None),
        (id(&of_beta), "openclaw", None),
        (id(&own), "openclaw/beta", None),
        (id(&of_ann), "openclaw", None),
        (id(&of_ann), "openclaw", Some("bob")),
        (id(&own), "openclaw", Some("ann")),
    ];
    let asked = provider.requests().len();
    for (previous, model, user) in faults {
        let sent = json!({ "input": "and?", "model": model, "user": user, "previous_response_id": previous });
        let refused = create(&house, sent).await;
        assert_eq!(refused.status, 400, "{previous} {model} {user:?}");
        let mut error = refused.json()["error"].clone();
        let message = error["message"]
            .as_str()
            .unwrap()
            .replace(&format!("`{previous}`"), "`<id>`");
        error["message"] = json!(message);
        assert_eq!(
            error,
            json!({
                "message": "no response `<id>` that this request can continue; it is not kept, or one before it is no longer kept",
                "type": "invalid_request_error", "param": "previous_response_id", "code": "previous_response_not_found",
            })
        );
    }
    assert_eq!(house.get(&format!("{PATH}/resp_foreign")).await.status, 404);
    assert_eq!(provider.requests().len(), asked);
    for (previous, model, user) in [
        (&own, "openclaw", None),
        (&of_beta, "openclaw/beta", None),
        (&of_ann, "openclaw", Some("ann")),
    ] {
        let sent = json!({ "input": "and?", "model": model, "user": user, "previous_response_id": id(previous) });
        completed(&create(&house, sent).await);
    }
}

#[tokio::test]
async fn a_chain_with_a_gap_is_not_continued_as_if_it_were_whole() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let first = completed(&create(&house, json!({ "input": "Q1" })).await);
    let second = completed(&create(&house, next(&first, "Q2")).await);
    let path = format!("{PATH}/{}", id(&first));
    assert_eq!(
        reply(house.request(reqwest::Method::DELETE, &path))
            .await
            .status,
        200
    );
    assert_eq!(
        create(&house, next(&second, "Q3")).await.fault(),
        (400, "previous_response_not_found".to_owned())
    );
    assert_eq!(
        house.get(&format!("{PATH}/{}", id(&second))).await.status,
        200
    );
}

#[tokio::test]
async fn calls_are_answered_over_a_chain_and_keep_their_ids() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[
        ("call_a", "f", json!({ "n": 1 })),
        ("call_b", "f", json!({ "n": 2 })),
    ]));
    provider.push(Answer::chat_auto("done"));
    let house = House::before(&provider).await;
    let tools = json!([{ "type": "function", "name": "f" }]);
    let first = json!({ "input": "go", "tools": tools });
    let first = completed(&create(&house, first).await);
    let output =
        |call: &str| json!({ "type": "function_call_output", "call_id": call, "output": call });

    let partly =
        json!({ "previous_response_id": id(&first), "tools": tools, "input": [output("call_a")] });
    let partly = create(&house, partly).await;
    assert_eq!(
        (partly.status, &partly.json()["error"]["param"]),
        (400, &json!("input"))
    );
    assert!(partly.text().contains("call_b"), "{}", partly.text());
    let wrong =
        json!({ "previous_response_id": id(&first), "tools": tools, "input": [output("call_x")] });
    assert_eq!(
        create(&house, wrong).await.json()["error"]["param"],
        "input[0].call_id"
    );

    let both = json!({ "previous_response_id": id(&first), "tools": tools, "input": [output("call_b"), output("call_a")] });
    completed(&create(&house, both).await);
    let sent = provider.requests()[1].json();
    assert_eq!(sent["messages"][1]["tool_calls"][0]["id"], "call_a");
    assert_eq!(sent["messages"][1]["tool_calls"][1]["id"], "call_b");
    let results: Vec<&Value> = sent["messages"].as_array().unwrap()[2..]
        .iter()
        .map(|message| &message["tool_call_id"])
        .collect();
    assert_eq!(results, ["call_b", "call_a"]);
}

#[tokio::test]
async fn an_item_is_named_by_its_id_and_stands_there_once() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("A1"));
    let house = House::start(two_agents(&provider)).await;
    let first = completed(&create(&house, json!({ "input": "Q1" })).await);
    let answer = first["output"][0]["id"].as_str().unwrap();
    let listed = house
        .get(&format!("{PATH}/{}/input_items", id(&first)))
        .await
        .json();
    let question = listed["data"][0]["id"].as_str().unwrap();
    let naming = |model: &str| {
        json!({ "model": model, "input": [
            { "type": "item_reference", "id": question }, { "id": answer }, { "role": "user", "content": "Q2" },
        ] })
    };
    let second = completed(&create(&house, naming("openclaw")).await);
    assert_eq!(
        context(&provider, 1),
        ["user: Q1", "assistant: A1", "user: Q2"]
    );
    // The items keep their ids: what names them now names them later.
    let listed = house
        .get(&format!("{PATH}/{}/input_items?order=asc", id(&second)))
        .await
        .json();
    assert_eq!(
        [&listed["data"][0]["id"], &listed["data"][1]["id"]],
        [&json!(question), &json!(answer)]
    );

    let mut again = naming("openclaw");
    again["previous_response_id"] = first["id"].clone();
    completed(&create(&house, again).await);
    assert_eq!(
        context(&provider, 2),
        ["user: Q1", "assistant: A1", "user: Q2"]
    );

    let refused = create(&house, naming("openclaw/beta")).await;
    assert_eq!(refused.fault(), (400, "item_not_found".to_owned()));
    assert_eq!(refused.json()["error"]["param"], "input[0].id");
    for unknown in ["msg_nobody", "", "msg_00000000000000000000000000000000ffff"] {
        let sent = json!({ "input": [{ "type": "item_reference", "id": unknown }] });
        assert_eq!(
            create(&house, sent).await.fault(),
            (400, "item_not_found".to_owned())
        );
    }
}

#[tokio::test]
async fn who_continues_a_response_knows_what_tools_of_the_house_did() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_tool_calls(&[("call_ls", "ls", json!({}))]));
    provider.push(Answer::chat_auto("one file"));
    provider.push(Answer::chat_auto("as I said"));
    let workspace = tempfile::tempdir().unwrap();
    std::fs::write(workspace.path().join("note.txt"), "x").unwrap();
    let agent = json!({ "agents": { "defaults": {
        "workspace": workspace.path(), "skipBootstrap": true, "tools": { "allow": ["ls"] },
    } } });
    let house = House::changed(&provider, agent).await;
    let first = completed(&create(&house, json!({ "input": "look" })).await);
    assert_eq!(first["output"].as_array().unwrap().len(), 1);
    completed(&create(&house, next(&first, "again?")).await);
    let sent = provider.requests()[2].json();
    let messages = sent["messages"].as_array().unwrap();
    let roles: Vec<&Value> = messages.iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant", "user"]);
    assert_eq!(messages[1]["tool_calls"][0]["id"], "call_ls");
    assert!(
        messages[2]["content"]
            .as_str()
            .unwrap()
            .contains("note.txt")
    );
    let listed = house
        .get(&format!("{PATH}/{}/input_items", id(&first)))
        .await
        .json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_goes_on_with_and_without_the_id_of_its_last_response() {
    let provider = Scripted::start().await;
    for text in ["A1", "A2", "A3"] {
        provider.push(Answer::chat_auto(text));
    }
    let house = House::before(&provider).await;
    let of_ann = |mut body: Value| {
        body["user"] = json!("ann");
        body
    };
    let first = create(&house, of_ann(json!({ "input": "Q1" }))).await;
    assert_eq!(
        first.header("x-openclaw-session-key"),
        Some("agent:main:openai-user:ann")
    );
    let second = completed(&create(&house, of_ann(json!({ "input": "Q2" }))).await);
    completed(&create(&house, of_ann(next(&second, "Q3"))).await);
    assert_eq!(
        context(&provider, 2),
        [
            "user: Q1",
            "assistant: A1",
            "user: Q2",
            "assistant: A2",
            "user: Q3"
        ]
    );
}
