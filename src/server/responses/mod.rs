//! `/v1/responses`, over HTTP and over a WebSocket, and the responses that are kept: Open Responses' shapes around the
//! room's `run_agent` and `compact`.

mod attachments;
mod compact;
mod context;
mod conversation;
mod decode;
mod event;
mod growing;
mod ids;
mod input;
mod item;
mod kept;
mod memory;
mod output;
mod page;
mod parts;
mod prepare;
mod reply;
mod request;
mod resource;
mod sealed;
mod socket;
mod stored;
mod stream;
mod tools;
mod words;

use hyper::header::{HeaderName, HeaderValue};

use super::State;
use super::call::Call;
use super::endpoint::{self, Gate, Route};
use super::error::ApiError;
use super::events::{self, EventStream};
use super::path::Path;
use super::reply::{Answer, Response, answered_by, event_stream, json_bytes};
use crate::auth::Scope;
use crate::chat::Delivery;
use crate::config::Endpoints;
pub use compact::compact;
use decode::Asked;
pub use memory::Budget;
use prepare::{Prepared, prepare};
pub use socket::socket;
pub use stored::{delete, input_items, retrieve};
use stream::{Carrier, Responding};

const GATE: Gate = Gate {
    scope: Scope::Write,
    is_on: Endpoints::responses_on,
    switch: "gateway.http.endpoints.responses.enabled: true",
};

/// What a request without a `model` is answered as.
const DEFAULT_MODEL: &str = "openclaw";

/// Names what of a request was not heeded.
const IGNORED: HeaderName = HeaderName::from_static("x-openclaw-ignored");

/// The most names that [`IGNORED`] holds.
const MAX_IGNORED: usize = 32;

/// What the room calls by the names of Chat Completions.
const NAMES: [(&str, &str); 4] = [
    ("response_format.json_schema.schema", "text.format.schema"),
    ("response_format.json_schema", "text.format.schema"),
    ("response_format", "text.format"),
    ("messages", "input"),
];

pub fn create(state: &State) -> Route {
    endpoint::post(state, Path::At("/v1/responses"), GATE, answer)
}

async fn answer(state: State, call: Call<Box<Asked>>) -> Answer {
    let ignored = ignored(&call.body.ignored);
    let answer = made(&state, call).await.map_err(in_our_words);
    let mut response = answer?;
    if let Some(ignored) = ignored {
        response.headers_mut().insert(IGNORED, ignored);
    }
    Ok(response)
}

async fn made(state: &State, call: Call<Box<Asked>>) -> Answer {
    let delivery = call.body.chat.delivery;
    let prepared = prepare(state, call, None).await?;
    match delivery {
        Delivery::Whole => whole(state, prepared).await,
        Delivery::Streamed => streamed(state, prepared).await,
    }
}

async fn whole(state: &State, prepared: Prepared) -> Answer {
    let opened = events::open(state.gateway().clone(), prepared.request).await?;
    let (resource, output) = (prepared.resource, prepared.output);
    let object = reply::fold(opened.events, &resource, output, prepared.keeping).await?;
    let response = json_bytes(hyper::StatusCode::OK, object);
    Ok(answered_by(response, &opened.started))
}

async fn streamed(state: &State, prepared: Prepared) -> Answer {
    let heartbeat = state.http().sse.heartbeat();
    let (responding, request) = Responding::new(prepared, Carrier::Frames);
    let open = events::open(state.gateway().clone(), request);
    let opening = events::opening(open, heartbeat).await?;
    let (frames, started) = EventStream::new(responding, opening, heartbeat, state.drain());
    let response: Response = event_stream(frames);
    Ok(match started {
        Some(started) => answered_by(response, &started),
        None => response,
    })
}

/// An error of the room, its members called as they are called here.
fn in_our_words(error: ApiError) -> ApiError {
    error.renamed(&NAMES)
}

/// What was not heeded, each once, as a header; what has no place in one is left out.
fn ignored(kinds: &[String]) -> Option<HeaderValue> {
    let is_word = |kind: &&str| {
        let fits =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
        (1..=64).contains(&kind.len()) && kind.bytes().all(fits)
    };
    let mut names: Vec<&str> = Vec::new();
    for kind in kinds.iter().map(String::as_str).filter(is_word) {
        if !names.contains(&kind) && names.len() < MAX_IGNORED {
            names.push(kind);
        }
    }
    HeaderValue::from_str(&names.join(", "))
        .ok()
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
