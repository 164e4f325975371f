//! Request lines and headers.

use serde_json::json;

use super::{answer, chat, chunked, hello, refused, willing};
use crate::support::{House, Raw, TOKEN, within};

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {TOKEN}\r\n\r\n")
}

fn with(headers: &str) -> String {
    format!("GET /health HTTP/1.1\r\nHost: gateway\r\n{headers}\r\n")
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_json_and_its_connection_closed() {
    let provider = willing().await;
    let house = House::before(&provider).await;
    let many: String = (0..150).map(|n| format!("x-{n}: y\r\n")).collect();
    let large = format!("x: {}\r\n", "y".repeat(64 << 10));
    for (bytes, status) in [
        ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\r\n\r\n".to_owned(), 400),
        ("\0\x01\x02".to_owned(), 400),
        ("GET /health\r\n".to_owned(), 400),
        ("GET /health HTTP/1.2\r\nHost: a\r\n\r\n".to_owned(), 400),
        ("GET /health HTTP/2.0\r\nHost: a\r\n\r\n".to_owned(), 400),
        (get("v1/models"), 400),
        (with("x: a\r\n b\r\n"), 400),
        (with("x : a\r\n"), 400),
        (with("x: \0\r\n"), 400),
        (with("Content-Length: -1\r\n"), 400),
        (with("Content-Length: +1\r\n"), 400),
        (with("Content-Length: 1\r\nContent-Length: 2\r\n"), 400),
        (with("Content-Length: 99999999999999999999\r\n"), 400),
        (with("Transfer-Encoding: gzip\r\n"), 400),
        (with("Transfer-Encoding: gzip, chunked\r\n"), 400),
        (with("Host: other\r\n"), 400),
        ("GET /health HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET /health HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(), 400),
        (with(&many), 431),
        (with(&large), 431),
        (get(&format!("/v1/models/{}", "a".repeat(70_000))), 431),
    ] {
        let shown: String = bytes.chars().take(60).collect();
        let mut raw = Raw::to(house.address).await;
        raw.send(&bytes).await;
        let answered = raw.answer().await;
        let header = |name| {
            answered
                .as_ref()
                .and_then(|answer| answer.headers.get(name))
        };
        assert_eq!(header("connection"), Some("close"), "{shown:?}");
        let timing = header("server-timing").unwrap_or_default();
        assert!(timing.starts_with("total;dur="), "{shown:?}");
        assert_eq!(refused(answered, &shown).0, status, "{shown:?}");
        assert_eq!(raw.rest().await, b"", "{shown:?}");
        assert_eq!(house.get("/health").await.status, 200);
    }
}

#[tokio::test]
async fn tricks_with_the_path_reach_nothing() {
    let provider = willing().await;
    let house = House::before(&provider).await;
    for target in [
        "//v1//models",
        "//health",
        "/v1/../v1/models",
        "/v1/./models",
        "/%2e%2e/v1/models",
        "/v1%2fmodels",
        "/v1/models/",
        "/V1/models",
        "/health/",
        "/health%00",
        "*",
        "http://elsewhere/v1/nothing",
    ] {
        let (status, error) = refused(answer(&house, get(target)).await, target);
        assert_eq!(
            (status, &error["code"]),
            (404, &json!("unknown_url")),
            "{target}"
        );
    }
    let connect = "CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n";
    let (status, error) = refused(answer(&house, connect).await, connect);
    assert_eq!((status, &error["code"]), (404, &json!("unknown_url")));

    let name = "a".repeat(60_000);
    for id in [
        "../models",
        "%2e%2e%2fmodels",
        "..%2F..%2Fetc%2Fpasswd",
        "%00",
        &name,
    ] {
        let (status, error) = refused(answer(&house, get(&format!("/v1/models/{id}"))).await, id);
        assert_eq!(
            (status, &error["code"]),
            (404, &json!("model_not_found")),
            "{id}"
        );
        assert!(error["message"].as_str().unwrap().len() < 300, "{id}");
    }
}

#[tokio::test]
async fn an_absolute_target_is_its_path() {
    let provider = willing().await;
    let house = House::before(&provider).await;
    let listed = answer(&house, get("http://elsewhere.example/v1/models"))
        .await
        .unwrap();
    assert_eq!(listed.status(), 200);
    assert_eq!(listed.json()["object"], "list");
}

#[tokio::test]
async fn a_request_with_two_lengths_has_one_meaning_and_the_last_word() {
    let provider = willing().await;
    let house = House::before(&provider).await;
    let smuggled = get("/v1/models");
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ] {
        let body = chunked(&hello().to_string()) + &smuggled;
        let mut raw = Raw::to(house.address).await;
        raw.send(chat(lengths, body)).await;
        let answered = raw.answer().await.unwrap();
        assert_eq!(answered.headers.get("connection"), Some("close"));
        assert_eq!(answered.json()["choices"][0]["message"]["content"], "ok");
        assert_eq!(raw.rest().await, b"", "{lengths}");
        assert_eq!(house.get("/health").await.status, 200);
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_closed_without_a_word() {
    let provider = willing().await;
    let impatient = json!({ "gateway": { "http": { "headerTimeoutMs": 50 } } });
    let house = House::changed(&provider, impatient).await;
    for bytes in ["", "G", "GET /health HTTP/1.1\r\nHost: gateway\r\n"] {
        let mut raw = Raw::to(house.address).await;
        raw.send(bytes).await;
        assert_eq!(raw.rest().await, b"", "{bytes:?}");
        assert_eq!(house.get("/health").await.status, 200);
    }
    // One byte after another buys no time.
    let mut raw = Raw::to(house.address).await;
    let trickle = async { while raw.sends("G").await {} };
    within(|| "the end of an endless head".to_owned(), trickle).await;
}
