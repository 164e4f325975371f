//! The access log: one line for each request, when the last byte of its answer is gone or nobody waits for it any
//! more. Never content, never a query.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::HeaderName;
use hyper::{Method, StatusCode};

use super::reply::{self, Body, Response};

/// What is known of one request; written to the log when it is dropped.
pub struct Record {
    method: Method,
    path: String,
    request_id: String,
    began: Instant,
    /// What was answered. Without it, the caller left before there was an answer.
    answer: Option<Answered>,
}

struct Answered {
    status: StatusCode,
    agent: Option<String>,
    model: Option<String>,
    bytes: u64,
    complete: bool,
}

impl Record {
    pub fn begin(method: &Method, path: &str, request_id: &str) -> Self {
        Self {
            method: method.clone(),
            path: path.to_owned(),
            request_id: request_id.to_owned(),
            began: Instant::now(),
            answer: None,
        }
    }

    /// How long ago the request began, in milliseconds.
    pub fn milliseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Hands the record to the response's body, which ends it.
    pub fn follow(mut self, response: Response) -> hyper::Response<Counted> {
        let header = |name: HeaderName| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        self.answer = Some(Answered {
            status: response.status(),
            agent: header(reply::AGENT),
            model: header(reply::MODEL),
            bytes: 0,
            // The answer to a HEAD has no body, whatever its handler made.
            complete: self.method == Method::HEAD || response.body().is_end_stream(),
        });
        response.map(|body| Counted { body, record: self })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let answer = self.answer.as_ref();
        tracing::info!(
            target: "openclaw::access",
            method = %self.method,
            path = self.path,
            status = answer.map(|answer| answer.status.as_u16()),
            agent = answer.and_then(|answer| answer.agent.as_deref()),
            model = answer.and_then(|answer| answer.model.as_deref()),
            duration_ms = self.milliseconds(),
            bytes = answer.map_or(0, |answer| answer.bytes),
            cut = !answer.is_some_and(|answer| answer.complete),
            request_id = self.request_id,
        );
    }
}

/// A response body that counts what leaves.
pub struct Counted {
    body: Body,
    record: Record,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = warp::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, warp::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let over = self.body.is_end_stream();
        if let (Poll::Ready(frame), Some(answer)) = (&polled, &mut self.record.answer) {
            let data = frame
                .as_ref()
                .and_then(|frame| frame.as_ref().ok()?.data_ref());
            answer.bytes += data.map_or(0, |data| data.remaining() as u64);
            answer.complete = over || frame.is_none();
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
