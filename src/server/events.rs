//! A run as an event stream: opened, written frame by frame, kept alive while it is silent, and ended in order. What a
//! frame says is the endpoint's business.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, TryFutureExt};
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::aside::{Aside, Bell};
use super::drain::{Drain, Run};
use super::error::ApiError;
use crate::chat::{Finished, RunEvent, RunRequest, Started};
use crate::gateway::{Gateway, RunError, RunStream};
use crate::sse;

/// Frames that are ready together leave together, up to about this many bytes.
const MAX_WRITE_BYTES: usize = 16 << 10;

/// Writes one run in the form of one endpoint.
pub trait Frames: Send + Unpin + 'static {
    /// What is said before anything is known of the run.
    fn begin(&mut self, out: &mut Vec<u8>);
    /// What has to be done before the end of the run may be told; what can be told already is written.
    fn settle(&mut self, _: &Finished, _: &mut Vec<u8>) -> Option<Settling> {
        None
    }
    /// What an event comes to. After [`RunEvent::Finished`], everything that ends the stream.
    fn event(&mut self, event: RunEvent, out: &mut Vec<u8>);
    /// The end of a stream that broke: the error, and everything that ends the stream.
    fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>);
}

/// Something that an answer waits for before it ends.
pub type Settling = BoxFuture<'static, Result<(), RunError>>;

/// A run that has begun to answer; the events after its `Started`.
pub struct Opened {
    pub started: Started,
    pub events: RunStream,
}

/// # Errors
/// Everything that is known before the first event.
pub async fn open(gateway: Gateway, request: Box<RunRequest>) -> Result<Opened, RunError> {
    let mut events = gateway.run_agent(request).await?;
    match events.next().await {
        Some(Ok(RunEvent::Started(started))) => Ok(Opened { started, events }),
        Some(Err(error)) => Err(error),
        Some(Ok(RunEvent::Delta(_) | RunEvent::Tool(_) | RunEvent::Finished(_))) | None => {
            Err(RunError::Unfinished)
        }
    }
}

/// What is there when the response has to begin.
pub enum Opening {
    Opened(Opened),
    /// Nothing for as long as a stream may be silent. The run goes on opening behind these events.
    Late(RunStream),
}

/// Waits for the run to begin, at most for one heartbeat.
///
/// # Errors
/// As [`open`].
pub fn opening(
    open: impl Future<Output = Result<Opened, RunError>> + Send + 'static,
    heartbeat: Option<Duration>,
) -> impl Future<Output = Result<Opening, RunError>> {
    let mut open: BoxFuture<'static, _> = open.boxed();
    async move {
        let Some(heartbeat) = heartbeat else {
            return open.await.map(Opening::Opened);
        };
        match timeout(heartbeat, &mut open).await {
            Ok(opened) => opened.map(Opening::Opened),
            Err(_) => {
                let events = open.map_ok(|opened| opened.events).try_flatten_stream();
                Ok(Opening::Late(events.boxed()))
            }
        }
    }
}

/// The frames of a run. Dropping it drops the run.
pub struct EventStream<F> {
    frames: F,
    /// `None` once the last frame is written.
    events: Option<RunStream>,
    settling: Option<(Settling, Finished)>,
    out: Vec<u8>,
    heartbeat: Option<Heartbeat>,
    ending: Aside<'static, ()>,
    /// Rings when anything of it was woken. The body that it is of is polled several times for each event.
    bell: Bell,
    _run: Run,
}

impl<F: Frames> EventStream<F> {
    /// Counts as a run of `drain` for as long as it lives, and ends with an error frame when the drain does.
    pub fn new(
        mut frames: F,
        opening: Opening,
        heartbeat: Option<Duration>,
        drain: &Drain,
    ) -> (Self, Option<Started>) {
        let mut out = Vec::new();
        frames.begin(&mut out);
        let (events, started) = match opening {
            Opening::Opened(opened) => (opened.events, Some(opened.started)),
            Opening::Late(events) => {
                out.extend_from_slice(sse::KEEP_ALIVE);
                (events, None)
            }
        };
        let stream = Self {
            frames,
            events: Some(events),
            settling: None,
            out,
            heartbeat: heartbeat.map(Heartbeat::new),
            ending: Aside::new(drain.ending()),
            bell: Bell::new(),
            _run: drain.run_started(),
        };
        (stream, started)
    }

