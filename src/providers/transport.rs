//! The one HTTP client of the edge: destination and credential in one object, limits of time and size, status to error.

mod credential;
mod direction;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::{Method, Response, Uri};
use reqwest::Url;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{Events, Reader};
use super::connections::{Connections, Pool};
use super::discreet;
use super::known::{Known, SetupError};
use super::rejection;
use super::silence::ByteStream;
use super::wire::{Body, Failure, Way, Wire};
use super::{ChatStream, ProviderError};
use crate::chat::{Notes, Phase};
use crate::config::Secrets;
use crate::sse::{self, ReadError};
use direction::{Direction, JSON};

/// The largest whole answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024 * 1024;

/// How much is reserved on a provider's word alone, in bytes.
const MAX_RESERVED: u64 = 8 * 1024 * 1024;

/// How long an error's body is waited for: its status is known, and says the most.
const ERROR_BODY_LIMIT: Duration = Duration::from_secs(1);

/// How much of an error's body is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// A way to one provider. No request can change where it leads or what it carries.
pub struct Transport {
    provider: String,
    direction: Direction,
    /// What must not be in a log.
    secrets: Secrets,
    silence_limit: Duration,
    whole_limit: Duration,
    way: Way,
    pool: Arc<Pool>,
}

/// The body of a request.
pub struct Outgoing<'a> {
    pub body: Vec<u8>,
    /// Where it is noted that the answer has begun.
    pub notes: Option<&'a Notes>,
}

impl From<Vec<u8>> for Outgoing<'_> {
    fn from(body: Vec<u8>) -> Self {
        Self { body, notes: None }
    }
}

impl Transport {
    /// # Errors
    /// A base URL that is none, or a header that cannot be one.
    pub fn new(
        known: &Known,
        connections: &Connections,
        secrets: &Secrets,
    ) -> Result<Self, SetupError> {
        let fault = |key: &str, message: String| SetupError {
            path: format!("models.providers.{}.{key}", known.id),
            message,
        };
        let url = Url::parse(&known.base_url);
        let url = url.map_err(|error| fault("baseUrl", format!("is no URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(fault(
                "baseUrl",
                "must begin with http:// or https://".to_owned(),
            ));
        }
        Ok(Self {
            provider: known.id.to_string(),
            way: Way {
                is_local: is_local(&url),
                has_tls: url.scheme() == "https",
                connect_limit: known.config.connect_timeout(),
            },
            direction: Direction::new(known, url).map_err(|(key, message)| fault(&key, message))?,
            secrets: secrets.clone(),
            silence_limit: known.config.silence_limit(),
            whole_limit: known.config.whole_limit(),
            pool: connections.to(&known.base_url, known.config.connect_timeout()),
        })
    }

