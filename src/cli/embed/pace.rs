//! How fast a provider is asked: how many requests at once, how large, and how long to wait when it says that it is
//! too much. All of it follows what the provider answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};

use crate::gateway::{EmbedTerms, Extent, Fault, ProviderError, RunError, jitter};

/// The inputs of the first requests, where as many may be sent.
const FIRST_BATCH: usize = 64;

/// A full request that was answered this fast may be followed by a larger one.
const QUICK: Duration = Duration::from_secs(1);

/// One that took longer than this is followed by smaller ones.
const SLOW: Duration = Duration::from_secs(8);

/// The most bytes of text in a request: some 100 000 tokens, a third of what the strictest of the large vendors takes.
const MOST_BYTES: usize = 300_000;

/// The wait after a refusal that names none; twice as long after each further one, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(1);

const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Answers for each slot before there is another one: a provider that takes so many and no more is not tried often.
const ANSWERS_A_SLOT: usize = 4;

/// How often a request is sent whose provider fails, waiting between.
const TRIES: u32 = 4;

/// The limits of the command line.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most inputs of a request.
    pub batch: usize,
    /// The most requests at once.
    pub concurrency: usize,
    /// How long a provider may refuse everything before the job ends.
    pub patience: Duration,
}

/// The pace of one job. Shared by all of its requests, and by whoever puts them together.
pub struct Pace {
    limits: Limits,
    slots: Semaphore,
    state: Mutex<State>,
    inputs: AtomicUsize,
    bytes: AtomicUsize,
}

struct State {
    /// Requests that may be on their way at once.
    open: usize,
    /// Answers since the last change of `open`.
    answers: usize,
    /// Nobody asks before this.
    quiet_until: Instant,
    /// Since when nothing has been answered but refusals.
    refused_since: Option<Instant>,
    /// Waits since then.
    waits: u32,
}

/// The right to have a request on its way.
pub struct Slot<'a>(SemaphorePermit<'a>);

