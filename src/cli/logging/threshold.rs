//! Which lines a log takes. What was once decided of a place in the code that logs is kept there, by `tracing`: nothing is
//! looked up for the lines of a request.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tracing::Metadata;
use tracing::callsite;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Filter};

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

    fn targets(&self) -> RwLockReadGuard<'_, Targets> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which request a line is of is told whatever lines are let through.
fn is_context(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("openclaw")
}

impl<S> Filter<S> for Threshold {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        is_context(metadata) || Filter::enabled(&*self.targets(), metadata, context)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_context(metadata) {
            return Interest::always();
        }
        Filter::<S>::callsite_enabled(&*self.targets(), metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(&*self.targets())
    }
}
