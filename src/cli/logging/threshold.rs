//! Which lines an outlet takes. Where nobody takes what a place in the code logs, `tracing` keeps that: nothing is looked
//! up for it.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tracing::Metadata;
use tracing::callsite;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Layer;

use super::journal::Journal;

/// A clone is another handle of the same.
#[derive(Debug, Clone)]
pub struct Threshold(Arc<RwLock<Targets>>);

impl Threshold {
    pub fn new(targets: Targets) -> Self {
        Self(Arc::new(RwLock::new(targets)))
    }

    /// From now on these are let through.
    pub fn replace(&self, targets: Targets) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = targets;
        // What was decided before is decided again; the lock must be free for it.
        callsite::rebuild_interest_cache();
    }

    /// Whether what is logged at this place is let through.
    pub fn takes(&self, metadata: &'static Metadata<'static>) -> bool {
        let targets = self.targets();
        is_context(metadata) || Layer::<Journal>::register_callsite(&*targets, metadata).is_always()
    }

    /// No line of a higher one is let through.
    pub fn max_level(&self) -> LevelFilter {
        let level = Layer::<Journal>::max_level_hint(&*self.targets());
        level.unwrap_or(LevelFilter::TRACE)
    }

    fn targets(&self) -> RwLockReadGuard<'_, Targets> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which request a line is of is told whatever lines are let through.
fn is_context(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("openclaw")
}
