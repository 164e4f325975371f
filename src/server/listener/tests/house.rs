//! A server of one function, and a client that speaks in bytes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, lazy};
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Request, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tower_service::Service;

use super::super::{Ended, Handler, Limits, serve};
use crate::server::drain::Drain;

pub type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

const LONG: Duration = Duration::from_secs(60);

/// Limits that no test reaches.
pub const PATIENT: Limits = Limits {
    max_connections: 100,
    header_timeout: LONG,
    keep_alive: LONG,
    write_timeout: LONG,
    grace: LONG,
};

pub struct House {
    pub addr: SocketAddr,
    pub drain: Drain,
    pub served: JoinHandle<Ended>,
}

impl House {
    pub async fn open<F>(limits: Limits, routes: F) -> Self
    where
        F: Fn(&Drain, Request<Incoming>) -> Answer + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let drain = Drain::new();
        let service = Site(drain.clone(), Arc::new(routes));
        let handler = Handler {
            service,
            on_panic: |message: &str| whole(500, message.to_owned()),
            on_unreadable: Arc::new(|status| {
                format!("HTTP/1.1 {status}\r\n\r\nunreadable").into_bytes()
            }),
        };
        let served = tokio::spawn(serve(listener, handler, limits, drain.clone()));
        Self {
            addr,
            drain,
            served,
        }
    }

    pub async fn greeting(limits: Limits) -> Self {
        Self::open(limits, |_, _| whole(200, "hello")).await
    }

    pub async fn visit(&self) -> Client {
        Client(TcpStream::connect(self.addr).await.unwrap())
    }

    /// Resolves when the header timeout has passed: a silent connection has been closed by it.
    pub async fn header_timeout_passes(&self) {
        assert_eq!(self.visit().await.rest().await, "");
    }
}

type Routes = dyn Fn(&Drain, Request<Incoming>) -> Answer + Send + Sync;

#[derive(Clone)]
struct Site(Drain, Arc<Routes>);

impl Service<Request<Incoming>> for Site {
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let Self(drain, routes) = self.clone();
        lazy(move |_| Ok(routes(&drain, request))).boxed()
    }
}

pub fn whole(status: u16, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()).boxed_unsync());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

/// A counted run: all that is sent on the channel, until its sender is dropped or the server's ending makes an error
/// frame the last one.
pub fn run(drain: &Drain, chunks: mpsc::Receiver<&'static str>) -> Answer {
    let begun = Some((chunks, Box::pin(drain.ending()), drain.run_started()));
    let frames = stream::unfold(begun, |state| async {
        let (mut chunks, mut ending, run) = state?;
        tokio::select! {
            chunk = chunks.recv() => Some((frame(chunk?), Some((chunks, ending, run)))),
            () = &mut ending => Some((frame("event: error\n\n"), None)),
        }
    });
    Response::new(StreamBody::new(frames).boxed_unsync())
}

/// A counted run that does not heed the ending.
pub fn deaf_run(drain: &Drain, chunks: mpsc::Receiver<&'static str>) -> Answer {
    let frames = stream::unfold((chunks, drain.run_started()), |(mut chunks, run)| async {
        let chunk = chunks.recv().await?;
        Some((frame(chunk), (chunks, run)))
    });
    Response::new(StreamBody::new(frames).boxed_unsync())
}

fn frame(text: &'static str) -> Result<Frame<Bytes>, Infallible> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

pub struct Client(pub TcpStream);

impl Client {
    pub fn addr(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// All up to and including `end`.
    pub async fn until(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(end.as_bytes()) {
            read.push(
                self.0
                    .read_u8()
                    .await
                    .unwrap_or_else(|_| panic!("no {end:?} in {read:?}")),
            );
        }
        String::from_utf8(read).unwrap()
    }

    /// The response to a `GET`, up to and including `end`.
    pub async fn get(&mut self, path: &str, end: &str) -> String {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n"))
            .await;
        self.until(end).await
    }

    /// All until the server closes in order.
    pub async fn rest(&mut self) -> String {
        let mut read = Vec::new();
        self.0.read_to_end(&mut read).await.unwrap();
        String::from_utf8_lossy(&read).into_owned()
    }
}
