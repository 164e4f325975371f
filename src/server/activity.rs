//! What one connection is doing, and until when it may go on so. Only the bookkeeping: the socket and the
//! requests report here, `connection` asks and acts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::listener::Limits;

/// How every HTTP/2 connection begins; no HTTP/1 method does.
const HTTP2_PREFACE: &[u8] = b"PRI";
/// The time between two looks at a connection, at least, however small the limits are.
const SHORTEST_LOOK: Duration = Duration::from_millis(1);
/// What a peer whose answer is written has for what it still sends, once the connection was told to leave.
const LAST_LINGER: Duration = Duration::from_millis(200);

/// The record of one connection. It holds the connection's place under the cap, so the place is free when the
/// socket (upgraded or not) and every request and response body of the connection are gone.
pub(super) struct Activity {
    header_timeout: Duration,
    keep_alive: Duration,
    state: Mutex<State>,
    _place: OwnedSemaphorePermit,
}

struct State {
    stage: Stage,
    since: Instant,
    /// Requests whose response has not been handed over whole; while there is one, no deadline applies.
    requests: usize,
    /// The last request came with a body, of which a part may still be on its way.
    body_owed: bool,
    /// A write waits for the peer to read; the socket has a deadline for that.
    blocked: bool,
    http2: bool,
    /// The connection was told to leave.
    leaving: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Accepted, not a byte so far.
    Opening,
    /// A request head has begun.
    Head,
    /// Between requests.
    Idle,
    /// The write side is shut: the socket bounds what is left, and for one that must leave this does.
    Closing,
}

impl Activity {
    pub(super) fn new(limits: &Limits, place: OwnedSemaphorePermit) -> Self {
        let (stage, since) = (Stage::Opening, Instant::now());
        let state = State {
            stage,
            since,
            requests: 0,
            body_owed: false,
            blocked: false,
            http2: false,
            leaving: false,
        };
        Self {
            header_timeout: limits.header_timeout,
            keep_alive: limits.keep_alive,
            state: Mutex::new(state),
            _place: place,
        }
    }

    /// Bytes came in. Between requests of HTTP/1 they begin a head; HTTP/2 also talks when it is idle.
    pub(super) fn heard(&self, bytes: &[u8]) {
        let mut state = self.state();
        if state.requests > 0 || state.http2 {
            return;
        }
        match state.stage {
            Stage::Opening if bytes.starts_with(HTTP2_PREFACE) => {
                state.http2 = true;
                state.enter(Stage::Idle);
            }
            Stage::Opening | Stage::Idle => state.enter(Stage::Head),
            Stage::Head | Stage::Closing => {}
        }
    }

    /// A request head is complete. The request lasts until the [`Turn`] is dropped.
    pub(super) fn begin(self: &Arc<Self>, has_body: bool) -> Turn {
        let mut state = self.state();
        state.requests += 1;
        // An HTTP/2 stream ends alone; the rest of its body does not stand in the way of the connection's end.
        state.body_owed = has_body && !state.http2;
        Turn(Arc::clone(self))
    }

    /// Whether a request is being answered.
    pub(super) fn answers(&self) -> bool {
        self.state().requests > 0
    }

    /// A write began to wait for the peer, or goes on. What is written after the last [`Turn`] ended is still its
    /// answer, so idleness begins anew.
    pub(super) fn set_blocked(&self, blocked: bool) {
        let mut state = self.state();
        state.blocked = blocked;
        if state.stage == Stage::Idle {
            state.enter(Stage::Idle);
        }
    }

    /// Whether the connection stayed in its stage for longer than that stage may last.
    pub(super) fn is_overdue(&self) -> bool {
        self.deadline()
            .is_some_and(|deadline| deadline <= Instant::now())
    }

    /// When to look at [`Self::is_overdue`] again. No stage lasts shorter than the time between two looks, so one
    /// that begins in between is seen before its deadline: nobody has to move a timer for each request.
    pub(super) fn next_look(&self) -> Instant {
        let now = Instant::now();
        let pause = match self.state().leaving {
            true => LAST_LINGER,
            false => self.header_timeout.min(self.keep_alive).max(SHORTEST_LOOK),
        };
        let routine = now + pause;
        match self.deadline() {
            Some(deadline) if deadline > now => deadline.min(routine),
            _ => routine,
        }
    }

    /// Ends the connection's welcome. False when it never got as far as a request, so that there is nothing to
    /// say: it can be dropped.
    pub(super) fn leave(&self) -> bool {
        let mut state = self.state();
        state.leaving = true;
        if state.requests > 0 {
            return true;
        }
        state.body_owed = false;
        !matches!(state.stage, Stage::Opening | Stage::Head)
    }

    /// The write side is shut. Says whether the peer may still be sending what nobody will read.
    pub(super) fn close(&self) -> bool {
        let mut state = self.state();
        let unread = state.body_owed || state.stage == Stage::Head;
        state.enter(Stage::Closing);
        unread
    }

    fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        match state.stage {
            _ if state.requests > 0 || state.blocked => None,
            Stage::Opening | Stage::Head => Some(state.since + self.header_timeout),
            Stage::Idle => Some(state.since + self.keep_alive),
            Stage::Closing => state.leaving.then(|| state.since + LAST_LINGER),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.since = Instant::now();
    }
}

