//! Tools of MCP servers: programs and addresses of the configuration that speak the Model Context Protocol. A server is
//! started when a run first may use one of its tools, and started again when it has died. Public agents have none of
//! them: nobody here knows what they show.
//!
//! ```text
//! server        one of the configuration: started, left alone (rest), started again
//! tool          its tools as tools of the house; listing and page: what it tells of them; outcome: what a call came to
//! link          the way to it: greeting, list, call, ping
//! conversation  requests and their answers; message: their text; fault: why there is none
//! pipes         over a program's input and output; lines and skim: cut into messages; program: its life
//! http          over streamable HTTP; stream: what it sends; address: whom it asks
//! brake         how much a server may write
//! ```

mod address;
mod brake;
mod conversation;
mod fault;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod http;
mod lines;
mod link;
mod listing;
mod message;
mod outcome;
mod page;
mod pipes;
mod program;
mod rest;
mod server;
mod skim;
mod stream;
mod tool;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::future::join_all;

use self::program::{Ending, Haste};
use self::server::Server;
use super::{Policy, Tool};
use crate::chat::ModelRef;
use crate::config::{Environment, McpConfig};

/// The servers of a configuration. Only the latest configuration holds on to its servers: one that it has no more ends
/// with the last run that uses it, whatever else of an earlier configuration is still there.
#[derive(Default)]
pub struct Servers {
    known: BTreeMap<String, Weak<Server>>,
    held: Arc<Held>,
}

/// What all configurations have in common.
#[derive(Default)]
struct Held {
    latest: Mutex<Vec<Arc<Server>>>,
    ending: Ending,
}

/// What a server has to say of itself.
pub struct Probe {
    pub id: String,
    /// The server's tools as models know them, or in a sentence why there are none.
    pub tools: Result<Vec<String>, String>,
}

impl Probe {
    async fn of(server: Arc<Server>) -> Self {
        Self {
            id: server.id().to_owned(),
            tools: server.names().await,
        }
    }
}

impl Servers {
    pub fn new(config: &McpConfig, env: &Environment) -> Self {
        Self::default().succeeded_by(config, env)
    }

    /// The servers of another configuration, which is the latest from now on. One that is configured as before is the
    /// same, running or not.
    pub fn succeeded_by(&self, config: &McpConfig, env: &Environment) -> Self {
        let enabled = config.servers.iter().filter(|(_, server)| server.enabled);
        let server = |(id, config): (&String, _)| {
            let new = Server::new(id, config, env, &self.held.ending);
            let before = self.known.get(id).and_then(Weak::upgrade);
            let before = before.filter(|before| before.is_like(&new));
            before.unwrap_or_else(|| new.into())
        };
        let servers: Vec<Arc<Server>> = enabled.map(server).collect();
        let weak = |server: &Arc<Server>| (server.id().to_owned(), Arc::downgrade(server));
        let known = servers.iter().map(weak).collect();
        self.held.replace(servers);
        Self {
            known,
            held: Arc::clone(&self.held),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    fn all(&self) -> Vec<Arc<Server>> {
        self.known.values().filter_map(Weak::upgrade).collect()
    }

    /// The tools that a run may use whose models are `models`. Starts the servers of which it may use any, and waits for
    /// them; a server that cannot be had has one tool in the place of its own, which says so.
    pub async fn tools(&self, policy: &Policy, models: &[&ModelRef]) -> Vec<Arc<dyn Tool>> {
        let servers = self.all();
        let may = |server: &&Arc<Server>| {
            let prefix = server.prefix();
            models.iter().all(|model| policy.may_allow(model, &prefix))
        };
        let asked = servers.iter().filter(may).map(Server::tools);
        let mut tools = Vec::new();
        let may = |tool: &&Arc<dyn Tool>| {
            let is_allowed = |model: &&ModelRef| policy.allows(model, tool.as_ref());
            models.iter().all(is_allowed)
        };
        for offered in join_all(asked).await {
            match offered {
                Ok(offered) => tools.extend(offered.into_iter().filter(|tool| may(&tool))),
                Err(stand_in) => tools.push(stand_in),
            }
        }
        tools
    }

    /// Starts every server and hears what it has.
    pub async fn probe(&self) -> Vec<Probe> {
        join_all(self.all().into_iter().map(Probe::of)).await
    }

    /// Ends every server that runs, of whatever configuration, and returns when their programs are gone.
    pub async fn close(&self) {
        let servers = self.held.replace(Vec::new());
        let closing = join_all(servers.iter().map(|server| server.close()));
        tokio::join!(closing, self.held.ending.come(Haste::InPeace));
    }

    /// Ends them at once, and returns when their programs are gone.
    pub async fn kill(&self) {
        self.held.replace(Vec::new());
        self.held.ending.come(Haste::AtOnce).await;
    }
}

impl Held {
    /// Holds on to these instead of those that come back.
    fn replace(&self, servers: Vec<Arc<Server>>) -> Vec<Arc<Server>> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *latest, servers)
    }
}
