//! What a scripted provider says. Only the description: `steps` compiles it, `wire` plays it.

use std::borrow::Borrow;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::recorded::Recorded;
use super::steps::Step;
use super::waiting::Gate;

const DONE: &[u8] = b"data: [DONE]\n\n";

/// One scripted answer.
///
/// The body goes out in *pieces*, counted from 0, each its own write: a JSON body is one piece, an event stream has one
/// per event (each also one HTTP chunk, so a client sees it as one frame), `split_every` makes them anew.
#[derive(Clone)]
pub struct Answer {
    pub(super) source: Source,
    pub(super) headers: Vec<(String, String)>,
    pub(super) delay: Option<Duration>,
    pub(super) gates: Vec<(Place, Gate)>,
    pub(super) split: Option<usize>,
    pub(super) cut: Option<Cut>,
}

pub(super) type Compute = dyn Fn(&Recorded) -> Answer + Send + Sync;

#[derive(Clone)]
pub(super) enum Source {
    /// Framed by `content-length`.
    Whole {
        status: u16,
        body: Bytes,
    },
    /// Status 200, one HTTP chunk a piece.
    Chunked(Vec<Bytes>),
    /// Status line, headers and framing included.
    Verbatim(Bytes),
    /// Not a byte, then this step.
    Silent(Step),
    Computed(Arc<Compute>),
}

/// Where a gate stands, in the order of the wire.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Place {
    Head,
    Piece(usize),
}

#[derive(Clone, Copy)]
pub(super) enum Cut {
    BeforeTheEnd,
    After(usize),
}

impl Answer {
    /// A JSON body with its `content-length`.
    pub fn json(status: u16, body: Value) -> Self {
        Self::of(Source::Whole {
            status,
            body: body.to_string().into(),
        })
        .header("content-type", "application/json")
    }

    /// An event stream: one `data:` event a payload (text, or a `Value`), then `data: [DONE]`.
    pub fn sse(payloads: impl IntoIterator<Item = impl Display>) -> Self {
        let events = payloads
            .into_iter()
            .map(|payload| Bytes::from(format!("data: {payload}\n\n")));
        Self::raw_sse(events.chain([Bytes::from_static(DONE)]))
    }

    /// An event stream of named events, `event: <name>` and `data: <payload>`, without `[DONE]`.
    pub fn named_sse<Name: Display, Payload: Display>(
        events: impl IntoIterator<Item = (Name, Payload)>,
    ) -> Self {
        Self::raw_sse(
            events
                .into_iter()
                .map(|(name, payload)| format!("event: {name}\ndata: {payload}\n\n")),
        )
    }

    /// An event stream of exactly these bytes, one piece an element.
    pub fn raw_sse(pieces: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        let pieces: Vec<Bytes> = pieces.into_iter().map(Into::into).collect();
        assert!(
            pieces.iter().all(|piece| !piece.is_empty()),
            "an empty chunk would end the body"
        );
        Self::of(Source::Chunked(pieces)).header("content-type", "text/event-stream")
    }

    /// These bytes as the whole response, in one piece; then the connection is closed.
    pub fn raw(response: impl Into<Bytes>) -> Self {
        Self::of(Source::Verbatim(response.into()))
    }

    /// Reads the request and closes the connection in order (FIN).
    pub fn close_before_headers() -> Self {
        Self::of(Source::Silent(Step::Close))
    }

    /// Reads the request and resets the connection (RST).
    pub fn reset_before_headers() -> Self {
        Self::of(Source::Silent(Step::Reset))
    }

    /// Says nothing until the client leaves.
    pub fn hang() -> Self {
        Self::of(Source::Silent(Step::Hang))
    }

    /// Decided when the request is there. What is set on this answer is laid over the computed one.
    pub fn from_fn(compute: impl Fn(&Recorded) -> Answer + Send + Sync + 'static) -> Self {
        Self::of(Source::Computed(Arc::new(compute)))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            headers: Vec::new(),
            delay: None,
            gates: Vec::new(),
            split: None,
            cut: None,
        }
    }

    /// Sets a response header, in place of an earlier one of that name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves out the closing `data: [DONE]`.
    #[track_caller]
    pub fn without_done(mut self) -> Self {
        let dropped = match &mut self.source {
            Source::Chunked(pieces) => pieces.pop(),
            _ => None,
        };
        assert_eq!(
            dropped.as_deref(),
            Some(DONE),
            "only an answer that ends with [DONE] can go without"
        );
        self
    }

    /// Divides the body (of `raw`, the response) into pieces of `bytes` bytes, wherever events and characters end.
    pub fn split_every(mut self, bytes: usize) -> Self {
        assert_ne!(bytes, 0, "a piece has at least one byte");
        self.split = Some(bytes);
        self
    }

    /// Waits at `gate` before that piece, counted from 0, the headers being out; one past the last is before the body's end.
    pub fn pause_before(mut self, piece: usize, gate: impl Borrow<Gate>) -> Self {
        self.gates
            .push((Place::Piece(piece), gate.borrow().clone()));
        self
    }

    /// Waits at `gate` before the status line.
    pub fn pause_before_head(mut self, gate: impl Borrow<Gate>) -> Self {
        self.gates.push((Place::Head, gate.borrow().clone()));
        self
    }

    /// Closes the connection where the body should end: an event stream lacks its last, empty chunk, a `content-length`
    /// body its second half.
    pub fn cut(mut self) -> Self {
        self.cut = Some(Cut::BeforeTheEnd);
        self
    }

    /// Closes the connection after that many pieces.
    pub fn cut_after(mut self, pieces: usize) -> Self {
        self.cut = Some(Cut::After(pieces));
        self
    }

    /// Waits in real time before the status line. For benchmarks; a test that orders events uses a [`Gate`].
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }
}
