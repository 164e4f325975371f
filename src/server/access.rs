//! The access log: one line for each request, and for each turn of a socket, when the last byte of its answer is gone or
//! nobody waits for it any more. Never content, never a query.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use tracing::Span;

use super::metrics::{Http, RouteMeter};
use super::reply::{self, Body, Response};
use super::timing::{self, milliseconds, whole_milliseconds};
use crate::chat::{Cost, Notes, Phase, Started};

/// What is known of one request; written to the log when it is dropped.
pub struct Record {
    method: Method,
    path: String,
    request_id: String,
    began: Instant,
    notes: Notes,
    meters: Meters,
    /// What was answered. Without it, the caller left before there was an answer.
    answer: Option<Answered>,
}

/// Where the request is counted.
pub struct Meters {
    pub http: Arc<Http>,
    pub route: Arc<RouteMeter>,
}

impl Meters {
    pub fn of_no_route(http: &Arc<Http>) -> Self {
        Self {
            http: Arc::clone(http),
            route: http.routes.other(),
        }
    }
}

struct Answered {
    status: StatusCode,
    agent: Option<HeaderValue>,
    model: Option<HeaderValue>,
    bytes: u64,
    complete: bool,
    streams: bool,
}

impl Record {
    pub fn begin(method: &Method, path: &str, request_id: String, meters: Meters) -> Self {
        meters.http.in_flight.enter();
        Self {
            method: method.clone(),
            path: path.to_owned(),
            request_id,
            began: Instant::now(),
            notes: Notes::default(),
            meters,
            answer: None,
        }
    }

    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// How long ago the request began.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Where the room writes down what becomes of the request.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Where the time has gone at this age: the phases that were reached, and the whole.
    pub fn server_timing(&self, age: Duration) -> HeaderValue {
        timing::header(&self.notes, age)
    }

    /// What a turn of a socket is answered with. A turn that fails after it began to answer has another status then.
    pub fn answered(&mut self, status: StatusCode, by: Option<&Started>) {
        if let Some(answer) = &mut self.answer {
            answer.status = status;
            return;
        }
        let streams = by.is_some();
        if streams {
            self.meters.http.streams.enter();
        }
        self.answer = Some(Answered {
            streams,
            status,
            agent: by.and_then(|started| HeaderValue::try_from(started.agent.to_string()).ok()),
            model: by.and_then(|started| HeaderValue::try_from(started.model.to_string()).ok()),
            bytes: 0,
            complete: false,
        });
    }

    /// So many bytes more have left.
    pub fn sent(&mut self, bytes: usize) {
        if let Some(answer) = &mut self.answer {
            answer.bytes += bytes as u64;
        }
    }

    /// Everything has left.
    pub fn complete(&mut self) {
        if let Some(answer) = &mut self.answer {
            answer.complete = true;
        }
    }

    /// Hands the record to the response's body, which ends it.
    pub fn follow(mut self, response: Response, span: Span) -> hyper::Response<Counted> {
        let header = |name: HeaderName| response.headers().get(name).cloned();
        let is_stream = |value: &HeaderValue| value.as_bytes().starts_with(b"text/event-stream");
        let streams = response.headers().get(CONTENT_TYPE).is_some_and(is_stream);
        if streams {
            self.meters.http.streams.enter();
        }
        self.answer = Some(Answered {
            streams,
            status: response.status(),
            agent: header(reply::AGENT),
            model: header(reply::MODEL),
            bytes: 0,
            // The answer to a HEAD has no body, whatever its handler made.
            complete: self.method == Method::HEAD || response.body().is_end_stream(),
        });
        response.map(|body| Counted {
            body,
            span,
            record: self,
        })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let answer = self.answer.as_ref();
        let status = answer.map(|answer| answer.status);
        let cut = !answer.is_some_and(|answer| answer.complete);
        let Meters { http, route } = &self.meters;
        let age = self.age();
        route.ended(status, cut, age);
        http.in_flight.leave();
        if answer.is_some_and(|answer| answer.streams) {
            http.streams.leave();
        }
        let usage = self.notes.usage();
        let ms = |phase| self.notes.spent(phase).map(milliseconds);
        let agent = answer.and_then(|answer| answer.agent.as_ref()).map(text);
        let model = answer.and_then(|answer| answer.model.as_ref()).map(text);
        tracing::info!(
            target: "openclaw::access",
            method = self.method.as_str(),
            path = self.path,
            status = status.map(|status| status.as_u16()),
            agent = agent.as_deref(),
            model = model.as_deref(),
            duration_ms = whole_milliseconds(age),
            queue_ms = ms(Phase::Queue),
            prompt_ms = ms(Phase::Prompt),
            store_ms = ms(Phase::Store),
            connect_ms = ms(Phase::Connect),
            first_event_ms = ms(Phase::FirstEvent),
            input_tokens = usage.map(|usage| usage.input_tokens),
            output_tokens = usage.map(|usage| usage.output_tokens),
            cost_usd = usage.and_then(|usage| usage.cost).map(Cost::usd),
            bytes = answer.map_or(0, |answer| answer.bytes),
            cut,
            request_id = self.request_id,
        );
    }
}

fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// A response body that counts what leaves.
pub struct Counted {
    body: Body,
    /// In which the body is made: what a stream logs is its request's.
    span: Span,
    record: Record,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = warp::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, warp::Error>>> {
        let Self { body, span, record } = self.get_mut();
        let polled = span.in_scope(|| Pin::new(&mut *body).poll_frame(cx));
        if let (Poll::Ready(frame), Some(answer)) = (&polled, &mut record.answer) {
            let data = frame
                .as_ref()
                .and_then(|frame| frame.as_ref().ok()?.data_ref());
            answer.bytes += data.map_or(0, |data| data.remaining() as u64);
            answer.complete = frame.is_none() || body.is_end_stream();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // What a stream that is given up leaves behind logs as well.
        let _of_the_request = self.span.enter();
        drop(std::mem::take(&mut self.body));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use futures_util::FutureExt;
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::*;
    use crate::chat::Usage;
    use crate::server::error::ApiError;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The one line that `work` leaves in the log, without its times.
    fn logged(work: impl FnOnce()) -> Value {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let line: Value = serde_json::from_slice(&lines.0.lock().unwrap()).unwrap();
        assert_eq!(line["target"], "openclaw::access");
        let mut fields = line["fields"].clone();
        assert!(fields["duration_ms"].take().is_u64());
        fields
    }

    fn record(method: Method) -> Record {
        let meters = Meters::of_no_route(&Arc::default());
        Record::begin(&method, "/v1/models", "r-1".to_owned(), meters)
    }

    fn line(rest: Value) -> Value {
        let mut line = json!({ "method": "GET", "path": "/v1/models", "request_id": "r-1", "duration_ms": null });
        line.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        line
    }

    #[test]
    fn an_answer_that_left_whole_is_one_line() {
        let fields = logged(|| {
            let mut response = reply::json(&json!([1, 2]));
            response
                .headers_mut()
                .insert(reply::MODEL, "p/m".parse().unwrap());
            response
                .headers_mut()
                .insert(reply::AGENT, "main".parse().unwrap());
            let body = record(Method::GET)
                .follow(response, Span::none())
                .into_body();
            body.collect().now_or_never().unwrap().unwrap();
        });
        let expected =
            json!({ "status": 200, "agent": "main", "model": "p/m", "bytes": 5, "cut": false });
        assert_eq!(fields, line(expected));
    }

    #[test]
    fn what_is_noted_of_a_run_before_the_line_is_in_it() {
        let fields = logged(|| {
            let record = record(Method::GET);
            record.notes().spend(Phase::Store, Duration::from_millis(7));
            record.notes().use_up(Usage {
                input_tokens: 5,
                cost: Some(Cost::of_tokens(500_000, 3.0)),
                ..Usage::default()
            });
            let timing = record.server_timing(record.age());
            assert!(
                timing
                    .to_str()
                    .unwrap()
                    .starts_with("store;dur=7.0, total;dur=")
            );
        });
        let expected = json!({
            "bytes": 0, "cut": true, "cost_usd": 1.5, "store_ms": 7.0, "input_tokens": 5, "output_tokens": 0,
        });
        assert_eq!(fields, line(expected));
    }

    #[test]
    fn an_answer_that_nobody_waited_for_is_cut() {
        let fields = logged(|| {
            drop(
                record(Method::GET).follow(ApiError::shutting_down().into_response(), Span::none()),
            )
        });
        assert_eq!(
            fields,
            line(json!({ "status": 503, "bytes": 0, "cut": true }))
        );
    }

    #[test]
    fn a_caller_who_left_before_the_answer_has_no_status() {
        let fields = logged(|| drop(record(Method::GET)));
        assert_eq!(fields, line(json!({ "bytes": 0, "cut": true })));
    }

    #[test]
    fn the_answer_to_a_head_has_no_body_to_cut() {
        let fields =
            logged(|| drop(record(Method::HEAD).follow(reply::json(&json!([])), Span::none())));
        assert_eq!(
            fields,
            line(json!({ "method": "HEAD", "status": 200, "bytes": 0, "cut": false }))
        );
    }
}
