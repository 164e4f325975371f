//! Writes that go on whether or not anybody waits for them: bounded in number, and finished before the store is closed.

use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::Instrument as _;

/// Writes at one time: turns and responses that are being kept, and places that are given back.
const MOST: usize = 16_384;

/// How many of them are going on.
pub(super) struct Background(watch::Sender<usize>);

impl Default for Background {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Background {
    /// Does `work` to its end; where too much is going on it is dropped, and the log told.
    pub fn spawn(&self, runtime: &Handle, work: impl Future<Output = ()> + Send + 'static) {
        let has_room = self.0.send_if_modified(|count| {
            let has_room = *count < MOST;
            *count += usize::from(has_room);
            has_room
        });
        if !has_room {
            tracing::warn!("the session store has too much to do: a write was dropped");
            return;
        }
        let place = Place(self.0.clone());
        // Ends with its work, which is bounded; [`Background::finished`] waits for it.
        let work = async move {
            work.await;
            drop(place);
        };
        runtime.spawn(work.in_current_span());
    }

    /// Waits until nothing is going on.
    pub async fn finished(&self) {
        let mut going_on = self.0.subscribe();
        // The sender is here, and so never gone.
        let _ = going_on.wait_for(|count| *count == 0).await;
    }
}

/// One of them, until it is dropped: at its end, or when it panics.
struct Place(watch::Sender<usize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_over_too() {
        let background = Background::default();
        background.spawn(&Handle::current(), async { panic!("in the background") });
        background.finished().await;
        assert_eq!(*background.0.borrow(), 0);
    }

    #[tokio::test]
    async fn what_there_is_no_room_for_is_dropped() {
        let background = Background(watch::Sender::new(MOST));
        let (kept, dropped) = tokio::sync::oneshot::channel::<()>();
        background.spawn(&Handle::current(), async move {
            let _ = kept.send(());
        });
        assert!(dropped.await.is_err());
        assert_eq!(*background.0.borrow(), MOST);
    }
}
