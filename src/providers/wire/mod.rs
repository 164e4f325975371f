//! HTTP requests on their way. Plain HTTP to this machine goes over connections of our own; whatever needs TLS or a proxy
//! goes through reqwest. What is sent and how it is understood is `transport`'s business.

mod connection;
mod idle;
mod plain;
mod relay;
mod sips;

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, Stream, TryFutureExt};
use http_body::Body as _;
use hyper::{Request, Response, Uri};

use plain::{Plain, PlainBody};

/// Connections to a provider that are kept while nobody needs them.
const MAX_IDLE_CONNECTIONS: usize = 256;

/// How long such a connection is kept.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// How long a connection is silent before the system asks whether the other end is still there.
const PROBE_AFTER: Duration = Duration::from_secs(15);

/// How a provider is reached.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// This machine, where a proxy of the environment has no business.
    pub is_local: bool,
    pub has_tls: bool,
    pub connect_limit: Duration,
}

/// One HTTP client, with connections that are used again.
pub enum Wire {
    Plain(Box<Plain>),
    Any(reqwest::Client),
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection came to be; why, without the address.
    Unreachable(String),
    /// The connection ended before the answer.
    Cut,
}

impl Wire {
    /// The way to the host of `place`.
    ///
    /// # Errors
    /// The system has no usable certificates.
    pub fn new(way: Way, place: &Uri) -> Result<Self, Failure> {
        match way {
            Way {
                is_local: true,
                has_tls: false,
                connect_limit,
            } => Ok(Self::Plain(Box::new(Plain::new(place, connect_limit)?))),
            _ => any(way).map(Self::Any),
        }
    }

    /// Sends a request to the host that this leads to.
    pub fn send(
        &self,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> {
        match self {
            Self::Plain(client) => {
                let sent = client.send(request);
                sent.map_ok(|response| response.map(Body::Plain))
                    .left_future()
            }
            Self::Any(client) => send_any(client, request).right_future(),
        }
    }
}

async fn send_any(
    client: &reqwest::Client,
    request: Request<Bytes>,
) -> Result<Response<Body>, Failure> {
    let unsent = |error: reqwest::Error| match error.is_connect() || error.is_builder() {
        true => Failure::Unreachable(connect_fault(&error)),
        false => Failure::Cut,
    };
    let request = reqwest::Request::try_from(request).map_err(unsent)?;
    let response = client.execute(request).await.map_err(unsent)?;
    Ok(Response::from(response).map(Body::Any))
}

fn any(way: Way) -> Result<reqwest::Client, Failure> {
    // The process-wide choice of rustls: set once, and the same each time.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        // A redirect would carry the credential to a place that nobody configured.
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_LIMIT)
        .connect_timeout(way.connect_limit);
    if way.is_local {
        builder = builder.no_proxy();
    }
    if !way.has_tls {
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        let cause = root_cause(&error);
        Failure::Unreachable(format!("no HTTP client can be made: {cause}"))
    })
}

/// The bytes of an answer, as they come.
pub enum Body {
    Plain(PlainBody),
    Any(reqwest::Body),
}

impl Body {
    /// How many bytes there will be, where the head says so.
    pub fn len(&self) -> Option<u64> {
        match self {
            Self::Plain(body) => body.len(),
            Self::Any(body) => body.size_hint().exact(),
        }
    }

    /// Appends all that is left, where it need not come in pieces. What is left afterwards does.
    ///
    /// # Errors
    /// The connection was cut.
    pub async fn fill(&mut self, whole: &mut BytesMut) -> Result<(), Failure> {
        match self {
            Self::Plain(body) => body.fill(whole).await,
            Self::Any(_) => Ok(()),
        }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let frame = match &mut *self {
                Self::Plain(body) => ready!(body.poll_frame(cx)).map(|frame| frame.map_err(drop)),
                Self::Any(body) => {
                    ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(drop))
                }
            };
            match frame.map(|frame| frame.map(|frame| frame.into_data())) {
                None => return Poll::Ready(None),
                Some(Err(())) => return Poll::Ready(Some(Err(Failure::Cut))),
                Some(Ok(Ok(data))) => return Poll::Ready(Some(Ok(data))),
                // Trailers say nothing to us.
                Some(Ok(Err(_))) => {}
            }
        }
    }
}

/// Why there is no connection, without the address.
fn connect_fault(error: &(dyn Error + 'static)) -> String {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            if is_tls(io) {
                return "no trusted TLS connection".to_owned();
            }
            match io.kind() {
                io::ErrorKind::ConnectionRefused => return "connection refused".to_owned(),
                io::ErrorKind::ConnectionReset => return "connection reset".to_owned(),
                io::ErrorKind::TimedOut => return "no connection in time".to_owned(),
                _ => {}
            }
        }
        if let Some(error) = inner.downcast_ref::<reqwest::Error>()
            && error.is_timeout()
        {
            return "no connection in time".to_owned();
        }
        cause = inner.source();
    }
    let text = root_cause(error);
    if text.contains("lookup") || text.contains("Name or service") || text.contains("resolve") {
        return "its host name is not known".to_owned();
    }
    "no connection".to_owned()
}

/// Whether the fault, or one that it wraps, is of TLS.
fn is_tls(fault: &io::Error) -> bool {
    fault.get_ref().is_some_and(|within| {
        within.is::<rustls::Error>() || within.downcast_ref::<io::Error>().is_some_and(is_tls)
    })
}

fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
