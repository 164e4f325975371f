//! `POST /v1/chat/completions`: OpenAI's shapes around the room's `run_agent`.

mod chunks;
mod conversation;
mod decode;
mod links;
mod parts;
mod reply;
mod request;
mod tools;

use std::time::Duration;

use futures_util::FutureExt;
use hyper::StatusCode;
use uuid::Uuid;

use super::call::Call;
use super::endpoint::{self, Gate, Route};
use super::error::ApiError;
use super::events::{self, EventStream};
use super::path::Path;
use super::pictures::{Fetching, Pictures};
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
        let mut text = Uuid::encode_buffer();
        Self {
            id: ["chatcmpl-", Uuid::new_v4().simple().encode_lower(&mut text)].concat(),
            created: unix_seconds(),
            model: model.unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
            calling,
        }
    }
}

pub fn route(state: &State) -> Route {
    endpoint::post(state, Path::At("/v1/chat/completions"), GATE, create)
}

fn create(state: State, call: Call<Asked>) -> impl Future<Output = Answer> {
    // Not in the future: each one around it would keep room for all of the request.
    let prepared = prepare(&state, call);
    async move {
        let Prepared {
            mut request,
            pictures,
            envelope,
            watched,
        } = prepared?;
        if !pictures.links.is_empty() {
            // Boxed: rare, and large enough to be felt by every request.
            request.timeout = fetched(&state, pictures, &mut request).boxed().await?;
        }
        match request.chat.delivery {
            Delivery::Whole => whole(&state, request, envelope).await,
            Delivery::Streamed => streamed(&state, request, Chunks::new(&envelope, watched)).await,
        }
    }
}

/// Everything that is there before anything is waited for.
struct Prepared {
    request: Box<RunRequest>,
    pictures: Pictures,
    envelope: Envelope,
    watched: Watched,
}

fn prepare(state: &State, call: Call<Asked>) -> Result<Prepared, ApiError> {
    let routing = call.room(call.body.model.clone());
    let session = call.session(call.body.chat.user.as_deref(), &state.http().sessions);
    let watched = Watched {
        usage: call.body.include_usage,
        tools: call.routing.watches_tools,
    };
    if let (None, Some(error)) = (&session, call.body.needs_session) {
        return Err(error);
    }
    Ok(Prepared {
        envelope: Envelope::new(call.body.model, call.body.calling),
        request: Box::new(RunRequest {
            routing,
            system: call.body.system,
            chat: call.body.chat,
            session,
            timeout: None,
            notes: call.notes,
        }),
        pictures: call.body.pictures,
        watched,
    })
}

/// Puts the pictures in their places. Returns what is left of the run's time.
async fn fetched(
    state: &State,
    pictures: Pictures,
    request: &mut RunRequest,
) -> Result<Option<Duration>, ApiError> {
    let fetching = Fetching {
        gateway: state.gateway(),
        config: &state.http().endpoints.chat_completions.images,
        switch: links::SWITCH,
    };
    links::settle((&fetching, &request.routing), pictures, &mut request.chat).await
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
