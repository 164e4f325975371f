//! `GET /v1/responses` with an upgrade: one request after the other over a WebSocket, and the events of each response as
//! messages. Here is the socket, from its first message to its close; what a turn is, is `turn`'s.

mod turn;
mod waiting;

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::GATE;
use super::memory::Memory;
use crate::server::State;
use crate::server::drain::Phase;
use crate::server::endpoint::{self, Route, Visitor};
use crate::server::error::ApiError;
use crate::server::path::Path;
use crate::server::websocket::{CloseCode, Gone, Received, WebSocket};
use turn::Turn;
use waiting::Waiting;

/// How long a socket lasts. A turn that runs then is finished.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// A peer is asked this often whether it is still there, and has as long to say so.
const PING_INTERVAL: Duration = Duration::from_secs(30);

const PLACE: &str = "/v1/responses";

pub fn socket(state: &State) -> Route {
    endpoint::socket(state, Path::At(PLACE), GATE, serve)
}

/// Serves one socket to its end. Dropping it, or the peer's leaving, cancels the turn that runs.
async fn serve(visitor: Visitor, socket: WebSocket) {
    let memory = Memory::within(visitor.state().socket_budget().clone());
    let mut talk = Talk {
        visitor,
        socket,
        memory,
        waiting: Waiting::default(),
        turn: None,
    };
    let Ok(last) = talk.last_word().await else {
        return;
    };
    // Nobody waits for it while the socket closes.
    talk.turn = None;
    let told = match &last.error {
        Some(error) => talk.tell(error).await,
        None => Ok(()),
    };
    if told.is_ok() {
        talk.socket.close(last.code, last.reason).await;
    }
}

/// How a socket ends that can still be told so.
struct Last {
    error: Option<ApiError>,
    code: CloseCode,
    reason: &'static str,
}

struct Talk {
    visitor: Visitor,
    socket: WebSocket,
    memory: Memory,
    waiting: Waiting,
    turn: Option<Turn>,
}

impl Talk {
    /// Answers whatever comes, up to the last word.
    async fn last_word(&mut self) -> Result<Last, Gone> {
        let over = Instant::now() + LIFETIME;
        let mut lifetime = pin!(sleep(LIFETIME));
        let mut draining = pin!(self.visitor.drain().reached(Phase::Draining));
        let mut ping = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_there = true;
        loop {
            if self.turn.is_none()
                && Instant::now() < over
                && let Some(next) = self.waiting.next()
            {
                let message = match next {
                    Ok(message) => message,
                    Err(error) => {
                        self.tell(&error).await?;
                        continue;
                    }
                };
                match self.visitor.enter() {
                    Ok(admitted) => {
                        self.turn = Some(Turn::begin(admitted, self.memory.clone(), message));
                    }
                    Err(error) => return Ok(Last::refused(error)),
                }
            }
            let is_idle = self.turn.is_none();
            tokio::select! {
                // First, so that a peer that has answered a ping is never taken for one that has not.
                biased;
                received = self.socket.receive() => {
                    is_there = true;
                    match received {
                        Received::Text(message) => self.waiting.add(message),
                        Received::Alive => {}
                        Received::Closed => return Ok(Last::answering()),
                        Received::Fault(code) => return Ok(Last::blaming(code)),
                    }
                }
                said = next(&mut self.turn) => match said {
                    Some(messages) => self.socket.send(messages).await?,
                    None => self.turn = None,
                },
                () = &mut draining, if is_idle => return Ok(Last::leaving()),
                () = &mut lifetime, if is_idle => return Ok(Last::too_old()),
                _ = ping.tick() => {
                    if !std::mem::take(&mut is_there) {
                        return Err(Gone);
                    }
                    self.socket.ping().await?;
                }
            }
        }
    }

    async fn tell(&mut self, error: &ApiError) -> Result<(), Gone> {
        self.socket.send(error.to_event().into()).await
    }
}

/// What the turn says next; nothing ever without one.
async fn next(turn: &mut Option<Turn>) -> Option<Bytes> {
    match turn {
        Some(turn) => turn.next().await,
        None => std::future::pending().await,
    }
}

impl Last {
    /// The peer may take no further turn.
    fn refused(error: ApiError) -> Self {
        let last = match error.status() {
            StatusCode::SERVICE_UNAVAILABLE => Self::leaving(),
            _ => Self {
                error: None,
                code: CloseCode::Policy,
                reason: "the turn was refused",
            },
        };
        Self {
            error: Some(error),
            ..last
        }
    }

    /// The server ends.
    fn leaving() -> Self {
        Self {
            error: None,
            code: CloseCode::Away,
            reason: "the server is shutting down",
        }
    }

    fn too_old() -> Self {
        let minutes = LIFETIME.as_secs() / 60;
        let message = format!("a socket lasts {minutes} minutes: open another one to go on");
        let error = ApiError::new(StatusCode::BAD_REQUEST, message);
        Self {
            error: Some(error.with_code("websocket_connection_limit_reached")),
            code: CloseCode::Normal,
            reason: "the time of the socket is over",
        }
    }

    /// The peer has said its last word.
    fn answering() -> Self {
        Self {
            error: None,
            code: CloseCode::Normal,
            reason: "",
        }
    }

    /// The peer did what it must not.
    fn blaming(code: CloseCode) -> Self {
        let (status, reason) = match code {
            CloseCode::Size => (StatusCode::PAYLOAD_TOO_LARGE, "the message is too large"),
            CloseCode::Unsupported => (StatusCode::BAD_REQUEST, "messages are text, never binary"),
            CloseCode::Invalid => (StatusCode::BAD_REQUEST, "the message is not UTF-8"),
            CloseCode::Policy => (StatusCode::REQUEST_TIMEOUT, "the message took too long"),
            _ => (StatusCode::BAD_REQUEST, "this is no WebSocket any more"),
        };
        Self {
            error: Some(ApiError::new(status, reason)),
            code,
            reason,
        }
    }
}
