//! A waker that stays while the tasks behind it change. What it wakes, and what a connection is, are its users' business.
//!
//! All parts of a connection are polled with one relay, by the task whose request the connection carries. Most of what
//! wakes these parts is done by that very poll: an answer is put into a channel, a piece of a body is taken out of
//! another. A task that were woken by this would be polled again for nothing. So a wake-up while the relay is polling is
//! noted, not passed on, and the poll that ends without a result looks at the note.
//!
//! No wake-up is lost. Before a poll, what woke is seen by the poll. During a poll that is pending, the task is woken at
//! its end. During one that is ready, nothing waits: whoever wants more polls again, as futures and streams demand. After
//! a pending poll the task is woken at once, for it was registered before the relay stopped taking notes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// A poll is going on.
const POLLING: u8 = 1;

/// Somebody woke it since the last poll began.
const WOKEN: u8 = 2;

pub(super) struct Relay {
    shared: Arc<Shared>,
    waker: Waker,
}

#[derive(Default)]
struct Shared {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let before = self.state.fetch_or(WOKEN, Ordering::AcqRel);
        if before & POLLING == 0 {
            self.task.wake();
        }
    }
}

impl Relay {
    pub fn new() -> Self {
        let shared = Arc::new(Shared::default());
        let waker = Waker::from(Arc::clone(&shared));
        Self { shared, waker }
    }

    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Polls with this relay as the waker. Where that is pending, it is the task of `cx` that the relay wakes from now
    /// on.
    pub fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.shared.state.swap(POLLING, Ordering::AcqRel);
        let polled = poll(&mut Context::from_waker(&self.waker));
        if polled.is_pending() {
            self.shared.task.register(cx.waker());
        }
        let before = self.shared.state.fetch_and(!POLLING, Ordering::AcqRel);
        if polled.is_pending() && before & WOKEN != 0 {
            cx.waker().wake_by_ref();
        }
        polled
    }

    /// Whether somebody woke it since the last poll began.
    pub fn is_woken(&self) -> bool {
        self.shared.state.load(Ordering::Acquire) & WOKEN != 0
    }

    /// Wakes nobody until the next poll.
    pub fn detach(&self) {
        self.shared.task.take();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often the task of a poll was woken by the end of it, and after one more wake-up.
    fn woken(poll: impl FnOnce(&mut Context<'_>) -> Poll<()>) -> [usize; 2] {
        let (relay, task) = (Relay::new(), Arc::new(Task::default()));
        let waker = Waker::from(Arc::clone(&task));
        let _ = relay.poll(&mut Context::from_waker(&waker), poll);
        let at_end = task.0.load(Ordering::Relaxed);
        relay.waker().wake_by_ref();
        [at_end, task.0.load(Ordering::Relaxed)]
    }

    #[test]
    fn a_task_is_woken_after_a_pending_poll_and_once_for_all_that_woke_during_it() {
        assert_eq!(woken(|_| Poll::Pending), [0, 1]);
        let twice = |cx: &mut Context<'_>| {
            cx.waker().wake_by_ref();
            cx.waker().clone().wake();
            Poll::Pending
        };
        assert_eq!(woken(twice), [1, 2]);
    }

    #[test]
    fn a_poll_with_a_result_wakes_nobody() {
        let own = |cx: &mut Context<'_>| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        };
        assert_eq!(woken(own), [0, 0]);
    }

    #[test]
    fn the_task_of_the_last_poll_is_woken_unless_it_is_detached() {
        let relay = Relay::new();
        let tasks: [Arc<Task>; 2] = Default::default();
        for task in &tasks {
            let waker = Waker::from(Arc::clone(task));
            let _ = relay.poll(&mut Context::from_waker(&waker), |_| Poll::<()>::Pending);
        }
        assert!(!relay.is_woken());
        relay.waker().wake_by_ref();
        assert!(relay.is_woken());
        let counts = || tasks.each_ref().map(|task| task.0.load(Ordering::Relaxed));
        assert_eq!(counts(), [0, 1]);

        let waker = Waker::from(Arc::clone(&tasks[0]));
        let _ = relay.poll(&mut Context::from_waker(&waker), |_| Poll::<()>::Pending);
        relay.detach();
        relay.waker().wake_by_ref();
        assert_eq!(counts(), [0, 1]);
    }
}
