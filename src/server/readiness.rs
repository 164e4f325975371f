//! Whether the server can keep what it is told: the session store is tried in the background, and whoever asks is answered
//! from what was found last, without waiting.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::gateway::{Gateway, StoreError};

/// The pause between two tries.
const PAUSE: Duration = Duration::from_secs(10);

/// The same, while the store cannot be written.
const PAUSE_IN_TROUBLE: Duration = Duration::from_secs(2);

/// The same, after a write that failed: at least.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// How long a try may take before the store counts as one that cannot be written. It is not given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was found last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nothing was tried yet.
    Starting,
    Ready,
    /// Why nothing can be kept: a sentence that names no place.
    Impaired(String),
}

pub struct Readiness(Mutex<Condition>);

impl Readiness {
    /// Where this gateway has no place for state, none is kept and none is missed: it is ready.
    pub fn of(gateway: &Gateway) -> Self {
        let has_store = gateway.store().is_ok();
        Self(Mutex::new(match has_store {
            true => Condition::Starting,
            false => Condition::Ready,
        }))
    }

    pub fn condition(&self) -> Condition {
        let condition = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        condition.clone()
    }

    /// Tries the store of this gateway again and again, once at a time, and soon where a write failed. Never ends;
    /// dropping it ends it.
    pub async fn watch(&self, gateway: &Gateway) -> Infallible {
        let Ok(store) = gateway.store() else {
            return pending().await;
        };
        loop {
            let mut trying = store.probe();
            let found = match timeout(PATIENCE, &mut trying).await {
                Ok(found) => found,
                Err(_) => {
                    let slow = "the session store does not answer in time".to_owned();
                    self.set(Condition::Impaired(slow));
                    trying.await
                }
            };
            let works = found.is_ok();
            self.set(found.into());
            if !works {
                sleep(PAUSE_IN_TROUBLE).await;
                continue;
            }
            let failure = async {
                sleep(PAUSE_AFTER_FAILURE).await;
                store.failed().await;
            };
            // An error is the end of the pause.
            let _failed = timeout(PAUSE, failure).await;
        }
    }

    fn set(&self, found: Condition) {
        let mut condition = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *condition, found.clone());
        drop(condition);
        match (before, found) {
            (Condition::Impaired(before), Condition::Impaired(reason)) if before == reason => {}
            (_, Condition::Impaired(reason)) => tracing::error!(reason, "not ready"),
            (Condition::Impaired(_), Condition::Ready) => tracing::info!("ready again"),
            _ => {}
        }
    }
}

impl From<Result<(), StoreError>> for Condition {
    fn from(found: Result<(), StoreError>) -> Self {
        match found {
            Ok(()) => Self::Ready,
            Err(error) => Self::Impaired(error.to_string()),
        }
    }
}