impl Pace {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            slots: Semaphore::new(limits.concurrency),
            state: Mutex::new(State {
                open: limits.concurrency,
                answers: 0,
                quiet_until: Instant::now(),
                refused_since: None,
                waits: 0,
            }),
            inputs: AtomicUsize::new(limits.batch.min(FIRST_BATCH)),
            bytes: AtomicUsize::new(MOST_BYTES),
        }
    }

    /// How large the next request should be.
    pub fn batch(&self) -> Extent {
        Extent {
            inputs: self.inputs.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// Keeps requests within what the provider takes in one call.
    pub fn heed(&self, terms: &EmbedTerms) {
        let most = terms.one_call;
        self.inputs.fetch_min(most.inputs, Ordering::Relaxed);
        self.bytes
            .store(most.bytes.min(MOST_BYTES), Ordering::Relaxed);
    }

    /// Takes note of how long the request of a batch of so many inputs took.
    pub fn took(&self, inputs: usize, time: Duration) {
        let now = self.inputs.load(Ordering::Relaxed);
        if time > SLOW {
            self.inputs
                .store(now.min(inputs.div_ceil(2)), Ordering::Relaxed);
        } else if time < QUICK && inputs >= now {
            let more = (now * 2).min(self.limits.batch);
            self.inputs.store(more, Ordering::Relaxed);
        }
    }

    /// Waits until another request may be sent.
    pub async fn slot(&self) -> Slot<'_> {
        let permit = self.slots.acquire().await;
        let slot = Slot(permit.expect("nobody closes the slots"));
        loop {
            let until = self.state().quiet_until;
            if until <= Instant::now() {
                return slot;
            }
            sleep_until(until).await;
        }
    }

    /// A request was answered.
    pub fn answered(&self) {
        let mut state = self.state();
        state.refused_since = None;
        state.waits = 0;
        state.answers += 1;
        if state.answers >= state.open * ANSWERS_A_SLOT && state.open < self.limits.concurrency {
            state.answers = 0;
            state.open += 1;
            self.slots.add_permits(1);
        }
    }

    /// Whether a request that failed, now for so many times, is worth another try. Waits where that needs no slot.
    pub async fn try_again(&self, slot: Slot<'_>, error: &RunError, tries: u32) -> bool {
        if let Fault::Busy { retry_after } = error.fault() {
            return self.refused(slot, retry_after);
        }
        drop(slot);
        let failed = matches!(
            error,
            RunError::Provider(ProviderError::Failed {
                status: 408 | 500..,
                ..
            })
        );
        if !failed || tries >= TRIES || self.limits.patience.is_zero() {
            return false;
        }
        sleep(backoff(tries - 1)).await;
        true
    }

    /// One slot fewer from now on, and silence for as long as the provider says. False when that is too long.
    fn refused(&self, slot: Slot<'_>, retry_after: Option<Duration>) -> bool {
        let mut state = self.state();
        if state.open > 1 {
            state.open -= 1;
            slot.0.forget();
        }
        state.answers = 0;
        let now = Instant::now();
        let wait = retry_after.unwrap_or_else(|| backoff(state.waits));
        // Requests that were sent together are refused together: that is one wait.
        if state.quiet_until <= now {
            state.waits += 1;
        } else if retry_after.is_none() {
            return true;
        }
        let since = *state.refused_since.get_or_insert(now);
        if now + wait > since + self.limits.patience {
            return false;
        }
        state.quiet_until = state.quiet_until.max(now + wait);
        tracing::debug!(wait = ?wait, requests = state.open, "the provider asks for patience");
        true
    }

    /// How long nobody asks from now on, if at all.
    pub fn quiet_for(&self) -> Option<Duration> {
        let left = self.state().quiet_until - Instant::now();
        (!left.is_zero()).then_some(left)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wait after so many others. Random, so that those who were refused together do not come back together.
fn backoff(waits: u32) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(waits));
    longest.min(LONGEST_WAIT).mul_f64(0.5 + 0.5 * jitter())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        batch: 512,
        concurrency: 4,
        patience: Duration::from_secs(120),
    };

    fn limited(seconds: Option<u64>) -> RunError {
        RunError::Provider(ProviderError::Limited {
            provider: "p".to_owned(),
            retry_after: seconds.map(Duration::from_secs),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_closes_slots_and_answers_open_them_again() {
        let pace = Pace::new(LIMITS);
        let mut slots = Vec::new();
        for _ in 0..4 {
            slots.push(pace.slot().await);
        }
        for slot in slots {
            assert!(pace.try_again(slot, &limited(Some(3)), 1).await);
        }
        assert_eq!((pace.state().open, pace.slots.available_permits()), (1, 1));
        let begun = Instant::now();
        drop(pace.slot().await);
        assert_eq!(begun.elapsed().as_secs(), 3);
        for (answers, open) in [(3, 1), (1, 2), (7, 2), (1, 3), (11, 3), (1, 4), (100, 4)] {
            (0..answers).for_each(|_| pace.answered());
            assert_eq!(pace.state().open, open);
        }
        assert_eq!(pace.slots.available_permits(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let pace = Pace::new(LIMITS);
        let begun = Instant::now();
        let slot = pace.slot().await;
        assert!(!pace.try_again(slot, &limited(Some(121)), 1).await);
        let mut tries = 0;
        loop {
            tries += 1;
            let slot = pace.slot().await;
            if !pace.try_again(slot, &limited(None), tries).await {
                break;
            }
        }
        assert!((80..=120).contains(&begun.elapsed().as_secs()));
        // An answer in between is hope again.
        pace.answered();
        let slot = pace.slot().await;
        assert!(pace.try_again(slot, &limited(None), 1).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_fails_is_asked_a_few_times() {
        let pace = Pace::new(LIMITS);
        let error = |status| {
            RunError::Provider(ProviderError::Failed {
                provider: "p".to_owned(),
                status,
            })
        };
        for tries in 1..TRIES {
            assert!(pace.try_again(pace.slot().await, &error(503), tries).await);
        }
        assert!(!pace.try_again(pace.slot().await, &error(503), TRIES).await);
        assert!(!pace.try_again(pace.slot().await, &error(410), 1).await);
        assert_eq!(pace.state().open, 4);
    }

    #[test]
    fn requests_grow_while_answers_are_quick_and_shrink_when_they_are_slow() {
        let pace = Pace::new(LIMITS);
        let size = || pace.batch().inputs;
        let quick = Duration::from_millis(20);
        assert_eq!(size(), 64);
        pace.took(3, quick);
        assert_eq!(size(), 64, "a request that was not full says nothing");
        for expected in [128, 256, 512, 512] {
            pace.took(size(), quick);
            assert_eq!(size(), expected);
        }
        pace.took(512, Duration::from_secs(4));
        assert_eq!(size(), 512);
        pace.took(512, Duration::from_secs(9));
        assert_eq!(size(), 256);
    }
}
