//! The catalog as it is shown: agent targets, and models with what is known of them.

use super::Inner;
use super::error::RunError;
use super::target::Plan;
use crate::chat::{AgentId, ModelRef};
use crate::config::{InputKind, ModelKind, Price};

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct CatalogScope {
    /// Only models that this agent may use; its tags are shown. Without one: the default agent's tags.
    pub agent: Option<String>,
    /// Only models of this provider.
    pub provider: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    /// Every agent, the default one first.
    pub agents: Vec<AgentId>,
    pub models: Vec<CatalogModel>,
}

/// A model as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogModel {
    pub id: ModelRef,
    pub name: Option<String>,
    pub kind: ModelKind,
    pub context_window: Option<u64>,
    pub max_tokens: Option<u32>,
    pub dimensions: Option<u32>,
    pub input: Vec<InputKind>,
    pub reasoning: Option<bool>,
    pub cost: Price,
    /// Whether it can be called: the provider's key is there, or none is needed.
    pub usable: bool,
    /// Whether the agent runs on it unless told otherwise.
    pub is_default: bool,
    /// Its place among the agent's fallbacks, from 1.
    pub fallback: Option<usize>,
    pub aliases: Vec<String>,
}

pub(super) fn list(inner: &Inner, scope: &CatalogScope) -> Result<Catalog, RunError> {
    let plan = match &scope.agent {
        Some(name) => inner.agents.get(name)?,
        None => inner.agents.default_agent(),
    };
    let entries = match &scope.provider {
        Some(name) => vec![inner.providers.named(name)?],
        None => inner.providers.shown(),
    };
    let mut models = Vec::new();
    for entry in entries {
        for kind in [ModelKind::Chat, ModelKind::Embedding] {
            for id in entry.listed(kind) {
                if scope.agent.is_none() || kind == ModelKind::Embedding || plan.allows(&id) {
                    models.push(describe(inner, plan, id, kind));
                }
            }
        }
    }
    let mut agents: Vec<&Plan> = inner.agents.iter().collect();
    agents.sort_by_key(|plan| !plan.agent.is_default);
    Ok(Catalog {
        agents: agents
            .into_iter()
            .map(|plan| plan.agent.id.clone())
            .collect(),
        models,
    })
}

fn describe(inner: &Inner, plan: &Plan, id: ModelRef, kind: ModelKind) -> CatalogModel {
    let entry = inner.providers.get(&id.provider);
    let config = entry
        .and_then(|entry| entry.known.model(&id.model))
        .cloned()
        .unwrap_or_default();
    let place = plan.chain.iter().position(|model| model.id == id);
    CatalogModel {
        name: config.name,
        kind,
        context_window: config.context_window,
        max_tokens: config.max_tokens,
        dimensions: config.dimensions,
        input: config.input,
        reasoning: config.reasoning,
        cost: config.cost,
        usable: entry.is_some_and(|entry| entry.known.usable),
        is_default: place == Some(0),
        fallback: place.filter(|place| *place > 0),
        aliases: plan.aliases_of(&id).map(str::to_owned).collect(),
        id,
    }
}
