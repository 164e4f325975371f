//! Another attempt: which failures get one, after how long a pause, and for how long.
//!
//! Patience is counted from the first failure: what an attempt took on a connection that was dead costs none of it.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::Inner;
use super::trouble::Failure;
use crate::sessions::{StoreError, Unavailable};

/// How often something is attempted.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// How long one attempt may take.
    attempt: Duration,
    /// How long after the first failure another one is made.
    total: Duration,
}

/// For what nothing was spent on yet.
const BRIEF: Patience = Patience {
    attempt: ATTEMPT,
    total: Duration::from_secs(1),
};

/// For an answer that is there, and would be lost.
const LONG: Patience = Patience {
    attempt: ATTEMPT,
    total: Duration::from_secs(15),
};

/// For what keeps a lease good: of a lease's time there must be enough left for an attempt on another connection.
const PROMPT: Patience = Patience {
    attempt: Duration::from_secs(2),
    total: Duration::from_secs(1),
};

/// More than the server gives a statement.
const ATTEMPT: Duration = Duration::from_secs(25);

/// The pauses between attempts: the first, which doubles, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

impl Inner {
    /// Does what nothing was spent on yet.
    pub(super) async fn soon<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        self.persist(BRIEF, attempt).await
    }

    /// Does what is of no use if it takes long.
    pub(super) async fn promptly<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        self.persist(PROMPT, attempt).await
    }

    /// Keeps what would be lost.
    pub(super) async fn keep<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let kept = self.persist(LONG, attempt).await;
        if let Err(StoreError::Unavailable(_) | StoreError::Newer { .. }) = &kept {
            self.failed.notify_one();
        }
        kept
    }

    /// Does `attempt`, and again for as long as `patience` lasts where only the connection failed.
    async fn persist<T, F>(
        &self,
        patience: Patience,
        attempt: impl Fn() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut failing_since = None;
        let (mut pause, longest) = PAUSES;
        loop {
            let begun = std::time::Instant::now();
            let stuck = |_| Err(Failure::Passing(Unavailable::Unreachable));
            let attempt = timeout(patience.attempt, attempt());
            let reason = match attempt.await.unwrap_or_else(stuck) {
                Ok(done) => return Ok(done),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(reason)) => reason,
            };
            if reason != Unavailable::Locked {
                self.note_trouble(begun);
            }
            let since: &mut Instant = failing_since.get_or_insert_with(Instant::now);
            if since.elapsed() + pause > patience.total {
                return Err(StoreError::Unavailable(reason));
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// An attempt that was begun then failed with its connection. Those that are as old lead to the same server, and
    /// would each fail in their turn.
    fn note_trouble(&self, begun: std::time::Instant) {
        *self.troubled.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.pool.retain(|_, metrics| metrics.created > begun);
    }

    /// Whether the database was there all this time, as far as was seen here.
    pub(super) fn untroubled_for(&self, time: Duration) -> bool {
        let troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
        troubled.is_none_or(|at| at.elapsed() > time)
    }
}
