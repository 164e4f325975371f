//! What an answer puts on the wire: pieces, gates, cuts and endings.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{chat, frames, post, whole};
use crate::support::{Answer, Gate, Recorded, Scripted};

#[tokio::test]
async fn every_event_of_a_stream_is_a_frame_of_its_own() {
    let provider = Scripted::start().await;
    provider.push(Answer::sse([json!({ "n": 1 }), json!("two")]));
    provider.push(Answer::sse(["{}"]).without_done());
    provider.push(Answer::named_sse([("ping", "{}"), ("message_stop", "{}")]));
    provider.push(Answer::raw_sse([": keep-ali", "ve\r\n\r\n"]));

    let response = chat(&provider).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(
        frames(response).await,
        [
            "data: {\"n\":1}\n\n",
            "data: \"two\"\n\n",
            "data: [DONE]\n\n"
        ]
    );
    for expected in [
        &["data: {}\n\n"][..],
        &[
            "event: ping\ndata: {}\n\n",
            "event: message_stop\ndata: {}\n\n",
        ],
        &[": keep-ali", "ve\r\n\r\n"],
    ] {
        assert_eq!(frames(chat(&provider).await.unwrap()).await, expected);
    }
}

#[tokio::test]
async fn a_split_body_arrives_in_pieces_that_ignore_characters_and_events() {
    let provider = Scripted::start().await;
    provider.push(Answer::sse(["ä"]).without_done().split_every(7));
    let mut response = chat(&provider).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), &b"data: \xc3"[..]);
    assert_eq!(response.chunk().await.unwrap().unwrap(), &b"\xa4\n\n"[..]);
    assert_eq!(response.chunk().await.unwrap(), None);

    let gate = Gate::new();
    provider.push(
        Answer::json(200, json!([1, 2, 3]))
            .split_every(3)
            .pause_before(1, &gate),
    );
    let mut response = chat(&provider).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "[1,");
    gate.open();
    assert_eq!(response.text().await.unwrap(), "2,3]");
}

#[tokio::test]
async fn a_gate_holds_the_answer_where_it_stands() {
    let provider = Scripted::start().await;
    let (head, second, end) = (Gate::new(), Gate::new(), Gate::new());
    let answer = Answer::sse(["1", "2"])
        .without_done()
        .pause_before_head(&head);
    provider.push(answer.pause_before(1, &second).pause_before(2, end.clone()));

    let mut request = Box::pin(chat(&provider));
    tokio::select! {
        response = &mut request => panic!("headers before the gate was opened: {response:?}"),
        () = head.reached() => head.open(),
    }
    let mut response = request.await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "data: 1\n\n");
    for (gate, frame) in [(second, Some("data: 2\n\n".into())), (end, None)] {
        gate.reached().await;
        let mut next = Box::pin(response.chunk());
        assert!((&mut next).now_or_never().is_none());
        gate.open();
        assert_eq!(next.await.unwrap(), frame);
    }
}

#[tokio::test]
#[should_panic(expected = "a gate at Piece(2) of an answer of 1 pieces")]
async fn a_gate_that_no_answer_would_reach_is_refused() {
    let answer = Answer::chat_text("hello").pause_before(2, Gate::new());
    Scripted::start().await.push(answer);
}

#[tokio::test]
async fn a_cut_answer_breaks_off_without_its_end() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["Hel", "lo"]).cut_after(2));
    provider.push(Answer::sse(["1"]).cut());
    provider.push(Answer::json(200, json!("0123456789")).cut());

    for frames in [2, 2, 1] {
        let mut response = chat(&provider).await.unwrap();
        for _ in 0..frames {
            response.chunk().await.unwrap().unwrap();
        }
        response.chunk().await.unwrap_err();
    }
}

#[tokio::test]
async fn a_connection_can_end_or_be_reset_before_the_headers() {
    let provider = Scripted::start().await;
    provider.push(Answer::close_before_headers());
    provider.push(Answer::reset_before_headers());

    for ending in [Ok(0), Err(ErrorKind::ConnectionReset)] {
        let mut raw = TcpStream::connect(("127.0.0.1", provider.port()))
            .await
            .unwrap();
        raw.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let read = raw.read(&mut [0; 64]).await;
        assert_eq!(read.map_err(|error| error.kind()), ending);
    }
}

#[tokio::test]
async fn raw_bytes_are_the_whole_response() {
    let provider = Scripted::start().await;
    provider.push(Answer::raw("HTTP/1.1 299 Odd\r\nx: y\r\n\r\nto the end").split_every(5));
    provider.push(Answer::raw("garbage"));

    let response = chat(&provider).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x"]),
        (299, &"y".parse().unwrap())
    );
    assert_eq!(response.text().await.unwrap(), "to the end");
    chat(&provider).await.unwrap_err();
}

#[tokio::test]
async fn a_delay_passes_before_the_answer() {
    let provider = Scripted::start().await;
    let delay = Duration::from_millis(20);
    provider.push(Answer::chat_text("late").with_delay(delay));

    let asked = Instant::now();
    chat(&provider).await.unwrap();
    assert!(asked.elapsed() >= delay);
}

#[tokio::test]
async fn a_computed_answer_sees_the_request_and_takes_what_is_laid_over_it() {
    fn echo(request: &Recorded) -> Answer {
        Answer::sse([request.json()]).header("x-over", "0")
    }
    let provider = Scripted::start().await;
    provider.always(Answer::from_fn(echo).header("x-over", "1").split_every(9));

    let response = post(&provider, "/echo", json!(7)).await.unwrap();
    assert_eq!(response.headers()["x-over"], "1");
    assert_eq!(
        frames(response).await,
        ["data: 7\n\n", "data: [DO", "NE]\n\n"]
    );
}

#[tokio::test]
async fn a_computed_answer_may_be_computed_in_turn() {
    let provider = Scripted::start().await;
    provider.always(Answer::from_fn(|_| {
        Answer::from_fn(|_| Answer::chat_text("inner"))
    }));
    let completion = whole(chat(&provider).await.unwrap()).await;
    assert_eq!(completion["choices"][0]["message"]["content"], "inner");
}
