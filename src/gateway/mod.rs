//! The room: agents run here. No HTTP, no terminal, no environment; the doors translate into and out of it.

mod admission;
mod begin;
mod bootstrap;
mod call;
mod catalog;
mod compaction;
mod constraint;
mod content_log;
mod continuity;
mod cooldown;
mod discovery;
mod embed;
mod embed_cap;
mod error;
mod explain;
mod failover;
mod house;
mod listing;
mod memory;
pub mod metrics;
mod progress;
mod prompt;
mod responses;
mod rounds;
mod run;
mod said;
mod schema;
mod skills;
mod storage;
mod summary;
mod target;
mod timed_store;
mod watched;
mod window;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use schema::fuzzing;

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;

use crate::chat::{EmbedRequest, Embeddings, Principal, Routing, RunEvent, RunRequest};
use crate::config::{Config, Environment, MaintenanceMode, SessionConfig};
pub use crate::providers::{
    FetchError, FetchRules, Fetched, Fetcher, Lookup, ProviderError, SetupError,
};

pub use crate::sessions::{
    Page, SessionId, SessionStore, StoreError, StoredResponse, Summary, Transcript, Turn, TurnState,
};
use crate::sessions::{PruneMode, PrunePolicy, SessionKey, Unavailable};
pub use crate::tools::html_text;
pub use crate::tools::mcp::Probe;
use crate::tools::{Index, Outside, mcp};
use admission::Admission;
pub use call::jitter;
use catalog::Providers;
pub use compaction::{CompactRequest, Compacted};
pub use discovery::Probe as ProviderProbe;
pub use discovery::local::Local;
pub use embed::{EmbedTerms, MAX_INPUT_CHARS, MAX_INPUTS};
pub use embed_cap::Extent;
pub use error::{Fault, RunError};
pub use explain::{Candidate, Explanation};
pub use failover::{Again, COOLDOWN, Cooldown, LONGEST_RETRY_AFTER, Row, Then};
pub use listing::{Catalog, CatalogModel, CatalogScope};
use metrics::Metrics;
pub use responses::Place;
use target::Agents;

/// What a run says. Dropping it cancels the run and everything behind it.
pub type RunStream = BoxStream<'static, Result<RunEvent, RunError>>;

/// Agents, models and sessions. A clone is another handle of the same room.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

/// What a configuration makes of the room.
struct Inner {
    providers: Providers,
    agents: Agents,
    servers: mcp::Servers,
    /// The most tokens of earlier turns that a run of a session carries.
    max_history_tokens: Option<u64>,
    /// Whether what is said is logged.
    logs_content: bool,
    lasting: Arc<Lasting>,
}

/// What every configuration of the room has in common.
struct Lasting {
    admission: Admission,
    metrics: Arc<Metrics>,
    fetcher: Arc<Fetcher>,
    /// `None` where there is no folder for state.
    index: Option<Index>,
    /// `None` where there is no place for it.
    store: Option<Arc<dyn SessionStore>>,
    /// Where the models are kept that providers said they have; `None` where there is no folder for state.
    models_folder: Option<PathBuf>,
}

impl Gateway {
    /// Builds the room from a checked configuration. Connects nothing.
    ///
    /// # Errors
    /// A provider that cannot be set up, or an agent whose own models are not there.
    pub fn new(
        config: &Config,
        env: &Environment,
        state_dir: Option<&Path>,
    ) -> Result<Self, SetupError> {
        Self::with_fetcher(config, env, state_dir, Fetcher::default())
    }

    /// The same with another way to the internet.
    ///
    /// # Errors
    /// As [`Gateway::new`].
    pub fn with_fetcher(
        config: &Config,
        env: &Environment,
        state_dir: Option<&Path>,
        fetcher: Fetcher,
    ) -> Result<Self, SetupError> {
        let providers = Providers::new(config, env)?;
        let (max_running, max_waiting) = limits(config);
        let lasting = Lasting {
            admission: Admission::new(max_running, max_waiting),
            metrics: Arc::clone(providers.metrics()),
            fetcher: Arc::new(fetcher),
            index: state_dir.map(Index::new),
            store: storage::open(&config.session, state_dir),
            models_folder: state_dir.map(|state| state.join("models")),
        };
        let servers = mcp::Servers::new(&config.mcp, env);
        let agents = Agents::none().succeeded_by(config, env, &providers, &lasting.outside())?;
        let parts = (providers, agents, servers);
        Ok(Self::of(config, parts, Arc::new(lasting)))
    }

