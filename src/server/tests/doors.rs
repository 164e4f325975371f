//! Every route, for every kind of caller, in every mode: who comes in, and who does not and why.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::{Method, Request};
use serde_json::{Value, json};

use super::super::endpoint::Route;
use super::super::path::Path;
use super::super::route_table;
use super::{Answered, House, LOCAL};
use crate::auth::Scope;
use crate::config::GatewayConfig;

/// What a caller shows. There is no expired one: shared secrets do not end, and a proxy's sessions end at the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    Nothing,
    Wrong,
    /// What is right, but no scope.
    Narrow,
    Right,
}

/// Where a request ends.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// At the handler, or at the body that it would be given.
    In,
    Out(u16, &'static str),
}

use Shows::{Narrow, Nothing, Right, Wrong};
use Verdict::{In, Out};

const PROXY: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
    9,
);

/// A kind of caller, from where it sends which headers, and what comes of it.
type Case = (
    Shows,
    SocketAddr,
    &'static [(&'static str, &'static str)],
    Verdict,
);

/// A mode, and its callers.
struct Mode {
    name: &'static str,
    gateway: Value,
    callers: [Case; 4],
}

const NO_SCOPES: (&str, &str) = ("x-openclaw-scopes", "");
const UNKNOWN: Verdict = Out(401, "invalid_api_key");
const NO_SCOPE: Verdict = Out(403, "missing_scope");

fn modes() -> [Mode; 4] {
    const SECRET: (&str, &str) = ("authorization", "Bearer t");
    const GUESS: (&str, &str) = ("authorization", "Bearer x");
    const USER: (&str, &str) = ("x-user", "ann");
    // The scopes that a holder of the secret asks for are not looked at.
    let bearer = [
        (Nothing, LOCAL, &[][..], UNKNOWN),
        (Wrong, LOCAL, &[GUESS][..], UNKNOWN),
        (Narrow, LOCAL, &[SECRET, NO_SCOPES][..], In),
        (Right, LOCAL, &[SECRET][..], In),
    ];
    [
        Mode {
            name: "token",
            gateway: json!({ "auth": { "mode": "token", "token": "t", "password": "x" } }),
            callers: bearer.clone(),
        },
        Mode {
            name: "password",
            gateway: json!({ "auth": { "mode": "password", "password": "t", "token": "x" } }),
            callers: bearer,
        },
        Mode {
            name: "none",
            gateway: json!({ "auth": { "mode": "none" } }),
            callers: [
                (Nothing, LOCAL, &[], In),
                (Wrong, LOCAL, &[GUESS], In),
                (Narrow, LOCAL, &[NO_SCOPES], NO_SCOPE),
                (Right, LOCAL, &[("host", "127.0.0.1")], In),
            ],
        },
        Mode {
            name: "trusted-proxy",
            gateway: json!({
                "trustedProxies": ["10.0.0.1"],
                "auth": { "mode": "trusted-proxy", "trustedProxy": { "userHeader": "x-user" } },
            }),
            callers: [
                (Nothing, PROXY, &[], Out(401, "trusted_proxy_user_missing")),
                (
                    Wrong,
                    LOCAL,
                    &[USER],
                    Out(403, "trusted_proxy_untrusted_source"),
                ),
                (Narrow, PROXY, &[USER, NO_SCOPES], NO_SCOPE),
                (Right, PROXY, &[USER], In),
            ],
        },
    ]
}

impl Mode {
    fn house(&self) -> House {
        House::new(|config| {
            let http = config.gateway.http.clone();
            let gateway: GatewayConfig = serde_json::from_value(self.gateway.clone()).unwrap();
            config.gateway = GatewayConfig { http, ..gateway };
        })
    }
}

fn request(method: &Method, path: &str, sent: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path);
    let request = sent.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(Full::default()).unwrap()
}

