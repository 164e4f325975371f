//! Which providers there are: configured ones, vendors whose key is in the environment, and the offline one.

use super::anthropic_messages;
use super::builtin;
use super::vendors::{VENDORS, Vendor};
use crate::chat::{ModelRef, ProviderId};
use crate::config::{
    ApiKind, Compat, Environment, ModelConfig, ModelKind, ModelsConfig, ModelsMode, ProviderConfig,
    Secret, ServerUrl,
};

/// A provider that is there. Its configuration is complete: destination, credential and dialect in one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub id: ProviderId,
    /// The place in the order in which a default model is looked for; smaller comes first.
    pub rank: usize,
    pub base_url: ServerUrl,
    pub api: ApiKind,
    pub config: ProviderConfig,
    /// Whether it can be called: its key is there, or it needs none.
    pub usable: bool,
    /// Whether the configuration names it.
    pub(super) configured: bool,
    pub(super) vendor: Option<&'static Vendor>,
}

/// What keeps a provider of the configuration from being set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct SetupError {
    pub path: String,
    pub message: String,
}

/// Whether a provider serves a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    Yes,
    /// It lists the model, for the other use.
    OtherKind,
    No,
}

/// The id of the provider that needs no key and no network.
pub const OFFLINE: &str = "offline";

/// Every provider, in no particular order.
///
/// # Errors
/// A configured provider without a `baseUrl` that is no known vendor, or with an id that is none.
pub fn known(models: &ModelsConfig, env: &Environment) -> Result<Vec<Known>, SetupError> {
    let mut all = Vec::new();
    for (name, config) in &models.providers {
        let id: ProviderId = name.parse().map_err(|error| SetupError {
            path: format!("models.providers.{name}"),
            message: format!("{error}"),
        })?;
        all.push(configured(id, config, env)?);
    }
    if models.mode == ModelsMode::Merge {
        for vendor in VENDORS {
            let missing = all.iter().all(|known| known.id.as_str() != vendor.id);
            if missing {
                all.push(from_environment(vendor, env));
            }
        }
    }
    if all.iter().all(|known| known.id.as_str() != OFFLINE) {
        all.push(offline());
    }
    Ok(all)
}

fn configured(
    id: ProviderId,
    config: &ProviderConfig,
    env: &Environment,
) -> Result<Known, SetupError> {
    let vendor = VENDORS.iter().find(|vendor| vendor.id == id.as_str());
    let mut config = config.clone();
    for model in &mut config.models {
        if let Some(known) = builtin::model(id.as_str(), &model.id) {
            *model = std::mem::take(model).or(known);
        }
    }
    let api = config
        .api
        .or(vendor.map(|vendor| vendor.api))
        .unwrap_or(ApiKind::OpenaiCompletions);
    // A key of the environment goes where its own source says, never to a place that the configuration names alone.
    let found = vendor
        .filter(|_| config.api_key.is_none() && config.base_url.is_none())
        .and_then(|vendor| found_key(vendor, env));
    let of_environment = found.as_ref().and_then(|found| found.base_url.clone());
    config.api_key = config.api_key.or(found.map(|found| found.key));
    let base_url = match (config.base_url.clone().or(of_environment), vendor, api) {
        (Some(url), _, _) => url,
        (None, Some(vendor), _) => vendor.base_url.into(),
        (None, None, ApiKind::Offline) => ServerUrl::default(),
        (None, None, _) => {
            return Err(SetupError {
                path: format!("models.providers.{id}"),
                message: format!("`{id}` is no known vendor: it needs a `baseUrl`"),
            });
        }
    };
    let takes_key = vendor.is_some_and(|vendor| !vendor.key_names.is_empty());
    let needs_key = takes_key && config.base_url.is_none() && config.headers.is_empty();
    Ok(Known {
        rank: vendor.map_or(CONFIGURED_RANK, rank_of),
        configured: true,
        usable: (config.api_key.is_some() || !needs_key) && api != ApiKind::Foreign,
        id,
        base_url,
        api,
        config,
        vendor,
    })
}

/// A vendor's key in the environment, and the place that the same source names for it.
struct FoundKey {
    key: Secret,
    base_url: Option<ServerUrl>,
}

fn found_key(vendor: &Vendor, env: &Environment) -> Option<FoundKey> {
    let name = vendor
        .key_names
        .iter()
        .find(|name| env.get(name).is_some())?;
    let layer = env.layer_of(name)?;
    Some(FoundKey {
        key: Secret::new(env.get(name)?),
        base_url: env
            .get_in(layer, &vendor.base_url_name())
            .map(ServerUrl::from),
    })
}

