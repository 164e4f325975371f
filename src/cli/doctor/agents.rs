//! Whether each agent has a model that can be called.

use super::finding::Finding;
use crate::chat::{AgentId, Routing};
use crate::gateway::{CatalogScope, Gateway};

const CHECK: &str = "agents";

pub fn check(gateway: &Gateway) -> anyhow::Result<Vec<Finding>> {
    let agents = gateway.list_models(&CatalogScope::default())?.agents;
    let mut findings = Vec::new();
    for agent in &agents {
        findings.extend(of(gateway, agent)?);
    }
    Ok(findings)
}

/// What is wrong with its models; nothing where all can be called, or where it has none of its own yet.
fn of(gateway: &Gateway, agent: &AgentId) -> anyhow::Result<Option<Finding>> {
    let routing = Routing {
        agent: Some(agent.to_string()),
        ..Routing::default()
    };
    let chain = gateway.explain(&routing)?.chain;
    let is_mute = chain.iter().all(|model| model.problem.is_some());
    let problem = chain
        .iter()
        .find_map(|model| Some((&model.name, model.problem.as_ref()?)));
    Ok(problem.map(|(model, problem)| {
        let message = format!("`{agent}` cannot use `{model}`: {problem}");
        let remedy = format!("openclaw models explain --agent {agent}");
        let finding = match is_mute {
            true => Finding::failure(CHECK, message),
            false => Finding::warning(CHECK, message),
        };
        finding.remedy(remedy)
    }))
}
