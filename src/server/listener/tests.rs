//! The accept loop over real sockets. Deadlines are real but short; every wait is for an event, and nothing here
//! sleeps: where time must pass, a second connection is timed out by the server under test.

mod house;

use std::sync::Mutex;
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, oneshot};

use self::house::{House, PATIENT, deaf_run, run, whole};
use super::*;

const SHORT: Duration = Duration::from_millis(60);

#[tokio::test]
async fn a_head_that_does_not_complete_is_closed_at_the_header_timeout() {
    let house = House::greeting(Limits {
        header_timeout: SHORT,
        ..PATIENT
    })
    .await;
    let begun = Instant::now();
    let (mut silent, mut slow) = (house.visit().await, house.visit().await);
    slow.send("GET / HTTP/1.1\r\nhost:").await;
    assert_eq!(
        (silent.rest().await, slow.rest().await),
        (String::new(), String::new())
    );
    assert!(begun.elapsed() >= SHORT);
}

#[tokio::test]
async fn an_idle_connection_outlives_the_header_timeout_and_ends_with_keep_alive() {
    let keep_alive = SHORT * 5;
    let house = House::greeting(Limits {
        header_timeout: SHORT,
        keep_alive,
        ..PATIENT
    })
    .await;
    let mut client = house.visit().await;
    for _ in 0..2 {
        client.get("/", "hello").await;
        house.header_timeout_passes().await;
    }
    let begun = Instant::now();
    client.get("/", "hello").await;
    assert_eq!(client.rest().await, "");
    assert!(begun.elapsed() >= keep_alive);
}

#[tokio::test]
async fn an_http2_connection_has_the_idle_rule_only_and_is_told_goodbye() {
    let keep_alive = SHORT * 5;
    let house = House::greeting(Limits {
        header_timeout: SHORT,
        keep_alive,
        ..PATIENT
    })
    .await;
    let mut client = house.visit().await;
    client
        .send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await;
    house.header_timeout_passes().await;
    let begun = Instant::now();
    let get = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x84\x86\x41\x01h";
    client.send(get).await;
    let frames = client.rest().await;
    assert!(begun.elapsed() >= keep_alive);
    let (data, goodbye) = ("\0\0\x05\0\x01\0\0\0\x01hello", "\0\0\x08\x07\0\0\0\0\0");
    assert!(frames.contains(data), "no DATA in {frames:?}");
    assert!(frames.contains(goodbye), "no GOAWAY in {frames:?}");
}

