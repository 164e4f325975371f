//! Turns an agent target, and a model override, into an agent and the models it runs on. Pure: no network, no sessions.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog::{Callable, Providers};
use super::embed::{EmbedModel, embedder};
use super::error::RunError;
use super::explain::Candidate;
use super::memory::Memory;
use super::prompt::{Host, Prompt};
use crate::chat::{ModelRef, Routing};
use crate::config::{Agent, Config, Environment, ModelKind, ModelSettings, agent_id};
use crate::providers::SetupError;
use crate::tools::{Outside, Policy, Workbench};

/// An agent with everything that does not change from run to run.
pub(super) struct Plan {
    pub agent: Agent,
    pub prompt: Prompt,
    /// The primary, then the fallbacks; those that can be called.
    pub chain: Arc<[Callable]>,
    /// What keeps the others from being called.
    problems: Vec<RunError>,
    /// The models that the agent itself names; the allow-list where `restricted`.
    named: Vec<ModelRef>,
    restricted: bool,
    /// Short names, in lower case.
    aliases: BTreeMap<String, ModelRef>,
    memory: Memory,
    pub policy: Policy,
    pub workbench: Arc<Workbench>,
}

/// Who runs, on what.
pub(super) struct Target<'a> {
    pub plan: &'a Plan,
    /// Best first; one model alone where it was chosen explicitly.
    pub chain: Arc<[Callable]>,
}

/// What the `model` of a request means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named<'a> {
    DefaultAgent,
    Agent(&'a str),
    Model(&'a str),
}

/// The scope that a model of the caller's own choice needs.
const ADMIN: &str = "operator.admin";

pub(super) fn parse(model: &str) -> Named<'_> {
    let strip = |prefix: &str| {
        let head = model.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix)
            .then(|| &model[prefix.len()..])
    };
    if model.eq_ignore_ascii_case("openclaw") {
        return Named::DefaultAgent;
    }
    match ["openclaw/", "openclaw:", "agent:"]
        .into_iter()
        .find_map(strip)
    {
        Some(id) if id.eq_ignore_ascii_case("default") => Named::DefaultAgent,
        Some(id) => Named::Agent(id),
        None => Named::Model(model),
    }
}

