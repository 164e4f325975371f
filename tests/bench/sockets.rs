//! What a thousand WebSockets that wait and two hundred that are answered cost the server: a bound, so that nobody adds
//! to it unseen. `cargo test --test sockets -- --nocapture` tells the figure.
#![allow(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that tells what it measured"
)]

#[path = "../e2e/support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the end-to-end tests use the rest"
)]
mod support;

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{Answer, Gate, Program, Scripted, Socket, config_for};

const IDLE: usize = 1000;
const ACTIVE: usize = 200;

/// What they may occupy in all, above the server that has served one.
const MOST_BYTES: u64 = 40 << 20;

/// What a turn asks, in bytes.
const INPUT_BYTES: usize = 2 << 10;

/// What has been answered of it when the measure is taken, of so many.
const DELTAS: [usize; 2] = [100, 101];

fn turn() -> Value {
    json!({ "model": "openclaw", "store": false, "input": "x".repeat(INPUT_BYTES) })
}

async fn open(program: &Program, count: usize) -> Vec<Socket> {
    join_all((0..count).map(|_| Socket::to_address(program.address()))).await
}

#[tokio::test]
async fn a_thousand_idle_sockets_and_two_hundred_active_ones_fit_into_40_mb() {
    let provider = Scripted::start().await;
    let [told, all] = DELTAS;
    let answer = Answer::chat_stream(&vec!["word "; all]);
    let gate = Gate::new();
    provider.push(answer.clone());
    provider.always(answer.pause_before(told, &gate));
    let program = Program::serve(&config_for(&provider));
    // What one socket needs is there from now on.
    Socket::to_address(program.address())
        .await
        .turn(turn())
        .await;
    let before = program.resident_bytes();

    let mut idle = open(&program, IDLE).await;
    let with_idle = program.resident_bytes();
    let mut active = open(&program, ACTIVE).await;
    join_all(active.iter_mut().map(async |socket| {
        socket.ask(turn()).await;
        let mut deltas = 0;
        // The first piece of the provider's is no word.
        while deltas + 1 < told {
            deltas += usize::from(socket.hear().await["type"] == "response.output_text.delta");
        }
    }))
    .await;
    let with_all = program.resident_bytes();
    eprintln!(
        "{IDLE} idle sockets: {} KiB; with {ACTIVE} active ones: {} KiB",
        with_idle.saturating_sub(before) >> 10,
        with_all.saturating_sub(before) >> 10
    );
    assert!(with_all.saturating_sub(before) <= MOST_BYTES);

    gate.open();
    // Every one of them is served: those that were answered come to their end, and any that waited has its turn.
    let ends = join_all(active.iter_mut().map(async |socket| {
        loop {
            let event = socket.hear().await;
            if event["response"]["status"] == "completed" {
                return;
            }
        }
    }));
    ends.await;
    for socket in idle.iter_mut().step_by(IDLE / 10) {
        let told = socket.turn(turn()).await;
        assert_eq!(told.response()["status"], "completed");
    }
}
