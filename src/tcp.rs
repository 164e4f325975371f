//! A TCP stream that is quick where many are busy at once.
//!
//! Who has read lets the others read before it writes. Messages that are there together are all read before the first
//! answer to one of them is written: the code of a step stays in the processor's cache, and a neighbour on this machine,
//! such as a model server or a reverse proxy, is woken once for what many streams have to say to it. A stream that is
//! alone writes at once.
//!
//! Small pieces are put together: the system takes longer over a list of them.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What is put together, at most.
const SMALL_BYTES: usize = 4 << 10;

pub struct Stream {
    tcp: TcpStream,
    /// Nothing was read since it let the others go first.
    may_write: bool,
}

impl Stream {
    pub fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            may_write: false,
        }
    }

    /// The stream as it is, for its options.
    pub fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    pub fn into_tcp(self) -> TcpStream {
        self.tcp
    }

    /// Pending once after each time that something was read, until every task that can go on has done so.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.may_write, true) {
            // A task that wakes itself goes to the end of the line.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
        self.may_write = false;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_turn(cx));
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_turn(cx));
        let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
        if bytes > SMALL_BYTES {
            return Pin::new(&mut self.tcp).poll_write_vectored(cx, pieces);
        }
        let mut space = [MaybeUninit::uninit(); SMALL_BYTES];
        let mut whole = ReadBuf::uninit(&mut space);
        for piece in pieces {
            whole.put_slice(piece);
        }
        Pin::new(&mut self.tcp).poll_write(cx, whole.filled())
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A stream, and its other end.
    async fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (other, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        (Stream::new(accepted.unwrap().0), other.unwrap())
    }

    #[tokio::test]
    async fn what_is_there_is_read_before_the_first_answer_to_it_is_written() {
        let steps = Arc::new(Mutex::new(Vec::new()));
        let (mut streams, mut others) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let (stream, mut other) = pair().await;
            other.write_all(b"question").await.unwrap();
            streams.push(stream);
            others.push(other);
        }
        for (place, mut stream) in streams.into_iter().enumerate() {
            let steps = Arc::clone(&steps);
            tokio::spawn(async move {
                let mut question = [0; 8];
                stream.read_exact(&mut question).await.unwrap();
                steps.lock().unwrap().push(("read", place));
                for piece in [b"answ", b"er. "] {
                    stream.write_all(piece).await.unwrap();
                    steps.lock().unwrap().push(("written", place));
                }
            });
        }
        for mut other in others {
            let mut answer = String::new();
            other.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer, "answer. ");
        }
        let mut steps = std::mem::take(&mut *steps.lock().unwrap());
        let written = steps.split_off(3);
        let kinds: Vec<&str> = steps.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, ["read"; 3]);
        // The second piece has not been waited with: nothing was read in between.
        let pairs: Vec<_> = written.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        assert!(pairs.iter().all(|(first, second)| first == second));
        assert_eq!(pairs.len(), 3);
    }

    #[tokio::test]
    async fn pieces_leave_whole_and_in_order_whether_they_are_small_or_large() {
        for (small, large) in [(0, 1), (1, 2), (SMALL_BYTES - 1, 1), (1, SMALL_BYTES)] {
            let (mut stream, mut other) = pair().await;
            let pieces = [vec![b'a'; small], vec![b'b'; large]];
            let slices = [IoSlice::new(&pieces[0]), IoSlice::new(&pieces[1])];
            let written = stream.write_vectored(&slices).await.unwrap();
            assert_eq!(written, small + large);
            drop(stream);
            let mut received = Vec::new();
            other.read_to_end(&mut received).await.unwrap();
            assert_eq!(received, pieces.concat());
        }
    }
}