/// A name as an error repeats it.
pub(super) fn shown(name: &str) -> String {
    const MAX_SHOWN_CHARS: usize = 200;
    match name.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

pub(super) struct Agents(Vec<Plan>);

impl Agents {
    /// Nobody, whom the agents of the first configuration succeed.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// The agents of another configuration, with what those of the same names remember.
    pub fn succeeded_by(
        &self,
        config: &Config,
        env: &Environment,
        providers: &Providers,
        outside: &Outside,
    ) -> Result<Self, SetupError> {
        let agents = config.agents.resolve(config.memory.search.as_ref());
        let host = Host::this();
        let plan = |agent: Agent| {
            let memory = Memory::new(agent.memory_search.as_ref(), providers)?;
            let outside = Outside {
                embedder: memory.own_model(providers).ok().map(embedder),
                ..outside.clone()
            };
            let mut workbench = Workbench::new(&agent, &config.tools, env, outside);
            if let Some(before) = self.iter().find(|before| before.agent.id == agent.id) {
                workbench.succeed(&before.workbench);
            }
            let mut plan = Plan {
                prompt: Prompt::new(&agent, workbench.workspace(), &host),
                chain: Arc::new([]),
                problems: Vec::new(),
                named: Vec::new(),
                restricted: agent.models.is_some(),
                aliases: agent.models.as_ref().map(aliases).unwrap_or_default(),
                memory,
                policy: Policy::new(&config.tools, &agent.tools),
                workbench: Arc::new(workbench),
                agent,
            };
            plan.link(providers);
            Ok(plan)
        };
        agents
            .into_iter()
            .map(plan)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Plan> {
        self.0.iter()
    }

    pub fn default_agent(&self) -> &Plan {
        let chosen = self.0.iter().find(|plan| plan.agent.is_default);
        chosen.expect("exactly one agent is the default")
    }

    /// # Errors
    /// [`RunError::UnknownAgent`], naming the agents that are there.
    pub fn get(&self, name: &str) -> Result<&Plan, RunError> {
        // As the configuration's ids are kept, so that an agent answers to its name as it is written there.
        let id = agent_id(name);
        let found = self.0.iter().find(|plan| plan.agent.id == id);
        match found.filter(|_| !name.trim().is_empty()) {
            Some(plan) => Ok(plan),
            None if name.eq_ignore_ascii_case("default") => Ok(self.default_agent()),
            None => Err(RunError::UnknownAgent {
                name: shown(name),
                configured: self
                    .0
                    .iter()
                    .map(|plan| plan.agent.id.to_string())
                    .collect(),
            }),
        }
    }

    /// The agent that a request is for, and the model that it names, if it names one.
    pub fn select<'a, 'r>(
        &'a self,
        routing: &'r Routing,
    ) -> Result<(&'a Plan, Option<&'r str>), RunError> {
        let named = routing.model.as_deref().map_or(Named::DefaultAgent, parse);
        let (agent, model) = match named {
            Named::DefaultAgent => (None, None),
            Named::Agent(id) => (Some(id), None),
            Named::Model(name) => (None, Some(name)),
        };
        let plan = match routing.agent.as_deref().or(agent) {
            Some(id) => self.get(id)?,
            None => self.default_agent(),
        };
        Ok((plan, model))
    }

    /// Which agent, on which models.
    ///
    /// # Errors
    /// Names that are not there, models that the agent or the caller may not use.
    pub fn resolve(
        &self,
        routing: &Routing,
        providers: &Providers,
    ) -> Result<Target<'_>, RunError> {
        let (plan, named) = self.select(routing)?;
        let chosen = match &routing.model_override {
            Some(_) if !routing.authority.any_model => return Err(RunError::MissingScope(ADMIN)),
            Some(name) => Some(name.as_str()),
            None => named,
        };
        let chain = match chosen {
            None => plan.own_chain()?,
            Some(name) => plan.chosen(name, routing, providers)?,
        };
        Ok(Target { plan, chain })
    }
}

impl Agents {
    /// The agent of an embedding request and the model that embeds for it. An agent target means the agent's
    /// `memorySearch`. The allow-list of chat models does not govern embedding models.
    pub fn embedding(
        &self,
        routing: &Routing,
        providers: &Providers,
    ) -> Result<(&Plan, EmbedModel), RunError> {
        let (plan, named) = self.select(routing)?;
        let chosen = match &routing.model_override {
            Some(_) if !routing.authority.any_model => return Err(RunError::MissingScope(ADMIN)),
            Some(name) => Some(name.as_str()),
            None => named,
        };
        let own = plan.memory.own_model(providers);
        let Some(name) = chosen else {
            return Ok((plan, own?));
        };
        let model = plan.memory.named(plan.unalias(name).as_ref(), providers)?;
        let is_own = own.is_ok_and(|own| own.id == model.id);
        if !routing.authority.any_model && !is_own {
            return Err(RunError::MissingScope(ADMIN));
        }
        Ok((plan, model))
    }
}

impl Plan {
    /// The model ref behind an alias; any other name as it is.
    fn unalias<'a>(&self, name: &'a str) -> Cow<'a, str> {
        match self.aliases.get(&name.to_ascii_lowercase()) {
            Some(model) => model.to_string().into(),
            None => name.into(),
        }
    }

    /// Finds the agent's own models. One that is not there does not keep the others from answering.
    fn link(&mut self, providers: &Providers) {
        let names = self.names(providers);
        let mut chain = Vec::new();
        let refs = self.agent.models.iter().flat_map(BTreeMap::keys);
        self.named = refs.filter_map(|name| name.parse().ok()).collect();
        for name in names {
            let found = providers.resolve(&self.unalias(&name), ModelKind::Chat);
            if let Ok(model) = &found
                && !self.named.contains(model)
            {
                self.named.push(model.clone());
            }
            if let Ok(model) = &found {
                providers.metrics().models.of(model);
            }
            match found.and_then(|model| self.callable(&model, providers)) {
                Ok(model) => chain.push(model),
                Err(error) => {
                    tracing::warn!(agent = %self.agent.id, model = name, %error, "a model of the agent cannot be used");
                    self.problems.push(error);
                }
            }
        }
        self.chain = chain.into();
    }

    /// The primary, or the default model, then the fallbacks, as the configuration names them.
    fn names(&self, providers: &Providers) -> Vec<String> {
        let default = || {
            let model = providers.default_model(ModelKind::Chat);
            model.map(|model| model.to_string())
        };
        let primary = self.agent.primary.clone().or_else(default);
        let fallbacks = self.agent.fallbacks.iter().cloned();
        primary.into_iter().chain(fallbacks).collect()
    }

    /// The models of the agent's own choice, best first, those among them that cannot be called.
    pub fn candidates(&self, providers: &Providers) -> Vec<Candidate> {
        let candidate = |name: String| {
            let found = providers.resolve(&self.unalias(&name), ModelKind::Chat);
            let model = found.as_ref().ok().cloned();
            let callable = found.and_then(|model| self.callable(&model, providers));
            Candidate::new(name, model, callable.err())
        };
        self.names(providers).into_iter().map(candidate).collect()
    }

    /// The one model that the caller chose.
    ///
    /// # Errors
    /// A name that is no model's.
    pub fn chosen_candidate(
        &self,
        name: &str,
        routing: &Routing,
        providers: &Providers,
    ) -> Result<Candidate, RunError> {
        let model = providers.resolve(&self.unalias(name), ModelKind::Chat)?;
        let problem = self.chosen(name, routing, providers).err();
        Ok(Candidate::new(name.to_owned(), Some(model), problem))
    }

    /// The models of the agent's own choice, best first.
    fn own_chain(&self) -> Result<Arc<[Callable]>, RunError> {
        if self.chain.is_empty() {
            let reasons: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
            return Err(RunError::NotConfigured(reasons.join("; ")));
        }
        Ok(Arc::clone(&self.chain))
    }

    /// The one model that the caller chose.
    fn chosen(
        &self,
        name: &str,
        routing: &Routing,
        providers: &Providers,
    ) -> Result<Arc<[Callable]>, RunError> {
        let model = providers.resolve(&self.unalias(name), ModelKind::Chat)?;
        if !self.named.contains(&model) {
            if self.restricted {
                return Err(RunError::ModelNotAllowed {
                    agent: self.agent.id.clone(),
                    model,
                    allowed: self.named.iter().map(ToString::to_string).collect(),
                });
            }
            if !routing.authority.any_model {
                return Err(RunError::MissingScope(ADMIN));
            }
        }
        Ok(Arc::new([self.callable(&model, providers)?]))
    }

    /// Parameters of the agent, then those of the model in the agent's `models`, which win.
    fn callable(&self, model: &ModelRef, providers: &Providers) -> Result<Callable, RunError> {
        let mut params = self.agent.params.clone();
        let settings = self
            .agent
            .models
            .as_ref()
            .and_then(|models| models.get(&model.to_string()));
        params.extend(
            settings
                .map(|settings| settings.params.clone())
                .unwrap_or_default(),
        );
        providers.callable(model, params)
    }

    /// Whether the agent may run this model.
    pub fn allows(&self, model: &ModelRef) -> bool {
        !self.restricted || self.named.contains(model)
    }

    pub fn aliases_of<'a>(&'a self, model: &'a ModelRef) -> impl Iterator<Item = &'a str> {
        let of_model = move |(_, target): &(&String, &ModelRef)| *target == model;
        self.aliases
            .iter()
            .filter(of_model)
            .map(|(alias, _)| alias.as_str())
    }
}

fn aliases(models: &BTreeMap<String, ModelSettings>) -> BTreeMap<String, ModelRef> {
    let alias = |(name, settings): (&String, &ModelSettings)| {
        let alias = settings.alias.as_ref()?.to_ascii_lowercase();
        Some((alias, name.parse().ok()?))
    };
    models.iter().filter_map(alias).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_agent_target_is_understood() {
        assert_eq!(parse("OpenClaw"), Named::DefaultAgent);
        assert_eq!(parse("openclaw/Default"), Named::DefaultAgent);
        assert_eq!(parse("openclaw/Beta"), Named::Agent("Beta"));
        assert_eq!(parse("openclaw:beta"), Named::Agent("beta"));
        assert_eq!(parse("AGENT:beta"), Named::Agent("beta"));
        assert_eq!(parse("openai/gpt-5.4"), Named::Model("openai/gpt-5.4"));
        assert_eq!(parse("agentü"), Named::Model("agentü"));
    }
}
