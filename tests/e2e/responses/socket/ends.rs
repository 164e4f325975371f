//! How sockets end, and what they bear before.

use std::time::Duration;

use bytes::Bytes;
use openclaw::server::Ended;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::*;
use crate::support::Gate;

/// Lets so much time pass at once.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

const AWAY: Option<u16> = Some(1001);
const POLICY: Option<u16> = Some(1008);

#[tokio::test]
async fn a_peer_that_leaves_cancels_the_turn_that_runs() {
    for in_order in [true, false] {
        let (provider, house) = answering(&[]).await;
        provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, Gate::new()));
        let mut socket = Socket::to(&house).await;
        socket.ask(says("count")).await;
        socket.hear().await;
        if in_order {
            socket.send(Message::Close(None)).await;
            let mut last = None;
            while let Some(message) = socket.receive().await {
                last = Some(message);
            }
            assert!(matches!(last, Some(Message::Close(_))), "{last:?}");
        } else {
            drop(socket);
        }
        provider.hung_up().await;
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_socket_goes_on() {
    let (provider, house) = answering(&["ok"]).await;
    let mut socket = Socket::to(&house).await;
    for (sent, param) in [
        ("hello", Value::Null),
        ("[]", Value::Null),
        ("{}", json!("type")),
        ("{\"type\":\"response.cancel\"}", json!("type")),
        ("{\"type\":\"response.create\"}", json!("input")),
        (
            "{\"type\":\"response.create\",\"input\":\"x\",\"background\":true}",
            json!("background"),
        ),
        (
            "{\"type\":\"response.create\",\"input\":\"x\",\"type\":\"response.create\"}",
            Value::Null,
        ),
    ] {
        socket.send(Message::text(sent)).await;
        let event = socket.hear().await;
        assert_eq!(
            (&event["status"], &event["error"]["param"]),
            (&json!(400), &param),
            "{sent}"
        );
    }
    assert!(provider.requests().is_empty());
    let mut asked = says("hi");
    asked["stream"] = json!(false);
    assert_eq!(said(socket.turn(asked).await.response()), "ok");
}

#[tokio::test]
async fn a_message_that_is_too_large_or_not_text_ends_the_socket() {
    let (provider, _) = answering(&[]).await;
    let small = json!({ "gateway": { "http": { "maxBodyBytes": 100_000 } } });
    let house = House::changed(&provider, small).await;
    let large = says(&"x".repeat(100_000)).to_string();
    for (message, fault, code) in [
        (Message::text(large), (413, "invalid_request_error"), 1009),
        (
            Message::binary(b"{}".to_vec()),
            (400, "invalid_request_error"),
            1003,
        ),
    ] {
        let mut socket = Socket::to(&house).await;
        socket.try_to_send(message).await;
        assert_eq!(socket.fault().await, (fault.0, fault.1.to_owned()));
        assert_eq!(socket.closed().await, Some(code));
    }
}

#[tokio::test]
async fn a_message_that_is_never_whole_ends_the_socket() {
    let (_provider, house) = answering(&[]).await;
    let mut socket = Socket::to(&house).await;
    let part = Frame::message("{", OpCode::Data(Data::Text), false);
    socket.send(Message::Frame(part)).await;
    socket.send(Message::Ping(Bytes::new())).await;
    // It was read, with what came before it.
    assert!(matches!(socket.receive().await, Some(Message::Pong(_))));
    pass(Duration::from_secs(60)).await;
    let too_slow = (408, "invalid_request_error".to_owned());
    assert_eq!(socket.fault().await, too_slow);
    assert_eq!(socket.closed().await, POLICY);
}

#[tokio::test]
async fn requests_that_are_sent_ahead_wait_in_a_line_that_has_an_end() {
    let (provider, house) = answering(&[]).await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["first"]).pause_before(1, &gate));
    provider.always(Answer::chat_auto("later"));
    let mut socket = Socket::to(&house).await;
    for turn in 0..18 {
        socket.ask(says(&turn.to_string())).await;
        if turn == 0 {
            gate.reached().await;
        }
    }
    // All of them are in the line before the first is over.
    socket.send(Message::Ping(Bytes::new())).await;
    while !matches!(socket.receive().await, Some(Message::Pong(_))) {}
    gate.open();
    while socket.hear().await["type"] != "response.completed" {}
    for turn in 1..17 {
        let told = socket.told().await;
        assert_eq!(told.response()["status"], "completed", "{turn}");
    }
    // At its place in the line, amid the events of no other.
    let too_many = (429, "too_many_waiting".to_owned());
    assert_eq!(socket.fault().await, too_many);
    assert_eq!(provider.requests().len(), 17);
}

