//! The scripted provider itself: which answer a request gets, what is recorded of it, and when a client has left.

mod answers;
mod shapes;

use std::io::Write as _;

use futures_util::stream;
use reqwest::Response;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::support::{Answer, Gate, Scripted, http, within};

async fn post(provider: &Scripted, path: &str, body: Value) -> reqwest::Result<Response> {
    http()
        .post(provider.base_url() + path)
        .body(body.to_string())
        .send()
        .await
}

async fn chat(provider: &Scripted) -> reqwest::Result<Response> {
    post(provider, "/chat/completions", json!({ "model": "m" })).await
}

async fn whole(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

async fn frames(mut response: Response) -> Vec<String> {
    let mut frames = Vec::new();
    while let Some(frame) = response.chunk().await.unwrap() {
        frames.push(String::from_utf8(frame.to_vec()).unwrap());
    }
    frames
}

/// Sends a request and leaves when the provider has read it.
async fn leave_unanswered(provider: &Scripted, path: &str) {
    let arrival = async { while !provider.next_request().await.path.ends_with(path) {} };
    tokio::select! {
        response = post(provider, path, json!({})) => panic!("an answer: {response:?}"),
        () = arrival => {}
    }
}

#[tokio::test]
async fn answers_are_played_in_order_and_the_default_follows_them() {
    let provider = Scripted::start().await;
    provider.push(
        Answer::json(200, json!({ "turn": 1 }))
            .header("x-turn", "0")
            .header("X-Turn", "1"),
    );
    provider.push(Answer::error(429, "slow down", "rate_limited").header("retry-after", "7"));

    let first = chat(&provider).await.unwrap();
    assert_eq!(
        first.headers().get_all("x-turn").iter().collect::<Vec<_>>(),
        ["1"]
    );
    assert_eq!(first.headers()["content-type"], "application/json");
    assert_eq!(whole(first).await, json!({ "turn": 1 }));

    let second = chat(&provider).await.unwrap();
    assert_eq!(
        (second.status().as_u16(), &second.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    let error = json!({ "message": "slow down", "type": "invalid_request_error", "param": null, "code": "rate_limited" });
    assert_eq!(whole(second).await, json!({ "error": error }));

    let third = chat(&provider).await.unwrap();
    assert_eq!(third.status(), 500);
    assert_eq!(
        whole(third).await,
        json!({ "error": { "message": "no answer scripted" } })
    );

    provider.always(Answer::chat_text("always"));
    for _ in 0..2 {
        assert_eq!(
            whole(chat(&provider).await.unwrap()).await["choices"][0]["message"]["content"],
            "always"
        );
    }
}

#[tokio::test]
async fn a_route_answers_its_path_and_leaves_the_queue_alone() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("from the queue"));
    provider.on("/models", Answer::error(503, "replaced below", "replaced"));
    provider.on("/models", Answer::json(200, json!({ "data": [] })));

    for _ in 0..2 {
        assert_eq!(
            whole(post(&provider, "/models?page=2", json!({})).await.unwrap()).await,
            json!({ "data": [] })
        );
    }
    assert_eq!(
        whole(chat(&provider).await.unwrap()).await["choices"][0]["message"]["content"],
        "from the queue"
    );
}

#[tokio::test]
async fn a_request_is_recorded_as_it_was_sent() {
    let provider = Scripted::start().await;
    provider.always(Answer::chat_text("hello"));
    let mut raw = TcpStream::connect(("127.0.0.1", provider.port()))
        .await
        .unwrap();
    raw.write_all(
        b"POST /v1/a%20b?alt=sse HTTP/1.1\r\nX-One:  1 \r\ncontent-LENGTH: 9\r\n\r\n{\"a\": 12}",
    )
    .await
    .unwrap();

    let request = provider.next_request().await;
    assert_eq!(
        (
            request.method.as_str(),
            request.path.as_str(),
            request.query.as_str()
        ),
        ("POST", "/v1/a%20b", "alt=sse")
    );
    assert_eq!(
        request.headers.iter().collect::<Vec<_>>(),
        [("X-One", "1"), ("content-LENGTH", "9")]
    );
    assert_eq!(
        (request.header("x-oNE"), request.header("x-two")),
        (Some("1"), None)
    );
    assert_eq!(
        (&request.body[..], request.json()),
        (&b"{\"a\": 12}"[..], json!({ "a": 12 }))
    );
    assert_eq!(provider.only_request().body, request.body);
}

#[tokio::test]
async fn a_chunked_request_body_is_put_together() {
    let provider = Scripted::start().await;
    let pieces = stream::iter(["{\"a\":", "[1,2", "]}"].map(Ok::<_, std::io::Error>));
    http()
        .post(provider.base_url())
        .body(reqwest::Body::wrap_stream(pieces))
        .send()
        .await
        .unwrap();

    let request = provider.only_request();
    assert_eq!(request.header("transfer-encoding"), Some("chunked"));
    assert_eq!(request.json(), json!({ "a": [1, 2] }));
}

#[tokio::test]
async fn a_connection_is_kept_alive_and_counted_once() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["hello"]));
    provider.push(Answer::chat_text("hello"));
    let client = http();
    for _ in 0..3 {
        client
            .post(provider.base_url())
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
    }

    assert_eq!(provider.connections(), 1);
    assert_eq!(
        provider
            .requests()
            .iter()
            .map(|request| request.connection)
            .collect::<Vec<_>>(),
        [0, 0, 0]
    );
    chat(&provider).await.unwrap();
    assert_eq!(
        (provider.connections(), provider.requests()[3].connection),
        (2, 1)
    );
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_wherever_the_answer_stands() {
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.push(Answer::hang());
    provider.push(Answer::sse(["1", "2"]).pause_before(1, &gate));

    leave_unanswered(&provider, "/silent").await;
    assert_eq!(provider.hung_up().await.path, "/v1/silent");

    let mut response = post(&provider, "/midway", json!({})).await.unwrap();
    response.chunk().await.unwrap().unwrap();
    gate.reached().await;
    drop(response);
    assert_eq!(provider.hung_up().await.path, "/v1/midway");
}

