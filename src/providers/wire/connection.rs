//! One HTTP/1.1 connection, driven by whoever polls for what comes over it: no task of its own, no channel between tasks.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use tokio::net::TcpStream;

use super::relay::Relay;
use super::sips::Sips;

pub(super) type Outgoing = Request<Full<Bytes>>;

pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// What reads and writes. `None` once it has ended, whether well or not: what it read stays in the channels.
    driver: Option<http1::Connection<Sips, Full<Bytes>>>,
    relay: Relay,
}

impl Connection {
    pub async fn new(socket: TcpStream) -> Result<Self, hyper::Error> {
        let (sender, driver) = http1::handshake(Sips(socket)).await?;
        Ok(Self {
            sender,
            driver: Some(driver),
            relay: Relay::new(),
        })
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// There is no answer. The request comes back where nothing of it was sent.
    pub async fn ask(
        &mut self,
        request: Box<Outgoing>,
    ) -> Result<Response<Incoming>, Option<Box<Outgoing>>> {
        let Self {
            sender,
            driver,
            relay,
        } = self;
        let mut answer = pin!(sender.try_send_request(*request));
        let answered = poll_fn(|cx| {
            relay.poll(cx, |cx| {
                drive(driver, cx);
                answer.as_mut().poll(cx)
            })
        });
        let unanswered = |mut error: TrySendError| error.take_message().map(Box::new);
        answered.await.map_err(unanswered)
    }

    /// The next frame of the body that this connection brings.
    pub fn poll_frame(
        &mut self,
        body: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Self {
            sender,
            driver,
            relay,
        } = self;
        relay.poll(cx, |cx| {
            // One that waits for the next request has read all of this answer.
            if !sender.is_ready() {
                drive(driver, cx);
            }
            Pin::new(body).poll_frame(cx)
        })
    }

    /// Whether the next request can be sent, as far as is known by now. Wakes the task of `cx` when that changes.
    pub fn is_free(&mut self, cx: &mut Context<'_>) -> bool {
        let _ = self.relay.poll(cx, |cx| {
            drive(&mut self.driver, cx);
            Poll::<()>::Pending
        });
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Whether something happened since it was last polled.
    pub fn is_due(&self) -> bool {
        self.relay.is_due()
    }

    /// The socket, with the bytes that were read from it and not passed on. `None` where the connection has ended.
    pub fn into_socket(self) -> Option<(TcpStream, Bytes)> {
        let parts = self.driver?.into_parts();
        Some((parts.io.0, parts.read_buf))
    }

    /// Wakes nobody until it is polled again.
    pub fn detach(&self) {
        self.relay.detach();
    }
}

type TrySendError = hyper::client::conn::TrySendError<Outgoing>;

fn drive(driver: &mut Option<http1::Connection<Sips, Full<Bytes>>>, cx: &mut Context<'_>) {
    if let Some(running) = driver
        && Pin::new(running).poll(cx).is_ready()
    {
        *driver = None;
    }
}
