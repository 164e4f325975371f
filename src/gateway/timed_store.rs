//! The session store as a run uses it: the same, with its time counted and noted.

use std::sync::Arc;

use tokio::time::Instant;

use super::metrics::{Histogram, Metrics};
use crate::chat::{Notes, Phase};
use crate::sessions::{History, Lease, NewTurn, SessionId, SessionStore, StoreError, TurnId};

pub struct TimedStore {
    pub store: Arc<dyn SessionStore>,
    pub metrics: Arc<Metrics>,
    pub notes: Notes,
}

impl TimedStore {
    /// # Errors
    /// As [`SessionStore::acquire`].
    pub async fn acquire(&self, session: &SessionId) -> Result<Lease, StoreError> {
        let work = self.store.acquire(session);
        self.time(Phase::Queue, &self.metrics.store.acquire, work)
            .await
    }

    /// # Errors
    /// As [`SessionStore::load`].
    pub async fn load(&self, session: &SessionId) -> Result<History, StoreError> {
        let work = self.store.load(session);
        self.time(Phase::Store, &self.metrics.store.load, work)
            .await
    }

    /// # Errors
    /// As [`SessionStore::append`].
    pub async fn append(&self, lease: &Lease, turn: NewTurn) -> Result<TurnId, StoreError> {
        let work = self.store.append(lease, turn);
        self.time(Phase::Store, &self.metrics.store.append, work)
            .await
    }

    /// As [`SessionStore::save_detached`]; nobody waits for it, so that no time is counted.
    pub fn save_detached(&self, lease: Lease, turn: NewTurn) {
        self.store.save_detached(lease, turn);
    }

    async fn time<T>(
        &self,
        phase: Phase,
        histogram: &Histogram,
        work: impl Future<Output = T>,
    ) -> T {
        let began = Instant::now();
        let done = self.notes.time(phase, work).await;
        histogram.observe(began.elapsed().as_secs_f64());
        done
    }
}
