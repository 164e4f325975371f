//! One connection: hyper between a `Socket` and a service, watched from outside for what hyper does not time, and
//! asked to leave when the server ends. It accepts nothing and knows no route.

use std::any::Any;
use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep_until;
use tower_service::Service;

use super::activity::{Activity, Turn};
use super::aside::Aside;
use super::drain::{Drain, Phase};
use super::listener::Limits;
use super::socket::Socket;
use crate::tcp::AT_WORK;

/// A request head, and what waits to be written on an HTTP/1 connection: bytes, at most.
const BUFFER_BYTES: usize = 64 << 10;
/// The head of an HTTP/2 stream: bytes when unpacked, at most.
const HEADER_LIST_BYTES: u32 = 64 << 10;
/// Requests in flight on one HTTP/2 connection, at most.
const CONCURRENT_STREAMS: u32 = 256;
/// An HTTP/2 peer is asked this often whether it is still there…
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// …and has this long to say so.
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Who is at the other end; in the extensions of every request. IPv4 stays IPv4 on a dual-stack listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    pub addr: SocketAddr,
    /// The address the peer connected to, where the system knows it.
    pub local: Option<SocketAddr>,
}

/// What answers: a service, the response for a panic in it, made from the panic's message, and the bytes that answer
/// what is no request, made from the status that hyper gives it.
#[derive(Clone)]
pub struct Handler<S, P> {
    pub service: S,
    pub on_panic: P,
    pub on_unreadable: OnUnreadable,
}

/// The bytes that answer what is no request.
pub type OnUnreadable = Arc<dyn Fn(StatusCode) -> Vec<u8> + Send + Sync>;

/// What every connection needs; each has its own copy.
#[derive(Clone)]
pub(super) struct Host<S, P> {
    handler: Handler<S, P>,
    protocol: Builder<TokioExecutor>,
    limits: Limits,
    drain: Drain,
}

impl<S, P> Host<S, P> {
    pub(super) fn new(handler: Handler<S, P>, limits: Limits, drain: Drain) -> Self {
        let mut protocol = Builder::new(TokioExecutor::new());
        // hyper's header timer stays off: at times it runs between requests too, and never before the first byte.
        protocol
            .http1()
            .header_read_timeout(None)
            .max_buf_size(BUFFER_BYTES);
        protocol
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .max_concurrent_streams(CONCURRENT_STREAMS)
            .max_header_list_size(HEADER_LIST_BYTES);
        Self {
            handler,
            protocol,
            limits,
            drain,
        }
    }

    /// Serves one connection until it is over, overdue or cut. `place` is given back when the last of it is gone.
    pub(super) async fn serve<B>(
        self,
        stream: TcpStream,
        addr: SocketAddr,
        place: OwnedSemaphorePermit,
    ) where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send + 'static,
        P: Fn(&str) -> Response<B> + Clone + Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let peer = Peer {
            addr: canonical(addr),
            local: stream.local_addr().ok().map(canonical),
        };
        let activity = Arc::new(Activity::new(&self.limits, place));
        // It fails for a peer that is gone already.
        let Ok(socket) = Socket::new(
            stream,
            Arc::clone(&activity),
            self.limits.write_timeout,
            Arc::clone(&self.handler.on_unreadable),
        ) else {
            return;
        };
        let (handler, requests) = (self.handler, Arc::clone(&activity));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let turn = requests.begin(!request.body().is_end_stream());
            handler.clone().answer(request, turn)
        });
        let mut connection = pin!(
            self.protocol
                .serve_connection_with_upgrades(TokioIo::new(socket), service)
        );
        let mut leaving = false;
        loop {
            let phase = if leaving { Phase::Cut } else { Phase::Ending };
            let must_leave = Aside::new(must_leave(&self.drain, phase, &activity));
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    return ended.unwrap_or_else(|error| tracing::debug!(%error, %addr, "connection ended early"));
                }
                () = must_leave => {}
            }
            // It is asked once. A second time means that it does not go, or that there is no time left.
            if leaving || !activity.leave() {
                return;
            }
            leaving = true;
            connection.as_mut().graceful_shutdown();
        }
    }
}

/// Resolves when the server has come to this phase, or the connection is overdue.
async fn must_leave(drain: &Drain, phase: Phase, activity: &Activity) {
    let mut told = pin!(drain.reached(phase));
    loop {
        tokio::select! {
            biased;
            () = told.as_mut() => return,
            () = sleep_until(activity.next_look()) => {}
        }
        if activity.is_overdue() {
            return;
        }
    }
}

impl<S, P> Handler<S, P> {
    async fn answer<B>(
        mut self,
        request: Request<Incoming>,
        turn: Turn,
    ) -> Result<Response<impl Body<Data = B::Data, Error = B::Error>>, Infallible>
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        P: Fn(&str) -> Response<B>,
        B: Body,
    {
        let at_work = AT_WORK.begin();
        let answering = async {
            poll_fn(|cx| self.service.poll_ready(cx)).await?;
            self.service.call(request).await
        };
        // Unwind safe: this clone of the service is dropped with the panic.
        let response = match AssertUnwindSafe(answering).catch_unwind().await {
            Ok(answer) => answer?,
            Err(panic) => (self.on_panic)(panic_text(&*panic)),
        };
        drop(at_work);
        // The turn lasts as long as the body: the closure holds it and changes nothing.
        Ok(response.map(|body| {
            body.map_err(move |error| {
                let _held = &turn;
                error
            })
        }))
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_peer_of_a_dual_stack_listener_stays_ipv4() {
        let peer = canonical("[::ffff:10.0.0.7]:8080".parse().unwrap());
        assert_eq!(peer, "10.0.0.7:8080".parse().unwrap());
    }
}
