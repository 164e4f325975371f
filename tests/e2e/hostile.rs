//! Callers that mean harm, or whose software is broken: each gets its refusal, or a closed connection where HTTP
//! demands it, and the server goes on.

mod bodies;
mod heads;
mod members;
mod stalled;

use serde_json::{Value, json};

use super::support::{Answer, House, Message, Raw, Scripted, TOKEN};

/// The provider that answers those who mean well.
async fn willing() -> Scripted {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_auto("ok"));
    provider
}

fn hello() -> Value {
    json!({ "messages": [{ "role": "user", "content": "hello" }] })
}

/// A request to chat as bytes: with these header lines, each ended, and this body as it is.
fn chat(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\n{headers}\r\n"
    );
    [head.as_bytes(), body.as_ref()].concat()
}

/// The same with its length.
fn sized(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    chat(&format!("Content-Length: {}\r\n", body.len()), body)
}

/// The body in one chunk.
fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

/// What the server answers to these bytes, after which it still serves others.
async fn answer(house: &House, bytes: impl AsRef<[u8]>) -> Option<Message> {
    let mut raw = Raw::to(house.address).await;
    raw.send(bytes).await;
    let answer = raw.answer().await;
    assert_eq!(house.get("/health").await.status, 200);
    answer
}

/// The status of an answer that has, as every refusal, an error object and the usual headers.
#[track_caller]
fn refused(answer: Option<Message>, case: &str) -> (u16, Value) {
    let answer = answer.unwrap_or_else(|| panic!("no answer to {case}"));
    let header = |name| answer.headers.get(name);
    assert_eq!(header("content-type"), Some("application/json"), "{case}");
    assert_eq!(header("x-content-type-options"), Some("nosniff"), "{case}");
    assert!(header("x-request-id").is_some(), "{case}");
    let error = answer.json()["error"].clone();
    assert!(error["message"].is_string(), "{case}: {error}");
    assert!((400..500).contains(&answer.status()), "{case}: {error}");
    (answer.status(), error)
}
