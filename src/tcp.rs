//! How TCP streams are written where many are busy at once.

use std::future::Future;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::yield_now;

/// What is put together, at most.
const SMALL_BYTES: usize = 4 << 10;

/// How many streams have read something and have not written since.
#[derive(Debug, Default)]
pub struct Busy(AtomicUsize);

/// Those of this process.
static ALL: Busy = Busy(AtomicUsize::new(0));

impl Busy {
    fn is_more_than_one(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 1
    }
}

/// Whose turn it is: who has read lets the others read before it writes.
///
/// Messages that are there together are all read before the first answer to one of them is written: the code of a step
/// stays in the processor's cache, and a neighbour on this machine, such as a model server or a reverse proxy, is woken
/// once for what many streams have to say to it. A stream that is alone waits for nobody.
#[derive(Debug)]
pub struct Turn {
    busy: &'static Busy,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Something was read since the last write.
    Due,
    /// The others have read. What is read from now on takes nothing back: nobody waits twice for one write.
    Waited,
    Taken,
}

impl Default for Turn {
    fn default() -> Self {
        Self::among(&ALL)
    }
}

impl Turn {
    fn among(busy: &'static Busy) -> Self {
        let state = State::Taken;
        Self { busy, state }
    }

    /// Something was read.
    pub fn has_read(&mut self) {
        if self.state == State::Taken {
            self.state = State::Due;
            self.busy.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ready when it is this stream's turn to write.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.state == State::Due && self.busy.is_more_than_one() {
            self.state = State::Waited;
            // It has the task polled again after all that can go on, and after what has arrived meanwhile.
            return pin!(yield_now()).poll(cx);
        }
        self.take();
        Poll::Ready(())
    }

    fn take(&mut self) {
        if self.state != State::Taken {
            self.state = State::Taken;
            self.busy.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.take();
    }
}

/// As [`Turn`], for who is about to write to another stream because of what one has read.
pub async fn turn() {
    if ALL.is_more_than_one() {
        yield_now().await;
    }
}

/// Writes pieces; small ones together, as the system takes longer over a list of them.
pub fn poll_write_vectored(
    mut stream: Pin<&mut TcpStream>,
    cx: &mut Context<'_>,
    pieces: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
    if bytes > SMALL_BYTES {
        return stream.poll_write_vectored(cx, pieces);
    }
    let mut space = [MaybeUninit::uninit(); SMALL_BYTES];
    let mut whole = ReadBuf::uninit(&mut space);
    for piece in pieces {
        whole.put_slice(piece);
    }
    stream.as_mut().poll_write(cx, whole.filled())
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::{Arc, Mutex};

    use futures_util::FutureExt;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// One that has read, of many that are busy.
    fn busy() -> Turn {
        let mut turn = Turn::among(Box::leak(Box::default()));
        turn.has_read();
        turn
    }

    fn write(turn: &mut Turn) -> impl Future<Output = ()> {
        poll_fn(|cx| turn.poll(cx))
    }

    #[tokio::test]
    async fn all_that_is_there_is_read_before_the_first_answer_is_written() {
        let other = busy();
        let steps = Arc::new(Mutex::new(Vec::new()));
        let tasks = ["a", "b", "c"].map(|task| {
            let (steps, busy) = (Arc::clone(&steps), other.busy);
            tokio::spawn(async move {
                let note = |step: &str| steps.lock().unwrap().push(format!("{task} {step}"));
                let mut turn = Turn::among(busy);
                note("reads");
                turn.has_read();
                for _ in 0..2 {
                    write(&mut turn).await;
                    note("writes");
                }
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        let mut steps = std::mem::take(&mut *steps.lock().unwrap());
        let written = steps.split_off(3);
        assert_eq!(steps, ["a reads", "b reads", "c reads"]);
        // Nothing was read between the two pieces of an answer.
        assert!(written.chunks(2).all(|pair| pair[0] == pair[1]));
    }

    #[tokio::test]
    async fn who_reads_on_waits_once_for_each_write() {
        let other = busy();
        let mut turn = Turn::among(other.busy);
        let mut polls = 0;
        for _ in 0..3 {
            poll_fn(|cx| {
                polls += 1;
                turn.has_read();
                turn.poll(cx)
            })
            .await;
        }
        assert_eq!(polls, 6);
    }

    #[tokio::test]
    async fn a_stream_waits_for_nobody_where_the_others_wrote_or_are_gone() {
        let mut turn = busy();
        let mut other = Turn::among(turn.busy);
        assert_eq!(write(&mut turn).now_or_never(), Some(()));
        for gone in [false, true] {
            turn.has_read();
            other.has_read();
            assert_eq!(write(&mut turn).now_or_never(), None);
            assert_eq!(write(&mut turn).now_or_never(), Some(()));
            turn.has_read();
            match gone {
                true => drop(std::mem::replace(&mut other, Turn::among(turn.busy))),
                false => write(&mut other).await,
            }
            assert_eq!(write(&mut turn).now_or_never(), Some(()));
        }
    }

    #[tokio::test]
    async fn pieces_leave_whole_and_in_order_whether_they_are_small_or_large() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for (small, large) in [(0, 1), (1, 2), (SMALL_BYTES - 1, 1), (1, SMALL_BYTES)] {
            let (stream, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
            let (mut stream, mut other) = (stream.unwrap(), accepted.unwrap().0);
            let pieces = [vec![b'a'; small], vec![b'b'; large]];
            let slices = [IoSlice::new(&pieces[0]), IoSlice::new(&pieces[1])];
            let written = poll_fn(|cx| poll_write_vectored(Pin::new(&mut stream), cx, &slices));
            assert_eq!(written.await.unwrap(), small + large);
            drop(stream);
            let mut received = Vec::new();
            other.read_to_end(&mut received).await.unwrap();
            assert_eq!(received, pieces.concat());
        }
    }
}