    /// Goes as far as it can. True when it was silent for so long that it has to say so.
    fn advance(&mut self, cx: &mut Context<'_>) -> bool {
        if self.events.is_some() && self.ending.poll_unpin(cx).is_ready() {
            self.fail(&ApiError::shutting_down());
        }
        self.write(cx);
        let is_full = self.out.len() >= MAX_WRITE_BYTES;
        let must_beat = match &mut self.heartbeat {
            Some(heartbeat) => {
                if !self.out.is_empty() {
                    heartbeat.heard();
                }
                heartbeat.poll_beat(cx).is_ready()
            }
            None => false,
        };
        // Neither has been asked whether there is more.
        if is_full || must_beat {
            self.bell.ring_on();
        }
        must_beat
    }

    /// Writes what is ready, up to [`MAX_WRITE_BYTES`].
    fn write(&mut self, cx: &mut Context<'_>) {
        while self.events.is_some() && self.out.len() < MAX_WRITE_BYTES {
            match self.poll_event(cx) {
                Poll::Ready(Ok(event)) => {
                    let is_last = matches!(event, RunEvent::Finished(_));
                    self.frames.event(event, &mut self.out);
                    if is_last {
                        self.events = None;
                    }
                }
                Poll::Ready(Err(error)) => self.fail(&error.into()),
                Poll::Pending => return,
            }
        }
    }

    /// The next event; the last one when everything that it waits for is done.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<RunEvent, RunError>> {
        if let Some((settling, finished)) = &mut self.settling {
            let finished = *finished;
            return settling
                .poll_unpin(cx)
                .map_ok(|()| RunEvent::Finished(finished));
        }
        let next = match &mut self.events {
            Some(events) => ready!(events.poll_next_unpin(cx)),
            None => None,
        };
        let event = next.unwrap_or(Err(RunError::Unfinished))?;
        if let RunEvent::Finished(finished) = &event
            && let Some(settling) = self.frames.settle(finished, &mut self.out)
        {
            self.settling = Some((settling, *finished));
            return self.poll_event(cx);
        }
        Poll::Ready(Ok(event))
    }

    fn fail(&mut self, error: &ApiError) {
        // The status of the response said 200 long ago; this is all that the log will have.
        tracing::warn!(
            status = error.status().as_u16(),
            code = error.code(),
            "a stream broke"
        );
        self.frames.fail(error, &mut self.out);
        self.events = None;
    }
}

impl<F: Frames> Stream for EventStream<F> {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = self.get_mut();
        let must_beat = match this.bell.heard(cx) {
            Some(waker) => this.advance(&mut Context::from_waker(&waker)),
            None => false,
        };
        if !this.out.is_empty() {
            // The next write is likely to be as long.
            let next = match this.events {
                Some(_) => Vec::with_capacity(this.out.len()),
                None => Vec::new(),
            };
            return Poll::Ready(Some(std::mem::replace(&mut this.out, next).into()));
        }
        match (&this.events, must_beat) {
            (None, _) => Poll::Ready(None),
            (Some(_), true) => Poll::Ready(Some(Bytes::from_static(sse::KEEP_ALIVE))),
            (Some(_), false) => Poll::Pending,
        }
    }
}

/// Beats after each silence. The timer is moved when it fires, not for every event.
struct Heartbeat {
    silence: Duration,
    heard: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Heartbeat {
    fn new(silence: Duration) -> Self {
        Self {
            silence,
            heard: Instant::now(),
            timer: Box::pin(sleep(silence)),
        }
    }

    fn heard(&mut self) {
        self.heard = Instant::now();
    }

    fn poll_beat(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let due = self.heard + self.silence;
            if due <= Instant::now() {
                self.heard();
                self.timer.as_mut().reset(self.heard + self.silence);
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
