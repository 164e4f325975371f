//! One turn of a socket: from a `response.create` message to the events of the response, or to the one error that takes
//! their place. It is logged as a request of its own.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use hyper::{Method, StatusCode};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tracing::{Instrument, Span};

use super::PLACE;
use crate::chat::{Delivery, FinishReason, Finished, Notes, RunEvent, Started};
use crate::server::State;
use crate::server::access::{Meters, Record};
use crate::server::body::{self, FromBody};
use crate::server::call::Call;
use crate::server::connection::panic_text;
use crate::server::endpoint::Admitted;
use crate::server::error::ApiError;
use crate::server::events::{self, EventStream, Frames, Opening};
use crate::server::responses::decode::Asked;
use crate::server::responses::in_our_words;
use crate::server::responses::memory::Memory;
use crate::server::responses::prepare::{OverSocket, prepare};
use crate::server::responses::stream::{Carrier, Responding};

/// A turn that runs. Dropping it cancels the run.
pub struct Turn {
    stage: Stage,
    request_id: String,
    /// Every line that is logged meanwhile has the turn's id.
    span: Span,
    record: Record,
}

enum Stage {
    Opening(BoxFuture<'static, Result<Telling, ApiError>>),
    Telling(Box<EventStream<Responding>>),
    Over,
}

/// What there is to tell.
enum Telling {
    /// A run that has begun to answer, and who answers.
    Run(Box<EventStream<Responding>>, Started),
    /// All of it.
    Whole(Bytes),
}

impl Turn {
    pub fn begin(admitted: Admitted, memory: Memory, message: Utf8Bytes) -> Self {
        let request_id = uuid::Uuid::new_v4().to_string();
        let http = admitted.state.metrics();
        let meters = Meters {
            route: http.routes.of(&PLACE),
            http: Arc::clone(http),
        };
        let record = Record::begin(&Method::GET, PLACE, request_id.clone(), meters);
        let opening = open(admitted, record.notes().clone(), (memory, message));
        Self {
            stage: Stage::Opening(opening.boxed()),
            span: tracing::error_span!("turn", request_id = request_id),
            request_id,
            record,
        }
    }

    /// The next messages, a line each; `None` after the last. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Bytes> {
        // Unwind safe: a turn that panicked is over, and what it left behind goes with its stage.
        let next = self.stage.next(&mut self.record);
        let next = AssertUnwindSafe(next).catch_unwind();
        let said = match next.instrument(self.span.clone()).await {
            Ok(Ok(said)) => said,
            Ok(Err(error)) => Some(self.fail(error)),
            Err(panic) => {
                let (request_id, panic) = (&self.request_id, panic_text(&*panic));
                tracing::error!(request_id, panic, "a turn panicked");
                Some(self.fail(ApiError::internal(&self.request_id)))
            }
        };
        match &said {
            Some(messages) => self.record.sent(messages.len()),
            None => self.record.complete(),
        }
        said
    }

    fn fail(&mut self, error: ApiError) -> Bytes {
        self.stage = Stage::Over;
        self.record.answered(error.status(), None);
        error.to_event().into()
    }
}

impl Stage {
    async fn next(&mut self, record: &mut Record) -> Result<Option<Bytes>, ApiError> {
        if let Self::Opening(opening) = self {
            match opening.await? {
                Telling::Run(events, started) => {
                    record.answered(StatusCode::OK, Some(&started));
                    *self = Self::Telling(events);
                }
                Telling::Whole(events) => {
                    record.answered(StatusCode::OK, None);
                    *self = Self::Over;
                    return Ok(Some(events));
                }
            }
        }
        Ok(match self {
            Self::Telling(events) => events.next().await,
            Self::Opening(_) | Self::Over => None,
        })
    }
}

/// Opens the run that a message asks for, unless the server ends before.
async fn open(
    admitted: Admitted,
    notes: Notes,
    (memory, message): (Memory, Utf8Bytes),
) -> Result<Telling, ApiError> {
    let state = admitted.state.clone();
    let drain = state.drain();
    let _run = drain.run_started();
    let opening = async {
        let (asked, over) = read(&message, &memory)?;
        drop(message);
        let call = Call {
            caller: admitted.caller,
            routing: admitted.routing,
            notes,
            body: Box::new(asked),
        };
        opened(&admitted.state, call, over)
            .await
            .map_err(in_our_words)
    };
    tokio::select! {
        biased;
        opened = opening => opened,
        () = drain.ending() => Err(ApiError::shutting_down()),
    }
}

async fn opened(
    state: &State,
    call: Call<Box<Asked>>,
    over: OverSocket,
) -> Result<Telling, ApiError> {
    let warms_up = over.warms_up;
    let prepared = prepare(state, call, Some(over)).await?;
    let (responding, request) = Responding::new(prepared, Carrier::Lines);
    if warms_up {
        return Ok(Telling::Whole(unanswered(responding).await?));
    }
    let opened = events::open(state.gateway().clone(), request).await?;
    let started = opened.started.clone();
    let opening = Opening::Opened(opened);
    let (events, _) = EventStream::new(responding, opening, None, state.drain());
    Ok(Telling::Run(Box::new(events), started))
}

/// The events of a response without an answer, once it is kept.
async fn unanswered(mut responding: Responding) -> Result<Bytes, ApiError> {
    let finished = Finished {
        reason: FinishReason::Stop,
        usage: None,
    };
    let mut events = Vec::new();
    responding.begin(&mut events);
    if let Some(settling) = responding.settle(&finished, &mut events) {
        settling.await?;
    }
    responding.event(RunEvent::Finished(finished), &mut events);
    Ok(events.into())
}

/// What has to be known of a message before the rest of it is looked at.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Head {
    #[serde(rename = "type")]
    kind: Option<String>,
    previous_response_id: Option<String>,
    /// `false`: what is sent is kept for a turn to come, and not answered.
    generate: Option<bool>,
}

/// What a message asks for, and what the socket remembers of what it continues: forgotten with everything that fails from
/// here on. How the answer is delivered is not for the message to say: `stream` and `stream_options` are passed over.
///
/// # Errors
/// 400 for a message that is no `response.create` that can be used.
fn read(message: &Utf8Bytes, memory: &Memory) -> Result<(Asked, OverSocket), ApiError> {
    let json = body::text(message.as_str().as_bytes())?;
    let head: Head = body::parse(json)?;
    if head.kind.as_deref() != Some("response.create") {
        let message = "`type` must be `response.create`: no other message is understood";
        return Err(ApiError::invalid("type", message));
    }
    let recall = memory.recall(head.previous_response_id.as_deref());
    let mut asked = Asked::from_body(json)?;
    asked.chat.delivery = Delivery::Streamed;
    let warms_up = head.generate == Some(false);
    Ok((asked, OverSocket { recall, warms_up }))
}