    /// Adds a header that the dialect wants in every request, unless it is there: by the configuration, or in all dialects.
    pub fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.direction.add(name, value);
        self
    }

    /// The name of the provider, for errors.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Posts JSON and reads the whole answer.
    pub async fn post(
        &self,
        path: &str,
        body: impl Into<Outgoing<'_>>,
    ) -> Result<Bytes, ProviderError> {
        self.whole(Method::POST, path, body.into()).await
    }

    pub async fn get(&self, path: &str) -> Result<Bytes, ProviderError> {
        self.whole(Method::GET, path, Vec::new().into()).await
    }

    async fn whole(
        &self,
        method: Method,
        path: &str,
        body: Outgoing<'_>,
    ) -> Result<Bytes, ProviderError> {
        let answer = async {
            let response = self.send(method, path, body, JSON).await?;
            self.collect(response, MAX_ANSWER_BYTES).await
        };
        let limit = self.whole_limit;
        match timeout(limit, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(self.silent("its answer", limit)),
        }
    }

    /// Posts JSON and reads the event stream that answers it. Returns once the first chat event is there. An error item
    /// ends the stream; so does a silence of the provider's limit.
    pub async fn post_events<R: Reader + 'static>(
        &self,
        path: &str,
        body: Outgoing<'_>,
        reader: R,
    ) -> Result<ChatStream, ProviderError> {
        let opened = async {
            let bytes = self.post_bytes(path, body, "text/event-stream").await?;
            self.open(sse::events(bytes), reader).await
        };
        self.first_event(opened).await
    }

    /// What `reader` makes of the wire events of `source`. Returns once the first chat event is there.
    pub async fn open<S, R>(&self, source: S, reader: R) -> Result<ChatStream, ProviderError>
    where
        S: Stream<Item = Result<sse::Event, ReadError<ProviderError>>> + Send + Unpin + 'static,
        R: Reader + 'static,
    {
        let mut events = Events::new(&self.provider, source, reader);
        match events.next().await {
            Some(first) => Ok(stream::iter([Ok(first?)]).chain(events).boxed()),
            None => Err(self.broken("an empty stream")),
        }
    }

    /// Posts JSON and hands out the answer's bytes as they come.
    pub async fn post_bytes(
        &self,
        path: &str,
        body: Outgoing<'_>,
        accept: &'static str,
    ) -> Result<ByteStream, ProviderError> {
        let response = self.send(Method::POST, path, body, accept).await?;
        let provider = self.provider.clone();
        let bytes = response.into_body().map(move |piece| {
            piece.map_err(|_| ProviderError::Broken {
                provider: provider.clone(),
                reason: CUT.to_owned(),
            })
        });
        Ok(ByteStream::new(
            self.provider.clone(),
            self.silence_limit,
            bytes,
        ))
    }

    /// Bounds the wait for a stream's first event.
    pub async fn first_event<T>(
        &self,
        work: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let limit = self.silence_limit;
        match timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(self.silent("its first event", limit)),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Outgoing<'_>,
        accept: &'static str,
    ) -> Result<Response<Body>, ProviderError> {
        let began = Instant::now();
        let Outgoing { body, notes } = body;
        let sent = {
            // In a block: the future would keep room for the request.
            let request = self.direction.request(method, path, body, accept);
            let request = request.ok_or_else(|| self.broken("a path that is none"))?;
            self.wire(request.uri())?.send(request)
        };
        let response = sent.await.map_err(|failure| self.unsent(failure))?;
        if response.status().is_success() {
            if let Some(notes) = notes {
                notes.spend_once(Phase::Connect, began.elapsed());
            }
            return Ok(response);
        }
        Err(self.refused(response).await)
    }

    fn wire(&self, place: &Uri) -> Result<&Wire, ProviderError> {
        if let Some(wire) = self.pool.get() {
            return Ok(wire);
        }
        let wire = Wire::new(self.way, place).map_err(|failure| self.unsent(failure))?;
        Ok(self.pool.get_or_init(|| wire))
    }

    async fn collect(&self, response: Response<Body>, cap: usize) -> Result<Bytes, ProviderError> {
        let mut pieces = response.into_body();
        let expected = pieces.len().unwrap_or(0);
        let Some(first) = pieces.next().await else {
            return Ok(Bytes::new());
        };
        let first = first.map_err(|_| self.broken(CUT))?;
        if first.len() as u64 == expected {
            return Ok(first);
        }
        let mut whole = BytesMut::with_capacity(expected.min(MAX_RESERVED) as usize);
        whole.extend_from_slice(&first);
        if expected <= cap as u64 {
            pieces
                .fill(&mut whole)
                .await
                .map_err(|_| self.broken(CUT))?;
        }
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| self.broken(CUT))?;
            if whole.len() + piece.len() > cap {
                return Err(self.broken("an answer of more than 256 MiB"));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    pub fn broken(&self, reason: impl Into<String>) -> ProviderError {
        ProviderError::Broken {
            provider: self.provider.clone(),
            reason: reason.into(),
        }
    }

    fn silent(&self, awaiting: &'static str, limit: Duration) -> ProviderError {
        ProviderError::Silent {
            provider: self.provider.clone(),
            awaiting,
            limit,
        }
    }

    fn unsent(&self, failure: Failure) -> ProviderError {
        match failure {
            Failure::Unreachable(reason) => ProviderError::Unreachable {
                provider: self.provider.clone(),
                reason,
            },
            Failure::Cut => self.broken("the connection was cut before an answer"),
        }
    }

    /// An answer that is no success.
    async fn refused(&self, response: Response<Body>) -> ProviderError {
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(retry_after);
        let body = prefix(response).await;
        tracing::debug!(
            provider = self.provider,
            status,
            body = discreet::fit(&String::from_utf8_lossy(&body), &self.secrets),
            "provider refused a call"
        );
        rejection::classify(&rejection::Refusal {
            provider: &self.provider,
            status,
            retry_after,
            body: &body,
        })
    }
}

/// The beginning of an error's body: as much as comes in time.
async fn prefix(response: Response<Body>) -> BytesMut {
    let mut pieces = response.into_body();
    let mut body = BytesMut::new();
    let end = Instant::now() + ERROR_BODY_LIMIT;
    while let Ok(Some(Ok(piece))) = timeout_at(end, pieces.next()).await {
        let room = MAX_ERROR_BYTES - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if body.len() == MAX_ERROR_BYTES {
            break;
        }
    }
    body
}

/// What is wrong with an answer that ended too early.
const CUT: &str = "the connection was cut";

/// Whether the host is this machine, where a proxy of the environment has no business.
fn is_local(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// Seconds, or the date until which to wait.
fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => {
            let until = httpdate::parse_http_date(text).ok()?;
            Some(until.duration_since(SystemTime::now()).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests;