#[tokio::test]
async fn a_client_that_leaves_with_its_whole_answer_has_not_hung_up() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_text("hello"));
    provider.push(Answer::chat_stream(&["hello"]));
    provider.push(Answer::hang());

    for path in ["/whole", "/streamed"] {
        let response = post(&provider, path, json!({})).await.unwrap();
        response.bytes().await.unwrap();
    }
    leave_unanswered(&provider, "/silent").await;
    assert_eq!(provider.hung_up().await.path, "/v1/silent");
}

#[tokio::test]
async fn a_thousand_clients_are_served_at_once() {
    const CLIENTS: usize = 1000;
    let provider = Scripted::start().await;
    let gate = Gate::new();
    provider.always(Answer::chat_text("hello").pause_before_head(&gate));
    let (client, mut clients) = (http(), JoinSet::new());
    for _ in 0..CLIENTS {
        clients.spawn(client.get(provider.base_url()).send());
    }
    for _ in 0..CLIENTS {
        provider.next_request().await;
    }
    assert_eq!(provider.connections(), CLIENTS);
    gate.open();
    for response in clients.join_all().await {
        assert_eq!(response.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_test_that_blocks_its_thread_is_answered() {
    let provider = Scripted::start().await;
    provider.push(Answer::raw("hello"));
    let mut client = std::net::TcpStream::connect(("127.0.0.1", provider.port())).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(std::io::read_to_string(client).unwrap(), "hello");
}

#[tokio::test]
async fn a_stopped_provider_refuses_connections() {
    let provider = Scripted::start().await;
    let port = provider.port();
    provider.stop().await;
    let refused = TcpStream::connect(("127.0.0.1", port)).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
#[should_panic(expected = "not HTTP/1.1: the request line \"nonsense\"")]
async fn a_client_that_does_not_speak_http_fails_the_test() {
    let provider = Scripted::start().await;
    let mut raw = TcpStream::connect(("127.0.0.1", provider.port()))
        .await
        .unwrap();
    raw.write_all(b"nonsense\r\n\r\n").await.unwrap();
    let read = within(|| "the connection stays open".to_owned(), raw.read_u8()).await;
    assert_eq!(read.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
#[should_panic(expected = "the answer to /v1/chat/completions panicked")]
async fn a_computed_answer_that_panics_fails_the_test() {
    let provider = Scripted::start().await;
    provider.push(Answer::from_fn(|_| panic!("on purpose")));
    chat(&provider).await.unwrap_err();
}
