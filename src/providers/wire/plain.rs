//! Plain HTTP/1.1 to one place on this machine, over connections that are used again.

mod bulk;

use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Parts, Uri};
use hyper::{Request, Response};
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use super::connection::{Connection, Outgoing};
use super::idle::Idle;
use super::{Failure, PROBE_AFTER, connect_fault};
use crate::tcp::{AT_WORK, AtWork};

/// The largest body of a request that is held until the answer begins, in bytes.
const MAX_HELD_BYTES: usize = 1 << 20;

pub struct Plain {
    connector: HttpConnector,
    place: Uri,
    host: HeaderValue,
    idle: Arc<Idle>,
    at_work: &'static AtWork,
}

impl Plain {
    /// A way to the host and the port of `place`.
    ///
    /// # Errors
    /// It has none.
    pub fn new(place: &Uri, connect_limit: Duration) -> Result<Self, Failure> {
        let host = place.authority().map(|authority| authority.as_str());
        let host = host.and_then(|host| HeaderValue::from_str(host).ok());
        let host = host.ok_or_else(|| Failure::Unreachable("its address is none".to_owned()))?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_keepalive(Some(PROBE_AFTER));
        connector.set_connect_timeout(Some(connect_limit));
        Ok(Self {
            connector,
            place: place.clone(),
            host,
            idle: Arc::new(Idle::new()),
            at_work: &AT_WORK,
        })
    }

    /// Sends a request to the place that this leads to. Dropping the future, or the body before its end, cancels the
    /// request: its connection is closed.
    pub fn send(
        &self,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<Response<PlainBody>, Failure>> {
        debug_assert_eq!(request.uri().authority(), self.place.authority());
        // Shared with the connection until all of it is written.
        let sent = (request.body().len() <= MAX_HELD_BYTES).then(|| request.body().clone());
        // Boxed: each future around it would keep room for it.
        self.sent(Box::new(self.addressed(request)), sent)
    }

    async fn sent(
        &self,
        mut request: Box<Outgoing>,
        sent: Option<Bytes>,
    ) -> Result<Response<PlainBody>, Failure> {
        // Here, because what is asked of a connection is not sent again once it was handed over.
        self.at_work.turn().await;
        while let Some(mut connection) = self.idle.take() {
            match connection.ask(request).await {
                Ok(response) => return Ok(self.answered(response, connection, sent)),
                // It had been closed already, and nothing of the request has left.
                Err(Some(unsent)) => request = unsent,
                Err(None) => return Err(Failure::Cut),
            }
        }
        let mut connection = Box::new(self.connect().await?);
        match connection.ask(request).await {
            Ok(response) => Ok(self.answered(response, connection, sent)),
            Err(_) => Err(Failure::Cut),
        }
    }

    /// The request as it is written: the path alone, and the host in a header.
    fn addressed(&self, request: Request<Bytes>) -> Outgoing {
        let mut request = request.map(Full::new);
        let mut parts = Parts::default();
        parts.path_and_query = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        let host = request.headers_mut().entry(HOST);
        host.or_insert_with(|| self.host.clone());
        request
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let mut connector = self.connector.clone();
        let connected = async {
            poll_fn(|cx| connector.poll_ready(cx)).await?;
            connector.call(self.place.clone()).await
        };
        let socket = connected.await;
        let socket = socket.map_err(|error| Failure::Unreachable(connect_fault(&error)))?;
        Connection::new(socket.into_inner())
            .await
            .map_err(|_| Failure::Cut)
    }

    fn answered(
        &self,
        response: Response<Incoming>,
        connection: Box<Connection>,
        sent: Option<Bytes>,
    ) -> Response<PlainBody> {
        let is_bulk = sent.is_some_and(|sent| bulk::is_bulk(&response, &sent));
        response.map(|incoming| PlainBody {
            rest: Some((incoming, connection)),
            is_bulk,
            idle: Arc::downgrade(&self.idle),
        })
    }
}

/// The body of an answer. Its connection is kept once all of it has been read.
pub struct PlainBody {
    rest: Option<(Incoming, Box<Connection>)>,
    /// Whether it need not come in pieces.
    is_bulk: bool,
    idle: Weak<Idle>,
}

impl PlainBody {
    /// How many bytes there will be, where the head says so.
    pub fn len(&self) -> Option<u64> {
        match &self.rest {
            Some((incoming, _)) => incoming.size_hint().exact(),
            None => Some(0),
        }
    }

    pub fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Some((incoming, connection)) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let frame = ready!(connection.poll_frame(incoming, cx));
        if frame.is_none() || incoming.is_end_stream() {
            self.release();
        }
        Poll::Ready(frame)
    }

    /// Lets go of the connection: to be used again if all of the answer is here, or else to be closed.
    fn release(&mut self) {
        let Some((incoming, connection)) = self.rest.take() else {
            return;
        };
        // The connection learns from this that nobody reads any more, and passes over an end that is already here.
        // That is no news to the task that does it.
        connection.detach();
        drop(incoming);
        if let Some(idle) = self.idle.upgrade() {
            idle.keep(connection);
        }
    }
}

impl Drop for PlainBody {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests;