#[tokio::test]
async fn a_request_in_flight_has_no_read_deadline() {
    let (chunk, chunks) = mpsc::channel(1);
    let chunks = Mutex::new(Some(chunks));
    let limits = Limits {
        header_timeout: SHORT,
        keep_alive: SHORT,
        ..PATIENT
    };
    let routes = move |drain: &Drain, _| run(drain, chunks.lock().unwrap().take().unwrap());
    let house = House::open(limits, routes).await;
    let mut client = house.visit().await;
    chunk.send("first").await.unwrap();
    client.get("/", "first\r\n").await;
    for _ in 0..3 {
        house.header_timeout_passes().await;
    }
    chunk.send("last").await.unwrap();
    drop(chunk);
    assert_eq!(client.until("0\r\n\r\n").await, "4\r\nlast\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_slow_reader_gets_all_of_an_answer_that_outlasts_keep_alive() {
    const ANSWER_BYTES: usize = 50_000_000;
    let limits = Limits {
        header_timeout: SHORT,
        keep_alive: SHORT,
        ..PATIENT
    };
    let house = House::open(limits, |_, _| whole(200, vec![b'x'; ANSWER_BYTES])).await;
    let mut client = house.visit().await;
    client.get("/", "\r\n\r\n").await;
    for _ in 0..3 {
        house.header_timeout_passes().await;
    }
    assert_eq!(client.rest().await.len(), ANSWER_BYTES);
}

#[tokio::test]
async fn a_peer_that_stops_reading_loses_its_stream_after_the_write_timeout() {
    let (alive, dropped) = oneshot::channel::<()>();
    let alive = Mutex::new(Some(alive));
    let house = House::open(
        Limits {
            write_timeout: SHORT,
            ..PATIENT
        },
        move |_, _| {
            let (alive, chunk) = (
                alive.lock().unwrap().take().unwrap(),
                Bytes::from(vec![b'x'; 1 << 16]),
            );
            let endless = stream::repeat_with(move || {
                let _held = &alive;
                Ok(Frame::data(chunk.clone()))
            });
            Response::new(StreamBody::new(endless).boxed_unsync())
        },
    );
    let mut client = house.await.visit().await;
    client.get("/", "\r\n\r\n").await;
    assert!(dropped.await.is_err(), "the body is dropped");
    assert!(
        client.0.read_to_end(&mut Vec::new()).await.is_err(),
        "the connection is reset"
    );
}

#[tokio::test]
async fn an_early_refusal_reaches_a_client_that_sends_its_whole_body_first() {
    const BODY_BYTES: usize = 25_000_000;
    let house = House::open(PATIENT, |_, _| whole(413, "too large")).await;
    let mut client = house.visit().await;
    client
        .send(format!(
            "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {BODY_BYTES}\r\n\r\n"
        ))
        .await;
    client.send(vec![b'x'; BODY_BYTES]).await;
    let answer = client.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.ends_with("too large"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_is_sent_after_its_refusal_is_still_taken() {
    const BODY_BYTES: usize = 25_000_000;
    let house = House::open(PATIENT, |_, _| whole(401, "who are you?")).await;
    let mut client = house.visit().await;
    client
        .send(format!(
            "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {BODY_BYTES}\r\n\r\n"
        ))
        .await;
    client.until("who are you?").await;
    client.send(vec![b'x'; BODY_BYTES]).await;
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn the_peer_is_in_the_extensions_of_each_request() {
    let house = House::open(PATIENT, |_, request| {
        let peer = request.extensions().get::<Peer>().unwrap();
        whole(200, format!("{} at {}.", peer.addr, peer.local.unwrap()))
    });
    let house = house.await;
    let mut client = house.visit().await;
    let both = format!("\r\n\r\n{} at {}.", client.addr(), house.addr);
    for _ in 0..2 {
        assert!(client.get("/", &both).await.starts_with("HTTP/1.1 200 "));
    }
}

#[tokio::test]
async fn a_panic_becomes_the_answer_made_for_it_and_the_connection_goes_on() {
    let house = House::open(PATIENT, |_, request| match request.uri().path() {
        "/constant" => panic!("at the disco"),
        "/formatted" => panic!("at {}", request.uri()),
        _ => whole(200, "hello"),
    });
    let mut client = house.await.visit().await;
    assert!(
        client
            .get("/constant", "\r\n\r\nat the disco")
            .await
            .starts_with("HTTP/1.1 500 ")
    );
    assert!(
        client
            .get("/formatted", "\r\n\r\nat /formatted")
            .await
            .starts_with("HTTP/1.1 500 ")
    );
    assert!(client.get("/", "hello").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_full_house_takes_the_next_connection_when_one_has_left() {
    let served = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&served);
    let house = House::open(
        Limits {
            max_connections: 1,
            ..PATIENT
        },
        move |_, request| {
            log.lock()
                .unwrap()
                .push(request.extensions().get::<Peer>().unwrap().addr);
            whole(200, "hello")
        },
    );
    let house = house.await;
    let mut first = house.visit().await;
    first.get("/", "hello").await;
    let mut second = house.visit().await;
    second.send("GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
    for _ in 1..50 {
        first.get("/", "hello").await;
    }
    assert_eq!(*served.lock().unwrap(), [first.addr(); 50]);
    drop(first);
    second.until("hello").await;
    assert_eq!(served.lock().unwrap()[50..], [second.addr()]);
}

/// A house with one run, at `/run`, that says what it is sent.
async fn running_house(grace: Duration) -> (House, mpsc::Sender<&'static str>) {
    let (chunk, chunks) = mpsc::channel(1);
    let chunks = Mutex::new(Some(chunks));
    let house = House::open(
        Limits { grace, ..PATIENT },
        move |drain, request| match request.uri().path() {
            "/run" => run(drain, chunks.lock().unwrap().take().unwrap()),
            "/deaf" => deaf_run(drain, chunks.lock().unwrap().take().unwrap()),
            _ if drain.is_draining() => whole(503, "draining"),
            _ => whole(200, "welcome"),
        },
    );
    (house.await, chunk)
}

#[tokio::test]
async fn a_drain_lets_the_stream_in_flight_finish_and_says_so_meanwhile() {
    let (house, chunk) = running_house(PATIENT.grace).await;
    let (mut client, mut idle) = (house.visit().await, house.visit().await);
    chunk.send("first").await.unwrap();
    client.get("/run", "first\r\n").await;
    idle.get("/", "welcome").await;
    house.drain.begin();
    assert!(
        house
            .visit()
            .await
            .get("/", "draining")
            .await
            .starts_with("HTTP/1.1 503 ")
    );
    chunk.send("last").await.unwrap();
    drop(chunk);
    assert_eq!(client.rest().await, "4\r\nlast\r\n0\r\n\r\n");
    assert_eq!(idle.rest().await, "");
    assert_eq!(house.served.await.unwrap(), Ended::Clean);
    assert!(
        TcpStream::connect(house.addr).await.is_err(),
        "the listener is closed"
    );
}

#[tokio::test]
async fn a_stream_that_outlasts_the_grace_period_ends_with_its_error_frame() {
    let (house, chunk) = running_house(SHORT).await;
    let mut client = house.visit().await;
    chunk.send("first").await.unwrap();
    client.get("/run", "first\r\n").await;
    house.drain.begin();
    assert_eq!(client.rest().await, "E\r\nevent: error\n\n\r\n0\r\n\r\n");
    assert_eq!(house.served.await.unwrap(), Ended::Cut);
}

#[tokio::test]
async fn the_end_does_not_wait_for_the_rest_of_a_body_that_nobody_reads() {
    let (house, chunk) = running_house(SHORT).await;
    let mut client = house.visit().await;
    client
        .send("POST /run HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\nhalf")
        .await;
    chunk.send("first").await.unwrap();
    client.until("first\r\n").await;
    let begun = Instant::now();
    house.drain.begin();
    client.until("event: error\n\n\r\n0\r\n\r\n").await;
    assert_eq!(house.served.await.unwrap(), Ended::Cut);
    assert!(begun.elapsed() < FAREWELL);
}

#[tokio::test]
async fn a_stream_that_ignores_the_ending_is_dropped_after_the_farewell() {
    let (house, chunk) = running_house(SHORT).await;
    let mut client = house.visit().await;
    chunk.send("first").await.unwrap();
    client.get("/deaf", "first\r\n").await;
    let begun = Instant::now();
    house.drain.begin();
    assert_eq!(client.rest().await, "", "no final chunk");
    assert!(begun.elapsed() >= SHORT + FAREWELL);
    assert_eq!(house.served.await.unwrap(), Ended::Cut);
    assert!(chunk.is_closed());
}

#[tokio::test]
async fn a_second_signal_cuts_what_the_first_one_waits_for() {
    let (house, chunk) = running_house(PATIENT.grace).await;
    let mut client = house.visit().await;
    chunk.send("first").await.unwrap();
    client.get("/deaf", "first\r\n").await;
    let begun = Instant::now();
    house.drain.begin();
    house.drain.cut();
    assert_eq!(client.rest().await, "", "no final chunk");
    assert_eq!(house.served.await.unwrap(), Ended::Cut);
    assert!(begun.elapsed() < FAREWELL);
    assert!(chunk.is_closed(), "nothing outlives the server");
}

#[tokio::test]
async fn dropping_the_server_closes_its_connections() {
    let house = House::greeting(PATIENT).await;
    let mut client = house.visit().await;
    client.get("/", "hello").await;
    house.served.abort();
    assert_eq!(client.rest().await, "");
}

#[test]
fn a_want_of_file_descriptors_is_not_the_peers_doing() {
    let too_many_open_files = io::Error::from_raw_os_error(24);
    assert!(!is_the_peers(&too_many_open_files));
    assert!(is_the_peers(&io::ErrorKind::ConnectionAborted.into()));
}
