//! How the server ends: open, draining, ending, cut; and the count of the runs in flight. Only the phases: what a
//! route refuses and what a stream says last is theirs, what becomes of a connection is `listener`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

/// The order is the order in time; a phase never goes back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Phase {
    Open,
    /// Connections are still taken, so that health can say 503 and the rest be refused; runs go on.
    Draining,
    /// Nothing is taken any more; streams that still run end with an error frame.
    Ending,
    /// Connections are dropped where they stand.
    Cut,
}

/// The one handle to the end of the server, shared by those who order it (signals), those who read it (routes,
/// streams) and those who carry it out (`listener::serve`).
#[derive(Clone)]
pub struct Drain(Arc<Shared>);

struct Shared {
    phase: watch::Sender<Phase>,
    runs: watch::Sender<usize>,
    /// Those of the runs that have not begun: what is to be run is still being sent.
    arriving: AtomicUsize,
}

impl Drain {
    /// A server that is open.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            phase: watch::Sender::new(Phase::Open),
            runs: watch::Sender::new(0),
            arriving: AtomicUsize::new(0),
        }))
    }

    /// Begins the drain: the first signal.
    pub fn begin(&self) {
        self.advance(Phase::Draining);
    }

    /// Ends the waiting: what still runs says its last words now. The second signal.
    pub fn end(&self) {
        self.advance(Phase::Ending);
    }

    /// Drops every connection where it stands, without a word.
    pub fn cut(&self) {
        self.advance(Phase::Cut);
    }

    /// Whether new work is to be refused. Cheap enough for every request.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.0.phase.borrow() >= Phase::Draining
    }

    /// Counts a run in flight for as long as the returned [`Run`] lives; the drain waits for it.
    #[must_use]
    pub fn run_started(&self) -> Run {
        // Nobody waits for one more.
        self.0.runs.send_if_modified(|runs| {
            *runs += 1;
            false
        });
        Run(self.clone())
    }

    /// Says of a run that is counted that its request is still on its way, for as long as the returned [`Arrival`]
    /// lives. The drain waits for it, but where it does not come, nothing was cut short.
    #[must_use]
    pub fn arriving(&self) -> Arrival {
        self.0.arriving.fetch_add(1, Ordering::Relaxed);
        Arrival(self.clone())
    }

    /// Resolves when a stream that still runs must say its last words: once the grace period is over, or by order.
    pub fn ending(&self) -> impl Future<Output = ()> + Send + use<> {
        self.reached(Phase::Ending)
    }

    pub(super) fn reached(&self, phase: Phase) -> impl Future<Output = ()> + Send + use<> {
        let mut phases = self.0.phase.subscribe();
        // An error means that every handle is gone, and with them the server.
        async move { drop(phases.wait_for(|now| *now >= phase).await) }
    }

    /// Waits for [`Self::begin`], then for the runs in flight, at most for `grace`; then begins the ending. True
    /// when every run that had begun came to its own end.
    pub(super) async fn wind_down(&self, grace: Duration) -> bool {
        self.reached(Phase::Draining).await;
        let mut runs = self.0.runs.subscribe();
        let drained = tokio::select! {
            biased;
            // First, because a cut leaves no runs either.
            () = self.reached(Phase::Ending) => false,
            _ = runs.wait_for(|runs| *runs == 0) => true,
            () = sleep(grace) => self.has_begun_none(),
        };
        self.advance(Phase::Ending);
        drained
    }

    /// Whether every run that is left is still waiting for its request.
    fn has_begun_none(&self) -> bool {
        *self.0.runs.borrow() <= self.0.arriving.load(Ordering::Relaxed)
    }

    fn advance(&self, phase: Phase) {
        self.0.phase.send_if_modified(|now| {
            let later = phase > *now;
            *now = phase.max(*now);
            later
        });
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}

/// A run in flight.
pub struct Run(Drain);

impl Drop for Run {
    fn drop(&mut self) {
        // Only the last one has somebody waiting for it.
        self.0.0.runs.send_if_modified(|runs| {
            *runs -= 1;
            *runs == 0
        });
    }
}

/// A run whose request is still being sent.
pub struct Arrival(Drain);

impl Drop for Arrival {
    fn drop(&mut self) {
        self.0.0.arriving.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::Instant;

    use super::*;

    const GRACE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn without_runs_the_ending_begins_at_once() {
        let drain = Drain::new();
        assert!(!drain.is_draining());
        assert_eq!(
            drain.wind_down(GRACE).now_or_never(),
            None,
            "nobody ordered it yet"
        );
        drain.begin();
        assert!(drain.is_draining());
        assert_eq!(drain.ending().now_or_never(), None);
        assert_eq!(drain.wind_down(GRACE).now_or_never(), Some(true));
        assert_eq!(drain.ending().now_or_never(), Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_run_to_finish_begins_the_ending() {
        let drain = Drain::new();
        let (first, second) = (drain.run_started(), drain.run_started());
        drain.begin();
        let mut winding = Box::pin(drain.wind_down(GRACE));
        drop(first);
        assert_eq!((&mut winding).now_or_never(), None);
        drop(second);
        assert_eq!(winding.now_or_never(), Some(true));
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_outlasts_the_grace_period_is_told_to_end() {
        let drain = Drain::new();
        let _run = drain.run_started();
        drain.begin();
        let (begun, ending) = (Instant::now(), drain.ending());
        assert!(!drain.wind_down(GRACE).await);
        assert_eq!(begun.elapsed(), GRACE);
        assert_eq!(ending.now_or_never(), Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_still_being_sent_is_waited_for_and_is_no_run_that_was_cut() {
        let drain = Drain::new();
        let (_run, arrival) = (drain.run_started(), drain.arriving());
        drain.begin();
        let begun = Instant::now();
        assert!(drain.wind_down(GRACE).await);
        assert_eq!(begun.elapsed(), GRACE);
        drop(arrival);

        let drain = Drain::new();
        let (_run, arrival) = (drain.run_started(), drain.arriving());
        let _other = drain.run_started();
        drain.begin();
        assert!(!drain.wind_down(GRACE).await, "the other one was cut");
        drop(arrival);
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_to_end_does_not_wait_for_the_grace_period() {
        let drain = Drain::new();
        let _run = drain.run_started();
        drain.begin();
        drain.end();
        assert_eq!(drain.wind_down(GRACE).now_or_never(), Some(false));
        assert_eq!(drain.ending().now_or_never(), Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cut_does_not_wait_for_the_grace_period() {
        let drain = Drain::new();
        let _run = drain.run_started();
        drain.cut();
        assert_eq!(drain.wind_down(GRACE).now_or_never(), Some(false));
        assert_eq!(
            drain.reached(Phase::Cut).now_or_never(),
            Some(()),
            "a phase never goes back"
        );
    }
}
