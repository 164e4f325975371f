//! A waker that stays while the tasks behind it change. What it wakes, and what a connection is, are its users' business.
//!
//! All parts of a connection are polled with one relay, by the task whose request the connection carries. Most of what
//! wakes these parts is done by that very poll: an answer is put into a channel, a piece of a body is taken out of
//! another. The task that did it would be polled again for nothing. So a wake-up during a poll is noted, not passed on,
//! and a poll that ends without a result looks at the note. And where nothing has been noted since such a poll, the next
//! one would have no result either: it is left out. Servers ask more than once.
//!
//! No wake-up is lost. One before a poll is noted, and the poll is made. One during a poll without a result is noted, and
//! the task is woken at the end. One during a poll with a result needs no task: whoever wants more polls again, as
//! futures and streams demand, and that poll is made. One after a poll without a result wakes the task, which is
//! registered before the relay stops to take notes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// A poll is going on.
const POLLING: u8 = 1;

/// The next poll may have a result: the last one had, or somebody woke the relay since.
const DUE: u8 = 2;

pub(super) struct Relay {
    shared: Arc<Shared>,
    waker: Waker,
}

struct Shared {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let before = self.state.fetch_or(DUE, Ordering::AcqRel);
        if before & POLLING == 0 {
            self.task.wake();
        }
    }
}

impl Relay {
    pub fn new() -> Self {
        let shared = Arc::new(Shared {
            state: AtomicU8::new(DUE),
            task: AtomicWaker::new(),
        });
        let waker = Waker::from(Arc::clone(&shared));
        Self { shared, waker }
    }

    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Polls with this relay as the waker. Where that is pending, it is the task of `cx` that the relay wakes from now
    /// on, and `poll` is not called again before the relay is woken or detached.
    pub fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Shared { state, task } = &*self.shared;
        if state.swap(POLLING, Ordering::AcqRel) & DUE != 0
            && let Poll::Ready(result) = poll(&mut Context::from_waker(&self.waker))
        {
            state.store(DUE, Ordering::Release);
            return Poll::Ready(result);
        }
        task.register(cx.waker());
        if state.fetch_and(!POLLING, Ordering::AcqRel) & DUE != 0 {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Whether the next poll may have a result.
    pub fn is_due(&self) -> bool {
        self.shared.state.load(Ordering::Acquire) & DUE != 0
    }

    /// Wakes nobody until the next poll, which is made in any case.
    pub fn detach(&self) {
        self.shared.state.fetch_or(DUE, Ordering::AcqRel);
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
            cx.waker().wake_by_ref();
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
    fn a_poll_that_cannot_have_a_result_is_left_out() {
        let relay = Relay::new();
        let polls = AtomicUsize::new(0);
        let poll = |result| {
            let cx = &mut Context::from_waker(Waker::noop());
            let polled = relay.poll(cx, |_| {
                polls.fetch_add(1, Ordering::Relaxed);
                result
            });
            assert_eq!(polled.is_ready(), result.is_ready());
            polls.load(Ordering::Relaxed)
        };
        assert_eq!(poll(Poll::Ready(())), 1);
        assert_eq!(poll(Poll::Pending), 2);
        assert_eq!(poll(Poll::Pending), 2);
        relay.waker().wake_by_ref();
        assert_eq!(poll(Poll::Pending), 3);
        relay.detach();
        assert_eq!(poll(Poll::Pending), 4);
    }

    #[test]
    fn the_task_of_the_last_poll_is_woken_unless_it_is_detached() {
        let relay = Relay::new();
        let tasks: [Arc<Task>; 2] = Default::default();
        for task in &tasks {
            let waker = Waker::from(Arc::clone(task));
            let _ = relay.poll(&mut Context::from_waker(&waker), |_| Poll::<()>::Pending);
        }
        assert!(!relay.is_due());
        relay.waker().wake_by_ref();
        assert!(relay.is_due());
        let counts = || tasks.each_ref().map(|task| task.0.load(Ordering::Relaxed));
        assert_eq!(counts(), [0, 1]);

        let waker = Waker::from(Arc::clone(&tasks[0]));
        let _ = relay.poll(&mut Context::from_waker(&waker), |_| Poll::<()>::Pending);
        relay.detach();
        relay.waker().wake_by_ref();
        assert_eq!(counts(), [0, 1]);
    }
}
