//! Bodies: what they hold, how large they are, how long they take.

use serde_json::{Value, json};

use super::{answer, chat, chunked, hello, refused, sized, willing};
use crate::support::{House, Raw};

/// `count` arrays inside each other.
fn nested(count: usize) -> String {
    "[".repeat(count) + &"]".repeat(count)
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_line_and_column() {
    let provider = willing().await;
    let house = House::before(&provider).await;
    let deep = nested(10_000);
    for (body, place) in [
        (&b""[..], "line 1 column 0"),
        (b"{\n  \"model\": oops }", "line 2 column 12"),
        (b"{\"model\": \"a\",}", "line 1 column 15"),
        (b"{\"model\": \"a\"} x", "line 1 column 16"),
        (b"{\"model\": \"a\n\"}", "line 2 column 0"),
        (b"{\"model\": \"\0\"}", "line 1 column 12"),
        (b"\0", "line 1 column 1"),
        (b"{\"model\": \"\xff\"}", "line 1 column 12"),
        (b"\xef\xbb\xbf{}", "line 1 column 1"),
        (b"{\"model\": \"\\ud800\"}", "line 1 column 18"),
        (b"{\"seed\": 1e400}", "line 1 column 14"),
        (b"{\"unknown\": 1e400,", "line 1 column 18"),
        (b"{\"model\": \"a\", \"model\": \"b\"}", "line 1 column 22"),
        (deep.as_bytes(), "line 1 column 129"),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let (status, error) = refused(answer(&house, sized(body)).await, &shown);
        let message = error["message"].as_str().unwrap();
        assert_eq!(status, 400, "{shown}");
        assert!(message.ends_with(place), "{shown}: {message}");
    }
    let many: Vec<String> = (0..1001).map(|n| format!("\"x{n}\":0")).collect();
    for (members, finding) in [
        (
            r#""unknown":1,"unknown":2"#,
            "duplicate field `unknown` at line 1 column",
        ),
        (
            r#""unknown":1,"\u0075nknown":2"#,
            "duplicate field `unknown` at line 1 column",
        ),
        (&many.join(","), "more than 1000 members at line 1 column"),
    ] {
        let body = hello()
            .to_string()
            .replacen('{', &format!("{{{members},"), 1);
        let (status, error) = refused(answer(&house, sized(body)).await, finding);
        let message = error["message"].as_str().unwrap();
        assert_eq!(status, 400, "{message}");
        assert!(message.contains(finding), "{message}");
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn nesting_is_bounded_wherever_it_is() {
    let provider = willing().await;
    let house = House::before(&provider).await;
    let deep = nested(10_000);
    let message = r#""messages":[{"role":"user","content":"x"}]"#;
    for body in [
        format!(r#"{{{message},"unknown":{deep}}}"#),
        format!(
            r#"{{{message},"tools":[{{"type":"function","function":{{"name":"f","parameters":{{"x":{deep}}}}}}}]}}"#
        ),
        format!(
            r#"{{{message},"response_format":{{"type":"json_schema","json_schema":{{"name":"f","schema":{{"x":{deep}}}}}}}}}"#
        ),
        format!(r#"{{{message},"metadata":{{"x":{deep}}}}}"#),
        format!(r#"{{"messages":[{{"role":"user","content":{deep}}}]}}"#),
        format!(r#"{{"messages":{}}}"#, r#"{"a":"#.repeat(10_000)),
    ] {
        let (status, error) = refused(answer(&house, sized(&body)).await, &body[..80]);
        assert_eq!(status, 400, "{}", &body[..80]);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("128 levels at line 1 column"), "{message}");
    }
    assert!(provider.requests().is_empty());

    // Brackets inside a string are no nesting.
    let spoken = json!({ "messages": [{ "role": "user", "content": deep }] });
    let answered = answer(&house, sized(spoken.to_string())).await.unwrap();
    assert_eq!(answered.status(), 200);
    assert_eq!(
        provider.only_request().json()["messages"][0]["content"],
        deep
    );
}

#[tokio::test]
async fn numbers_that_fit_nowhere_are_refused_and_others_elsewhere_ignored() {
    let provider = willing().await;
    let house = House::before(&provider).await;
    let with = |member: &str, number: &str| {
        sized(
            hello()
                .to_string()
                .replacen('{', &format!("{{\"{member}\":{number},"), 1),
        )
    };
    for member in [
        "max_tokens",
        "max_completion_tokens",
        "seed",
        "top_logprobs",
        "n",
    ] {
        for number in [
            "99999999999999999999",
            "-99999999999999999999",
            "1e3",
            "1.5",
        ] {
            let case = format!("{member}: {number}");
            let (status, error) = refused(answer(&house, with(member, number)).await, &case);
            assert_eq!((status, &error["param"]), (400, &json!(member)), "{case}");
        }
    }
    for member in [
        "temperature",
        "top_p",
        "frequency_penalty",
        "presence_penalty",
    ] {
        for number in ["99999999999999999999", "1e308", "-1e308"] {
            let case = format!("{member}: {number}");
            let (status, error) = refused(answer(&house, with(member, number)).await, &case);
            assert_eq!((status, &error["param"]), (400, &json!(member)), "{case}");
        }
    }
    let ignored = answer(&house, with("unknown", "99999999999999999999")).await;
    assert_eq!(ignored.unwrap().status(), 200);
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_413_and_the_end_of_its_connection() {
    let provider = willing().await;
    let house = House::before(&provider).await;

    let mut raw = Raw::to(house.address).await;
    raw.send(sized(vec![b' '; 25_000_000])).await;
    let declared = raw.answer().await;
    assert_eq!(
        declared.as_ref().unwrap().headers.get("connection"),
        Some("close")
    );
    assert_eq!(refused(declared, "25 MB").0, 413);
    assert_eq!(raw.rest().await, b"");

    let mut raw = Raw::to(house.address).await;
    raw.send(chat("Transfer-Encoding: chunked\r\n", "")).await;
    let chunk = chunk_of(1 << 20);
    assert_eq!(
        refused(raw.send_on(chunk.as_bytes()).await, "endless chunks").0,
        413
    );
    assert_eq!(house.get("/health").await.status, 200);
}

fn chunk_of(bytes: usize) -> String {
    format!("{bytes:x}\r\n{}\r\n", " ".repeat(bytes))
}

#[tokio::test]
async fn a_body_that_is_too_slow_is_408() {
    let provider = willing().await;
    let impatient = json!({ "gateway": { "http": { "bodyTimeoutMs": 50 } } });
    let house = House::changed(&provider, impatient).await;
    for bytes in [
        chat("Content-Length: 500\r\n", "{"),
        chat("Transfer-Encoding: chunked\r\n", "1\r\n{\r\n"),
    ] {
        let answered = answer(&house, bytes).await;
        assert_eq!(
            answered.as_ref().unwrap().headers.get("connection"),
            Some("close")
        );
        assert_eq!(refused(answered, "a slow body").0, 408);
    }
    // A byte at a time buys no time.
    let mut raw = Raw::to(house.address).await;
    raw.send(chat("Transfer-Encoding: chunked\r\n", "")).await;
    assert_eq!(
        refused(raw.send_on(b"1\r\n \r\n").await, "a trickle").0,
        408
    );
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn chunks_that_are_none_are_400() {
    let provider = willing().await;
    let house = House::before(&provider).await;
    let trailers: String = (0..150).map(|n| format!("x-{n}: y\r\n")).collect();
    let body = hello().to_string();
    for chunks in [
        "zz\r\n{\r\n0\r\n\r\n".to_owned(),
        "fffffffffffffffff\r\n{\r\n0\r\n\r\n".to_owned(),
        format!("1;{}\r\n{{\r\n0\r\n\r\n", "x".repeat(20_000)),
        chunked(&body).replace("0\r\n\r\n", &format!("0\r\n{trailers}\r\n")),
    ] {
        let answered = answer(&house, chat("Transfer-Encoding: chunked\r\n", &chunks)).await;
        assert_eq!(refused(answered, &chunks[..3]).0, 400);
    }
    let coded = format!(
        "Content-Encoding: gzip\r\nContent-Length: {}\r\n",
        body.len()
    );
    assert_eq!(
        refused(answer(&house, chat(&coded, &body)).await, "gzip").0,
        415
    );
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn ten_thousand_messages_are_a_conversation() {
    let provider = willing().await;
    let house = House::before(&provider).await;
    let messages: Vec<Value> = (0..10_000)
        .map(|turn| match turn % 2 {
            0 => json!({ "role": "assistant", "content": format!("answer {turn}") }),
            _ => json!({ "role": "user", "content": format!("question {turn}") }),
        })
        .collect();
    let body = json!({ "messages": messages }).to_string();
    assert_eq!(answer(&house, sized(body)).await.unwrap().status(), 200);
    assert_eq!(provider.only_request().json()["messages"], json!(messages));
}
