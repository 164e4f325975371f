//! Web pages of other origins, and what browsers are told with every answer.

use hyper::Request;
use serde_json::json;

use super::*;

const APP: &str = "https://app.example";

fn listing() -> House {
    House::new(|config| {
        config.gateway.http.cors.allowed_origins = vec![APP.parse().unwrap()];
    })
}

fn asking(origin: &str) -> Request<Full<Bytes>> {
    let request = Request::options(CHAT)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization, content-type",
        );
    request.body(Full::default()).unwrap()
}

#[tokio::test]
async fn a_preflight_is_answered_for_a_listed_page_without_a_credential() {
    let answer = listing().send(asking(APP)).await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("authorization, content-type")
    );
    assert!(answer.header("x-request-id").is_some());
}

#[tokio::test]
async fn a_preflight_of_any_other_page_is_a_request_like_any_other() {
    for (house, origin) in [(listing(), "https://evil.example"), (House::open(), APP)] {
        let answer = house.send(asking(origin)).await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("access-control-allow-methods"), None);
    }
}

#[tokio::test]
async fn a_listed_page_can_read_answers_and_refusals_alike() {
    let house = listing();
    let mut request = json_request(CHAT, &hello());
    request.headers_mut().insert("origin", APP.parse().unwrap());
    let answer = house.send(request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let exposed = answer.header("access-control-expose-headers").unwrap();
    let mut exposed: Vec<&str> = exposed.split(", ").collect();
    exposed.sort_unstable();
    assert_eq!(
        exposed,
        ["x-openclaw-agent-id", "x-openclaw-model", "x-request-id"]
    );

    for (path, status) in [
        (CHAT, 405),
        ("/v1/models", 401),
        ("/nowhere", 404),
        ("/health", 200),
    ] {
        let request = Request::get(path).header("origin", APP);
        let answer = house.send(request.body(Full::default()).unwrap()).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(APP),
            "{path}"
        );
        assert_eq!(answer.header("vary"), Some("origin"), "{path}");
    }
}

#[tokio::test]
async fn any_other_page_is_answered_and_cannot_read_it() {
    let house = listing();
    let mut request = json_request(CHAT, &hello());
    let evil = "https://evil.example".parse().unwrap();
    request.headers_mut().insert("origin", evil);
    let answer = house.send(request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(answer.header("vary"), Some("origin"));
    // Where none is listed nothing depends on the origin.
    let mut request = json_request(CHAT, &hello());
    request.headers_mut().insert("origin", APP.parse().unwrap());
    let answer = House::open().send(request).await;
    assert_eq!((answer.status, answer.header("vary")), (200, None));
}

#[tokio::test]
async fn behind_a_proxy_a_listed_page_comes_with_its_cookies() {
    let house = House::new(|config| {
        let gateway = json!({
            "trustedProxies": ["127.0.0.1"],
            "auth": { "mode": "trusted-proxy", "trustedProxy": { "userHeader": "x-user", "allowLoopback": true } },
            "http": { "cors": { "allowedOrigins": [APP] }, "endpoints": { "chatCompletions": { "enabled": true } } },
        });
        config.gateway = serde_json::from_value(gateway).unwrap();
    });
    let models = |origin: &str| {
        let request = Request::get("/v1/models").header("x-user", "ann");
        let request = request.header("origin", origin);
        house.send(request.body(Full::default()).unwrap())
    };
    let listed = models(APP).await;
    assert_eq!(listed.status, 200);
    assert_eq!(
        listed.header("access-control-allow-credentials"),
        Some("true")
    );
    let foreign = models("https://evil.example").await;
    assert_eq!(
        foreign.error(),
        (403, json!("permission_error"), json!("origin_not_allowed"))
    );
    assert_eq!(foreign.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn browsers_are_held_to_tls_only_where_that_is_set() {
    let with = |value: Value| {
        House::new(|config| {
            let http = json!({ "strictTransportSecurity": value });
            config.gateway.http.security_headers = serde_json::from_value(http).unwrap();
        })
    };
    let sent = async |house: House| {
        let answer = house.get("/v1/models").await;
        assert_eq!(answer.status, 200);
        answer
            .header("strict-transport-security")
            .map(str::to_owned)
    };
    assert_eq!(sent(House::open()).await, None);
    assert_eq!(sent(with(json!(false))).await, None);
    let value = "max-age=31536000; includeSubDomains";
    assert_eq!(sent(with(json!(value))).await.as_deref(), Some(value));
    let house = with(json!(value));
    let request = Request::get("/v1/models").body(Full::default()).unwrap();
    let refused = house.send(request).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("strict-transport-security"), Some(value));
}