/// A provider at a place of its own.
///
/// # Errors
/// A configuration without a `baseUrl` whose id is no known vendor.
pub fn at(id: ProviderId, config: ProviderConfig) -> Result<Known, SetupError> {
    configured(id, &config, &Environment::default())
}

/// Behind every vendor of the table.
const CONFIGURED_RANK: usize = VENDORS.len();
const OFFLINE_RANK: usize = CONFIGURED_RANK + 1;

fn rank_of(vendor: &'static Vendor) -> usize {
    let place = VENDORS.iter().position(|row| row.id == vendor.id);
    place.unwrap_or(CONFIGURED_RANK)
}

/// A vendor as the environment makes it known, usable where its key is there. Its `*_BASE_URL` counts only beside the
/// key, from the same source, so that no other source can send the key elsewhere.
fn from_environment(vendor: &'static Vendor, env: &Environment) -> Known {
    let name = vendor.key_names.iter().find(|name| env.get(name).is_some());
    let layer = name.and_then(|name| env.layer_of(name));
    let base_url = layer.and_then(|layer| env.get_in(layer, &vendor.base_url_name()));
    Known {
        id: vendor.id.parse().expect("the table holds valid ids"),
        rank: rank_of(vendor),
        base_url: base_url.unwrap_or(vendor.base_url).into(),
        api: vendor.api,
        config: ProviderConfig {
            api_key: name.and_then(|name| env.get(name)).map(Secret::new),
            ..ProviderConfig::default()
        },
        usable: name.is_some() && vendor.api != ApiKind::Foreign,
        configured: false,
        vendor: Some(vendor),
    }
}

fn offline() -> Known {
    let model = |id: &str, kind| ModelConfig {
        id: id.to_owned(),
        kind,
        dimensions: (kind == ModelKind::Embedding).then_some(super::offline::DIMENSIONS),
        ..ModelConfig::default()
    };
    Known {
        id: OFFLINE.parse().expect("a valid id"),
        rank: OFFLINE_RANK,
        base_url: ServerUrl::default(),
        api: ApiKind::Offline,
        config: ProviderConfig {
            models: vec![
                model(super::offline::ECHO, ModelKind::Chat),
                model(super::offline::HASH, ModelKind::Embedding),
            ],
            ..ProviderConfig::default()
        },
        usable: true,
        configured: false,
        vendor: None,
    }
}

impl Known {
    /// Whether its models are listed: a vendor that merely could be there is not.
    pub fn is_there(&self) -> bool {
        self.usable || self.configured
    }

    /// What has to be done before it can be called.
    pub fn remedy(&self) -> String {
        match (
            self.api,
            self.vendor.and_then(|vendor| vendor.key_names.first()),
        ) {
            (ApiKind::Foreign, _) => {
                format!("this version does not speak the dialect of `{}`", self.id)
            }
            (_, Some(name)) => format!("`{}` has no key: set {name}", self.id),
            (ApiKind::Ollama, None) => format!(
                "`{id}` is not set up: add models.providers.{id} with its `models`",
                id = self.id
            ),
            (_, None) => format!(
                "`{id}` has no key: set models.providers.{id}.apiKey",
                id = self.id
            ),
        }
    }

    pub fn is_offline(&self) -> bool {
        self.api == ApiKind::Offline
    }

    pub fn model_ref(&self, id: &str) -> ModelRef {
        ModelRef {
            provider: self.id.clone(),
            model: id.into(),
        }
    }

    /// What is known of a model: what the configuration says, else the built-in catalog.
    pub fn model(&self, id: &str) -> Option<&ModelConfig> {
        let configured = self.configured_model(id);
        configured.or_else(|| builtin::model(self.id.as_str(), id))
    }

    fn configured_model(&self, id: &str) -> Option<&ModelConfig> {
        self.config.models.iter().find(|model| model.id == id)
    }

    /// How many numbers an embedding of this model has, where the configuration says so.
    pub fn configured_dimensions(&self, id: &str) -> Option<u32> {
        self.configured_model(id)?.dimensions
    }

    /// Where a model differs from its dialect: the model's own word first, then its provider's, then its vendor's.
    pub fn compat(&self, id: &str) -> Compat {
        let of_model = self.configured_model(id).map(|model| model.compat);
        let of_model = of_model.unwrap_or_default();
        let of_vendor = self.vendor.map(|vendor| vendor.compat).unwrap_or_default();
        of_model.or(self.config.compat).or(of_vendor)
    }

