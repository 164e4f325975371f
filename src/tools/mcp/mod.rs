//! Tools of MCP servers: programs and addresses of the configuration that speak the Model Context Protocol. A server is
//! started when a run first may use one of its tools, and started again when it has died. Public agents have none of
//! them: nobody here knows what they show.

mod link;
mod server;
mod tool;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use self::server::Server;
use super::{Policy, Tool};
use crate::chat::ModelRef;
use crate::config::{Environment, McpConfig};

/// The servers of a configuration.
#[derive(Default)]
pub struct Servers(BTreeMap<String, Arc<Server>>);

/// What a server has to say of itself.
pub struct Probe {
    pub id: String,
    /// The server's tools as models know them, or in a sentence why there are none.
    pub tools: Result<Vec<String>, String>,
}

impl Servers {
    pub fn new(config: &McpConfig, env: &Environment) -> Self {
        Self::default().succeeded_by(config, env)
    }

    /// The servers of another configuration. One that is configured as before is the same, running or not; one that is
    /// gone ends with the last run that uses it.
    pub fn succeeded_by(&self, config: &McpConfig, env: &Environment) -> Self {
        let servers = config.servers.iter().filter(|(_, server)| server.enabled);
        let server = |(id, config): (&String, _)| {
            let new = Server::new(id, config, env);
            let before = self.0.get(id).filter(|before| before.is_like(&new));
            (id.clone(), before.cloned().unwrap_or_else(|| new.into()))
        };
        Self(servers.map(server).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tools that a run may use whose models are `models`. Starts the servers of which it may use any, and waits for
    /// them; a server that cannot be had has one tool in the place of its own, which says so.
    pub async fn tools(&self, policy: &Policy, models: &[&ModelRef]) -> Vec<Arc<dyn Tool>> {
        let may = |server: &&Arc<Server>| {
            let prefix = server.prefix();
            models.iter().all(|model| policy.may_allow(model, &prefix))
        };
        let asked = self.0.values().filter(may).map(Server::tools);
        let mut tools = Vec::new();
        let may = |tool: &&Arc<dyn Tool>| {
            let is_allowed = |model: &&ModelRef| policy.allows(model, tool.as_ref());
            models.iter().all(is_allowed)
        };
        for offered in join_all(asked).await {
            match offered {
                Ok(offered) => tools.extend(offered.iter().filter(may).cloned()),
                Err(stand_in) => tools.push(stand_in),
            }
        }
        tools
    }

    /// Starts every server and hears what it has.
    pub async fn probe(&self) -> Vec<Probe> {
        let probes = self.0.iter().map(async |(id, server)| Probe {
            id: id.clone(),
            tools: server.names().await,
        });
        join_all(probes).await
    }

    /// Ends every server that runs.
    pub fn close(&self) {
        for server in self.0.values() {
            server.close();
        }
    }
}
