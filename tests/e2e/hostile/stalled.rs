//! Clients that ask for much and read nothing.

use futures_util::FutureExt as _;
use serde_json::json;

use super::{chat, hello};
use crate::support::{Answer, Gate, Program, Raw, Scripted, config_for};

/// Clients that stop reading; so many that what the allocator holds back for all of them counts for little.
const STALLED: usize = 64;
/// Deltas of each stream: far more than the sockets on the way can hold.
const DELTAS: usize = 2048;
const DELTA_BYTES: usize = 16 << 10;
/// What a client that stops reading may cost.
const COST_BYTES: u64 = 1 << 20;

fn streamed() -> Vec<u8> {
    let mut body = hello();
    body["stream"] = json!(true);
    let body = body.to_string();
    let length = body.len();
    chat(
        &format!("Connection: close\r\nContent-Length: {length}\r\n"),
        body,
    )
}

/// Whether a stream says all of it, and its end.
fn is_whole(stream: &[u8]) -> bool {
    let said = memchr::memchr_iter(b'#', stream).count();
    said == DELTAS * DELTA_BYTES && memchr::memmem::find(stream, b"data: [DONE]").is_some()
}

#[tokio::test]
async fn a_client_that_stops_reading_stops_the_provider_and_costs_little() {
    let provider = Scripted::start().await;
    let program = Program::serve(&config_for(&provider));
    let delta = "#".repeat(DELTA_BYTES);
    let answer = Answer::chat_stream(&vec![delta.as_str(); DELTAS]);
    let reads_all = async || {
        provider.push(answer.clone());
        let mut raw = Raw::to(program.address()).await;
        raw.send(streamed()).await;
        raw.rest().await
    };
    // What one such stream needs is there from now on.
    assert!(is_whole(&reads_all().await));
    let before = program.resident_bytes();

    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        let last = Gate::new();
        provider.push(answer.clone().pause_before(DELTAS, &last));
        let mut raw = Raw::to(program.address()).await;
        raw.send(streamed()).await;
        raw.begin().await;
        stalled.push((raw, last));
    }
    // As much again passes by them: time enough for theirs to come to the end, if anyone took it.
    assert!(is_whole(&reads_all().await));
    for (_, last) in &stalled {
        assert_eq!(
            last.reached().now_or_never(),
            None,
            "the provider was read to the end"
        );
    }
    let cost = program.resident_bytes().saturating_sub(before);
    assert!(cost < STALLED as u64 * COST_BYTES, "{cost} bytes");

    // Who reads on misses nothing; who leaves takes the provider's request along.
    let (raw, last) = stalled.pop().unwrap();
    last.open();
    assert!(is_whole(&raw.rest().await));
    let left = stalled.len();
    drop(stalled);
    for _ in 0..left {
        provider.hung_up().await;
    }
}
