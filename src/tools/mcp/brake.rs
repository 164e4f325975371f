//! What a server may write that nobody asked for: so much at once, and so much a second. One that writes more is ended:
//! reading it would cost for as long as the gateway runs.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::message::MAX_MESSAGE_BYTES;

/// What may come at once, in bytes.
const BURST_BYTES: usize = 64 * 1024 * 1024;

/// What may come all the time, in bytes a second.
const BYTES_A_SECOND: usize = 256 * 1024;

/// Counts what one server writes. Clones are the same.
#[derive(Clone)]
pub struct Brake(Arc<Inner>);

struct Inner {
    budget: Mutex<Budget>,
    pulled: Notify,
}

struct Budget {
    bytes: usize,
    since: Instant,
}

impl Brake {
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            budget: Mutex::new(Budget {
                bytes: BURST_BYTES,
                since: Instant::now(),
            }),
            pulled: Notify::new(),
        }))
    }

    /// The server was asked for something: it may write one message more.
    pub fn ask(&self) {
        self.change(|bytes| Some(bytes.saturating_add(MAX_MESSAGE_BYTES).min(BURST_BYTES)));
    }

    /// The server wrote so many bytes. `false` when those were too many; then it is to be ended.
    pub fn spend(&self, bytes: usize) -> bool {
        let is_within = self.change(|left| left.checked_sub(bytes));
        if !is_within {
            self.0.pulled.notify_one();
        }
        is_within
    }

    /// Waits until the server has written too much.
    pub async fn pulled(&self) {
        self.0.pulled.notified().await;
    }

    fn change(&self, change: impl FnOnce(usize) -> Option<usize>) -> bool {
        let mut budget = self.0.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = usize::try_from(budget.since.elapsed().as_secs()).unwrap_or(usize::MAX);
        if seconds > 0 {
            let earned = seconds.saturating_mul(BYTES_A_SECOND);
            budget.bytes = budget.bytes.saturating_add(earned).min(BURST_BYTES);
            budget.since = Instant::now();
        }
        let changed = change(budget.bytes);
        budget.bytes = changed.unwrap_or(0);
        changed.is_some()
    }
}

/// What a program writes; its end, where that is too much.
pub struct Braked<R> {
    inner: R,
    brake: Brake,
}

impl<R> Braked<R> {
    pub fn new(inner: R, brake: Brake) -> Self {
        Self { inner, brake }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Braked<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if !self.brake.spend(buffer.filled().len() - before) {
            buffer.set_filled(before);
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_program_may_write_so_much_at_once_and_so_much_a_second() {
        let brake = Brake::new();
        assert!(brake.spend(BURST_BYTES));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(brake.spend(2 * BYTES_A_SECOND));
        assert!(!brake.spend(1));
        brake.pulled().await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_for_may_be_answered() {
        let brake = Brake::new();
        assert!(brake.spend(BURST_BYTES));
        for _ in 0..100 {
            brake.ask();
            assert!(brake.spend(MAX_MESSAGE_BYTES));
        }
    }
}
