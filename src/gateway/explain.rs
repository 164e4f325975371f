//! Which models a run would try, and what would follow a failure. Starts nothing.

use super::Inner;
use super::error::RunError;
use super::failover::{Row, TABLE};
use crate::chat::{AgentId, ModelRef, Routing};

/// What a run would do.
#[derive(Debug)]
pub struct Explanation {
    pub agent: AgentId,
    /// In the order in which they are tried.
    pub chain: Vec<Candidate>,
    /// What each failure leads to.
    pub failures: &'static [Row],
}

/// A model of the chain.
#[derive(Debug)]
pub struct Candidate {
    /// As the configuration or the caller names it.
    pub name: String,
    pub model: Option<ModelRef>,
    /// What keeps it from being called; a run passes it by.
    pub problem: Option<String>,
}

impl Candidate {
    pub(super) fn new(name: String, model: Option<ModelRef>, problem: Option<RunError>) -> Self {
        let problem = problem.map(|error| match error {
            RunError::NotConfigured(remedy) => remedy,
            other => other.to_string(),
        });
        Self {
            name,
            model,
            problem,
        }
    }
}

/// # Errors
/// An agent that is not there, or a chosen model that is none.
pub(super) fn explain(inner: &Inner, routing: &Routing) -> Result<Explanation, RunError> {
    let (plan, named) = inner.agents.select(routing)?;
    let chain = match routing.model_override.as_deref().or(named) {
        None => plan.candidates(&inner.providers),
        Some(name) => vec![plan.chosen_candidate(name, routing, &inner.providers)?],
    };
    Ok(Explanation {
        agent: plan.agent.id.clone(),
        chain,
        failures: &TABLE,
    })
}