    /// Whether the model can be told the form of its answer beside the prompt.
    pub fn knows_schemas(&self, id: &str) -> bool {
        let by_dialect = match self.api {
            ApiKind::AnthropicMessages => anthropic_messages::knows_schemas(id),
            ApiKind::GoogleGenerativeAi => true,
            ApiKind::OpenaiCompletions | ApiKind::OpenaiResponses | ApiKind::Ollama => true,
            ApiKind::Offline | ApiKind::Foreign => false,
        };
        self.compat(id).structured_outputs.unwrap_or(by_dialect)
    }

    /// A provider without a list is asked for anything. One with a list serves what it lists, unless it lists no
    /// embedding models and an embedding is asked for.
    pub fn serves(&self, id: &str, kind: ModelKind) -> Serves {
        let lists = |kind| self.config.models.iter().any(|model| model.kind == kind);
        let open = self.config.models.is_empty()
            || self.config.allow_unlisted
            || (kind == ModelKind::Embedding && !lists(ModelKind::Embedding));
        match self.configured_model(id) {
            Some(model) if model.kind == kind => Serves::Yes,
            Some(_) => Serves::OtherKind,
            None if !open => Serves::No,
            None => match builtin::model(self.id.as_str(), id) {
                Some(model) if model.kind != kind => Serves::OtherKind,
                Some(_) | None => Serves::Yes,
            },
        }
    }

    /// The model that is used where none is named: the vendor's, else the first that is listed.
    pub fn default_model(&self, kind: ModelKind) -> Option<&str> {
        let of_vendor = self.vendor.and_then(|vendor| match kind {
            ModelKind::Chat => vendor.chat,
            ModelKind::Embedding => vendor.embedding,
        });
        let listed = || self.config.models.iter().find(|model| model.kind == kind);
        match of_vendor {
            Some(id) if self.serves(id, kind) == Serves::Yes => Some(id),
            _ => listed().map(|model| model.id.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Price;

    fn known_with(models: ModelsConfig, variables: &[(&str, &str)]) -> Vec<Known> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let env = Environment::default().with_layer(variables);
        known(&models, &env).unwrap()
    }

    fn one<'a>(all: &'a [Known], id: &str) -> &'a Known {
        all.iter().find(|known| known.id.as_str() == id).unwrap()
    }

    #[test]
    fn openais_key_makes_both_of_its_dialects_usable_at_the_same_place() {
        let variables = [
            ("OPENAI_API_KEY", "sk"),
            ("OPENAI_BASE_URL", "http://proxy/v1"),
        ];
        let all = known_with(ModelsConfig::default(), &variables);
        let place = |id| {
            let known = one(&all, id);
            (known.api, &*known.base_url, known.usable)
        };
        let there = "http://proxy/v1";
        assert_eq!(place("openai"), (ApiKind::OpenaiCompletions, there, true));
        assert_eq!(
            place("openai-responses"),
            (ApiKind::OpenaiResponses, there, true)
        );
        assert_eq!(
            one(&all, "openai-responses").listed(ModelKind::Chat, &[]),
            [""; 0]
        );
    }

    #[test]
    fn a_configured_model_keeps_its_own_word_and_gets_the_rest_from_the_catalog() {
        let model = ModelConfig {
            id: "gpt-5.4".into(),
            max_tokens: Some(1000),
            cost: Price {
                input: Some(1.0),
                ..Price::default()
            },
            ..ModelConfig::default()
        };
        let mut models = ModelsConfig::default();
        let config = ProviderConfig {
            models: vec![model],
            ..ProviderConfig::default()
        };
        models.providers.insert("openai".into(), config);
        let all = known_with(models, &[]);
        let model = one(&all, "openai").model("gpt-5.4").unwrap();
        assert_eq!(model.max_tokens, Some(1000));
        assert_eq!(model.context_window, Some(1_050_000));
        assert_eq!(
            (model.cost.input, model.cost.output),
            (Some(1.0), Some(15.0))
        );
        assert_eq!(
            one(&all, "openai").serves("gpt-5", ModelKind::Chat),
            Serves::No
        );
        assert_eq!(
            one(&all, "xai").serves("grok-4.5", ModelKind::Embedding),
            Serves::OtherKind
        );
    }

    #[test]
    fn ollama_is_there_once_it_is_configured_and_needs_no_key() {
        let unasked = known_with(ModelsConfig::default(), &[]);
        assert!(!one(&unasked, "ollama").is_there());
        let mut models = ModelsConfig::default();
        models
            .providers
            .insert("ollama".into(), ProviderConfig::default());
        let all = known_with(models, &[]);
        let ollama = one(&all, "ollama");
        assert!(ollama.usable);
        assert_eq!(ollama.api, ApiKind::Ollama);
        assert_eq!(&*ollama.base_url, "http://127.0.0.1:11434");
    }
}