/// One request in flight: from its complete head until its response body is dropped.
pub(super) struct Turn(Arc<Activity>);

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.requests -= 1;
        if state.requests == 0 && state.stage != Stage::Closing {
            state.enter(Stage::Idle);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;
    use tokio::time::advance;

    use super::*;

    const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
    const KEEP_ALIVE: Duration = Duration::from_secs(75);
    const LIMITS: Limits = Limits {
        max_connections: 1,
        header_timeout: HEADER_TIMEOUT,
        keep_alive: KEEP_ALIVE,
        write_timeout: Duration::MAX,
        grace: Duration::MAX,
    };

    async fn accepted() -> Arc<Activity> {
        let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        Arc::new(Activity::new(&LIMITS, place))
    }

    async fn overdue_within(activity: &Activity, limit: Duration) -> bool {
        advance(limit - Duration::from_millis(1)).await;
        let early = activity.is_overdue();
        advance(Duration::from_millis(1)).await;
        !early && activity.is_overdue()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_byte_has_a_header_timeout_and_so_has_the_rest_of_the_head() {
        let activity = accepted().await;
        assert!(overdue_within(&activity, HEADER_TIMEOUT).await);
        activity.heard(b"G");
        assert!(!activity.is_overdue());
        advance(HEADER_TIMEOUT / 2).await;
        activity.heard(b"ET");
        assert!(
            overdue_within(&activity, HEADER_TIMEOUT / 2).await,
            "a second byte must not buy time"
        );
        assert!(!activity.leave(), "half a head is not owed an answer");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_flight_has_no_deadline_and_idleness_counts_from_its_end() {
        let activity = accepted().await;
        activity.heard(b"GET / HTTP/1.1\r\n\r\n");
        let turn = activity.begin(false);
        advance(KEEP_ALIVE * 10).await;
        assert!(!activity.is_overdue());
        drop(turn);
        assert!(overdue_within(&activity, KEEP_ALIVE).await);
        assert!(activity.leave());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_still_being_written_is_not_idle() {
        let activity = accepted().await;
        drop(activity.begin(false));
        activity.set_blocked(true);
        advance(KEEP_ALIVE * 2).await;
        assert!(!activity.is_overdue());
        activity.set_blocked(false);
        assert!(overdue_within(&activity, KEEP_ALIVE).await);
    }

    #[tokio::test(start_paused = true)]
    async fn control_frames_of_http2_neither_begin_a_head_nor_prolong_idleness() {
        let activity = accepted().await;
        activity.heard(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let (first, second) = (activity.begin(true), activity.begin(true));
        drop(first);
        advance(KEEP_ALIVE).await;
        assert!(!activity.is_overdue());
        drop(second);
        advance(HEADER_TIMEOUT).await;
        activity.heard(b"\0\0\0\x04\x01\0\0\0\0");
        assert!(overdue_within(&activity, KEEP_ALIVE - HEADER_TIMEOUT).await);
        assert!(
            !activity.close(),
            "an unread stream is no unread connection"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn looking_when_told_to_finds_a_stage_at_its_deadline_whenever_it_began() {
        for start in [0, 1, 4_999, 9_999, 10_000, 10_001, 62_345] {
            let activity = accepted().await;
            drop(activity.begin(false));
            let born = Instant::now();
            let head_at = born + Duration::from_millis(start);
            let mut look = activity.next_look();
            while look < head_at {
                advance(look - Instant::now()).await;
                look = activity.next_look();
            }
            advance(head_at - Instant::now()).await;
            activity.heard(b"G");
            while !activity.is_overdue() {
                advance(look - Instant::now()).await;
                look = activity.next_look();
            }
            assert_eq!(
                Instant::now(),
                head_at + HEADER_TIMEOUT,
                "head begun after {start} ms"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_peer_goes_on_sending_is_heard_for_a_moment_where_the_server_ends() {
        let before = accepted().await;
        let during = accepted().await;
        drop(before.begin(true));
        assert!(before.close());
        let turn = during.begin(true);
        for activity in [&before, &during] {
            assert!(activity.leave());
            assert!(activity.next_look() <= Instant::now() + LAST_LINGER);
        }
        advance(LAST_LINGER).await;
        assert!(!during.is_overdue(), "it is owed an answer");
        drop(turn);
        assert!(during.close());
        assert!(overdue_within(&during, LAST_LINGER).await);
        assert!(before.is_overdue());
    }

    #[tokio::test(start_paused = true)]
    async fn only_an_unread_body_or_half_a_head_leaves_something_unread() {
        let activity = accepted().await;
        drop(activity.begin(true));
        assert!(activity.close(), "answered, but its body may be on its way");
        assert!(!activity.is_overdue());

        let idle = accepted().await;
        drop(idle.begin(true));
        assert!(idle.leave());
        assert!(!idle.close(), "told to leave between two requests");

        let refused = accepted().await;
        refused.heard(b"\x16\x03\x01");
        assert!(refused.close(), "bytes that are no head");
    }
}
