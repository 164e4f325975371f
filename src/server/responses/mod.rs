//! `POST /v1/responses` and the responses that are kept: Open Responses' shapes around the room's `run_agent`.

mod attachments;
mod context;
mod conversation;
mod decode;
mod event;
mod growing;
mod ids;
mod input;
mod item;
mod kept;
mod output;
mod page;
mod parts;
mod reply;
mod request;
mod resource;
mod sealed;
mod stored;
mod stream;
mod tools;
mod words;

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::header::{HeaderName, HeaderValue};

use super::State;
use super::call::Call;
use super::endpoint::{self, Gate, Route};
use super::error::ApiError;
use super::events::{self, EventStream};
use super::path::Path;
use super::reply::{Answer, Response, answered_by, event_stream, json_bytes};
use crate::auth::Scope;
use crate::chat::{Delivery, RunRequest, SessionAccess, SessionRequest};
use crate::config::Endpoints;
use crate::gateway::{Place, RunError};
use decode::Asked;
use item::Item;
use kept::Keeping;
use output::Output;
use resource::Resource;
pub use stored::{delete, input_items, retrieve};
use stream::Responding;

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
const NAMES: [(&str, &str); 3] = [
    ("response_format.json_schema", "text.format.schema"),
    ("response_format", "text.format"),
    ("messages", "input"),
];

pub fn create(state: &State) -> Route {
    endpoint::post(state, Path::At("/v1/responses"), GATE, answer)
}

async fn answer(state: State, call: Call<Asked>) -> Answer {
    let ignored = ignored(&call.body.ignored);
    let answer = made(&state, call).await.map_err(in_our_words);
    let mut response = answer?;
    if let Some(ignored) = ignored {
        response.headers_mut().insert(IGNORED, ignored);
    }
    Ok(response)
}

async fn made(state: &State, call: Call<Asked>) -> Answer {
    let session = session(state, &call);
    let routing = call.room(call.body.model.clone());
    let place = state.gateway().place(&routing, session.as_ref())?;
    let watches_tools = call.routing.watches_tools;
    let asked = call.body;
    let id = asked.shape.ids.response();
    let previous = asked.previous.as_deref();
    let earlier = context::earlier(state.gateway(), &place, previous).await?;
    let mut entries = asked.input;
    let attachments = asked.attachments;
    let timeout = attachments.settle((state, &routing), &mut entries).await?;
    let mut input = context::resolved(state.gateway(), &place, entries, &earlier).await?;
    let keeping = match asked.echo.store {
        true => Some(keeping(
            state,
            place,
            (id.clone(), asked.previous),
            &mut input,
        )?),
        false => None,
    };
    let conversation = conversation::of(earlier, input)?;
    if let (None, Some(error)) = (&session, conversation.needs_session) {
        return Err(error);
    }
    let resource = Resource::new(&id, super::unix_seconds(), &asked.echo);
    let output = Output::new(asked.shape);
    let mut chat = asked.chat;
    chat.messages = conversation.messages;
    let mut system: Vec<String> = asked.instructions.into_iter().collect();
    system.retain(|text| !text.is_empty());
    system.extend(conversation.system);
    let request = RunRequest {
        routing,
        system,
        chat,
        session,
        timeout,
        notes: call.notes,
    };
    match request.chat.delivery {
        Delivery::Whole => whole(state, request, (&resource, output), keeping).await,
        Delivery::Streamed => {
            let responding = Responding::new(resource, output, keeping, watches_tools);
            streamed(state, request, responding).await
        }
    }
}

/// The lasting session that the request belongs to. What is not to be stored leaves nothing in it either.
fn session(state: &State, call: &Call<Asked>) -> Option<SessionRequest> {
    let user = call.body.chat.user.as_deref();
    let session = call.session(user, &state.http().sessions)?;
    let access = match call.body.echo.store {
        true => SessionAccess::Extend,
        false => SessionAccess::Read,
    };
    Some(SessionRequest { access, ..session })
}

fn keeping(
    state: &State,
    place: Place,
    (id, previous): (String, Option<String>),
    input: &mut [Item],
) -> Result<Keeping, RunError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let created_ms = since.map_or(0, |since| since.as_millis());
    Ok(Keeping {
        store: state.gateway().store()?.clone(),
        id,
        place,
        previous,
        created_ms: i64::try_from(created_ms).unwrap_or(i64::MAX),
        input: input.iter_mut().map(kept::brought).collect(),
    })
}

async fn whole(
    state: &State,
    request: RunRequest,
    (resource, output): (&Resource, Output),
    keeping: Option<Keeping>,
) -> Answer {
    let opened = events::open(state.gateway().clone(), request).await?;
    let object = reply::fold(opened.events, resource, output, keeping).await?;
    let response = json_bytes(hyper::StatusCode::OK, object);
    Ok(answered_by(response, &opened.started))
}

async fn streamed(state: &State, request: RunRequest, responding: Responding) -> Answer {
    let heartbeat = state.http().sse.heartbeat();
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