    /// The same room under another checked configuration: the store, the line of the runs, the connections, and what
    /// was learned of providers and memories that stay as they were. Runs that go on keep the configuration that they
    /// began with. `session.store` and `session.maxQueued` stay what they were.
    ///
    /// # Errors
    /// As [`Self::new`]; the room is then as it was.
    pub fn reconfigured(&self, config: &Config, env: &Environment) -> Result<Self, SetupError> {
        let lasting = Arc::clone(&self.0.lasting);
        let before = &self.0;
        let providers = before.providers.succeeded_by(config, env)?;
        let outside = lasting.outside();
        let agents = before
            .agents
            .succeeded_by(config, env, &providers, &outside)?;
        // Last: from here on nothing fails.
        let servers = before.servers.succeeded_by(&config.mcp, env);
        let (max_running, max_waiting) = limits(config);
        lasting.admission.resize(max_running, max_waiting);
        Ok(Self::of(config, (providers, agents, servers), lasting))
    }

    fn of(
        config: &Config,
        (providers, agents, servers): (Providers, Agents, mcp::Servers),
        lasting: Arc<Lasting>,
    ) -> Self {
        if let Some(folder) = &lasting.models_folder {
            discovery::recall(&providers, folder);
        }
        Self(Arc::new(Inner {
            providers,
            agents,
            servers,
            max_history_tokens: config.session.max_history_tokens,
            logs_content: config.logging.content,
            lasting,
        }))
    }

    /// Starts a run and returns once its first event is there; until then a failing model is replaced unseen.
    ///
    /// # Errors
    /// Everything known before the first event. A run that breaks later says so in its stream, as the last item.
    pub async fn run_agent(&self, request: Box<RunRequest>) -> Result<RunStream, RunError> {
        begin::run_agent(self, request).await
    }

    /// What was counted since the room was built, under every configuration.
    pub fn metrics(&self) -> &Metrics {
        &self.0.lasting.metrics
    }

    /// How many runs wait for a place.
    pub fn runs_waiting(&self) -> usize {
        self.0.lasting.admission.waiting()
    }

    /// How long the run of such a request may take, before anything is done for it.
    ///
    /// # Errors
    /// An agent or a model that is not there, or that the caller may not use.
    pub fn time_limit(&self, routing: &Routing) -> Result<Duration, RunError> {
        let target = self.0.agents.resolve(routing, &self.0.providers)?;
        Ok(target.plan.agent.timeout)
    }

    /// Reads what a caller names by URL; reaches nothing but the public internet.
    ///
    /// # Errors
    /// What the rules or the guard refuse, and every failure on the way.
    pub async fn fetch(&self, url: &str, rules: &FetchRules) -> Result<Fetched, FetchError> {
        self.0.lasting.fetcher.fetch(url, rules).await
    }

    /// The sessions that are kept.
    ///
    /// # Errors
    /// There is no folder to keep them in.
    pub fn store(&self) -> Result<&Arc<dyn SessionStore>, RunError> {
        let missing =
            || StoreError::Unavailable(Unavailable::Failed("there is no folder for it".to_owned()));
        Ok(self.0.lasting.store.as_ref().ok_or_else(missing)?)
    }

    /// The session that the person at the terminal means by `key`: of the agent that the key names, else of the default
    /// agent.
    ///
    /// # Errors
    /// What is no session key, or names an agent that is not there.
    pub fn session(&self, key: &str) -> Result<SessionId, RunError> {
        let named = key
            .strip_prefix("agent:")
            .and_then(|rest| rest.split_once(':'));
        let plan = match named {
            Some((agent, _)) => self.0.agents.get(agent)?,
            None => self.0.agents.default_agent(),
        };
        let key = SessionKey::parse(&plan.agent.id, key).map_err(|error| RunError::Invalid {
            param: None,
            message: error.to_string(),
        })?;
        Ok(SessionId {
            principal: Principal::Owner,
            key,
        })
    }

