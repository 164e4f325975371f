//! Work on files, off the threads that drive everything else. It is told to stop when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the work is still wanted. Whoever may take long looks at it on the way.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Does `work` on a thread for such work. Dropping the future sets the [`Stop`].
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&Stop) -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let stop = Stop::default();
    let _guard = StopOnDrop(stop.clone());
    // Awaited here; where this future is dropped, the stop ends it.
    let asked = tracing::Span::current();
    let done = tokio::task::spawn_blocking(move || asked.in_scope(|| work(&stop))).await;
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "a tool's work on files broke");
        Err("this broke and did not finish".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_told_to_stop() {
        let (started, has_started) = tokio::sync::oneshot::channel();
        let (ended, has_ended) = tokio::sync::oneshot::channel();
        let mut work = Box::pin(blocking(move |stop| {
            started.send(()).unwrap();
            while !stop.is_set() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
            Ok(())
        }));
        assert!(work.as_mut().now_or_never().is_none());
        has_started.await.unwrap();
        drop(work);
        has_ended.await.unwrap();
    }
}
