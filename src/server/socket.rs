//! A TCP stream that reports what it hears, gives up on a peer that does not read, and lingers before it closes on
//! one that is still sending. What hyper says by itself is replaced by an answer with an explanation. Read deadlines are not kept here: `activity` counts them, `connection` acts on them.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::activity::Activity;
use super::connection::OnUnreadable;
use super::head;
use crate::tcp::{self, Turn};

/// Bytes read and thrown away before a close, at most: more than the largest body a caller may mean to send.
const LINGER_BYTES: usize = 32 << 20;
/// Time spent on that, at most.
const LINGER_TIME: Duration = Duration::from_secs(5);
/// Bytes thrown away at a time.
const SCRAP_BYTES: usize = 16 << 10;

pub(super) struct Socket {
    stream: TcpStream,
    turn: Turn,
    activity: Arc<Activity>,
    write_timeout: Duration,
    /// Runs while a write makes no progress.
    stall: Option<Pin<Box<Sleep>>>,
    linger: Option<Linger>,
    on_unreadable: OnUnreadable,
    /// What is left to write of the answer that takes the place of hyper's own.
    instead: Option<Bytes>,
}

struct Linger {
    until: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl Socket {
    /// Small writes go out at once (`TCP_NODELAY`): an event of a stream must not wait for the next one.
    ///
    /// # Errors
    /// When the option cannot be set: the peer is gone already.
    pub(super) fn new(
        stream: TcpStream,
        activity: Arc<Activity>,
        write_timeout: Duration,
        on_unreadable: OnUnreadable,
    ) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            turn: Turn::default(),
            activity,
            write_timeout,
            stall: None,
            linger: None,
            on_unreadable,
            instead: None,
        })
    }

    fn write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch_write(cx, outcome)
    }

    /// Whether hyper is about to answer by itself, which it does without a word of explanation.
    fn is_unexplained(&mut self, bytes: &[u8]) -> bool {
        if self.instead.is_none() && !self.activity.answers() {
            let status = head::unexplained(bytes);
            self.instead = status.map(|status| (self.on_unreadable)(status).into());
        }
        self.instead.is_some()
    }

    /// Writes the explanation; hyper is told that its own words went out.
    fn explain(&mut self, cx: &mut Context<'_>, own: usize) -> Poll<io::Result<usize>> {
        while let Some(mut left) = self.instead.clone().filter(|left| !left.is_empty()) {
            let written = ready!(self.write(cx, &left))?;
            left.advance(written);
            self.instead = Some(left);
        }
        Poll::Ready(Ok(own))
    }

    fn watch_write(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            if self.stall.take().is_some() {
                self.activity.set_blocked(false);
            }
            return outcome;
        }
        let (activity, limit) = (&self.activity, self.write_timeout);
        let stall = self.stall.get_or_insert_with(|| {
            activity.set_blocked(true);
            Box::pin(sleep(limit))
        });
        ready!(stall.as_mut().poll(cx));
        // Reset rather than close: the kernel would go on offering the unsent bytes for minutes.
        self.stream.set_zero_linger()?;
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the peer does not read",
        )))
    }
}

impl Linger {
    fn new() -> Self {
        Self {
            until: Box::pin(sleep(LINGER_TIME)),
            bytes_left: LINGER_BYTES,
        }
    }

    fn poll(&mut self, stream: &mut TcpStream, cx: &mut Context<'_>) -> Poll<()> {
        let mut scrap = [MaybeUninit::uninit(); SCRAP_BYTES];
        loop {
            let mut buf = ReadBuf::uninit(&mut scrap);
            match Pin::new(&mut *stream).poll_read(cx, &mut buf) {
                Poll::Pending => return self.until.as_mut().poll(cx),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {
                    let read = buf.filled().len();
                    if read == 0 || read > self.bytes_left {
                        return Poll::Ready(());
                    }
                    self.bytes_left -= read;
                }
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let bytes = &buf.filled()[before..];
        if !bytes.is_empty() {
            self.activity.heard(bytes);
            self.turn.has_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.turn.poll(cx));
        if self.is_unexplained(buf) {
            return self.explain(cx, buf.len());
        }
        self.write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.turn.poll(cx));
        let first = bufs.first().map_or(&[][..], |buf| buf);
        if self.is_unexplained(first) {
            return self.explain(cx, first.len());
        }
        let outcome = tcp::poll_write_vectored(Pin::new(&mut self.stream), cx, bufs);
        self.watch_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Shuts the write side, then reads on until the peer has closed too, if it may still be sending: a close with
    /// unread bytes is a reset, and a reset can destroy the answer before the peer reads it.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            if !this.activity.close() {
                return Poll::Ready(Ok(()));
            }
        }
        let linger = this.linger.get_or_insert_with(Linger::new);
        linger.poll(&mut this.stream, cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;

    use super::super::listener::Limits;
    use super::*;
    use crate::tcp::AT_WORK;

    /// A client, and the socket that it is connected to.
    async fn connected() -> (TcpStream, Socket) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        assert!(!stream.nodelay().unwrap());
        let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let second = Duration::from_secs(1);
        let limits = Limits {
            max_connections: 1,
            header_timeout: second,
            keep_alive: second,
            write_timeout: second,
            grace: second,
        };
        let activity = Arc::new(Activity::new(&limits, place));
        let socket = Socket::new(stream, activity, second, Arc::new(|_| Vec::new())).unwrap();
        (client, socket)
    }

    #[tokio::test]
    async fn small_writes_do_not_wait_for_acknowledgements() {
        let (_client, socket) = connected().await;
        assert!(socket.stream.nodelay().unwrap());
        assert!(socket.is_write_vectored());
    }

    #[tokio::test]
    async fn who_waits_for_his_turn_does_not_wait_for_the_peer() {
        let (mut client, mut socket) = connected().await;
        client.write_all(b"?").await.unwrap();
        socket.read_exact(&mut [0]).await.unwrap();
        let _other = AT_WORK.begin();
        assert!(socket.write_all(b"!").now_or_never().is_none());
        assert!(socket.stall.is_none(), "its idle time would begin anew");
        socket.write_all(b"!").await.unwrap();
        let mut answer = [0];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"!");
    }
}
