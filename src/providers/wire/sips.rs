//! A TCP stream that is read in sips. hyper gives a connection a larger buffer, for as long as it lives, when one read
//! fills the one that it has; hundreds of streams in full flow would keep hundreds of those. What was read is passed on
//! before more is read, so that small reads lose little; only a head that is large makes its buffer grow.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::tcp;

/// What is read at once, at most: one byte less than what hyper's buffers begin with.
const SIP_BYTES: usize = (8 << 10) - 1;

pub(super) struct Sips(pub TcpStream);

impl Read for Sips {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); SIP_BYTES];
        let most = into.remaining().min(SIP_BYTES);
        let mut sip = ReadBuf::uninit(&mut space[..most]);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut sip))?;
        into.put_slice(sip.filled());
        Poll::Ready(Ok(()))
    }
}

impl Write for Sips {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        tcp::poll_write_vectored(Pin::new(&mut self.0), cx, pieces)
    }
}
