//! The agents, models and session keys that there are at this moment. Silent: where something is broken there are none.

use std::path::Path;
use std::time::Duration;

use super::offers::{Offer, Source};
use crate::chat::Principal;
use crate::config::{Environment, Loaded, ModelKind, load};
use crate::gateway::{Catalog, CatalogModel, CatalogScope, Gateway, Page};

/// How long the session store may take.
const PATIENCE: Duration = Duration::from_millis(200);

/// The most sessions that are offered, the last used ones.
const MAX_SESSIONS: u32 = 200;

/// What `source` has, with the configuration that the command line names.
pub fn values(source: Source, config: Option<&Path>) -> Vec<Offer> {
    // Reading anything but a file could wait for a writer, or take what it writes from the command that is being typed.
    if config.is_some_and(|file| !file.is_file()) {
        return Vec::new();
    }
    let Ok(loaded) = load(config, Environment::process()) else {
        return Vec::new();
    };
    let state = loaded.paths.state_dir();
    let Ok(gateway) = Gateway::new(&loaded.config, &loaded.env, state) else {
        return Vec::new();
    };
    if source == Source::Sessions {
        return sessions(&gateway);
    }
    let Ok(catalog) = gateway.list_models(&CatalogScope::default()) else {
        return Vec::new();
    };
    match source {
        Source::Agents => agents(&loaded, &catalog),
        Source::ChatModels => models(&catalog, ModelKind::Chat),
        Source::EmbeddingModels => models(&catalog, ModelKind::Embedding),
        Source::Providers => providers(&catalog),
        Source::Sessions => Vec::new(),
    }
}

fn agents(loaded: &Loaded, catalog: &Catalog) -> Vec<Offer> {
    let config = &loaded.config;
    let resolved = config.agents.resolve(config.memory.search.as_ref());
    let model = |id: &str| {
        let agent = resolved.iter().find(|agent| agent.id.as_str() == id);
        agent
            .and_then(|agent| agent.primary.clone())
            .unwrap_or_default()
    };
    let ids = catalog.agents.iter().map(|id| id.as_str());
    ids.map(|id| Offer::new(id, model(id))).collect()
}

/// Those that can be used first: the order of the catalog within both.
fn models(catalog: &Catalog, kind: ModelKind) -> Vec<Offer> {
    let mut models: Vec<&CatalogModel> = catalog.models.iter().collect();
    models.retain(|model| model.kind == kind);
    models.sort_by_key(|model| !model.usable);
    let aliases = models.iter().flat_map(|model| {
        let target = model.id.to_string();
        model
            .aliases
            .iter()
            .map(move |alias| Offer::new(alias, target.clone()))
    });
    let refs = models.iter().map(|model| {
        let name = model.name.clone().unwrap_or_default();
        let help = match (model.is_default, model.usable) {
            (true, _) => "default".to_owned(),
            (false, true) => name,
            (false, false) => "no key".to_owned(),
        };
        Offer::new(model.id.to_string(), help)
    });
    refs.chain(aliases).collect()
}

fn providers(catalog: &Catalog) -> Vec<Offer> {
    let mut ids: Vec<&str> = catalog
        .models
        .iter()
        .map(|model| model.id.provider.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| Offer::new(id, "")).collect()
}

fn sessions(gateway: &Gateway) -> Vec<Offer> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let (Ok(runtime), Ok(store)) = (runtime, gateway.store()) else {
        return Vec::new();
    };
    let page = Page {
        limit: MAX_SESSIONS,
        after: None,
    };
    let listed = runtime.block_on(async {
        tokio::time::timeout(PATIENCE, store.list(&Principal::Owner, page)).await
    });
    // Not waited for: a store that is busy may keep its thread.
    runtime.shutdown_background();
    let Ok(Ok(sessions)) = listed else {
        return Vec::new();
    };
    let turns = |count: u64| {
        if count == 1 {
            "1 turn".to_owned()
        } else {
            format!("{count} turns")
        }
    };
    sessions
        .iter()
        .map(|session| Offer::new(session.key.to_string(), turns(session.turns)))
        .collect()
}
