//! What providers without a list say that they have: asked in the background, and kept for a day. Whoever lists models
//! reads the last answer and waits for nobody.

pub mod local;
mod probe;
mod shelf;

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};
use tokio::time::{sleep, timeout};

use super::catalog::{Entry, Providers};
pub use probe::{Probe, probe};
use shelf::Answer;

/// How long an answer counts.
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// How often it is looked whether an answer has grown old; how long a provider that failed is left alone.
const ROUND: Duration = Duration::from_secs(3600);

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Providers that are asked at once.
const ASKED_AT_ONCE: usize = 4;

/// The most models of one provider that are kept.
const MAX_MODELS: usize = 4096;

/// The longest id of a model that is kept, in bytes.
const MAX_ID_BYTES: usize = 256;

/// What one provider said last. Read and replaced as a whole; the lock is held for as long as that takes.
#[derive(Debug, Default)]
pub struct Discovered(RwLock<Said>);

#[derive(Debug, Clone, Default)]
struct Said {
    models: Arc<[String]>,
    /// When it was asked; `None`: never.
    at: Option<SystemTime>,
}

impl Discovered {
    /// The ids of the models; none as long as nobody has been asked.
    pub fn get(&self) -> Arc<[String]> {
        Arc::clone(&self.read().models)
    }

    fn is_fresh(&self) -> bool {
        let age = self.read().at.and_then(|at| at.elapsed().ok());
        age.is_some_and(|age| age < FRESH)
    }

    fn set(&self, answer: Answer) {
        let said = Said {
            at: Some(answer.asked_at()),
            models: answer.models.into(),
        };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = said;
    }

    fn read(&self) -> Said {
        let said = self.0.read().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }
}

/// Reads what has been kept in `folder` of those who were not asked yet, however old: an old list is better than none.
pub fn recall(providers: &Providers, folder: &Path) {
    for entry in asked(providers).filter(|entry| entry.discovered.read().at.is_none()) {
        let known = &entry.known;
        if let Some(answer) = shelf::read(folder, known.id.as_str(), &known.base_url) {
            entry.discovered.set(answer);
        }
    }
}

/// Asks whoever has not been asked for a day, and keeps the answers in `folder`, where there is one. Goes on until it is
/// dropped.
pub async fn discover(providers: &Providers, folder: Option<&Path>) -> Infallible {
    loop {
        let due = asked(providers).filter(|entry| !entry.discovered.is_fresh());
        stream::iter(due)
            .for_each_concurrent(ASKED_AT_ONCE, |entry| ask(entry, folder))
            .await;
        sleep(ROUND).await;
    }
}

fn asked(providers: &Providers) -> impl Iterator<Item = &Entry> {
    providers.iter().filter(|entry| entry.known.is_discovered())
}

async fn ask(entry: &Entry, folder: Option<&Path>) {
    let provider = &entry.known.id;
    let mut models = match timeout(PATIENCE, entry.provider.models()).await {
        Ok(Ok(models)) => models,
        Ok(Err(error)) => {
            tracing::debug!(%provider, %error, "a provider does not say which models it has");
            return;
        }
        Err(_) => {
            tracing::debug!(%provider, "a provider does not say in time which models it has");
            return;
        }
    };
    models.retain(|id| (1..=MAX_ID_BYTES).contains(&id.len()) && !id.chars().any(char::is_control));
    models.truncate(MAX_MODELS);
    let answer = Answer::now(&entry.known.base_url, models);
    if let Some(folder) = folder
        && let Err(error) = shelf::write(folder, provider.as_str(), &answer).await
    {
        tracing::warn!(%provider, %error, "the models of a provider cannot be kept");
    }
    entry.discovered.set(answer);
}
