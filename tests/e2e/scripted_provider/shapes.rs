//! The answers in OpenAI's shapes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{chat, frames, post, whole};
use crate::support::{Answer, Scripted, embedding_of};

async fn streamed(provider: &Scripted, body: Value) -> Vec<String> {
    frames(post(provider, "/chat/completions", body).await.unwrap()).await
}

fn chunks(frames: &[String]) -> Vec<Value> {
    let (done, chunks) = frames.split_last().unwrap();
    assert_eq!(done, "data: [DONE]\n\n");
    let payloads = chunks
        .iter()
        .map(|frame| frame.strip_prefix("data: ").unwrap());
    payloads
        .map(|payload| serde_json::from_str(payload).unwrap())
        .collect()
}

#[tokio::test]
async fn a_chat_answer_comes_whole_when_no_stream_is_asked_for() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_auto("hello"));
    provider.push(Answer::chat_text("hello"));

    let completion = whole(chat(&provider).await.unwrap()).await;
    let message = json!({ "role": "assistant", "content": "hello", "refusal": null });
    let choice =
        json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": "stop" });
    let expected = json!({
        "id": "chatcmpl-scripted", "object": "chat.completion", "created": 1_700_000_000, "model": "scripted-model",
        "choices": [choice],
        "usage": { "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 },
    });
    assert_eq!(completion, expected);
    assert_eq!(whole(chat(&provider).await.unwrap()).await, expected);
}

#[tokio::test]
async fn a_chat_stream_has_the_role_the_deltas_the_reason_and_the_usage() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["Hel", "lo"]));

    let chunks = chunks(&streamed(&provider, json!({})).await);
    let choices: Vec<(Option<&Value>, Option<&Value>)> = chunks
        .iter()
        .map(|chunk| {
            (
                chunk.pointer("/choices/0/delta"),
                chunk.pointer("/choices/0/finish_reason"),
            )
        })
        .collect();
    assert_eq!(
        choices,
        [
            (
                Some(&json!({ "role": "assistant", "content": "" })),
                Some(&Value::Null)
            ),
            (Some(&json!({ "content": "Hel" })), Some(&Value::Null)),
            (Some(&json!({ "content": "lo" })), Some(&Value::Null)),
            (Some(&json!({})), Some(&json!("stop"))),
            (None, None),
        ]
    );
    let usage = json!({ "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 });
    assert_eq!(chunks[4]["usage"], usage);
}

#[tokio::test]
async fn a_chat_answer_streams_its_usage_only_when_asked() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["hello"]));
    provider.always(Answer::chat_auto("hello"));

    let expected = streamed(&provider, json!({})).await;
    let with_usage = json!({ "stream": true, "stream_options": { "include_usage": true } });
    assert_eq!(streamed(&provider, with_usage).await, expected);
    let without = streamed(&provider, json!({ "stream": true })).await;
    assert_eq!(without, [&expected[..3], &expected[4..]].concat());
}

#[tokio::test]
async fn tool_calls_come_whole_or_in_fragments() {
    let provider = Scripted::start().await;
    let call = ("call_1", "weather", json!({ "city": "Zürich" }));
    provider.always(Answer::chat_tool_calls(&[call]));

    let completion = whole(chat(&provider).await.unwrap()).await;
    let function = json!({ "name": "weather", "arguments": "{\"city\":\"Zürich\"}" });
    let call = json!({ "id": "call_1", "type": "function", "function": function });
    assert_eq!(
        completion["choices"][0]["message"]["tool_calls"],
        json!([call])
    );

    let chunks = chunks(&streamed(&provider, json!({ "stream": true })).await);
    let calls: Vec<&Value> = chunks
        .iter()
        .filter_map(|chunk| chunk.pointer("/choices/0/delta/tool_calls/0"))
        .collect();
    let function = json!({ "name": "weather", "arguments": "" });
    let opening = json!({ "id": "call_1", "type": "function", "function": function, "index": 0 });
    let fragments = ["{\"city\":\"", "Zürich\"}"];
    let fragments = fragments.map(|text| json!({ "index": 0, "function": { "arguments": text } }));
    assert_eq!(calls, [&opening, &fragments[0], &fragments[1]]);
    assert_eq!(chunks[4]["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn embeddings_are_numbers_one_vector_an_input() {
    let provider = Scripted::start().await;
    provider.on("/embeddings", Answer::embeddings_of(3));

    let asked = json!({ "model": "e", "input": ["a", "b"] });
    let answer = whole(post(&provider, "/embeddings", asked).await.unwrap()).await;
    let data = [(0, "a"), (1, "b")].map(|(index, input)| {
        json!({ "object": "embedding", "index": index, "embedding": embedding_of(input, 3) })
    });
    let usage = json!({ "prompt_tokens": 2, "total_tokens": 2 });
    assert_eq!(
        answer,
        json!({ "object": "list", "data": data, "model": "e", "usage": usage })
    );
    assert_ne!(embedding_of("a", 3), embedding_of("b", 3));
}

#[tokio::test]
async fn embeddings_are_base64_in_the_dimensions_asked_for() {
    let provider = Scripted::start().await;
    provider.on("/embeddings", Answer::embeddings_of(3));

    let asked = json!({ "input": [1, 2], "encoding_format": "base64", "dimensions": 40 });
    let answer = whole(post(&provider, "/embeddings", asked).await.unwrap()).await;
    let bytes = STANDARD
        .decode(answer["data"][0]["embedding"].as_str().unwrap())
        .unwrap();
    let vector = bytes
        .chunks(4)
        .map(|number| f32::from_le_bytes(number.try_into().unwrap()));
    assert_eq!(vector.collect::<Vec<f32>>(), embedding_of("[1,2]", 40));
}
