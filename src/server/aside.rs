//! Something that is waited for beside work that is polled often. It is polled when it was woken itself, and costs next to
//! nothing at any other time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;

/// A future that comes to what its inner one comes to.
pub struct Aside<'a, T> {
    inner: BoxFuture<'a, T>,
    bell: Arc<Bell>,
    /// Rings the bell.
    waker: Waker,
}

struct Bell {
    has_rung: AtomicBool,
    /// Who polls the whole.
    task: AtomicWaker,
}

impl<'a, T> Aside<'a, T> {
    pub fn new(inner: impl Future<Output = T> + Send + 'a) -> Self {
        let bell = Arc::new(Bell {
            // It is polled once unasked, to begin.
            has_rung: AtomicBool::new(true),
            task: AtomicWaker::new(),
        });
        Self {
            inner: inner.boxed(),
            waker: Waker::from(Arc::clone(&bell)),
            bell,
        }
    }
}

impl<T> Future for Aside<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // Before the look at the bell: who rings it later finds whom to wake.
        self.bell.task.register(cx.waker());
        if !self.bell.has_rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let this = &mut *self;
        this.inner.poll_unpin(&mut Context::from_waker(&this.waker))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        self.task.wake();
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
