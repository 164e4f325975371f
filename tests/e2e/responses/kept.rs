//! Responses that are kept: fetched, deleted, listed, and there again after a restart.

use serde_json::{Value, json};

use super::*;
use crate::support::{Program, Shell, http};

#[tokio::test]
async fn a_kept_response_is_fetched_as_it_was_answered_until_it_is_deleted() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let whole = completed(&create(&house, json!({ "input": "hi" })).await);
    let streamed = create(&house, json!({ "input": "hi", "stream": true })).await;
    let streamed = Told::of(&streamed).response().clone();

    for response in [whole, streamed] {
        let path = format!("{PATH}/{}", id(&response));
        assert_eq!(house.get(&path).await.json(), response);
        let streamed = house.get(&format!("{path}?stream=true")).await;
        assert_eq!(
            (streamed.status, &streamed.json()["error"]["param"]),
            (400, &json!("stream"))
        );

        let deleted = reply(house.request(reqwest::Method::DELETE, &path)).await;
        assert_eq!(
            deleted.json(),
            json!({ "id": id(&response), "object": "response", "deleted": true })
        );
        let not_found = (404, "response_not_found".to_owned());
        assert_eq!(house.get(&path).await.fault(), not_found);
        assert_eq!(
            house.get(&format!("{path}/input_items")).await.fault(),
            not_found
        );
        let again = reply(house.request(reqwest::Method::DELETE, &path)).await;
        assert_eq!(again.fault(), not_found);
    }
}

#[tokio::test]
async fn what_is_not_to_be_stored_leaves_nothing_behind() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    for stream in [false, true] {
        let sent = json!({ "input": "hi", "store": false, "stream": stream });
        let reply = create(&house, sent).await;
        assert_eq!(reply.status, 200);
        let response = match stream {
            true => Told::of(&reply).response().clone(),
            false => completed(&reply),
        };
        assert_eq!(response["store"], false);
        assert_eq!(std::fs::read_dir(house.state()).unwrap().count(), 0);
        assert_eq!(
            house.get(&format!("{PATH}/{}", id(&response))).await.status,
            404
        );
        let next = json!({ "input": "and?", "previous_response_id": id(&response) });
        assert_eq!(
            create(&house, next).await.fault(),
            (400, "previous_response_not_found".to_owned())
        );
    }
}

#[tokio::test]
async fn the_input_is_listed_in_pages() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let sent = json!({ "input": [
        { "role": "user", "content": "one" },
        { "role": "assistant", "content": "two", "id": "msg_mine" },
        { "role": "user", "content": [
            { "type": "input_text", "text": "three" },
            { "type": "input_image", "image_url": { "url": PNG, "detail": "low" } },
        ] },
    ] });
    let response = completed(&create(&house, sent).await);
    let path = format!("{PATH}/{}/input_items", id(&response));
    let list = |query: &str| {
        let path = format!("{path}{query}");
        async { house.get(&{ path }).await.json() }
    };

    let all = list("?order=asc").await;
    let items = all["data"].as_array().unwrap();
    items.iter().for_each(check_item);
    assert_eq!(
        items[0],
        json!({ "type": "message", "id": items[0]["id"], "status": "completed", "role": "user",
                "content": [{ "type": "input_text", "text": "one" }] })
    );
    assert_eq!(items[1]["id"], "msg_mine");
    assert_eq!(
        items[1]["content"],
        json!([{ "type": "output_text", "text": "two", "annotations": [], "logprobs": [] }])
    );
    assert_eq!(
        items[2]["content"][1],
        json!({ "type": "input_image", "image_url": PNG, "detail": "low" })
    );
    assert_eq!(
        (
            &all["object"],
            &all["has_more"],
            &all["first_id"],
            &all["last_id"]
        ),
        (
            &json!("list"),
            &json!(false),
            &items[0]["id"],
            &items[2]["id"]
        )
    );

    let newest = list("?limit=2").await;
    assert_eq!(newest["data"], json!([items[2], items[1]]));
    assert_eq!(newest["has_more"], true);
    let rest = list("?limit=2&after=msg_mine&include%5B%5D=x").await;
    assert_eq!(
        (&rest["data"], &rest["has_more"]),
        (&json!([items[0]]), &json!(false))
    );
    let none = list(&format!("?after={}", items[0]["id"].as_str().unwrap())).await;
    assert_eq!(
        (&none["data"], &none["first_id"], &none["last_id"]),
        (&json!([]), &Value::Null, &Value::Null)
    );
    for (query, param) in [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?limit=x", "limit"),
        ("?order=up", "order"),
        ("?after=nobody", "after"),
    ] {
        let refused = house.get(&format!("{path}{query}")).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]["param"]),
            (400, &json!(param)),
            "{query}"
        );
    }
    assert_eq!(house.get(&format!("{path}?after=%zz")).await.status, 400);
}

#[tokio::test]
async fn a_response_is_continued_after_a_restart() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let shell = Shell::with(&config_for(&provider));
    let mut previous = Value::Null;
    for text in ["one", "two", "three"] {
        let program = Program::serve_in(&shell);
        let sent = json!({ "input": text, "previous_response_id": previous });
        let request = http()
            .post(format!("http://{}{PATH}", program.address()))
            .bearer_auth(TOKEN)
            .header("content-type", "application/json")
            .body(sent.to_string());
        let response = completed(&reply(request).await);
        assert_eq!(response["previous_response_id"], previous);
        previous = response["id"].clone();
    }
    assert_eq!(
        context(&provider, 2),
        [
            "user: one",
            "assistant: ok",
            "user: two",
            "assistant: ok",
            "user: three"
        ]
    );
}

#[tokio::test]
async fn only_who_may_write_is_shown_responses_and_nobody_without_the_token() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    let house = House::before(&provider).await;
    let response = completed(&create(&house, json!({ "input": "hi" })).await);
    let path = format!("{PATH}/{}", id(&response));
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let stranger = house.client.request(method, house.url(&path));
        assert_eq!(
            reply(stranger).await.fault(),
            (401, "invalid_api_key".to_owned())
        );
    }
    assert_eq!(house.get(&path).await.status, 200);
    let put = reply(house.request(reqwest::Method::PUT, &path)).await;
    assert_eq!(
        (put.status, put.header("allow")),
        (405, Some("GET, DELETE"))
    );

    let open = json!({ "gateway": { "auth": { "mode": "none", "token": null } } });
    let house = House::changed(&provider, open).await;
    for (scopes, status) in [("operator.read", 403), ("", 403), ("operator.write", 200)] {
        let sent = json!({ "input": "hi" });
        let request = house
            .posting(PATH, &sent)
            .header("x-openclaw-scopes", scopes);
        assert_eq!(reply(request).await.status, status, "{scopes}");
    }
}
