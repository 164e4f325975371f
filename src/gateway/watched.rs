//! A text that is made of files, and made again when one of them changed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often the files are looked at, at most.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A text, and the stamps by which it is seen that a file changed.
pub struct Watched<S>(Mutex<Seen<S>>);

struct Seen<S> {
    looked: Option<Instant>,
    made: Option<(S, Arc<str>)>,
}

impl<S> Default for Watched<S> {
    fn default() -> Self {
        Self(Mutex::new(Seen {
            looked: None,
            made: None,
        }))
    }
}

impl<S: Clone + Send + 'static> Watched<S> {
    /// The text; the same `Arc` while no file changes. `look` is given the stamps of the text that there is, and answers
    /// with nothing where they are still right; it may wait for the disk, which happens at most once in [`LOOK_EVERY`].
    pub async fn text(
        &self,
        look: impl FnOnce(Option<S>) -> Option<(S, Arc<str>)> + Send + 'static,
    ) -> Arc<str> {
        let known = {
            let mut seen = self.lock();
            let is_fresh = seen.looked.is_some_and(|at| at.elapsed() < LOOK_EVERY);
            if let Some((_, text)) = seen.made.as_ref().filter(|_| is_fresh) {
                return Arc::clone(text);
            }
            // The others go on with what there is while this one looks.
            seen.looked = Some(Instant::now());
            seen.made.as_ref().map(|(stamps, _)| stamps.clone())
        };
        // Awaited here, and short: a few files, each read to its cap.
        let asked = tracing::Span::current();
        let look = move || asked.in_scope(|| look(known));
        let found = tokio::task::spawn_blocking(look).await.ok().flatten();
        let mut seen = self.lock();
        if found.is_some() {
            seen.made = found;
        }
        let text = seen.made.as_ref().map(|(_, text)| Arc::clone(text));
        text.unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Seen<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
