//! The OpenAI libraries on `/v1/responses`, before a provider that knows only chat completions.

use serde_json::json;

use super::{client, run};

#[tokio::test]
async fn openai_python_responds_streams_parses_keeps_calls_tools_and_attaches() {
    let Some(client) = client("openai_python_responses.py") else {
        return;
    };
    assert_eq!(
        run("openai_python_responses", client).await,
        json!({
            "created": ["Hello, world.", "completed", 18, { "job": "7" }],
            "streamed": "Hello, world.",
            "final": ["Hello, world.", "completed", 18],
            "parsed": { "name": "Ann", "age": 41 },
            "parsed_stream": { "name": "Ann", "age": 41 },
            "retrieved": "Hello, world.",
            "input_items": [["user", "Say hello."]],
            "tool_loop_replayed": "It is Oslo: -3 degrees.",
            "tool_loop_continued": ["It is Oslo: -3 degrees.", true],
            "streamed_call": ["{\"city\":\"Oslo\"}"],
            "file": "Secret word: marzipan",
            "deleted": 404,
            "no_such_previous": ["previous_response_not_found", "previous_response_id"],
        })
    );
}

#[tokio::test]
async fn openai_node_responds_streams_parses_keeps_calls_tools_and_attaches() {
    let Some(client) = client("openai_node_responses.mjs") else {
        return;
    };
    assert_eq!(
        run("openai_node_responses", client).await,
        json!({
            "created": ["Hello, world.", "completed", 18, { "job": "7" }],
            "streamed": "Hello, world.",
            "final": ["Hello, world.", "completed", 18],
            "parsed": { "name": "Ann", "age": 41 },
            "parsed_stream": { "name": "Ann", "age": 41 },
            "retrieved": "Hello, world.",
            "input_items": [["user", "Say hello."]],
            "tool_loop_replayed": "It is Oslo: -3 degrees.",
            "tool_loop_continued": ["It is Oslo: -3 degrees.", true],
            "streamed_call": ["{\"city\":\"Oslo\"}"],
            "file": "Secret word: marzipan",
            "deleted": "NotFoundError",
            "no_such_previous": ["BadRequestError", "previous_response_not_found", "previous_response_id"],
        })
    );
}
