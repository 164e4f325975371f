//! How often memory is asked for while a token passes through: a bound, so that nobody adds to it unseen.
#![allow(clippy::unwrap_used, reason = "a test")]

mod served;

use served::Served;

/// Allocations for one token, from the provider's bytes to the caller's, each in a write of its own.
const MOST_PER_TOKEN: f64 = 4.0;

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn piece(data: &str) -> Vec<u8> {
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
}

/// What a stream of so many tokens allocates, its request and its end included.
fn allocations(tokens: usize) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let token = piece(
        r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m1","choices":[{"index":0,"delta":{"content":"word "},"logprobs":null,"finish_reason":null}]}"#,
    );
    let finish = piece(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#);
    let done = [&finish[..], &piece("[DONE]"), b"0\r\n\r\n"].concat();
    let mut served = runtime.block_on(Served::start());
    let stream = async {
        let body = r#"{"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
        served.ask("/v1/chat/completions", body).await;
        served.answer(HEAD).await;
        for _ in 0..tokens {
            served.answer(&token).await;
            served.read_to(b"\n\n\r\n").await;
        }
        served.answer(&done).await;
        served.read_to(b"0\r\n\r\n").await;
    };
    allocation_counter::measure(|| runtime.block_on(stream)).count_total
}

#[test]
fn a_streamed_token_costs_few_allocations_and_always_as_many() {
    let _warm = allocations(10);
    let (few, many) = (allocations(100), allocations(1100));
    let per_token = (many - few) as f64 / 1000.0;
    assert!(
        per_token <= MOST_PER_TOKEN,
        "{per_token} allocations a token, of {MOST_PER_TOKEN} allowed"
    );
}
