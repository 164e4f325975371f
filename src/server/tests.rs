//! The routes as a service, without sockets: the offline provider answers.

mod doors;
mod endpoints;
mod openapi;
mod pages;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Request};
use serde_json::{Value, json};
use tower_service::Service;

use super::listener::Peer;
use super::*;
use crate::auth::AuthMode;
use crate::config::{Config, Environment, Secret};

const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

struct House {
    state: State,
}

struct Answered {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl House {
    /// Asks for the token `t` unless `set` says otherwise.
    fn new(set: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.gateway.http.endpoints.chat_completions.enabled = Some(true);
        config.gateway.auth.token = Some(Secret::new("t"));
        set(&mut config);
        let gateway = Gateway::new(&config, &Environment::default(), None).unwrap();
        let mode = AuthMode::choose(&config.gateway, LOCAL.ip()).unwrap();
        let authenticator = Authenticator::new(mode.unwrap(), &config.gateway, Default::default());
        Self {
            state: State::new(gateway, authenticator, config.gateway.http),
        }
    }

    fn open() -> Self {
        Self::new(|_| {})
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answered {
        self.send_from(LOCAL, request).await
    }

    async fn send_from(&self, addr: SocketAddr, request: Request<Full<Bytes>>) -> Answered {
        let mut request = request;
        request.extensions_mut().insert(Peer { addr, local: None });
        let headers = request.headers_mut();
        headers
            .entry("host")
            .or_insert(HeaderValue::from_static("localhost"));
        let (places, routes) = routes(&self.state);
        let mut service = Exchanges::new(self.state.clone(), places, warp::service(routes));
        let response = service.call(request).await.unwrap();
        let (head, body) = response.into_parts();
        Answered {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    async fn get(&self, path: &str) -> Answered {
        self.send(
            with_token(Request::get(path))
                .body(Full::default())
                .unwrap(),
        )
        .await
    }

    async fn post(&self, path: &str, body: Value) -> Answered {
        self.send(json_request(path, &body)).await
    }
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn error(&self) -> (u16, Value, Value) {
        let error = &self.json()["error"];
        (self.status, error["type"].clone(), error["code"].clone())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

fn with_token(request: hyper::http::request::Builder) -> hyper::http::request::Builder {
    request.header("authorization", "Bearer t")
}

fn json_request(path: &str, body: &Value) -> Request<Full<Bytes>> {
    let request = with_token(Request::post(path)).header("content-type", "application/json");
    request.body(Full::from(body.to_string())).unwrap()
}

fn hello() -> Value {
    json!({ "model": "offline/echo", "messages": [{ "role": "user", "content": "hello" }] })
}

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn nobody_comes_in_without_the_token_and_nothing_else_is_looked_at_first() {
    let house = House::new(|config| config.gateway.http.endpoints.chat_completions.enabled = None);
    let request = Request::post(CHAT).body(Full::from("not json")).unwrap();
    let answer = house.send(request).await;
    assert_eq!(
        answer.error(),
        (
            401,
            json!("invalid_request_error"),
            json!("invalid_api_key")
        )
    );
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn an_endpoint_that_is_off_says_which_switch_turns_it_on() {
    let house = House::new(|config| config.gateway.http.endpoints.chat_completions.enabled = None);
    for path in [CHAT, "/v1/embeddings"] {
        let answer = house.post(path, json!({})).await;
        assert_eq!(answer.status, 404);
        let message = answer.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            message.contains("`gateway.http.endpoints.chatCompletions.enabled: true`"),
            "{message}"
        );
    }
    let responses = House::new(|config| {
        let endpoints = &mut config.gateway.http.endpoints;
        endpoints.chat_completions.enabled = None;
        endpoints.responses.enabled = Some(true);
    });
    assert_eq!(responses.get("/v1/models").await.status, 200);
    assert_eq!(responses.post(CHAT, hello()).await.status, 404);
}

#[tokio::test]
async fn an_unknown_path_is_404_and_a_wrong_method_405_both_in_json() {
    let house = House::open();
    let unknown = house.get("/v1/nothing").await;
    assert_eq!(
        unknown.error(),
        (404, json!("invalid_request_error"), json!("unknown_url"))
    );
    let wrong = house.get(CHAT).await;
    assert_eq!(
        wrong.error(),
        (
            405,
            json!("invalid_request_error"),
            json!("method_not_allowed")
        )
    );
    assert_eq!(wrong.header("allow"), Some("POST"));
    assert_eq!(wrong.header("x-should-retry"), Some("false"));
    let health = house
        .send(Request::delete("/health").body(Full::default()).unwrap())
        .await;
    assert_eq!(
        (health.status, health.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_is_415_and_one_too_large_413() {
    let house = House::new(|config| config.gateway.http.max_body_bytes = 1024);
    let request = with_token(Request::post(CHAT))
        .body(Full::from("{}"))
        .unwrap();
    assert_eq!(house.send(request).await.status, 415);
    let answer = house.post(CHAT, json!({ "x": "x".repeat(2000) })).await;
    assert_eq!(
        (answer.status, answer.header("connection")),
        (413, Some("close"))
    );
}

#[tokio::test]
async fn health_is_open_to_anyone_and_readiness_ends_with_the_drain() {
    let house = House::open();
    let open = |path: &str| house.send(Request::get(path).body(Full::default()).unwrap());
    for path in ["/health", "/healthz", "/ready", "/readyz"] {
        let answer = open(path).await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({ "status": "ok" })),
            "{path}"
        );
    }
    house.state.drain().begin();
    assert_eq!(open("/health").await.status, 200);
    assert_eq!(open("/readyz").await.status, 503);
    let refused = house.post(CHAT, hello()).await;
    assert_eq!(
        refused.error(),
        (503, json!("server_error"), json!("shutting_down"))
    );
    assert_eq!(refused.header("connection"), Some("close"));
}

#[tokio::test]
async fn a_request_id_is_kept_or_made() {
    let house = House::open();
    let mut request = json_request(CHAT, &hello());
    request
        .headers_mut()
        .insert("x-request-id", HeaderValue::from_static("mine-1"));
    assert_eq!(
        house.send(request).await.header("x-request-id"),
        Some("mine-1")
    );
    assert_eq!(
        house
            .get("/nowhere")
            .await
            .header("x-request-id")
            .unwrap()
            .len(),
        36
    );
}

#[tokio::test]
async fn a_panic_is_500_with_the_request_id() {
    let routes = tower_service_fn(|_: Request<()>| async { panic!("boom") });
    let request = Request::get("/v1/x")
        .header("host", "gateway")
        .header("x-request-id", "mine-2")
        .body(())
        .unwrap();
    let response = Exchanges::new(House::open().state, Arc::from([]), routes)
        .call(request)
        .await
        .unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["x-request-id"]
        ),
        (500, &HeaderValue::from_static("mine-2"))
    );
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let error: Value = serde_json::from_slice(&body).unwrap();
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("mine-2")
    );
    assert!(!error.to_string().contains("boom"));
}

/// A service made of a function.
#[derive(Clone)]
struct ServiceFn<F>(F);

fn tower_service_fn<F>(f: F) -> ServiceFn<F> {
    ServiceFn(f)
}

impl<F, A, B> Service<Request<B>> for ServiceFn<F>
where
    F: Fn(Request<B>) -> A,
    A: Future<Output = Response>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = futures_util::future::Map<A, fn(Response) -> Result<Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        futures_util::FutureExt::map((self.0)(request), Ok)
    }
}
