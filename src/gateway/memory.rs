//! The embedding model of an agent: its `memorySearch`, and the models that its `memorySearch.remote` serves.

use std::sync::Arc;

use super::catalog::Providers;
use super::embed::EmbedModel;
use super::embed_cap::EmbedCap;
use super::error::RunError;
use crate::chat::{ModelRef, ProviderId};
use crate::config::{MemorySearch, ModelKind, ProviderConfig, RemoteEmbedding};
use crate::providers::{self, Known, Provider, SetupError};

/// An agent's `memorySearch`, as far as it can be resolved before a request comes.
pub(super) struct Memory {
    provider: Option<ProviderId>,
    model: Option<String>,
    dimensions: Option<u32>,
    remote: Option<Remote>,
}

/// The provider at `memorySearch.remote`.
struct Remote {
    known: Known,
    provider: Arc<dyn Provider>,
    cap: Arc<EmbedCap>,
}

impl Memory {
    pub fn new(search: Option<&MemorySearch>, providers: &Providers) -> Result<Self, SetupError> {
        let search = search.cloned().unwrap_or_default();
        let provider: Option<ProviderId> = match search.provider.as_deref() {
            None | Some("auto") => None,
            Some(name) => Some(name.parse().map_err(|error| SetupError {
                path: "memorySearch.provider".to_owned(),
                message: format!("{error}"),
            })?),
        };
        let remote = match (&provider, &search.remote) {
            (Some(id), Some(remote)) if remote.base_url.is_some() => {
                Some(Remote::new(id, remote, providers)?)
            }
            _ => None,
        };
        Ok(Self {
            provider,
            model: search.model,
            dimensions: search.output_dimensionality,
            remote,
        })
    }

    /// The model that an agent target means: the configured one, else its provider's default, else the program's own choice.
    pub fn own_model(&self, providers: &Providers) -> Result<EmbedModel, RunError> {
        let model = match (&self.provider, &self.model) {
            (Some(provider), Some(model)) => {
                // `model` may repeat its provider.
                let prefix = format!("{provider}/");
                let model = model.strip_prefix(&prefix).unwrap_or(model);
                self.named(&format!("{provider}/{model}"), providers)?
            }
            (None, Some(model)) => self.named(model, providers)?,
            (Some(provider), None) => {
                let entry = providers.get(provider);
                match entry.and_then(|entry| entry.known.default_model(ModelKind::Embedding)) {
                    Some(model) => self.named(&format!("{provider}/{model}"), providers)?,
                    None => return Err(no_model(provider)),
                }
            }
            (None, None) => {
                let model = providers.default_model(ModelKind::Embedding);
                let model = model.expect("the offline provider has an embedding model");
                self.named(&model.to_string(), providers)?
            }
        };
        Ok(EmbedModel {
            dimensions: self.dimensions,
            ..model
        })
    }

    /// The model of this name: from the agent's own remote where the name is of its provider, else from the catalog.
    pub fn named(&self, name: &str, providers: &Providers) -> Result<EmbedModel, RunError> {
        if let Some(remote) = &self.remote
            && let Ok(id) = name.parse::<ModelRef>()
            && Some(&id.provider) == self.provider.as_ref()
        {
            return Ok(EmbedModel {
                compat: remote.known.compat(&id.model),
                meter: providers.metrics().models.if_known(&id),
                id,
                provider: Arc::clone(&remote.provider),
                dimensions: None,
                usual_dimensions: None,
                price: None,
                cap: Arc::clone(&remote.cap),
            });
        }
        providers.embed_model(&providers.resolve(name, ModelKind::Embedding)?)
    }
}

fn no_model(provider: &ProviderId) -> RunError {
    RunError::UnknownModel {
        name: provider.to_string(),
        advice:
            "`memorySearch` names this provider and no `model`, and the provider has no default"
                .to_owned(),
    }
}

impl Remote {
    /// A destination of its own with its own credential, in the dialect of the provider of this id.
    fn new(
        id: &ProviderId,
        remote: &RemoteEmbedding,
        providers: &Providers,
    ) -> Result<Self, SetupError> {
        let dialect = providers.get(id).map(|entry| entry.known.api);
        let config = ProviderConfig {
            base_url: remote.base_url.clone(),
            api_key: remote.api_key.clone(),
            api: dialect,
            headers: remote.headers.clone(),
            ..ProviderConfig::default()
        };
        let known = providers::at(id.clone(), config)?;
        Ok(Self {
            provider: providers::connect(&known, providers.connections(), providers.secrets())?,
            known,
            cap: Arc::new(EmbedCap::default()),
        })
    }
}
