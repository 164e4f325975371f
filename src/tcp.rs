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

/// The requests that are worked on: their answers have not begun.
#[derive(Debug, Default)]
pub struct AtWork(AtomicUsize);

/// Those of the server in this process.
pub static AT_WORK: AtWork = AtWork(AtomicUsize::new(0));

/// One of them, until it is dropped.
pub struct Request(&'static AtWork);

impl AtWork {
    pub fn begin(&'static self) -> Request {
        self.0.fetch_add(1, Ordering::Relaxed);
        Request(self)
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// As [`Turn`], for a request that is about to be passed on.
    pub async fn turn(&self) {
        if self.count() > 1 {
            yield_now().await;
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whose turn it is: who has read lets the others read before it writes, while other requests are worked on.
///
/// What is there together is then read together, and written together: the code of a step stays in the processor's
/// cache, and a neighbour on this machine, such as a model server or a reverse proxy, is woken once for what many streams
/// have to say to it. A request that is alone waits for nobody.
#[derive(Debug)]
pub struct Turn {
    others: &'static AtWork,
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
        Self::beside(&AT_WORK)
    }
}

impl Turn {
    /// For a stream whose own requests are not at work any more when it writes.
    pub fn beside(others: &'static AtWork) -> Self {
        let state = State::Taken;
        Self { others, state }
    }

    /// Something was read.
    pub fn has_read(&mut self) {
        if self.state == State::Taken {
            self.state = State::Due;
        }
    }

    /// Ready when it is this stream's turn to write.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.state == State::Due && self.others.count() > 0 {
            self.state = State::Waited;
            // It has the task polled again after all that can go on, and after what has arrived meanwhile.
            return pin!(yield_now()).poll(cx);
        }
        self.state = State::Taken;
        Poll::Ready(())
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

    fn none_at_work() -> &'static AtWork {
        Box::leak(Box::default())
    }

    fn write(turn: &mut Turn) -> impl Future<Output = ()> {
        poll_fn(|cx| turn.poll(cx))
    }

    #[tokio::test]
    async fn while_others_are_at_work_all_that_is_there_is_read_before_an_answer_is_written() {
        let at_work = none_at_work();
        let _other = at_work.begin();
        let steps = Arc::new(Mutex::new(Vec::new()));
        let tasks = ["a", "b", "c"].map(|task| {
            let steps = Arc::clone(&steps);
            tokio::spawn(async move {
                let note = |step: &str| steps.lock().unwrap().push(format!("{task} {step}"));
                let mut turn = Turn::beside(at_work);
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
        let at_work = none_at_work();
        let _other = at_work.begin();
        let mut turn = Turn::beside(at_work);
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
    async fn a_request_that_is_alone_waits_for_nobody() {
        let at_work = none_at_work();
        let own = at_work.begin();
        assert_eq!(at_work.turn().now_or_never(), Some(()));
        let other = at_work.begin();
        assert_eq!(at_work.turn().now_or_never(), None);
        // Its answer has begun.
        drop(own);
        let mut turn = Turn::beside(at_work);
        turn.has_read();
        assert_eq!(write(&mut turn).now_or_never(), None);
        assert_eq!(write(&mut turn).now_or_never(), Some(()));
        drop(other);
        turn.has_read();
        assert_eq!(write(&mut turn).now_or_never(), Some(()));
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
