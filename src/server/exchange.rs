//! What every request and response has, whatever the route: an id, the headers that keep browsers careful and those
//! that let listed pages in, a line in the access log, and an answer even when a handler panics.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, ready};
use hyper::header::{HOST, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use hyper::{HeaderMap, Method, Request, StatusCode};
use tower_service::Service;
use tracing::{Instrument, Span};

use super::State;
use super::access::{Counted, Meters, Record};
use super::connection::panic_text;
use super::endpoint::Head;
use super::error::ApiError;
use super::head;
use super::listener::OnUnreadable;
use super::metrics::Places;
use super::path::Path;
use super::reply::Response;
use super::timing::whole_milliseconds;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const PROCESSING_MS: HeaderName = HeaderName::from_static("openai-processing-ms");

/// The longest request id that is taken over from a caller, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// The routes, as a service for whole exchanges.
#[derive(Clone)]
pub struct Exchanges<S> {
    state: State,
    /// Of the routes, by which requests are counted.
    places: Arc<Places>,
    routes: S,
}

impl<S> Exchanges<S> {
    pub fn new(state: State, places: Arc<[Path]>, routes: S) -> Self {
        Self {
            state,
            places: Arc::new(Places::new(&places)),
            routes,
        }
    }
}

impl<S, B> Service<Request<B>> for Exchanges<S>
where
    S: Service<Request<B>, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = hyper::Response<Counted>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.routes.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let state = self.state.latest();
        let page = state.page(request.headers());
        let refused = head::check(&request).err().map(ApiError::into_response);
        let early = refused.or_else(|| page.preflight(request.method(), request.headers()));
        name_host(&mut request);
        let path = request.uri().path();
        let meters = Meters {
            route: self.places.meter(state.metrics(), path),
            http: Arc::clone(state.metrics()),
        };
        let record = Record::begin(
            request.method(),
            path,
            request_id(request.headers()),
            meters,
        );
        let is_api = path.starts_with("/v1/");
        Head::detach(&mut request, record.notes().clone());
        // Every line that is logged meanwhile has the request's id, at every level.
        let span = tracing::error_span!("request", request_id = record.request_id());
        let answered_in = span.clone();
        let answering = match early {
            Some(response) => Either::Left(ready(Ok(Ok(response)))),
            // Unwind safe: what the panic left behind is dropped with its future.
            None => {
                let answering = answered_in.in_scope(|| self.routes.call(request));
                Either::Right(AssertUnwindSafe(answering).catch_unwind())
            }
        };
        let answering = answering.instrument(answered_in);
        Box::pin(async move {
            let mut response = match answering.await {
                Ok(Ok(response)) => response,
                Err(panic) => failed(record.request_id(), panic_text(&*panic)),
            };
            let age = record.age();
            let headers = response.headers_mut();
            if is_api {
                headers.insert(PROCESSING_MS, whole_milliseconds(age).into());
            }
            dress(headers, record.request_id(), record.server_timing(age));
            state.secure(headers);
            page.let_read(headers);
            Ok(record.follow(response, span))
        })
    }
}

/// What answers a panic outside of any exchange.
pub fn panicked(state: &State) -> impl Fn(&str) -> hyper::Response<Counted> + Clone + use<> {
    let http = Arc::clone(state.metrics());
    move |message| {
        let id = fresh_id();
        let mut response = failed(&id, message);
        let record = Record::begin(&Method::GET, "", id, Meters::of_no_route(&http));
        let timing = record.server_timing(record.age());
        dress(response.headers_mut(), record.request_id(), timing);
        record.follow(response, Span::none())
    }
}

/// What answers a head that hyper refused with a status: the whole answer, in bytes.
pub fn unreadable(state: &State) -> OnUnreadable {
    let route = state.metrics().routes.other();
    Arc::new(move |status| {
        route.ended(Some(status), false, Duration::ZERO);
        explained(status)
    })
}

fn explained(status: StatusCode) -> Vec<u8> {
    let id = fresh_id();
    tracing::info!(target: "openclaw::access", status = status.as_u16(), request_id = id, "no request");
    let error = head::unreadable(status);
    let document = error.to_json();
    let mut response = error.into_response();
    let timing = HeaderValue::from_static("total;dur=0.0");
    dress(response.headers_mut(), &id, timing);
    head::to_bytes(status, response.headers(), &document)
}

fn failed(id: &str, panic: &str) -> Response {
    tracing::error!(request_id = id, panic, "a handler panicked");
    ApiError::internal(id).into_response()
}

fn dress(headers: &mut HeaderMap, id: &str, timing: HeaderValue) {
    headers.insert(SERVER_TIMING, timing);
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// HTTP/2 names the host in the URI; the rules about hosts look at the header alone.
fn name_host<B>(request: &mut Request<B>) {
    let authority = request
        .uri()
        .authority()
        .map(|authority| HeaderValue::from_str(authority.as_str()));
    if let Some(Ok(host)) = authority {
        request.headers_mut().insert(HOST, host);
    }
}

/// The caller's own id where it is one, else a fresh one.
fn request_id(headers: &HeaderMap) -> String {
    let sent = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let usable = |id: &&str| {
        (1..=MAX_REQUEST_ID_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    sent.filter(usable).map_or_else(fresh_id, str::to_owned)
}

fn fresh_id() -> String {
    let mut text = uuid::Uuid::encode_buffer();
    let id = uuid::Uuid::new_v4();
    id.hyphenated().encode_lower(&mut text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(id.as_bytes()).unwrap());
        request_id(&headers) == id
    }

    #[test]
    fn a_visible_request_id_is_kept_and_any_other_replaced() {
        assert!(kept("req_1/α".replace('α', "a").as_str()));
        assert!(kept(&"x".repeat(MAX_REQUEST_ID_BYTES)));
        for id in [
            "",
            "a b",
            "a\tb",
            "é",
            &"x".repeat(MAX_REQUEST_ID_BYTES + 1),
        ] {
            assert!(!kept(id), "{id:?}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }

    #[test]
    fn the_host_of_an_http2_request_is_where_the_rules_look() {
        let mut request = Request::get("http://gw.example:80/health")
            .body(())
            .unwrap();
        name_host(&mut request);
        assert_eq!(request.headers()[HOST], "gw.example:80");
    }
}
