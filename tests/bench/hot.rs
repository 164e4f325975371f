//! What every request and every token goes through. `cargo bench --bench hot`.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

mod served;

use bytes::Bytes;
use divan::{Bencher, black_box};
use futures_util::{FutureExt, StreamExt, stream};
use hyper::HeaderMap;
use openclaw::auth::{AuthMode, Authenticator, Ends};
use openclaw::chat::{NumberList, Routing};
use openclaw::config::{Config, Environment, Secret};
use openclaw::gateway::Gateway;
use openclaw::{json, sse};
use served::Served;

fn main() {
    divan::main();
}

/// A text as models write it: a line now and then.
fn text(bytes: usize) -> String {
    "The quick brown fox jumps over the lazy dog, again and again.\n"
        .chars()
        .cycle()
        .take(bytes)
        .collect()
}

#[divan::bench(args = [64, 1024, 32 << 10])]
fn json_string(bencher: Bencher, bytes: usize) {
    let (text, mut out) = (text(bytes), Vec::with_capacity(2 * bytes));
    bencher.bench_local(|| {
        out.clear();
        json::string(&mut out, black_box(&text));
    });
}

#[divan::bench(args = [1, 64])]
fn sse_read(bencher: Bencher, events: usize) {
    let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"}}]}\n\n";
    let piece = Bytes::from(event.repeat(events));
    bencher.bench_local(|| {
        let source = stream::iter([Ok::<_, ()>(piece.clone())]);
        let read = sse::events(source).count().now_or_never();
        assert_eq!(read, Some(events));
    });
}

#[divan::bench]
fn auth(bencher: Bencher) {
    let mode = AuthMode::Token(Secret::new("a-token"));
    let authenticator = Authenticator::new(mode, &Config::default().gateway, Default::default());
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer a-token".parse().unwrap());
    let peer = Ends {
        peer: "127.0.0.1".parse().unwrap(),
        own: None,
    };
    bencher.bench_local(|| {
        authenticator
            .authenticate(peer, black_box(&headers))
            .is_ok()
    });
}

#[divan::bench]
fn target_resolution(bencher: Bencher) {
    let gateway = Gateway::new(&Config::default(), &Environment::default(), None).unwrap();
    let routing = Routing {
        model: Some("openclaw/default".to_owned()),
        ..Routing::default()
    };
    bencher.bench_local(|| gateway.explain(black_box(&routing)).is_ok());
}

#[divan::bench]
fn vector_of_1536_numbers(bencher: Bencher) {
    let numbers: Vec<f32> = (0..1536)
        .map(|number| (number as f32).sin() / 10.0)
        .collect();
    let list = Bytes::from(serde_json::to_vec(&numbers).unwrap());
    bencher.bench_local(|| NumberList::at_start(black_box(&list)).is_some());
}

/// A whole request: decoded, sent to a provider on this machine, and its answer encoded.
#[divan::bench(args = [64, 32 << 10])]
fn whole_chat(bencher: Bencher, bytes: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut served = runtime.block_on(Served::start());
    let mut body = b"{\"messages\":[{\"role\":\"user\",\"content\":".to_vec();
    json::string(&mut body, &text(bytes));
    body.extend_from_slice(b"}]}");
    let body = String::from_utf8(body).unwrap();
    let answer = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"a word"},"finish_reason":"stop"}]}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}",
        answer.len()
    );
    bencher.bench_local(|| {
        runtime.block_on(async {
            served.ask("/v1/chat/completions", &body).await;
            served.answer(answer.as_bytes()).await;
            served.read_to(b"}").await;
        });
    });
}
