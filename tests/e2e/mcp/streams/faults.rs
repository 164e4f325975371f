//! What a server over streamable HTTP does wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::super::{calling, hello, offered};
use super::{SESSION, asked, far, method, plain, serving};
use crate::support::{Answer, House, Scripted, within};

#[tokio::test]
async fn an_answer_that_cannot_be_used_fails_its_call_at_once_and_no_other() {
    const FAILED: &str = "the MCP server `far` failed: ";
    let long = || "x".repeat(5 * 1024 * 1024);
    let message = json!({ "jsonrpc": "2.0", "id": "server-error", "error": { "code": 1, "message": "no such luck" } });
    let unusable = "its answer cannot be used";
    let answers = [
        (Answer::json(500, json!({})), "it answers with 500"),
        (Answer::json(429, message.clone()), "it answers with 429"),
        (
            Answer::json(403, message.clone()),
            "it refuses our credential (403)",
        ),
        (
            Answer::json(302, json!({})).header("location", "/other"),
            "it answers with 302 and wants us elsewhere, where its `url` does not lead",
        ),
        (Answer::json(200, json!("gone")), unusable),
        (
            Answer::json(200, json!({ "jsonrpc": "2.0", "id": 4711, "result": {} })),
            unusable,
        ),
        (
            Answer::json(200, json!({})).header("content-type", "text/html"),
            unusable,
        ),
        (
            Answer::raw("HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
            unusable,
        ),
        (Answer::json(200, json!({ "result": long() })), unusable),
        (Answer::sse([long()]), unusable),
        (
            Answer::sse(["{", "[]", "gone"]),
            "the connection to it broke",
        ),
        (
            Answer::json(200, json!({ "result": "x" })).cut(),
            "the connection to it broke",
        ),
        (Answer::close_before_headers(), "the connection to it broke"),
    ];
    let called = Arc::new(AtomicUsize::new(0));
    let (played, told): (Vec<Answer>, Vec<&str>) = answers.into_iter().unzip();
    let server = serving(move |request| {
        let calls = method(request) == "tools/call";
        calls.then(|| played.get(called.fetch_add(1, Ordering::Relaxed)).cloned())?
    })
    .await;
    let provider = Scripted::start().await;
    let house = House::changed(&provider, far(&server)).await;
    for told in told {
        let wanted = format!("{FAILED}{told}");
        assert_eq!(calling(&provider, &house, "far__go").await, wanted);
    }
    assert_eq!(calling(&provider, &house, "far__go").await, "gone");
    let requests = server.requests();
    let greetings = requests
        .iter()
        .filter(|request| method(request) == "initialize");
    assert_eq!(greetings.count(), 1, "it is the same conversation");
}

#[tokio::test]
async fn a_refusal_with_a_status_that_is_a_failure_is_told_in_its_words() {
    let server = serving(|request| {
        let refusal = json!({ "code": -32000, "message": "Bad Request: not on a Sunday" });
        let refusal = json!({ "jsonrpc": "2.0", "id": null, "error": refusal });
        (method(request) == "tools/call").then(|| Answer::json(400, refusal))
    })
    .await;
    let provider = Scripted::start().await;
    let house = House::changed(&provider, far(&server)).await;
    let told = calling(&provider, &house, "far__go").await;
    assert_eq!(told, "Bad Request: not on a Sunday");
}

#[tokio::test]
async fn a_session_that_the_server_has_forgotten_is_begun_anew_and_the_call_made_in_it() {
    let greeted = AtomicUsize::new(0);
    let server = serving(move |request| {
        let session = |number: usize| format!("s-{number}");
        match method(request).as_str() {
            "initialize" => {
                let number = greeted.fetch_add(1, Ordering::Relaxed) + 1;
                Some(plain(request).header(SESSION, &session(number)))
            }
            "tools/call" if request.header(SESSION) != Some("s-2") => {
                Some(Answer::json(404, json!({ "error": "no such session" })))
            }
            _ => None,
        }
    })
    .await;
    let provider = Scripted::start().await;
    let house = House::changed(&provider, far(&server)).await;
    assert_eq!(calling(&provider, &house, "far__go").await, "gone");
    assert_eq!(calling(&provider, &house, "far__go").await, "gone");
    let requests = server.requests();
    let calls = requests
        .iter()
        .filter(|request| method(request) == "tools/call");
    let sessions: Vec<_> = calls.map(|call| call.header(SESSION).unwrap()).collect();
    assert_eq!(sessions, ["s-1", "s-2", "s-2"]);
}

#[tokio::test]
async fn a_server_that_sends_without_end_is_left_and_greeted_again_after_a_rest() {
    let greeted = Arc::new(AtomicUsize::new(0));
    let floods = Arc::clone(&greeted);
    let server = serving(move |request| match method(request).as_str() {
        "initialize" => {
            greeted.fetch_add(1, Ordering::Relaxed);
            Some(plain(request).header(SESSION, "s-1"))
        }
        "GET" if floods.load(Ordering::Relaxed) == 1 => {
            let noise = format!(": {}\n\n", "x".repeat(1024 * 1024));
            Some(Answer::raw_sse(vec![noise; 100]))
        }
        _ => None,
    })
    .await;
    let provider = Scripted::start().await;
    let house = House::changed(&provider, far(&server)).await;
    provider.always(Answer::chat_text("ok"));
    house.chat(hello()).await;
    asked(&server, "DELETE").await;
    house.chat(hello()).await;
    let names = offered(provider.requests().last().unwrap());
    assert_eq!(names, ["far__unavailable"]);
    within(|| "the server to be back".to_owned(), async {
        while calling(&provider, &house, "far__go").await != "gone" {}
    })
    .await;
}
