//! `POST /v1/chat/completions`: OpenAI's shapes around the room's `run_agent`.

mod chunks;
mod conversation;
mod decode;
mod links;
mod parts;
mod reply;
mod request;
mod tools;

use futures_util::FutureExt;
use hyper::StatusCode;
use uuid::Uuid;

use super::call::Call;
use super::endpoint::{self, Gate, Route};
use super::events::{self, EventStream};
use super::path::Path;
use super::pictures::Fetching;
use super::reply::{Answer, answered_by, event_stream, json_bytes};
use super::{State, unix_seconds};
use crate::auth::Scope;
use crate::chat::{Delivery, RunRequest};
use crate::config::Endpoints;
use chunks::{Chunks, Watched};
pub(super) use decode::Asked;
use decode::Calling;

const GATE: Gate = Gate {
    scope: Scope::Write,
    is_on: Endpoints::chat_completions_on,
    switch: "gateway.http.endpoints.chatCompletions.enabled: true",
};

/// What a request without a `model` is answered as.
const DEFAULT_MODEL: &str = "openclaw";

/// What is the same in every part of an answer.
#[derive(Debug, Clone)]
struct Envelope {
    id: String,
    /// Seconds since 1970.
    created: u64,
    /// The model as the caller named it.
    model: String,
    calling: Calling,
}

impl Envelope {
    fn new(model: Option<String>, calling: Calling) -> Self {
        Self {
            id: format!("chatcmpl-{}", Uuid::new_v4().simple()),
            created: unix_seconds(),
            model: model.unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
            calling,
        }
    }
}

pub fn route(state: &State) -> Route {
    endpoint::post(state, Path::At("/v1/chat/completions"), GATE, create)
}

async fn create(state: State, call: Call<Asked>) -> Answer {
    let envelope = Envelope::new(call.body.model.clone(), call.body.calling);
    let routing = call.room(call.body.model.clone());
    let session = call.session(call.body.chat.user.as_deref(), &state.http().sessions);
    let watched = Watched {
        usage: call.body.include_usage,
        tools: call.routing.watches_tools,
    };
    if let (None, Some(error)) = (&session, call.body.needs_session) {
        return Err(error);
    }
    let mut chat = call.body.chat;
    let fetching = Fetching {
        gateway: state.gateway(),
        config: &state.http().endpoints.chat_completions.images,
        switch: links::SWITCH,
    };
    let timeout = match call.body.pictures.links.is_empty() {
        true => None,
        // Boxed: rare, and large enough to be felt by every request.
        false => {
            let pictures = call.body.pictures;
            links::settle((&fetching, &routing), pictures, &mut chat)
                .boxed()
                .await?
        }
    };
    // Boxed: it is handed on several times, and each hand would have room for it.
    let request = Box::new(RunRequest {
        routing,
        system: call.body.system,
        chat,
        session,
        timeout,
        notes: call.notes,
    });
    match request.chat.delivery {
        Delivery::Whole => whole(&state, request, envelope).await,
        Delivery::Streamed => streamed(&state, request, Chunks::new(&envelope, watched)).await,
    }
}

async fn whole(state: &State, request: Box<RunRequest>, envelope: Envelope) -> Answer {
    let opened = events::open(state.gateway().clone(), request).await?;
    let completion = reply::fold(opened.events).await?;
    Ok(answered_by(
        json_bytes(StatusCode::OK, completion.document(&envelope)),
        &opened.started,
    ))
}

async fn streamed(state: &State, request: Box<RunRequest>, chunks: Chunks) -> Answer {
    let heartbeat = state.http().sse.heartbeat();
    let open = events::open(state.gateway().clone(), request);
    let opening = events::opening(open, heartbeat).await?;
    let (frames, started) = EventStream::new(chunks, opening, heartbeat, state.drain());
    let response = event_stream(frames);
    Ok(match started {
        Some(started) => answered_by(response, &started),
        None => response,
    })
}

#[cfg(test)]
mod tests;
