//! What the tools of one agent work with: its folder, its memory, the shell's limits, the way to the web. Made once, for
//! all of the agent's runs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;

use super::memory::{Index, Memory};
use super::{Tool, Workspace, builtin};
use crate::config::{Agent, Environment, ToolsConfig};
use crate::providers::{FetchRules, Fetcher};

/// Turns texts into vectors, one each, in their order; or says in a sentence why not.
pub type Embed =
    Arc<dyn Fn(Vec<String>) -> BoxFuture<'static, Result<Vec<Vec<f32>>, String>> + Send + Sync>;

/// An embedding model that tools use.
#[derive(Clone)]
pub struct Embedder {
    /// Its name. Vectors of models of one name, and of no others, can be compared.
    pub model: String,
    pub embed: Embed,
}

/// What tools reach outside of the workspace.
#[derive(Clone)]
pub struct Outside {
    pub fetcher: Arc<Fetcher>,
    /// The agent's own embedding model, where it has one.
    pub embedder: Option<Embedder>,
    /// Where the vectors of the agents' memories are kept; without it they are embedded anew by each process.
    pub index: Option<Index>,
}

/// What the tools of one agent work with.
pub struct Workbench {
    tools: Vec<Arc<dyn Tool>>,
    workspace: Option<Workspace>,
    memory: Arc<Memory>,
    exec: ExecSettings,
    web: Option<FetchRules>,
    time_zone: TimeZone,
    outside: Outside,
}

/// How commands are run.
#[derive(Debug, Clone)]
pub struct ExecSettings {
    /// The most that a command may take.
    pub timeout: Duration,
    /// All variables that a command sees.
    pub variables: Vec<(&'static str, String)>,
}

/// The variables of ours that commands see: no key and no token is among them.
const VARIABLES: [&str; 3] = ["HOME", "LANG", "PATH"];

impl Workbench {
    pub fn new(agent: &Agent, tools: &ToolsConfig, env: &Environment, outside: Outside) -> Self {
        let variable = |name| Some((name, env.get(name)?.to_owned()));
        let fetch = &tools.web.fetch;
        let locate = |text: &String| Workspace::locate(text, env.get("HOME"));
        Self {
            tools: builtin(),
            workspace: agent.workspace.as_ref().map(locate),
            memory: Arc::new(Memory::new(agent.id.clone(), outside.index.clone())),
            exec: ExecSettings {
                timeout: tools.exec.timeout(),
                variables: VARIABLES.into_iter().filter_map(variable).collect(),
            },
            web: fetch.enabled.then(|| FetchRules {
                allow: fetch.url_allowlist.clone(),
                max_bytes: usize::try_from(fetch.max_response_bytes).unwrap_or(usize::MAX),
                max_redirects: fetch.max_redirects,
                timeout: fetch.timeout(),
            }),
            time_zone: time_zone(agent),
            outside,
        }
    }

    /// Takes over what an earlier workbench of the same agent remembers, where it is of the same folder and can be
    /// compared with what is embedded now.
    pub fn succeed(&mut self, before: &Self) {
        let model = |bench: &Self| bench.embedder().map(|embedder| embedder.model.clone());
        if self.workspace == before.workspace && model(self) == model(before) {
            self.memory = Arc::clone(&before.memory);
        }
    }

    /// Every tool that there is, whoever may use it.
    pub fn tools(&self) -> &[Arc<dyn Tool>] {
        &self.tools
    }

    pub fn workspace(&self) -> Option<&Workspace> {
        self.workspace.as_ref()
    }

    /// # Errors
    /// A sentence for the model where the agent has none.
    pub fn need_workspace(&self) -> Result<&Workspace, String> {
        let workspace = self.workspace.as_ref();
        workspace.ok_or_else(|| "this agent has no workspace".to_owned())
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(super) fn embedder(&self) -> Option<&Embedder> {
        self.outside.embedder.as_ref()
    }

    pub(super) fn exec(&self) -> &ExecSettings {
        &self.exec
    }

    pub(super) fn fetcher(&self) -> &Fetcher {
        &self.outside.fetcher
    }

    /// The rules of `web_fetch`; `None` where it is switched off.
    pub(super) fn web(&self) -> Option<&FetchRules> {
        self.web.as_ref()
    }

    /// The time zone of the person the agent works for; UTC where nobody says.
    pub(super) fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }
}

fn time_zone(agent: &Agent) -> TimeZone {
    let Some(name) = &agent.user_timezone else {
        return TimeZone::UTC;
    };
    TimeZone::get(name).unwrap_or_else(|_| {
        tracing::warn!(agent = %agent.id, name, "`userTimezone` is not known; UTC is used");
        TimeZone::UTC
    })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::tools::ToolContext;
    use crate::tools::tests::{Bench, embedder_of};

    fn embedder(model: &str) -> Embedder {
        Embedder {
            model: model.to_owned(),
            ..embedder_of(Arc::new(|_| async { Ok(Vec::new()) }.boxed()))
        }
    }

    #[test]
    fn a_memory_lasts_for_as_long_as_its_folder_and_its_model_stay() {
        let bench = Bench::new().embedder(embedder("p/e"));
        let before = bench.context().workbench;
        let keeps = |context: ToolContext| {
            let mut after = Arc::into_inner(context.workbench).unwrap();
            after.succeed(&before);
            Arc::ptr_eq(&after.memory, &before.memory)
        };
        assert!(keeps(bench.context()));
        let of_another_model = bench.embedder(embedder("p/e@512"));
        assert!(!keeps(of_another_model.context()));
        assert!(!keeps(Bench::new().embedder(embedder("p/e")).context()));
    }
}
