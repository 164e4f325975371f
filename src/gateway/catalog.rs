//! Every provider and model that is known, and how a name becomes one of them. Built once for each configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::cooldown::Cooldown;
use super::discovery::Discovered;
use super::embed::EmbedModel;
use super::embed_cap::EmbedCap;
use super::error::RunError;
use super::metrics::{Metrics, ModelMeter};
use super::target::shown;
use crate::chat::{ModelRef, ProviderId};
use crate::config::{Compat, Config, Environment, ModelKind, Price, Secrets};
use crate::providers::{self, Connections, Known, Provider, Serves, SetupError};

/// A provider that is there, with what is known of its models. A clone shares what was learned of it.
#[derive(Clone)]
pub(super) struct Entry {
    pub known: Known,
    pub provider: Arc<dyn Provider>,
    /// What one embedding call may hold.
    embed_cap: Arc<EmbedCap>,
    cooldown: Arc<Cooldown>,
    pub discovered: Arc<Discovered>,
}

impl Entry {
    pub fn listed(&self, kind: ModelKind) -> Vec<ModelRef> {
        let discovered = self.discovered.get();
        let ids = self.known.listed(kind, &discovered).into_iter();
        ids.map(|id| self.known.model_ref(id)).collect()
    }
}

/// A model that can be called.
#[derive(Clone)]
pub(super) struct Callable {
    pub id: ModelRef,
    pub provider: Arc<dyn Provider>,
    pub max_tokens: Option<u32>,
    pub context_window: Option<u64>,
    pub price: Price,
    pub params: Arc<Map<String, Value>>,
    pub compat: Compat,
    /// Whether the form of an answer can be asked for beside the prompt.
    pub knows_schemas: bool,
    /// Whether it reasons, where known.
    pub reasons: Option<bool>,
    pub cooldown: Arc<Cooldown>,
    pub meter: Arc<ModelMeter>,
}

pub(super) struct Providers {
    entries: BTreeMap<ProviderId, Entry>,
    connections: Connections,
    /// What no error of a provider may repeat.
    secrets: Secrets,
    metrics: Arc<Metrics>,
}

/// How many names an error lists.
const NAMES_SHOWN: usize = 12;

impl Providers {
    pub fn new(config: &Config, env: &Environment) -> Result<Self, SetupError> {
        let none = Self {
            entries: BTreeMap::new(),
            connections: Connections::default(),
            secrets: Secrets::default(),
            metrics: Arc::default(),
        };
        none.succeeded_by(config, env)
    }

