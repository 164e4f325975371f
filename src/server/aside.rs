//! What is waited for beside work that is polled often: it is polled when it was woken itself, and costs next to nothing
//! at any other time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;

/// Tells whether what is polled with its waker was woken.
pub struct Bell {
    rope: Arc<Rope>,
    waker: Waker,
}

struct Rope {
    is_pulled: AtomicBool,
    /// Who listens.
    task: AtomicWaker,
}

impl Bell {
    /// It rings once by itself: what was never polled has to be.
    pub fn new() -> Self {
        let rope = Arc::new(Rope {
            is_pulled: AtomicBool::new(true),
            task: AtomicWaker::new(),
        });
        Self {
            waker: Waker::from(Arc::clone(&rope)),
            rope,
        }
    }

    /// The waker to poll with, where it has rung since it was heard last. Who listens is woken when it rings next.
    pub fn heard(&self, listener: &Context<'_>) -> Option<Waker> {
        // Before the look: who rings later finds whom to wake.
        self.rope.task.register(listener.waker());
        let has_rung = self.rope.is_pulled.swap(false, Ordering::AcqRel);
        has_rung.then(|| self.waker.clone())
    }

    /// It will be heard at the next look: what was polled has more to say than was asked.
    pub fn ring_on(&self) {
        self.rope.is_pulled.store(true, Ordering::Release);
    }
}

impl Wake for Rope {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_pulled.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// A future that comes to what its inner one comes to.
pub struct Aside<'a, T> {
    inner: BoxFuture<'a, T>,
    bell: Bell,
}

impl<'a, T> Aside<'a, T> {
    pub fn new(inner: impl Future<Output = T> + Send + 'a) -> Self {
        Self {
            inner: inner.boxed(),
            bell: Bell::new(),
        }
    }
}

impl<T> Future for Aside<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.bell.heard(cx) {
            Some(waker) => self.inner.poll_unpin(&mut Context::from_waker(&waker)),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn it_is_polled_to_begin_and_when_it_was_woken() {
        let (tell, told) = oneshot::channel();
        let polls = AtomicUsize::new(0);
        let mut told = counted(told, &polls);
        for _ in 0..3 {
            assert_eq!((&mut told).now_or_never(), None);
        }
        assert_eq!(polls.load(Ordering::Relaxed), 1);
        tell.send(7).unwrap();
        assert_eq!(told.await, Ok(7));
        assert_eq!(polls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn the_task_that_polled_it_last_is_woken() {
        let (tell, told) = oneshot::channel();
        let mut told = Aside::new(told);
        assert_eq!((&mut told).now_or_never(), None);
        let waiting = tokio::spawn(told);
        tokio::task::yield_now().await;
        tell.send(()).unwrap();
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }

    fn counted<'a, F: Future + Unpin + Send + 'a>(
        mut inner: F,
        polls: &'a AtomicUsize,
    ) -> Aside<'a, F::Output> {
        Aside::new(poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            inner.poll_unpin(cx)
        }))
    }
}