#[tokio::test]
async fn a_new_token_bites_on_the_next_turn() {
    let (provider, mut house) = answering(&[]).await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let mut socket = Socket::to(&house).await;
    socket.ask(says("1")).await;
    gate.reached().await;
    let mut config = config_for(&provider);
    config["gateway"]["auth"]["token"] = json!("another");
    house.reconfigure(config);
    gate.open();
    assert_eq!(said(socket.told().await.response()), "one two");
    let refused = socket.refused(says("2")).await;
    assert_eq!(refused, (401, "invalid_api_key".to_owned()));
    assert_eq!(socket.closed().await, POLICY);
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn a_socket_ends_after_an_hour_and_says_why() {
    let (_provider, house) = answering(&["one"]).await;
    let mut socket = Socket::to(&house).await;
    socket.turn(says("1")).await;
    pass(Duration::from_secs(60 * 60)).await;
    let limit = (400, "websocket_connection_limit_reached".to_owned());
    assert_eq!(socket.fault().await, limit);
    assert_eq!(socket.closed().await, Some(1000));
}

#[tokio::test]
async fn a_turn_that_runs_at_the_end_of_the_hour_is_finished() {
    let (provider, house) = answering(&[]).await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let mut socket = Socket::to(&house).await;
    pass(Duration::from_secs(60 * 60 - 1)).await;
    socket.ask(says("1")).await;
    gate.reached().await;
    pass(Duration::from_secs(1)).await;
    gate.open();
    assert_eq!(said(socket.told().await.response()), "one two");
    assert_eq!(socket.fault().await.1, "websocket_connection_limit_reached");
}

#[tokio::test]
async fn a_silent_socket_is_pinged_and_ends_when_nobody_answers() {
    const INTERVAL: Duration = Duration::from_secs(30);
    let (_provider, house) = answering(&["still here"]).await;
    let (mut there, mut gone) = (Socket::to(&house).await, Socket::to(&house).await);
    pass(INTERVAL).await;
    assert!(matches!(there.receive().await, Some(Message::Ping(_))));
    assert_eq!(said(there.turn(says("hi")).await.response()), "still here");
    // The other one answers no ping, because it reads nothing.
    pass(INTERVAL).await;
    assert!(matches!(there.receive().await, Some(Message::Ping(_))));
    assert_eq!(gone.closed().await, None);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_dropped_and_its_turn_with_it() {
    let (provider, house) = answering(&[]).await;
    let delta = "#".repeat(16 << 10);
    let last = Gate::new();
    let answer = Answer::chat_stream(&vec![delta.as_str(); 2048]);
    provider.push(answer.pause_before(2048, &last));
    let mut socket = Socket::to(&house).await;
    socket.ask(says("go on")).await;
    socket.hear().await;
    let before = provider.requests().len();
    assert_eq!(before, 1);
    let dropped = provider.hung_up();
    tokio::pin!(dropped);
    // A write waits for as long as it may, and not before it has begun to.
    loop {
        tokio::select! {
            _ = &mut dropped => break,
            () = tokio::task::yield_now() => pass(Duration::from_secs(1)).await,
        }
    }
    assert!(futures_util::FutureExt::now_or_never(last.reached()).is_none());
}

#[tokio::test]
async fn an_idle_socket_is_closed_when_the_server_stops() {
    let (_provider, mut house) = answering(&["one"]).await;
    let mut socket = Socket::to(&house).await;
    socket.turn(says("1")).await;
    house.stop();
    assert_eq!(socket.closed().await, AWAY);
    assert_eq!(house.ended().await, Ended::Clean);
}

#[tokio::test]
async fn a_turn_that_runs_when_the_server_stops_is_finished_and_the_next_refused() {
    let (provider, mut house) = answering(&[]).await;
    let gate = Gate::new();
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, &gate));
    let mut socket = Socket::to(&house).await;
    for turn in ["1", "2"] {
        socket.ask(says(turn)).await;
    }
    gate.reached().await;
    house.stop();
    // The server has heard of it.
    while house.get("/readyz").await.status == 200 {}
    gate.open();
    assert_eq!(said(socket.told().await.response()), "one two");
    assert_eq!(socket.fault().await, (503, "shutting_down".to_owned()));
    assert_eq!(socket.closed().await, AWAY);
    assert_eq!(house.ended().await, Ended::Clean);
}

#[tokio::test]
async fn a_turn_that_outlasts_the_drain_is_failed_in_its_own_words() {
    let (provider, _) = answering(&[]).await;
    provider.push(Answer::chat_stream(&["one ", "two"]).pause_before(2, Gate::new()));
    let drain = json!({ "gateway": { "http": { "drainMs": 1 } } });
    let mut house = House::changed(&provider, drain).await;
    let mut socket = Socket::to(&house).await;
    socket.ask(says("1")).await;
    socket.hear().await;
    house.stop();
    let response = loop {
        let event = socket.hear().await;
        if event["type"] == "response.failed" {
            break event["response"].clone();
        }
    };
    assert_eq!(response["error"]["code"], "shutting_down");
    assert_eq!(socket.closed().await, AWAY);
    assert_eq!(house.ended().await, Ended::Cut);
}

#[tokio::test]
async fn an_open_socket_has_a_place_under_the_cap_of_connections() {
    let (provider, _) = answering(&[]).await;
    let one = json!({ "gateway": { "http": { "maxConnections": 1 } } });
    let house = House::changed(&provider, one).await;
    let mut socket = Socket::to(&house).await;
    let health = house.get("/healthz");
    tokio::pin!(health);
    // The socket is served, and the other connection is not.
    for _ in 0..3 {
        tokio::select! {
            biased;
            _ = &mut health => panic!("there was a place"),
            fault = socket.refused(json!({})) => assert_eq!(fault.0, 400),
        }
    }
    socket.send(Message::Close(None)).await;
    while socket.receive().await.is_some() {}
    drop(socket);
    assert_eq!(health.await.status, 200);
}