    /// Deletes, now and every hour, what `sessions` says is no longer kept. Never ends; dropping it ends it.
    pub async fn maintain(&self, sessions: &SessionConfig) -> Infallible {
        const EVERY: Duration = Duration::from_secs(3600);
        loop {
            if let Some(store) = &self.0.lasting.store {
                for policy in policies(sessions) {
                    match store.prune(policy).await {
                        Ok(pruned) => tracing::debug!(?pruned, "the session store was tidied"),
                        Err(error) => {
                            tracing::warn!(%error, "the session store could not be tidied")
                        }
                    }
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Starts the configured MCP servers and hears which tools they have.
    pub async fn probe_servers(&self) -> Vec<mcp::Probe> {
        self.0.servers.probe().await
    }

    /// Finishes what is still to be written, and ends the MCP servers. Nothing is kept after that.
    pub async fn close(&self) {
        let store = async {
            if let Some(store) = &self.0.lasting.store {
                store.close().await;
            }
        };
        tokio::join!(self.0.servers.close(), store);
    }

    /// Ends the MCP servers at once, and returns when their programs are gone.
    pub async fn kill_servers(&self) {
        self.0.servers.kill().await;
    }

    /// The agents and models that there are. Asks no provider.
    ///
    /// # Errors
    /// An agent or a provider that is not there.
    pub fn list_models(&self, scope: &CatalogScope) -> Result<Catalog, RunError> {
        listing::list(&self.0, scope)
    }

    /// The models that a run would try, and what would follow a failure. Asks no provider.
    ///
    /// # Errors
    /// An agent that is not there, or a model that is none.
    pub fn explain(&self, routing: &Routing) -> Result<Explanation, RunError> {
        explain::explain(&self.0, routing)
    }

    /// Asks providers without a configured list what they have, once a day each, and keeps their answers: what is listed
    /// comes from there. Never ends; dropping it ends it.
    pub async fn discover_models(&self) -> Infallible {
        discovery::discover(&self.0.providers, self.0.lasting.models_folder.as_deref()).await
    }

    /// Which model embeds for requests that are routed so, and on what terms. Asks no provider.
    ///
    /// # Errors
    /// An agent or a model that is not there.
    pub fn embed_terms(&self, routing: &Routing) -> Result<EmbedTerms, RunError> {
        embed::terms(&self.0, routing)
    }

    /// Asks every provider that can be called for its models, each for at most 10 s, to see whether it answers.
    pub async fn probe_providers(&self) -> Vec<ProviderProbe> {
        discovery::probe(&self.0.providers).await
    }

    /// Embeds 1 to [`MAX_INPUTS`] inputs, in as many calls as the provider needs.
    ///
    /// # Errors
    /// Inputs that cannot be embedded, names that are not there, and a provider that fails or answers nonsense.
    pub async fn embed(&self, request: EmbedRequest) -> Result<Embeddings, RunError> {
        embed::embed(&self.0, request).await
    }
}

impl Lasting {
    fn outside(&self) -> Outside {
        Outside {
            fetcher: Arc::clone(&self.fetcher),
            embedder: None,
            index: self.index.clone(),
        }
    }
}

/// How many runs may go on at once, and how many may wait.
fn limits(config: &Config) -> (usize, usize) {
    let limits = &config.agents.defaults;
    (limits.max_concurrent as usize, limits.max_queued as usize)
}

/// Sessions go as the maintenance mode says; responses, which nobody lists, always go.
fn policies(sessions: &SessionConfig) -> [PrunePolicy; 2] {
    let maintenance = &sessions.maintenance;
    [
        PrunePolicy {
            mode: match maintenance.mode {
                MaintenanceMode::Warn => PruneMode::Warn,
                MaintenanceMode::Enforce => PruneMode::Enforce,
            },
            session_age: Some(maintenance.prune_after.duration()),
            max_sessions: Some(maintenance.max_entries),
            ..PrunePolicy::default()
        },
        PrunePolicy {
            mode: PruneMode::Enforce,
            response_age: Some(sessions.responses.prune_after.duration()),
            max_response_bytes: Some(sessions.responses.max_bytes.bytes()),
            ..PrunePolicy::default()
        },
    ]
}
