//! The accept loop: from a bound listener to one task per connection, never more than the cap, and an end in phases.
//! What happens on a connection is `connection`'s; when to stop is `drain`'s.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tower_service::Service;

use super::connection::Host;
pub use super::connection::{Handler, OnUnreadable, Peer};
use super::drain::{Drain, Phase};

/// The pause after the system could not give us a socket (out of file descriptors, out of memory).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What a stream has for its last words, and a peer for reading them, once the drain is over.
const FAREWELL: Duration = Duration::from_secs(2);
/// What the tasks of dropped connections have to be gone.
const CUT_TIME: Duration = Duration::from_secs(1);

/// How many may come, and how long they may take. Every duration is more than zero.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections open at a time, upgraded ones included; the next waits in the system's backlog.
    pub max_connections: u32,
    /// From the accept to the first byte, and from the first byte of a head to its last.
    pub header_timeout: Duration,
    /// A connection without a request in flight.
    pub keep_alive: Duration,
    /// A write without progress.
    pub write_timeout: Duration,
    /// What the runs in flight have to finish, once the drain has begun.
    pub grace: Duration,
}

/// How the server ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Ended {
    /// Every run came to its own end and every connection was closed in order.
    Clean,
    /// The grace period was over, or there was none: something was cut short.
    Cut,
}

/// Takes connections until `drain` begins and is over, in this order: the runs in flight finish while the listener
/// stays open, for at most `limits.grace`; then the listener closes, [`Drain::ending`] resolves, and connections
/// close as their responses end; two seconds later they are dropped. [`Drain::cut`] drops them at once, and so does
/// dropping this future. When it returns, no request is left.
///
/// An upgraded socket keeps its place under the cap, but only its owner can end it: it must heed [`Drain::ending`].
pub async fn serve<S, P, B>(
    listener: TcpListener,
    handler: Handler<S, P>,
    limits: Limits,
    drain: Drain,
) -> Ended
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
    P: Fn(&str) -> Response<B> + Clone + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let cut = CutOnDrop(drain.clone());
    let places = Arc::new(Semaphore::new(limits.max_connections as usize));
    let host = Host::new(handler, limits, drain.clone());
    // Each task ends with its connection, or at the cut; its place is what is awaited below.
    let welcome = |stream, addr, place| drop(tokio::spawn(host.clone().serve(stream, addr, place)));
    let drained = tokio::select! {
        never = accept(&listener, &places, welcome) => match never {},
        drained = drain.wind_down(limits.grace) => drained,
    };
    drop(listener);
    let closed = tokio::select! {
        biased;
        () = drain.reached(Phase::Cut) => false,
        _ = places.acquire_many(limits.max_connections) => true,
        () = sleep(FAREWELL) => false,
    };
    drop(cut);
    if timeout(CUT_TIME, places.acquire_many(limits.max_connections))
        .await
        .is_err()
    {
        tracing::warn!("a request did not end with its connection");
    }
    if drained && closed {
        Ended::Clean
    } else {
        Ended::Cut
    }
}

/// No connection outlives [`serve`], not even when it is dropped halfway.
struct CutOnDrop(Drain);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.cut();
    }
}

async fn accept<F>(listener: &TcpListener, places: &Arc<Semaphore>, welcome: F) -> Infallible
where
    F: Fn(TcpStream, SocketAddr, OwnedSemaphorePermit),
{
    loop {
        let place = Arc::clone(places)
            .acquire_owned()
            .await
            .expect("nobody closes the semaphore");
        match listener.accept().await {
            Ok((stream, addr)) => welcome(stream, addr, place),
            Err(error) if is_the_peers(&error) => {
                tracing::debug!(%error, "a connection was gone before its turn")
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether an accept failed for the one connection it was about, as opposed to for all.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

#[cfg(test)]
mod tests;
