//! `response_format`: JSON of a schema, or any object.

use serde_json::{Value, json};

use super::{formed, schema, talk};
use crate::support::{Answer, House, Scripted};

/// The last message that the provider was sent.
fn asked_last(provider: &Scripted) -> Value {
    let requests = provider.requests();
    let body = requests.last().unwrap().json();
    body["messages"].as_array().unwrap().last().unwrap().clone()
}

#[tokio::test]
async fn an_answer_of_the_schema_passes_and_another_is_repaired_or_502() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;

    provider.push(Answer::chat_text("{\"degrees\":-3}"));
    assert_eq!(house.chat(formed()).await.said(), "{\"degrees\":-3}");
    assert_eq!(
        provider.only_request().json()["response_format"],
        formed()["response_format"]
    );

    provider.push(Answer::chat_text("{\"degrees\":\"few\"}"));
    provider.push(Answer::chat_text("{\"degrees\":-4}"));
    let reply = house.chat(formed()).await;
    assert_eq!(reply.said(), "{\"degrees\":-4}", "{}", reply.text());
    assert_eq!(reply.json()["usage"]["total_tokens"], 36);
    assert_eq!(
        asked_last(&provider)["content"],
        "Your answer does not have the required form: at /degrees: \"few\" is not of type \"integer\". \
         Answer again, with the corrected JSON and nothing else."
    );

    provider.always(Answer::chat_text("Cold."));
    assert_eq!(
        house.chat(formed()).await.fault(),
        (502, "schema_unmet".to_owned())
    );
    assert_eq!(provider.requests().len(), 5);
}

#[tokio::test]
async fn an_answer_that_was_cut_short_is_told_as_that() {
    let provider = Scripted::start().await;
    provider.push(Answer::json(
        200,
        json!({ "choices": [{ "index": 0, "finish_reason": "length",
            "message": { "role": "assistant", "content": "{\"deg" } }] }),
    ));
    let house = House::before(&provider).await;

    let reply = house.chat(formed()).await;

    assert_eq!(
        reply.json()["choices"][0]["finish_reason"],
        "length",
        "{}",
        reply.text()
    );
    assert_eq!(reply.said(), "{\"deg");
}

#[tokio::test]
async fn a_provider_that_knows_no_schemas_is_asked_in_the_prompt_and_checked() {
    let provider = Scripted::start().await;
    let changes = json!({ "models": { "providers": { "mock": { "compat": { "structuredOutputs": false } } } } });
    let house = House::changed(&provider, changes).await;

    provider.push(Answer::chat_text("Sure! {\"degrees\":-3}"));
    provider.push(Answer::chat_text("{\"degrees\":-3}"));
    let mut body = formed();
    // Not strict: the caller gets what it asked for all the same.
    body["response_format"]["json_schema"]["strict"] = json!(false);
    assert_eq!(house.chat(body).await.said(), "{\"degrees\":-3}");

    let asked = provider.requests()[0].json();
    assert_eq!(asked.get("response_format"), None);
    let prompt = asked["messages"][0]["content"].as_str().unwrap();
    assert_eq!(asked["messages"][0]["role"], "system");
    assert!(
        prompt.ends_with(&format!("must match this JSON Schema:\n{}", schema())),
        "{prompt}"
    );
    assert_eq!(
        provider.requests()[1].json()["messages"][0]["content"],
        prompt
    );

    provider.push(Answer::chat_text("[1]"));
    provider.push(Answer::chat_text("{}"));
    let object = json!({ "messages": talk(), "response_format": { "type": "json_object" } });
    assert_eq!(house.chat(object).await.said(), "{}");
    let asked = provider.requests()[2].json();
    let prompt = asked["messages"][0]["content"].as_str().unwrap();
    assert!(
        prompt.contains("one JSON object and nothing else"),
        "{prompt}"
    );
    assert_eq!(provider.requests().len(), 4);
}
