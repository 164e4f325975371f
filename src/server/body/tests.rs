use std::convert::Infallible;

use futures_util::stream;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;

const LIMITS: Limits = Limits {
    bytes: 10,
    time: Duration::from_secs(30),
};

fn message(error: ApiError) -> String {
    String::from_utf8(error.to_json()).unwrap()
}

fn typed(value: &str) -> Result<(), ApiError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, value.parse().unwrap());
    check_type(&headers)
}

#[test]
fn only_a_body_declared_as_json_is_read() {
    for good in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/vnd.api+json",
    ] {
        assert_eq!(typed(good), Ok(()), "{good}");
    }
    for bad in ["text/plain", "application/jsonl", "json", ""] {
        assert_eq!(typed(bad).unwrap_err().status(), 415, "{bad}");
    }
    assert_eq!(check_type(&HeaderMap::new()).unwrap_err().status(), 415);
}

async fn collected(pieces: &[&'static str]) -> Result<Bytes, ApiError> {
    let pieces = pieces
        .iter()
        .map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes())));
    collect(
        &HeaderMap::new(),
        stream::iter(pieces.collect::<Vec<_>>()),
        LIMITS,
    )
    .await
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_and_not_a_byte_further() {
    assert_eq!(
        collected(&["12345", "67890"]).await,
        Ok(Bytes::from_static(b"1234567890"))
    );
    assert_eq!(
        collected(&["12345", "67890", "1"])
            .await
            .unwrap_err()
            .status(),
        413
    );
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_not_read() {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_LENGTH, 11.into());
    let body = stream::poll_fn(|_| -> std::task::Poll<Option<Result<Bytes, Infallible>>> {
        unreachable!("nothing is read")
    });
    assert_eq!(
        collect(&headers, body, LIMITS).await.unwrap_err().status(),
        413
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let limits = Limits {
        time: Duration::ZERO,
        ..LIMITS
    };
    let body = stream::pending::<Result<Bytes, Infallible>>();
    assert_eq!(
        collect(&HeaderMap::new(), body, limits)
            .await
            .unwrap_err()
            .status(),
        408
    );
}

#[derive(Debug, PartialEq, Deserialize)]
struct Outer {
    inner: Vec<Inner>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Inner {
    number: u8,
}

#[test]
fn a_wrong_value_is_named_by_its_path_and_its_place() {
    let error =
        parse::<Outer>("{\"inner\": [{\"number\": 1},\n {\"number\": \"x\"}]}").unwrap_err();
    assert_eq!(
        message(error),
        r#"{"error":{"message":"`inner[1].number`: invalid type: string \"x\", expected u8 at line 2 column 15","type":"invalid_request_error","param":"inner[1].number","code":null}}"#
    );
}

#[test]
fn broken_json_is_told_by_its_place() {
    let error = parse::<Outer>("{\"inner\": [}").unwrap_err();
    assert_eq!(
        message(error),
        r#"{"error":{"message":"the body is not valid JSON: expected value at line 1 column 12","type":"invalid_request_error","param":null,"code":null}}"#
    );
    assert!(parse::<Outer>("{\"inner\": []} x").is_err());
    assert!(parse::<Outer>("").is_err());
}

#[test]
fn a_member_that_is_there_twice_is_refused() {
    let error = parse::<Outer>("{\"inner\": [], \"inner\": []}").unwrap_err();
    assert!(message(error).contains("duplicate field `inner` at line 1 column 21"));
}

#[test]
fn a_long_value_is_not_repeated_whole() {
    let error = parse::<Outer>(&format!("{{\"inner\": \"{}\"}}", "x".repeat(10_000))).unwrap_err();
    assert!(message(error).len() < 500);
}

#[test]
fn bytes_that_are_no_text_are_told_by_their_place() {
    let error = text(b"{\n\"a\": \"\xff\"}").unwrap_err();
    assert!(message(error).contains("not UTF-8 at line 2 column 7"));
}

#[test]
fn nesting_has_a_limit_even_where_it_is_skipped() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(text(nested(MAX_DEPTH).as_bytes()).is_ok());
    let error = text(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
    assert!(message(error).contains("nested deeper than 128 levels at line 1 column 129"));
    let wide = format!("[{}[]]", "[],{},".repeat(200));
    assert!(text(wide.as_bytes()).is_ok());
    let quoted = format!("[\"\\\"{}\"]", "[".repeat(200));
    assert!(text(quoted.as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body: Vec<u8>, brackets in "[\\[\\]{}\"\\\\a]{0,600}") {
        let _ = text(&body);
        if let Ok(json) = text(brackets.as_bytes()) {
            let _ = parse::<Outer>(json);
        }
    }
}
