//! Who may open a WebSocket, and where: what is refused is refused before the upgrade, as any request is.

use super::*;
use crate::support::{Raw, TOKEN};

fn handshake(changes: &[(&str, Option<&str>)]) -> String {
    let mut head = vec![
        ("Host", "h"),
        ("Authorization", "Bearer house-token"),
        ("Connection", "keep-alive, Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (name, value) in changes {
        head.retain(|(known, _)| known != name);
        head.extend(value.map(|value| (*name, value)));
    }
    let lines = head
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    format!(
        "GET /v1/responses HTTP/1.1\r\n{}\r\n",
        lines.collect::<String>()
    )
}

#[tokio::test]
async fn who_may_not_come_in_gets_no_socket() {
    let (provider, house) = answering(&[]).await;
    let bearer = |token: &str| format!("Bearer {token}");
    let (wrong, right) = (bearer("wrong"), bearer(TOKEN));
    for headers in [&[][..], &[("authorization", wrong.as_str())]] {
        let (status, body) = Socket::with(&house, headers).await.err().unwrap();
        assert_eq!(status, 401);
        assert_eq!(body["error"]["code"], "invalid_api_key");
    }
    let agent = ("x-openclaw-sender-is-owner", "perhaps");
    let headers = [("authorization", right.as_str()), agent];
    let refused = Socket::with(&house, &headers).await.err().unwrap();
    assert_eq!(refused.0, 400);

    let open = json!({ "gateway": { "auth": { "mode": "none", "token": null } } });
    let house = House::changed(&provider, open).await;
    for (header, status) in [
        (("origin", "https://evil.example"), 403),
        (("x-openclaw-scopes", "operator.read"), 403),
    ] {
        let refused = Socket::with(&house, &[header]).await.err().unwrap();
        assert_eq!(refused.0, status, "{header:?}");
    }
    assert!(Socket::with(&house, &[]).await.is_ok());

    let off =
        json!({ "gateway": { "http": { "endpoints": { "responses": { "enabled": false } } } } });
    let house = House::changed(&provider, off).await;
    let headers = [("authorization", right.as_str())];
    let (status, body) = Socket::with(&house, &headers).await.err().unwrap();
    assert_eq!(
        (status, &body["error"]["code"]),
        (404, &json!("endpoint_off"))
    );
}

#[tokio::test]
async fn a_socket_is_opened_at_one_place_and_by_an_upgrade_alone() {
    let (_provider, house) = answering(&[]).await;
    let right = format!("Bearer {TOKEN}");
    for (path, status) in [
        ("/v1/models", 200),
        ("/v1/responses/compact", 404),
        ("/v1/realtime", 404),
        ("/", 404),
    ] {
        let answered = Socket::at((house.address, path), &[("authorization", &right)]).await;
        assert_eq!(answered.err().unwrap().0, status, "{path}");
    }
    let plain = house.get(PATH).await;
    assert_eq!(plain.fault(), (405, "method_not_allowed".to_owned()));
    assert_eq!(plain.header("allow"), Some("POST"));
}

#[tokio::test]
async fn a_handshake_is_answered_as_the_rfc_has_it_or_refused_with_a_reason() {
    let (_provider, house) = answering(&[]).await;
    for (changes, status) in [
        (&[][..], 101),
        (&[("Upgrade", Some("WebSocket"))], 101),
        (&[("Content-Length", Some("0"))], 101),
        (&[("Upgrade", Some("h2c"))], 405),
        (&[("Connection", Some("keep-alive"))], 400),
        (&[("Sec-WebSocket-Version", Some("8"))], 426),
        (&[("Sec-WebSocket-Version", None)], 426),
        (&[("Sec-WebSocket-Key", None)], 400),
        (&[("Sec-WebSocket-Key", Some("c2hvcnQ="))], 400),
        (&[("Content-Length", Some("2"))], 400),
    ] {
        let mut raw = Raw::to(house.address).await;
        raw.send(handshake(changes)).await;
        let answer = raw.answer().await.unwrap();
        assert_eq!(answer.status(), status, "{changes:?}");
        if status == 101 {
            assert_eq!(
                answer.headers.get("sec-websocket-accept"),
                Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            );
        } else {
            assert!(answer.json()["error"]["message"].is_string());
        }
        let version = (status == 426).then_some("13");
        assert_eq!(answer.headers.get("sec-websocket-version"), version);
    }
}
