//! Whether providers answer: each that can be called is asked for its models, at once.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::{ASKED_AT_ONCE, Providers};
use crate::chat::ProviderId;
use crate::gateway::catalog::Entry;

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a provider answered.
#[derive(Debug)]
pub struct Probe {
    pub provider: ProviderId,
    /// How many models it says it has, or why it does not say; redacted.
    pub models: Result<usize, String>,
}

/// In the order of the providers' ids.
pub async fn probe(providers: &Providers) -> Vec<Probe> {
    let callable = providers
        .iter()
        .filter(|entry| entry.known.usable && !entry.known.is_offline());
    stream::iter(callable)
        .map(ask)
        .buffered(ASKED_AT_ONCE)
        .collect()
        .await
}

async fn ask(entry: &Entry) -> Probe {
    let models = match timeout(PATIENCE, entry.provider.models()).await {
        Ok(Ok(models)) => Ok(models.len()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    Probe {
        provider: entry.known.id.clone(),
        models,
    }
}
