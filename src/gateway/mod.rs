//! The room: agents run here. No HTTP, no terminal, no environment; the doors translate into and out of it.

mod admission;
mod bootstrap;
mod call;
mod catalog;
mod constraint;
mod cooldown;
mod embed;
mod error;
mod failover;
mod listing;
mod memory;
mod prompt;
mod rounds;
mod run;
mod said;
mod target;

use std::sync::Arc;

use futures_util::stream::BoxStream;

use crate::chat::{EmbedRequest, Embeddings, RunEvent, RunRequest};
use crate::config::{Config, Environment};
pub use crate::providers::{ProviderError, SetupError};

use admission::Admission;
use catalog::Providers;
pub use embed::{MAX_INPUT_CHARS, MAX_INPUTS};
pub use error::{Fault, RunError};
pub use listing::{Catalog, CatalogModel, CatalogScope};
use target::Agents;

/// What a run says. Dropping it cancels the run and everything behind it.
pub type RunStream = BoxStream<'static, Result<RunEvent, RunError>>;

/// Agents, models and sessions. A clone is another handle of the same room.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    providers: Providers,
    agents: Agents,
    admission: Admission,
}

impl Gateway {
    /// Builds the room from a checked configuration. Connects nothing.
    ///
    /// # Errors
    /// A provider that cannot be set up, or an agent whose own models are not there.
    pub fn new(config: &Config, env: &Environment) -> Result<Self, SetupError> {
        let providers = Providers::new(config, env)?;
        let agents = Agents::new(config, env, &providers)?;
        let limits = &config.agents.defaults;
        let admission = Admission::new(limits.max_concurrent as usize, limits.max_queued as usize);
        Ok(Self(Arc::new(Inner {
            providers,
            agents,
            admission,
        })))
    }

    /// Starts a run and returns once its first event is there; until then a failing model is replaced unseen.
    ///
    /// # Errors
    /// Everything known before the first event. A run that breaks later says so in its stream, as the last item.
    pub async fn run_agent(&self, request: RunRequest) -> Result<RunStream, RunError> {
        run::run_agent(self, request).await
    }

    /// The agents and models that there are. Asks no provider.
    ///
    /// # Errors
    /// An agent or a provider that is not there.
    pub fn list_models(&self, scope: &CatalogScope) -> Result<Catalog, RunError> {
        listing::list(&self.0, scope)
    }

    /// Embeds 1 to [`MAX_INPUTS`] inputs, in as many calls as the provider needs.
    ///
    /// # Errors
    /// Inputs that cannot be embedded, names that are not there, and a provider that fails or answers nonsense.
    pub async fn embed(&self, request: EmbedRequest) -> Result<Embeddings, RunError> {
        embed::embed(&self.0, request).await
    }
}
