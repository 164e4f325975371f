//! The bytes of a streamed answer, and the alarm that ends a silence.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep_until};

use super::ProviderError;

/// The longest silence that a timer can hold.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// The bytes of a streamed answer. Watches for silence: every piece puts the alarm off.
pub struct ByteStream {
    bytes: Pin<Box<dyn Stream<Item = Result<Bytes, ProviderError>> + Send>>,
    provider: String,
    limit: Duration,
    last: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl ByteStream {
    /// `bytes`, ended by an error once nothing has come for `limit`.
    pub fn new(
        provider: String,
        limit: Duration,
        bytes: impl Stream<Item = Result<Bytes, ProviderError>> + Send + 'static,
    ) -> Self {
        let last = Instant::now();
        let limit = limit.min(LONGEST);
        Self {
            bytes: Box::pin(bytes),
            provider,
            limit,
            last,
            alarm: Box::pin(sleep_until(last + limit)),
        }
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(piece) = self.bytes.poll_next_unpin(cx) {
            self.last = Instant::now();
            return Poll::Ready(piece);
        }
        // The alarm is set anew only when it rings: moving it with every piece would cost more than the piece.
        while self.alarm.as_mut().poll(cx).is_ready() {
            let end = self.last + self.limit;
            if end <= Instant::now() {
                return Poll::Ready(Some(Err(ProviderError::Silent {
                    provider: self.provider.clone(),
                    awaiting: "its next event",
                    limit: self.limit,
                })));
            }
            self.alarm.as_mut().reset(end);
        }
        Poll::Pending
    }
}
