//! The only makers of responses: one JSON document, nothing, or a stream of server-sent events.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::{BoxStream, StreamExt};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;
use warp::Reply;

use super::error::ApiError;
use super::path;
use crate::chat::{ModelRef, Started};

pub type Response = warp::reply::Response;

/// What a handler comes to.
pub type Answer = Result<Response, ApiError>;

/// The body of a [`Response`], which warp gives no name.
pub type Body = <Response as HasBody>::Body;

pub trait HasBody {
    type Body;
}

impl<B> HasBody for hyper::Response<B> {
    type Body = B;
}

/// Names the model that answered, as `provider/model`.
pub const MODEL: HeaderName = HeaderName::from_static("x-openclaw-model");
/// Names the agent that answered.
const SESSION_KEY: HeaderName = HeaderName::from_static("x-openclaw-session-key");
pub const AGENT: HeaderName = HeaderName::from_static("x-openclaw-agent-id");

/// As many headers as most answers have in the end.
const USUAL_HEADERS: usize = 12;

const NO_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// 200 with this document. For plain data only: what has no JSON form must not get here.
pub fn json(document: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(document).expect("plain data serializes");
    json_bytes(StatusCode::OK, bytes)
}

pub fn json_bytes(status: StatusCode, document: impl Into<Body>) -> Response {
    let mut response = Response::new(document.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(USUAL_HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// 204: there is nothing to say but the headers.
pub fn empty() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// 200 with these frames, each written as it comes. Dropping the response drops the stream.
pub fn event_stream(frames: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let mut response = warp::reply::stream(Exclusive(Mutex::new(frames.boxed()))).into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(NO_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// Says in the headers who answers.
pub fn answered_by(mut response: Response, started: &Started) -> Response {
    insert(&mut response, AGENT, started.agent.as_str());
    if let Some(session) = &started.session {
        insert(&mut response, SESSION_KEY, &path::encode(session));
    }
    answered_with(response, &started.model)
}

/// Says in the headers which model answers.
pub fn answered_with(mut response: Response, model: &ModelRef) -> Response {
    let name = [model.provider.as_str(), "/", &model.model].concat();
    // Bytes, because a model id may hold letters beyond ASCII.
    if let Ok(name) = HeaderValue::from_maybe_shared(Bytes::from(name)) {
        response.headers_mut().insert(MODEL, name);
    }
    response
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        response.headers_mut().insert(name, value);
    }
}

/// A stream behind a lock that is never contended: warp asks for `Sync`, and only ever polls.
struct Exclusive(Mutex<BoxStream<'static, Bytes>>);

impl Stream for Exclusive {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let stream = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        stream.poll_next_unpin(cx).map(|item| item.map(Ok))
    }
}
