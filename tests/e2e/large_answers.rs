//! Answers of megabytes: embeddings of many inputs, which a provider on this machine sends faster than a model speaks.

use serde_json::{Value, json};

use super::support::{Answer, House, Scripted, embedding_of};

const INPUTS: usize = 64;
const DIMENSIONS: usize = 1536;

fn asked() -> Value {
    let inputs: Vec<String> = (0..INPUTS).map(|index| format!("input {index}")).collect();
    json!({ "model": "mock/e1", "input": inputs })
}

fn items() -> Vec<Value> {
    let item = |index| {
        let vector = embedding_of(&format!("input {index}"), DIMENSIONS);
        json!({ "object": "embedding", "index": index, "embedding": vector })
    };
    (0..INPUTS).map(item).collect()
}

#[tokio::test]
async fn large_embeddings_pass_unchanged_and_their_connection_is_used_again() {
    let provider = Scripted::start().await;
    provider.always(Answer::embeddings_of(DIMENSIONS));
    let house = House::before(&provider).await;
    let expected = json!({
        "object": "list",
        "data": items(),
        "model": "mock/e1",
        "usage": { "prompt_tokens": INPUTS, "total_tokens": INPUTS },
    });
    for _ in 0..3 {
        let reply = house.post("/v1/embeddings", asked()).await;
        assert_eq!(reply.status, 200);
        assert!(reply.json() == expected);
    }
    assert_eq!(provider.connections(), 1);
}

#[tokio::test]
async fn one_wrong_number_among_many_is_502_and_so_is_an_answer_that_is_cut() {
    let provider = Scripted::start().await;
    let house = House::before(&provider).await;
    let with = |number: Value| {
        let mut items = items();
        items[INPUTS - 1]["embedding"][DIMENSIONS / 2] = number;
        Answer::json(200, json!({ "data": items }))
    };
    for (answer, status) in [
        (with(json!(0.25)), 200),
        (with(json!(1e39)), 502),
        (with(json!(null)), 502),
        (with(json!([0.25])), 502),
        (with(json!(0.25)).cut(), 502),
    ] {
        provider.always(answer);
        let reply = house.post("/v1/embeddings", asked()).await;
        assert_eq!(reply.status, status);
        if status == 502 {
            assert_eq!(reply.json()["error"]["type"], "upstream_error");
        }
    }
}