/// What the route takes: each of its methods, or the upgrade.
fn requests(route: &Route, sent: &[(&str, &str)]) -> Vec<Request<Full<Bytes>>> {
    let path = example(route.path);
    if !route.methods.is_empty() {
        let methods = route.methods.iter();
        return methods.map(|method| request(method, &path, sent)).collect();
    }
    let mut upgrade = request(&Method::GET, &path, sent);
    let headers = upgrade.headers_mut();
    for (name, value) in [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // One that comes to nothing.
    let nothing = hyper::upgrade::on(&mut upgrade);
    upgrade.extensions_mut().insert(nothing);
    vec![upgrade]
}

fn verdict(answer: &Answered) -> (u16, Option<Value>) {
    let refused = matches!(answer.status, 401 | 403 | 429);
    (answer.status, refused.then(|| answer.error().2))
}

/// A path at which the route is.
fn example(path: Path) -> String {
    match path {
        Path::At(whole) => whole.to_owned(),
        Path::Below(prefix) => format!("{prefix}x"),
        Path::Between(prefix, suffix) => format!("{prefix}x{suffix}"),
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_its_mode_means_and_nobody_else() {
    let mut guarded = 0;
    for mode in modes() {
        let house = mode.house();
        for route in route_table(&house.state) {
            let path = example(route.path);
            for (shows, peer, sent, expected) in &mode.callers {
                for request in requests(&route, sent) {
                    let method = request.method().clone();
                    let answer = house.send_from(*peer, request).await;
                    let expected = match (&route.gate, expected) {
                        (None, _) | (_, In) => None,
                        (Some(_), Out(status, code)) => Some((*status, Some(json!(code)))),
                    };
                    let (status, code) = verdict(&answer);
                    let case = format!("{}: {method} {path}, {shows:?}", mode.name);
                    match expected {
                        Some(expected) => assert_eq!((status, code), expected, "{case}"),
                        None => assert_eq!(code, None, "{case}: {status}"),
                    }
                    guarded += u32::from(route.gate.is_some());
                }
            }
        }
    }
    assert!(guarded >= 16 * 4, "{guarded}");
}

#[tokio::test]
async fn only_the_routes_of_health_and_the_description_are_open() {
    let house = House::open();
    for route in route_table(&house.state) {
        let path = example(route.path);
        let open = ["/health", "/healthz", "/openapi.json", "/ready", "/readyz"];
        assert_eq!(
            route.gate.is_none(),
            open.contains(&path.as_str()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn each_route_asks_for_its_own_scope_and_no_more() {
    let house = House::new(|config| {
        config.gateway.auth = serde_json::from_value(json!({ "mode": "none" })).unwrap();
    });
    for route in route_table(&house.state) {
        let Some(gate) = route.gate else { continue };
        let path = example(route.path);
        for (scopes, has) in [
            ("operator.read", gate.scope == Scope::Read),
            ("operator.write", true),
            ("operator.admin", true),
            (
                "operator.pairing, operator.approvals operator.talk.secrets",
                false,
            ),
        ] {
            let sent = [("x-openclaw-scopes", scopes)];
            let request = requests(&route, &sent).swap_remove(0);
            let answer = house.send(request).await;
            assert_eq!(answer.status != 403, has, "{path}: {scopes}");
            if !has {
                let missing = format!("missing scope: {}", gate.scope);
                assert_eq!(answer.json()["error"]["message"], json!(missing));
                assert_eq!(answer.error().1, json!("permission_error"));
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_tell_nobody_what_is_behind_the_door() {
    let house = House::open();
    let nothing = house.send(request(&Method::GET, "/v1/nothing", &[])).await;
    assert_eq!(nothing.status, 404);
    // Whether an endpoint is on is told to callers alone.
    let off = House::new(|config| config.gateway.http.endpoints.chat_completions.enabled = None);
    let asked = off
        .send(request(&Method::POST, "/v1/embeddings", &[]))
        .await;
    assert_eq!(asked.status, 401);
}
