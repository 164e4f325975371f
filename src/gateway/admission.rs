//! How many runs go on at once, and how many may wait for a place.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::RunError;

/// What a caller is told who finds the queue full.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// More places than any machine has runs for, and few enough to be counted in 32 bits.
const MAX_PLACES: usize = 1 << 28;

/// The places of all runs. Waiting runs get theirs in the order in which they came.
#[derive(Debug)]
pub struct Admission {
    places: Arc<Semaphore>,
    /// How many there are, taken or free.
    count: Mutex<usize>,
    waiting: AtomicUsize,
    max_waiting: AtomicUsize,
}

impl Admission {
    pub fn new(max_running: usize, max_waiting: usize) -> Self {
        let count = max_running.min(MAX_PLACES);
        Self {
            places: Arc::new(Semaphore::new(count)),
            count: Mutex::new(count),
            waiting: AtomicUsize::new(0),
            max_waiting: AtomicUsize::new(max_waiting),
        }
    }

    /// Sets other numbers. Runs that go on or wait already keep their turn; whoever comes later finds the new numbers.
    pub fn resize(&self, max_running: usize, max_waiting: usize) {
        self.max_waiting.store(max_waiting, Ordering::Release);
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *count, max_running.min(MAX_PLACES));
        let fewer = before.saturating_sub(*count);
        self.places.add_permits(count.saturating_sub(before));
        let taken_back = self.places.forget_permits(fewer);
        if let Ok(owed @ 1..) = u32::try_from(fewer - taken_back) {
            let places = Arc::clone(&self.places);
            // Nobody awaits it: it stands in the line of the runs, takes the places that are still taken as they become
            // free, and ends with the last of them.
            tokio::spawn(async move {
                let owed = places.acquire_many_owned(owed).await;
                owed.expect("the semaphore is never closed").forget();
            });
        }
    }

    /// Takes a place, waiting for one where there is none. The place is free again when the permit is dropped.
    ///
    /// # Errors
    /// [`RunError::Busy`] at once when as many runs wait as may.
    pub async fn enter(&self) -> Result<OwnedSemaphorePermit, RunError> {
        if let Some(permit) = self.try_enter() {
            return Ok(permit);
        }
        let _place_in_line = self.line_up()?;
        let permit = self.places.clone().acquire_owned().await;
        Ok(permit.expect("the semaphore is never closed"))
    }

    /// Takes a place if one is free now; does not wait.
    pub fn try_enter(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().ok()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn line_up(&self) -> Result<InLine<'_>, RunError> {
        let room =
            |waiting| (waiting < self.max_waiting.load(Ordering::Acquire)).then_some(waiting + 1);
        match self
            .waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, room)
        {
            Ok(_) => Ok(InLine(&self.waiting)),
            Err(_) => Err(RunError::Busy {
                retry_after: RETRY_AFTER,
            }),
        }
    }
}

struct InLine<'a>(&'a AtomicUsize);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_that_are_taken_are_given_up_as_their_runs_end() {
        let admission = Admission::new(3, 0);
        let (first, second) = (
            admission.enter().await.unwrap(),
            admission.enter().await.unwrap(),
        );
        admission.resize(1, 0);
        assert!(admission.enter().await.is_err(), "the free place is gone");
        // What stands in line for the place that is owed gets there.
        tokio::task::yield_now().await;
        drop(first);
        tokio::task::yield_now().await;
        assert!(admission.enter().await.is_err(), "one goes on");
        drop(second);
        let third = admission.enter().await.unwrap();
        assert!(admission.enter().await.is_err());
        admission.resize(2, 0);
        let fourth = admission.enter().await.unwrap();
        assert!(admission.enter().await.is_err());
        drop((third, fourth));
    }

    #[tokio::test]
    async fn a_run_past_the_queue_is_told_to_come_back() {
        let admission = Arc::new(Admission::new(1, 1));
        let first = admission.enter().await.unwrap();
        let second = tokio::spawn({
            let admission = Arc::clone(&admission);
            async move { admission.enter().await.map(drop) }
        });
        while admission.waiting.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
        let third = admission.enter().await.map(drop);
        assert_eq!(
            third,
            Err(RunError::Busy {
                retry_after: RETRY_AFTER
            })
        );
        drop(first);
        assert_eq!(second.await.unwrap(), Ok(()));
    }
}
