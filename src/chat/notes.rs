//! What is noted of a request while it is answered: where its time went, and what it used. Whoever asked holds one handle
//! and reads there what is known so far; the room holds another and writes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::event::Usage;

/// The notes of one request. A clone is another handle of the same.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Noted>);

#[derive(Debug, Default)]
struct Noted {
    /// Nanoseconds, by phase; 0 where nothing was noted.
    spent: [AtomicU64; Phase::ALL.len()],
    usage: OnceLock<Usage>,
}

/// What a request waits for before there is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A place among the runs, and the session's turn.
    Queue,
    /// The system prompt.
    Prompt,
    /// The session store: reading the conversation, writing the turn.
    Store,
    /// The provider's response head, from the beginning of the call that was answered.
    Connect,
    /// The first event of a model, from the beginning of the first try.
    FirstEvent,
}

impl Phase {
    /// In the order in which they come.
    pub const ALL: [Self; 5] = [
        Self::Queue,
        Self::Prompt,
        Self::Store,
        Self::Connect,
        Self::FirstEvent,
    ];

    /// As `Server-Timing` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Prompt => "prompt",
            Self::Store => "store",
            Self::Connect => "connect",
            Self::FirstEvent => "first-event",
        }
    }
}

impl Notes {
    /// Does `work` and adds the time that it takes from now on to that of the phase, also where it is given up.
    pub fn time<T>(&self, phase: Phase, work: impl Future<Output = T>) -> impl Future<Output = T> {
        let running = Running {
            notes: self,
            phase,
            began: Instant::now(),
        };
        work.inspect(move |_| drop(running))
    }

    pub fn spend(&self, phase: Phase, time: Duration) {
        self.0.spent[phase as usize].fetch_add(nanoseconds(time), Ordering::Relaxed);
    }

    /// As [`Self::spend`], where the phase was not noted before: of several calls the first one counts.
    pub fn spend_once(&self, phase: Phase, time: Duration) {
        let spent = &self.0.spent[phase as usize];
        let _noted =
            spent.compare_exchange(0, nanoseconds(time), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The time spent so far; `None` where the phase was not reached.
    pub fn spent(&self, phase: Phase) -> Option<Duration> {
        let spent = self.0.spent[phase as usize].load(Ordering::Relaxed);
        (spent > 0).then_some(Duration::from_nanos(spent))
    }

    /// What the request used, once it is known.
    pub fn use_up(&self, usage: Usage) {
        // A request has one run; if it had more, the first would count.
        let _noted = self.0.usage.set(usage);
    }

    pub fn usage(&self) -> Option<&Usage> {
        self.0.usage.get()
    }
}

/// A phase that is not over; noted when it is dropped.
struct Running<'a> {
    notes: &'a Notes,
    phase: Phase,
    began: Instant,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.notes.spend(self.phase, self.began.elapsed());
    }
}

/// Never 0: a phase that took no time was there.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_phase_adds_up_and_is_seen_through_every_handle() {
        const SECOND: Duration = Duration::from_secs(1);
        let notes = Notes::default();
        let other = notes.clone();
        assert_eq!(other.spent(Phase::Store), None);
        notes.time(Phase::Store, tokio::time::sleep(SECOND)).await;
        notes.spend(Phase::Store, SECOND);
        assert_eq!(other.spent(Phase::Store), Some(2 * SECOND));
        notes.spend_once(Phase::FirstEvent, SECOND);
        notes.spend_once(Phase::FirstEvent, 2 * SECOND);
        assert_eq!(other.spent(Phase::FirstEvent), Some(SECOND));
        let endless = notes.time(Phase::Prompt, std::future::pending::<()>());
        assert!(tokio::time::timeout(SECOND, endless).await.is_err());
        assert_eq!(other.spent(Phase::Prompt), Some(SECOND));
        notes.spend(Phase::Queue, Duration::ZERO);
        assert!(other.spent(Phase::Queue).is_some());
    }
}
