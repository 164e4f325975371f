//! One server of the configuration: started when it is needed, left alone for a while when it fails, and started again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::{Instant, timeout};

use super::link::Link;
use super::listing::{Listed, Listing};
use super::program::Ending;
use super::rest::Rest;
use super::tool::{Remote, StandIn};
use crate::config::{Environment, McpServerConfig};
use crate::tools::Tool;

/// The variables of ours that a program sees, beside its own: no key and no token is among them.
const VARIABLES: [&str; 3] = ["HOME", "LANG", "PATH"];

type Starting = Shared<BoxFuture<'static, Result<Live, String>>>;

pub struct Server {
    id: String,
    config: McpServerConfig,
    variables: Vec<(&'static str, String)>,
    ending: Ending,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    live: Option<Live>,
    starting: Option<Starting>,
    rest: Rest,
}

impl State {
    /// Whether this is the way to it.
    fn has(&self, link: &Arc<Link>) -> bool {
        let live = self.live.as_ref();
        live.is_some_and(|live| Arc::ptr_eq(&live.link, link))
    }
}

/// A server that runs.
#[derive(Clone)]
struct Live {
    link: Arc<Link>,
    tools: Arc<[Arc<Listed>]>,
    since: Instant,
}

impl Live {
    /// Whether it can be used without asking it how it is. While it is at a call it may be too busy to say, and the call
    /// has a limit.
    fn is_fit(&self) -> bool {
        Arc::strong_count(&self.link) > 1 || self.link.is_fresh()
    }
}

impl Server {
    /// `ending` is when its program has to leave at the latest.
    pub fn new(id: &str, config: &McpServerConfig, env: &Environment, ending: &Ending) -> Self {
        let variable = |name| Some((name, env.get(name)?.to_owned()));
        Self {
            id: id.to_owned(),
            config: config.clone(),
            variables: VARIABLES.into_iter().filter_map(variable).collect(),
            ending: ending.clone(),
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

    /// Its tools as they are now. Whoever has one has the server: that ends with the last of them.
    ///
    /// # Errors
    /// The one that stands in for them where they cannot be had.
    pub async fn tools(self: &Arc<Self>) -> Result<Vec<Arc<dyn Tool>>, Arc<dyn Tool>> {
        let tool = |listed: &Arc<Listed>| {
            Arc::new(Remote::new(Arc::clone(self), Arc::clone(listed))) as Arc<dyn Tool>
        };
        match self.live().await {
            Ok(live) => Ok(live.tools.iter().map(tool).collect()),
            Err(reason) => Err(Arc::new(StandIn::new(&self.id, reason))),
        }
    }

    /// The names of its tools.
    ///
    /// # Errors
    /// A sentence on why it is not there.
    pub async fn names(self: &Arc<Self>) -> Result<Vec<String>, String> {
        let live = self.live().await?;
        let names = live.tools.iter().map(|tool| tool.name.clone());
        Ok(names.collect())
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
        if state.has(link) {
            self.died(&mut state, reason);
        }
    }

    /// A server that has forgotten us is well: the next who needs it greets it again.
    pub fn renew(&self, link: &Arc<Link>) {
        let mut state = self.lock();
        if state.has(link) {
            state.live = None;
        }
    }

    /// Ends it, whoever uses it.
    pub async fn close(&self) {
        let live = std::mem::take(&mut *self.lock()).live;
        if let Some(link) = live.and_then(|live| Arc::into_inner(live.link)) {
            link.end().await;
        }
    }

    async fn live(self: &Arc<Self>) -> Result<Live, String> {
        let starting = {
            let mut state = self.lock();
            let is_gone = |live: &Live| live.link.is_closed();
            if state.starting.is_none() && state.live.as_ref().is_some_and(is_gone) {
                self.died(&mut state, "it has died");
            }
            match (&state.starting, &state.live, state.rest.reason()) {
                (Some(starting), ..) => starting.clone(),
                (None, Some(live), _) if live.is_fit() => return Ok(live.clone()),
                (None, None, Some(reason)) => return Err(reason.to_owned()),
                (None, running, _) => {
                    let starting = self.begin(running.clone());
                    state.starting.insert(starting).clone()
                }
            }
        };
        starting.await
    }

    /// Starts the server, or looks after one that runs. It goes on when the run that wanted it has ended: others may wait
    /// for it.
    fn begin(self: &Arc<Self>, running: Option<Live>) -> Starting {
        let server = Arc::clone(self);
        // Awaited by everyone who needs the server; it ends by its limit, or with the gateway.
        let work = tokio::spawn(async move {
            let limit = server.config.start_limit();
            let reason = format!("it did not start within {} s", limit.as_secs_f64());
            let begun = tokio::select! {
                begun = timeout(limit, server.meet(running)) => begun.unwrap_or(Err(reason)),
                // Nobody is left to use it, and its input ends here.
                () = server.ending.has_come() => return Err("the gateway ends".to_owned()),
            };
            server.begun(&begun);
            begun
        });
        work.map(|done| done.unwrap_or_else(|_| Err("its start broke".to_owned())))
            .boxed()
            .shared()
    }

    async fn meet(&self, running: Option<Live>) -> Result<Live, String> {
        let (link, since) = match self.still_alive(running).await {
            Some(live) if !live.link.has_changed() => return Ok(live),
            Some(live) => (live.link, live.since),
            None => {
                let (config, variables) = (&self.config, &self.variables);
                let link = Link::open(&self.id, config, variables, &self.ending).await?;
                (Arc::new(link), Instant::now())
            }
        };
        let mut listing = Listing::of(self);
        let told = link.tools(|entry| listing.take(entry)).await;
        told.map_err(|error| {
            tracing::debug!(server = self.id, %error, "an MCP server told no tools");
            "it did not tell its tools".to_owned()
        })?;
        let tools = listing.finish();
        tracing::info!(
            server = self.id,
            tools = tools.len(),
            "an MCP server is there"
        );
        Ok(Live { link, tools, since })
    }

    /// The server that ran, where it still answers. One that does not is let go: its program is ended
    /// while another is started.
    async fn still_alive(&self, running: Option<Live>) -> Option<Live> {
        let live = running?;
        if live.link.is_alive().await {
            return Some(live);
        }
        tracing::warn!(
            server = self.id,
            "an MCP server no longer answers: it is started again"
        );
        self.lock().live = None;
        None
    }

    fn begun(&self, result: &Result<Live, String>) {
        let mut state = self.lock();
        state.starting = None;
        match result {
            Ok(live) => {
                state.live = Some(live.clone());
                state.rest.end();
            }
            Err(reason) => self.died(&mut state, reason),
        }
    }

    fn died(&self, state: &mut State, reason: &str) {
        let lived = state.live.take().map(|live| live.since.elapsed());
        let rest = state.rest.begin(lived, reason);
        tracing::warn!(server = self.id, reason, again_in = ?rest, "an MCP server is not there");
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
