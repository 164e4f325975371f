//! The OpenAI libraries on `/v1/responses`, before a provider that knows only chat completions.

use serde_json::json;

use super::{client, model, run, run_untold};

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

#[tokio::test]
async fn openai_python_responds_continues_and_calls_tools_over_a_websocket_and_compacts() {
    let Some(client) = client("openai_python_socket.py") else {
        return;
    };
    assert_eq!(
        run_untold(model, client).await,
        json!({
            "first": ["Hello, world.", "completed", 18],
            "streamed": "Hello, world.",
            "tool_loop": "It is Oslo: -3 degrees.",
            "lost": [400, "previous_response_not_found"],
            "compacted": ["response.compaction", ["compaction"]],
            "new_chain": "Hello, world.",
            "wrong_key": true,
        })
    );
}
