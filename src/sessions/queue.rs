//! The line before each session, within this process: first come, first served. Knows no store.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::StoreError;
use super::key::SessionId;

/// What a run is told that finds the line full.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The sessions that are running or waited for here. A session that is neither takes no room.
#[derive(Debug)]
pub(super) struct Queues {
    lines: Mutex<HashMap<SessionId, Line>>,
    /// Runs that may wait for one session.
    max_waiting: usize,
}

#[derive(Debug)]
struct Line {
    turnstile: Arc<Semaphore>,
    /// The one at the head and those who wait.
    present: usize,
    /// The fence of the lease, once the one at the head has it.
    fence: Option<i64>,
}

impl Queues {
    pub fn new(max_waiting: usize) -> Arc<Self> {
        Arc::new(Self {
            lines: Mutex::default(),
            max_waiting,
        })
    }

    /// Waits to be the first of the session's line. The next one follows when the place is dropped.
    ///
    /// # Errors
    /// [`StoreError::Busy`] at once when the line is full.
    pub async fn enter(self: &Arc<Self>, session: &SessionId) -> Result<Place, StoreError> {
        let (turnstile, mut place) = self.line_up(session)?;
        let permit = turnstile.acquire_owned().await;
        place.permit = Some(permit.expect("a turnstile is never closed"));
        Ok(place)
    }

    fn line_up(
        self: &Arc<Self>,
        session: &SessionId,
    ) -> Result<(Arc<Semaphore>, Place), StoreError> {
        let mut lines = self.lines();
        let line = lines.entry(session.clone()).or_insert_with(|| Line {
            turnstile: Arc::new(Semaphore::new(1)),
            present: 0,
            fence: None,
        });
        if line.present > self.max_waiting {
            return Err(StoreError::Busy {
                retry_after: RETRY_AFTER,
            });
        }
        line.present += 1;
        let place = Place {
            queues: Arc::clone(self),
            session: session.clone(),
            permit: None,
        };
        Ok((Arc::clone(&line.turnstile), place))
    }

    /// The sessions whose lease is held here, with its fence.
    pub fn held(&self) -> Vec<(SessionId, i64)> {
        let lines = self.lines();
        let held = lines
            .iter()
            .filter_map(|(session, line)| Some((session.clone(), line.fence?)));
        held.collect()
    }

    /// Whether no session is running or waited for.
    pub fn is_empty(&self) -> bool {
        self.lines().is_empty()
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<SessionId, Line>> {
        let lines = self.lines.lock();
        lines.expect("nothing panics while it holds the lines")
    }
}

/// A place in a session's line.
#[derive(Debug)]
pub(super) struct Place {
    queues: Arc<Queues>,
    session: SessionId,
    /// `None` while it waits.
    permit: Option<OwnedSemaphorePermit>,
}

impl Place {
    /// Notes the lease that the one in this place has got.
    pub fn hold(&self, fence: i64) {
        if let Some(line) = self.queues.lines().get_mut(&self.session) {
            line.fence = Some(fence);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lines = self.queues.lines();
        let Entry::Occupied(mut line) = lines.entry(self.session.clone()) else {
            return;
        };
        if self.permit.is_some() {
            line.get_mut().fence = None;
        }
        line.get_mut().present -= 1;
        if line.get().present == 0 {
            line.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::SessionKey;
    use super::*;
    use crate::chat::Principal;
    use futures_util::FutureExt;
    use std::pin::pin;

    fn session(name: &str) -> SessionId {
        SessionId {
            principal: Principal::Owner,
            key: SessionKey::parse(&"main".parse().unwrap(), name).unwrap(),
        }
    }

    #[tokio::test]
    async fn places_are_taken_in_the_order_of_arrival_and_a_leaver_is_skipped() {
        let queues = Queues::new(8);
        let (one, other) = (session("one"), session("other"));
        let first = queues.enter(&one).await.unwrap();
        let mut second = Box::pin(queues.enter(&one));
        let mut third = pin!(queues.enter(&one));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        drop(queues.enter(&other).await.unwrap());
        drop(second);
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.as_mut().now_or_never().is_some());
    }

    #[tokio::test]
    async fn one_more_than_may_wait_is_told_to_come_back() {
        let queues = Queues::new(1);
        let one = session("one");
        let first = queues.enter(&one).await.unwrap();
        let mut second = pin!(queues.enter(&one));
        assert!(second.as_mut().now_or_never().is_none());
        let third = queues.enter(&one).await.map(drop);
        let busy = StoreError::Busy {
            retry_after: RETRY_AFTER,
        };
        assert_eq!(third, Err(busy));
        drop(first);
        assert!(second.as_mut().now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_session_that_nobody_uses_takes_no_room() {
        let queues = Queues::new(1);
        let place = queues.enter(&session("one")).await.unwrap();
        place.hold(7);
        assert_eq!(queues.held(), [(session("one"), 7)]);
        drop(place);
        assert_eq!(queues.held(), []);
        assert!(queues.is_empty());
    }
}
