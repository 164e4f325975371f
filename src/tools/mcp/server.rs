//! One server of the configuration: started when it is needed, left alone for a while when it fails, and started again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::{Instant, timeout};

use super::link::Link;
use super::tool::{Remote, StandIn, listed};
use crate::config::{Environment, McpServerConfig};
use crate::tools::Tool;

/// The variables of ours that a program sees, beside its own: no key and no token is among them.
const VARIABLES: [&str; 3] = ["HOME", "LANG", "PATH"];

/// How long a server is left alone after its first failure; twice as long after each further one, up to [`LONGEST_REST`].
const REST: Duration = Duration::from_secs(1);

const LONGEST_REST: Duration = Duration::from_secs(300);

/// A server that has lived for this long may die without being left alone.
const SETTLED: Duration = Duration::from_secs(60);

/// The tools of a server, as models know them.
pub type Tools = Arc<[Arc<dyn Tool>]>;

type Starting = Shared<BoxFuture<'static, Result<Live, String>>>;

pub struct Server {
    id: String,
    config: McpServerConfig,
    variables: Vec<(&'static str, String)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    live: Option<Live>,
    starting: Option<Starting>,
    failures: u32,
    /// Until when it is left alone, and why.
    rest: Option<(Instant, String)>,
}

/// A server that runs.
#[derive(Clone)]
struct Live {
    link: Arc<Link>,
    tools: Tools,
    since: Instant,
}

impl Server {
    pub fn new(id: &str, config: &McpServerConfig, env: &Environment) -> Self {
        let variable = |name| Some((name, env.get(name)?.to_owned()));
        Self {
            id: id.to_owned(),
            config: config.clone(),
            variables: VARIABLES.into_iter().filter_map(variable).collect(),
            state: Mutex::default(),
        }
    }

    /// Whether the other is configured the same.
    pub fn is_like(&self, other: &Self) -> bool {
        self.config == other.config && self.variables == other.variables
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn config(&self) -> &McpServerConfig {
        &self.config
    }

    /// What the names of its tools begin with.
    pub fn prefix(&self) -> String {
        format!("{}__", self.id)
    }

    /// Its tools as they are now.
    ///
    /// # Errors
    /// The one that stands in for them where they cannot be had.
    pub async fn tools(self: &Arc<Self>) -> Result<Tools, Arc<dyn Tool>> {
        match self.live().await {
            Ok(live) => Ok(live.tools),
            Err(reason) => Err(Arc::new(StandIn::new(&self.id, reason))),
        }
    }

    /// The names of its tools.
    ///
    /// # Errors
    /// A sentence on why it is not there.
    pub async fn names(self: &Arc<Self>) -> Result<Vec<String>, String> {
        let live = self.live().await?;
        Ok(live
            .tools
            .iter()
            .map(|tool| tool.name().to_owned())
            .collect())
    }

    /// The way to the server, which is started where it does not run.
    ///
    /// # Errors
    /// A sentence on why it is not there.
    pub async fn link(self: &Arc<Self>) -> Result<Arc<Link>, String> {
        Ok(self.live().await?.link)
    }

    /// A server that no longer answers is ended; the next who needs it starts it again.
    pub fn give_up(&self, link: &Arc<Link>, reason: &str) {
        let mut state = self.lock();
        if state
            .live
            .as_ref()
            .is_some_and(|live| Arc::ptr_eq(&live.link, link))
        {
            self.died(&mut state, reason);
        }
    }

    pub fn close(&self) {
        *self.lock() = State::default();
    }

    async fn live(self: &Arc<Self>) -> Result<Live, String> {
        let starting = {
            let mut state = self.lock();
            if let Some(live) = &state.live {
                match live.link.is_closed() {
                    false if !live.link.has_changed() => return Ok(live.clone()),
                    false => {
                        let relisting = self.begin(Some(live.clone()));
                        state.starting = Some(relisting);
                    }
                    true => self.died(&mut state, "it has died"),
                }
            }
            if let Some((until, reason)) = &state.rest
                && Instant::now() < *until
            {
                return Err(reason.clone());
            }
            state
                .starting
                .get_or_insert_with(|| self.begin(None))
                .clone()
        };
        starting.await
    }

    /// Starts the server, or hears anew what one that runs has. It goes on when the run that wanted it has ended: others
    /// may wait for it.
    fn begin(self: &Arc<Self>, running: Option<Live>) -> Starting {
        let server = Arc::clone(self);
        // Awaited by everyone who needs the server; it ends by its limit.
        let work = tokio::spawn(async move {
            let limit = server.config.start_limit();
            let reason = format!("it did not start within {} s", limit.as_secs_f64());
            let begun = timeout(limit, server.meet(running)).await;
            let begun = begun.unwrap_or(Err(reason));
            server.begun(&begun);
            begun
        });
        work.map(|done| done.unwrap_or_else(|_| Err("its start broke".to_owned())))
            .boxed()
            .shared()
    }

    async fn meet(self: &Arc<Self>, running: Option<Live>) -> Result<Live, String> {
        let (link, since) = match running {
            Some(live) => (live.link, live.since),
            None => {
                let link = Link::open(&self.id, &self.config, &self.variables).await?;
                (Arc::new(link), Instant::now())
            }
        };
        let told = link.tools().await.map_err(|error| {
            tracing::debug!(server = self.id, %error, "an MCP server told no tools");
            "it did not tell its tools".to_owned()
        })?;
        let tool = |told| Arc::new(Remote::new(Arc::clone(self), told)) as Arc<dyn Tool>;
        let tools = listed(self, told).into_iter().map(tool).collect();
        Ok(Live { link, tools, since })
    }

    fn begun(&self, result: &Result<Live, String>) {
        let mut state = self.lock();
        state.starting = None;
        match result {
            Ok(live) => {
                tracing::info!(
                    server = self.id,
                    tools = live.tools.len(),
                    "an MCP server is there"
                );
                state.live = Some(live.clone());
                state.rest = None;
            }
            Err(reason) => self.died(&mut state, reason),
        }
    }

    fn died(&self, state: &mut State, reason: &str) {
        let lived = state.live.take().map(|live| live.since.elapsed());
        state.failures = match lived {
            Some(lived) if lived >= SETTLED => 0,
            Some(_) | None => state.failures + 1,
        };
        let rest = match state.failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => REST
                .saturating_mul(1 << doublings.min(16))
                .min(LONGEST_REST),
        };
        state.rest = Some((Instant::now() + rest, reason.to_owned()));
        tracing::warn!(server = self.id, reason, again_in = ?rest, "an MCP server is not there");
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
