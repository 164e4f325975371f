//! `GET /v1/models` and `GET /v1/models/{id}`: agents and models as OpenAI lists them.

use hyper::StatusCode;
use serde::Serialize;

use super::State;
use super::call::Call;
use super::endpoint::{self, Gate, Route};
use super::error::ApiError;
use super::path::Path;
use super::reply::{self, Answer};
use crate::auth::Scope;
use crate::config::{Endpoints, ModelKind, ModelListing};
use crate::gateway::{Catalog, CatalogScope};

const GATE: Gate = Gate {
    scope: Scope::Read,
    is_on: Endpoints::shared_on,
    switch: "gateway.http.endpoints.chatCompletions.enabled: true",
};

/// How many names an error lists.
const NAMES_SHOWN: usize = 12;

/// The owner of what is ours.
const OURS: &str = "openclaw";

#[derive(Debug, PartialEq, Serialize)]
struct List {
    object: &'static str,
    data: Vec<Model>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Model {
    id: String,
    object: &'static str,
    created: u64,
    owned_by: String,
}

pub fn list(state: &State) -> Route {
    endpoint::get(state, Path::At("/v1/models"), GATE, |state, call| {
        let catalog = catalog(state, &call)?;
        let data = listed(
            &catalog,
            state.http().endpoints.models.list,
            state.started(),
        );
        Ok(reply::json(&List {
            object: "list",
            data,
        }))
    })
}

pub fn one(state: &State) -> Route {
    endpoint::get(state, Path::Below("/v1/models/"), GATE, find)
}

fn find(state: &State, call: Call<String>) -> Answer {
    let catalog = catalog(state, &call)?;
    let mut there = listed(&catalog, ModelListing::All, state.started());
    there.push(agent("openclaw".to_owned(), state.started()));
    let wanted = &call.body;
    // Agents and providers compare without case; a provider's own ids are its own business.
    let is_it = |model: &&Model| match model.owned_by.as_str() {
        OURS => model.id.eq_ignore_ascii_case(wanted),
        _ => same_model(&model.id, wanted),
    };
    match there.iter().find(is_it) {
        Some(model) => Ok(reply::json(model)),
        None => Err(not_found(wanted, &there)),
    }
}

fn same_model(id: &str, wanted: &str) -> bool {
    match (id.split_once('/'), wanted.split_once('/')) {
        (Some((provider, id)), Some((wanted_provider, wanted))) => {
            provider.eq_ignore_ascii_case(wanted_provider) && id == wanted
        }
        _ => false,
    }
}

fn catalog(state: &State, call: &Call<String>) -> Result<Catalog, ApiError> {
    let scope = CatalogScope {
        agent: call.routing.agent.clone(),
        provider: None,
    };
    Ok(state.gateway().list_models(&scope)?)
}

/// Agents, then usable chat models; never aliases, and no model that only embeds.
fn listed(catalog: &Catalog, listing: ModelListing, created: u64) -> Vec<Model> {
    let agents = std::iter::once("openclaw/default".to_owned())
        .chain(catalog.agents.iter().map(|id| format!("openclaw/{id}")))
        .map(|id| agent(id, created));
    let usable = catalog
        .models
        .iter()
        .filter(|model| model.usable && model.kind == ModelKind::Chat);
    let models = usable.map(|model| Model {
        id: model.id.to_string(),
        object: "model",
        created,
        owned_by: model.id.provider.to_string(),
    });
    match listing {
        ModelListing::All => agents.chain(models).collect(),
        ModelListing::Agents => agents.collect(),
        ModelListing::Models => models.collect(),
    }
}

fn agent(id: String, created: u64) -> Model {
    Model {
        id,
        object: "model",
        created,
        owned_by: OURS.to_owned(),
    }
}

fn not_found(wanted: &str, there: &[Model]) -> ApiError {
    let shown: Vec<&str> = there
        .iter()
        .take(NAMES_SHOWN)
        .map(|model| model.id.as_str())
        .collect();
    let more = if there.len() > NAMES_SHOWN {
        ", …"
    } else {
        ""
    };
    let wanted: String = wanted.chars().take(80).collect();
    let message = format!("no model `{wanted}`; there is: {}{more}", shown.join(", "));
    ApiError::new(StatusCode::NOT_FOUND, message)
        .with_code("model_not_found")
        .with_param("model")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Price;
    use crate::gateway::CatalogModel;

    fn model(id: &str, kind: ModelKind, usable: bool) -> CatalogModel {
        CatalogModel {
            id: id.parse().unwrap(),
            name: None,
            kind,
            context_window: None,
            max_tokens: None,
            dimensions: None,
            input: Vec::new(),
            reasoning: None,
            cost: Price::default(),
            usable,
            is_default: false,
            fallback: None,
            aliases: vec!["short".to_owned()],
        }
    }

    fn ids(listing: ModelListing) -> Vec<String> {
        let catalog = Catalog {
            agents: vec!["main".parse().unwrap(), "beta".parse().unwrap()],
            models: vec![
                model("p/chat", ModelKind::Chat, true),
                model("p/embed", ModelKind::Embedding, true),
                model("q/chat", ModelKind::Chat, false),
            ],
        };
        listed(&catalog, listing, 7)
            .into_iter()
            .map(|model| model.id)
            .collect()
    }

    #[test]
    fn agents_come_first_then_chat_models_that_can_be_called() {
        let agents = ["openclaw/default", "openclaw/main", "openclaw/beta"];
        assert_eq!(ids(ModelListing::All), [&agents[..], &["p/chat"]].concat());
        assert_eq!(ids(ModelListing::Agents), agents);
        assert_eq!(ids(ModelListing::Models), ["p/chat"]);
    }

    #[test]
    fn a_provider_is_found_in_any_case_but_its_model_is_not() {
        assert!(same_model("openai/gpt-5.4", "OpenAI/gpt-5.4"));
        assert!(!same_model("openai/gpt-5.4", "openai/GPT-5.4"));
        assert!(!same_model("openai/gpt-5.4", "gpt-5.4"));
    }
}
