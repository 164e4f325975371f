//! A tool of a server as a tool of the house, and what stands in for the tools of a server that cannot be had.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::fault::{Fault, Refusal};
use super::link::Link;
use super::listing::Listed;
use super::outcome::Outcome;
use super::server::Server;
use crate::config::Secrets;
use crate::tools::{Tool, ToolContext, ToolResult, parse};

/// A tool of a server.
pub struct Remote {
    server: Arc<Server>,
    listed: Arc<Listed>,
}

impl Remote {
    pub fn new(server: Arc<Server>, listed: Arc<Listed>) -> Self {
        Self { server, listed }
    }

    async fn carry_out(&self, arguments: &str) -> Result<String, String> {
        let arguments: Map<String, Value> = parse(arguments)?;
        let mut link = self.link().await?;
        let mut answer = self.ask(&link, &arguments).await;
        if let Ok(Err(Fault::SessionOver)) = answer {
            self.server.renew(&link);
            link = self.link().await?;
            answer = self.ask(&link, &arguments).await;
        }
        let id = self.server.id();
        match answer {
            Ok(Ok(outcome)) => outcome.into_text(),
            Ok(Err(Fault::Refused(refusal))) => Err(self.refusal(&refusal)),
            Ok(Err(fault)) => Err(self.fault(&link, &fault).await),
            Err(_) => {
                if !link.is_alive().await {
                    self.server.give_up(&link, "it no longer answers");
                }
                Err(format!(
                    "the MCP server `{id}` did not answer within {} s; what it did so far stays done",
                    self.server.config().call_limit().as_secs_f64()
                ))
            }
        }
    }

    async fn link(&self) -> Result<Arc<Link>, String> {
        let id = self.server.id();
        let link = self.server.link().await;
        link.map_err(|reason| format!("the MCP server `{id}` is not there: {reason}"))
    }

    async fn ask(
        &self,
        link: &Link,
        arguments: &Map<String, Value>,
    ) -> Result<Result<Outcome, Fault>, Elapsed> {
        let limit = self.server.config().call_limit();
        timeout(limit, link.call(&self.listed.own, arguments)).await
    }

    /// What became of a call that has no answer. A server that is gone is given up.
    async fn fault(&self, link: &Arc<Link>, fault: &Fault) -> String {
        let id = self.server.id();
        tracing::debug!(server = id, %fault, "an MCP call failed");
        let fault = match fault {
            _ if link.is_closed() => {
                self.server.give_up(link, "it has died");
                &Fault::Closed
            }
            Fault::Busy => fault,
            fault => {
                if !link.is_alive().await {
                    let why = match fault {
                        Fault::Unusable => "it no longer answers".to_owned(),
                        fault => fault.to_string(),
                    };
                    self.server.give_up(link, &why);
                }
                fault
            }
        };
        match fault {
            Fault::Status(_, Some(refusal)) => self.refusal(refusal),
            fault => format!("the MCP server `{id}` failed: {fault}"),
        }
    }

    /// What a server says of a call that it refuses, without the secrets that it was given.
    fn refusal(&self, refusal: &Refusal) -> String {
        let config = self.server.config();
        let given = config.env.values().chain(config.headers.values());
        match Secrets::from_iter(given)
            .redact(refusal.message.trim())
            .as_ref()
        {
            "" => {
                let id = self.server.id();
                format!("the MCP server `{id}` refused the call and does not say why")
            }
            message => message.to_owned(),
        }
    }
}

impl Tool for Remote {
    fn name(&self) -> &str {
        &self.listed.name
    }

    fn description(&self) -> &str {
        &self.listed.description
    }

    fn parameters(&self) -> &str {
        &self.listed.parameters
    }

    fn side_effects(&self) -> bool {
        // A hint, and of use only for what an error says about trying again.
        !self.listed.is_read_only
    }

    fn call<'a>(&'a self, _: &'a ToolContext, arguments: &'a str) -> BoxFuture<'a, ToolResult> {
        self.carry_out(arguments).map(ToolResult::from).boxed()
    }
}

/// Says why a server is not there.
pub struct StandIn {
    name: String,
    description: String,
    reason: String,
}

impl StandIn {
    pub fn new(id: &str, reason: String) -> Self {
        Self {
            name: format!("{id}__unavailable"),
            description: format!("The tools of the MCP server `{id}` are not there now. Says why."),
            reason: format!("the MCP server `{id}` is not there: {reason}"),
        }
    }
}

impl Tool for StandIn {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{}}"#
    }

    fn call<'a>(&'a self, _: &'a ToolContext, _: &'a str) -> BoxFuture<'a, ToolResult> {
        async { ToolResult::error(&self.reason) }.boxed()
    }
}