    /// The providers of another configuration, over the connections of this one. One that is configured as before is the
    /// same, with its cooldown; one that is still in the same place has the models that it said it has.
    pub fn succeeded_by(&self, config: &Config, env: &Environment) -> Result<Self, SetupError> {
        let secrets = Secrets::of(config, env);
        let entry = |known: Known| {
            let before = self.get(&known.id);
            if let Some(same) = before.filter(|before| before.known == known) {
                return Ok((known.id, same.clone()));
            }
            let place = before.filter(|before| before.known.base_url == known.base_url);
            let entry = Entry {
                provider: providers::connect(&known, &self.connections, &secrets)?,
                embed_cap: Arc::new(EmbedCap::default()),
                cooldown: Arc::new(Cooldown::new()),
                discovered: place
                    .map(|before| Arc::clone(&before.discovered))
                    .unwrap_or_default(),
                known,
            };
            Ok((entry.known.id.clone(), entry))
        };
        let known = providers::known(&config.models, env)?;
        Ok(Self {
            entries: known.into_iter().map(entry).collect::<Result<_, _>>()?,
            connections: self.connections.clone(),
            secrets,
            metrics: Arc::clone(&self.metrics),
        })
    }

    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The meter of a model that somebody lists or that an agent's configuration names; others are counted together.
    fn meter(&self, entry: &Entry, model: &ModelRef) -> Arc<ModelMeter> {
        if entry.known.model(&model.model).is_some() {
            self.metrics.models.of(model)
        } else {
            self.metrics.models.if_known(model)
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    pub fn get(&self, id: &ProviderId) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// # Errors
    /// A name that is no provider's.
    pub fn named(&self, name: &str) -> Result<&Entry, RunError> {
        let id = name.parse::<ProviderId>().ok();
        id.and_then(|id| self.entries.get(&id))
            .ok_or_else(|| self.no_provider(name))
    }

    /// In the order in which a default is looked for: known vendors first, then others by id, `offline` last.
    pub fn by_preference(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.entries.values().collect();
        entries.sort_by_key(|entry| entry.known.rank);
        entries
    }

    /// The first usable provider's default model of this kind; the offline provider's where nothing else is there.
    pub fn default_model(&self, kind: ModelKind) -> Option<ModelRef> {
        let usable = self
            .by_preference()
            .into_iter()
            .filter(|entry| entry.known.usable);
        usable.into_iter().find_map(|entry| {
            let id = entry.known.default_model(kind)?;
            Some(entry.known.model_ref(id))
        })
    }

    /// A model ref, or a bare model id that exactly one provider lists, as a model ref.
    pub fn resolve(&self, name: &str, kind: ModelKind) -> Result<ModelRef, RunError> {
        if let Ok(model) = name.parse::<ModelRef>()
            && let Some(entry) = self.get(&model.provider)
        {
            return match entry.known.serves(&model.model, kind) {
                Serves::Yes => Ok(model),
                Serves::OtherKind => Err(wrong_kind(&model, kind)),
                Serves::No => Err(self.unknown(name, kind)),
            };
        }
        let listing: Vec<ModelRef> = self
            .listed(kind)
            .filter(|model| *model.model == *name)
            .collect();
        match listing.as_slice() {
            [only] => Ok(only.clone()),
            [] => match self
                .listed(kind.other())
                .find(|model| *model.model == *name)
            {
                Some(model) => Err(wrong_kind(&model, kind)),
                None => Err(self.unknown(name, kind)),
            },
            several => Err(RunError::UnknownModel {
                name: shown(name),
                advice: format!(
                    "several providers list it, write one of: {}",
                    join(several.iter())
                ),
            }),
        }
    }

    /// The providers whose models are listed: those that are there, the offline one only where no other is.
    pub fn shown(&self) -> Vec<&Entry> {
        let mut entries = self.by_preference();
        entries.retain(|entry| entry.known.is_there());
        if entries.iter().any(|entry| !entry.known.is_offline()) {
            entries.retain(|entry| !entry.known.is_offline());
        }
        entries
    }

    /// Every listed model of this kind, usable providers or not, in the order of preference.
    pub fn listed(&self, kind: ModelKind) -> impl Iterator<Item = ModelRef> + '_ {
        self.shown()
            .into_iter()
            .flat_map(move |entry| entry.listed(kind).into_iter())
    }

    /// What a call of `model` needs. `params` join those of the model's own configuration and win over them.
    ///
    /// # Errors
    /// A provider that is not there, or that cannot be called as it is configured.
    pub fn callable(
        &self,
        model: &ModelRef,
        params: Map<String, Value>,
    ) -> Result<Callable, RunError> {
        let entry = self.usable(&model.provider)?;
        let listed = entry.known.model(&model.model);
        let mut joined = listed.map(|model| model.params.clone()).unwrap_or_default();
        joined.extend(params);
        Ok(Callable {
            id: model.clone(),
            provider: Arc::clone(&entry.provider),
            max_tokens: listed.and_then(|model| model.max_tokens),
            context_window: listed.and_then(|model| model.context_window),
            price: listed.map(|model| model.cost).unwrap_or_default(),
            params: Arc::new(joined),
            compat: entry.known.compat(&model.model),
            knows_schemas: entry.known.knows_schemas(&model.model),
            reasons: listed.and_then(|model| model.reasoning),
            cooldown: Arc::clone(&entry.cooldown),
            meter: self.meter(entry, model),
        })
    }

    fn usable(&self, id: &ProviderId) -> Result<&Entry, RunError> {
        match self.get(id) {
            Some(entry) if entry.known.usable => Ok(entry),
            Some(entry) => Err(RunError::NotConfigured(entry.known.remedy())),
            None => Err(self.no_provider(id.as_str())),
        }
    }

    /// What an embedding call of `model` needs.
    pub fn embed_model(&self, model: &ModelRef) -> Result<EmbedModel, RunError> {
        let entry = self.usable(&model.provider)?;
        Ok(EmbedModel {
            id: model.clone(),
            provider: Arc::clone(&entry.provider),
            dimensions: None,
            usual_dimensions: entry.known.configured_dimensions(&model.model),
            compat: entry.known.compat(&model.model),
            price: entry
                .known
                .model(&model.model)
                .and_then(|model| model.cost.input),
            cap: Arc::clone(&entry.embed_cap),
            meter: self.meter(entry, model),
        })
    }

    pub fn no_provider(&self, name: &str) -> RunError {
        let there = self.entries.values().filter(|entry| entry.known.is_there());
        let known: Vec<&str> = there.map(|entry| entry.known.id.as_str()).collect();
        RunError::UnknownModel {
            name: shown(name),
            advice: format!("known providers: {}", known.join(", ")),
        }
    }

    fn unknown(&self, name: &str, kind: ModelKind) -> RunError {
        let mut known: Vec<ModelRef> = self.listed(kind).collect();
        known.sort_by_cached_key(|model| strsim::osa_distance(&model.to_string(), name));
        let advice = match (known.is_empty(), known.len() > NAMES_SHOWN) {
            (true, _) => "none is configured".to_owned(),
            (_, false) => format!("known: {}", join(known.iter())),
            (_, true) => format!("nearest: {}", join(known.iter().take(NAMES_SHOWN))),
        };
        RunError::UnknownModel {
            name: shown(name),
            advice,
        }
    }
}

fn wrong_kind(model: &ModelRef, wanted: ModelKind) -> RunError {
    let message = match wanted {
        ModelKind::Chat => format!("`{model}` is an embedding model: it cannot chat"),
        ModelKind::Embedding => format!("`{model}` is a chat model: it makes no embeddings"),
    };
    RunError::Invalid {
        param: Some("model".to_owned()),
        message,
    }
}

fn join<'a>(models: impl Iterator<Item = &'a ModelRef>) -> String {
    models
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(models: Value) -> Config {
        serde_json::from_value(json!({ "models": { "mode": "replace", "providers": models } }))
            .unwrap()
    }

    fn entry<'a>(providers: &'a Providers, name: &str) -> &'a Entry {
        providers.named(name).unwrap()
    }

    #[test]
    fn what_is_known_of_a_provider_lasts_for_as_long_as_it_stays_the_same() {
        let env = Environment::default();
        let before = config(json!({
            "same": { "baseUrl": "http://a/v1", "apiKey": "k" },
            "rotated": { "baseUrl": "http://b/v1", "apiKey": "k" },
            "moved": { "baseUrl": "http://c/v1", "apiKey": "k" },
        }));
        let after = config(json!({
            "same": { "baseUrl": "http://a/v1", "apiKey": "k" },
            "rotated": { "baseUrl": "http://b/v1", "apiKey": "another" },
            "moved": { "baseUrl": "http://d/v1", "apiKey": "k" },
        }));
        let before = Providers::new(&before, &env).unwrap();
        let after = before.succeeded_by(&after, &env).unwrap();
        let kept = |name| {
            let (before, after) = (entry(&before, name), entry(&after, name));
            (
                Arc::ptr_eq(&before.provider, &after.provider),
                Arc::ptr_eq(&before.cooldown, &after.cooldown),
                Arc::ptr_eq(&before.discovered, &after.discovered),
            )
        };
        assert_eq!(kept("same"), (true, true, true));
        assert_eq!(kept("rotated"), (false, false, true));
        assert_eq!(kept("moved"), (false, false, false));
    }
}
