//! The way to a running server: it is greeted, tells its tools, and is called. Dropping it ends the conversation, and lets
//! the program go.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::address::Address;
use super::conversation::Conversation;
use super::fault::Fault;
use super::http::Http;
use super::message::{self, Answer};
use super::outcome::Outcome;
use super::page::{Entry, Page};
use super::program::{Ending, LEAVE_LIMIT, Program};
use crate::config::McpServerConfig;

/// The version of the protocol that is asked for: the latest that has a greeting. What is used of it is the same in every
/// version, and whichever the server names instead is agreed to.
const VERSION: &str = "2025-11-25";

/// How long a server may take to say that it is alive.
const PING_LIMIT: Duration = Duration::from_secs(2);

/// A server that has not been heard for this long is asked whether it is alive before it is used.
const SILENCE: Duration = Duration::from_secs(30);

pub struct Link {
    conversation: Arc<Conversation>,
    way: Way,
    /// When the server last answered.
    heard: Mutex<Instant>,
    /// Carries the conversation, and ends when `_held` is dropped.
    carrier: JoinHandle<()>,
    _held: oneshot::Sender<Infallible>,
}

/// Over what is spoken.
enum Way {
    Program(Program),
    Address(Arc<Http>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Greeting {
    protocol_version: String,
}

impl Link {
    /// Starts the program, or connects to the address, and greets the server.
    ///
    /// # Errors
    /// A sentence on why it is not there.
    pub async fn open(
        id: &str,
        config: &McpServerConfig,
        variables: &[(&'static str, String)],
        ending: &Ending,
    ) -> Result<Self, String> {
        let (conversation, outgoing) = Conversation::new();
        let conversation = Arc::new(conversation);
        let (held, let_go) = oneshot::channel();
        // Both carriers are awaited by `end`, and end when what holds them is dropped.
        let (way, carrier) = match (&config.command, &config.url) {
            (Some(command), _) => {
                let (program, pipes) = Program::start((id, command), config, variables, ending)?;
                let carried = pipes.carry(Arc::clone(&conversation), outgoing, let_go);
                (Way::Program(program), tokio::spawn(carried))
            }
            (None, Some(url)) => {
                let address = Address::new(url, config)?;
                let http = Arc::new(Http::new(address, Arc::clone(&conversation)));
                let carried = Arc::clone(&http).carry(outgoing, let_go);
                (Way::Address(http), tokio::spawn(carried))
            }
            (None, None) => return Err("it has neither a command nor a URL".to_owned()),
        };
        let link = Self {
            conversation,
            way,
            heard: Mutex::new(Instant::now()),
            carrier,
            _held: held,
        };
        link.greet().await.map_err(|fault| {
            tracing::debug!(server = id, %fault, "an MCP server did not greet");
            not_greeted(&fault)
        })?;
        Ok(link)
    }

    async fn greet(&self) -> Result<(), Fault> {
        let about = json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") });
        let params = json!({ "protocolVersion": VERSION, "capabilities": {}, "clientInfo": about });
        let answer = self.request("initialize", &params).await?;
        let greeting: Greeting = serde_json::from_str(answer.get()).map_err(|_| Fault::Unusable)?;
        let greeted = message::notification("notifications/initialized");
        match &self.way {
            Way::Program(_) => self.conversation.send(greeted).await,
            Way::Address(http) => {
                http.agree(&greeting.protocol_version);
                http.tell(greeted).await?;
                http.attend();
                Ok(())
            }
        }
    }

    /// Says good-bye, and returns when that is said.
    pub async fn end(self) {
        drop(self._held);
        // Whoever does not listen is left all the same.
        let _ = timeout(LEAVE_LIMIT, self.carrier).await;
    }

    pub fn is_closed(&self) -> bool {
        self.conversation.is_over()
    }

    /// Whether what is known of the server can be relied on without asking.
    pub fn is_fresh(&self) -> bool {
        !self.conversation.is_changed() && self.heard().elapsed() < SILENCE
    }

    /// Whether the server has said, since this was last asked, that it has other tools now.
    pub fn has_changed(&self) -> bool {
        self.conversation.has_changed()
    }

    /// Hands `take` each entry of the server's list of tools, page by page, until it answers that it has enough.
    pub async fn tools(&self, mut take: impl FnMut(Entry) -> bool) -> Result<(), Fault> {
        let mut params = json!({});
        loop {
            let answer = match self.request("tools/list", &params).await {
                // A server of other things than tools.
                Err(fault) if fault.is_unknown_method() => return Ok(()),
                answer => answer?,
            };
            let page = Page::read(&answer).ok_or(Fault::Unusable)?;
            let has_enough = page.entries().any(|entry| !take(entry));
            match page.next {
                Some(next) if !has_enough => params = json!({ "cursor": next }),
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Dropping the future tells the server that nobody waits any more.
    pub async fn call(&self, name: &str, arguments: &Map<String, Value>) -> Result<Outcome, Fault> {
        let params = json!({ "name": name, "arguments": arguments });
        let answer = self.request("tools/call", &params).await?;
        Outcome::read(&answer).ok_or(Fault::Unusable)
    }

    /// Whether the server says anything at all.
    pub async fn is_alive(&self) -> bool {
        let params = json!({});
        let answer = timeout(PING_LIMIT, self.request("ping", &params)).await;
        match answer {
            // A refusal is an answer too. A failure of its address is none: what is there may be another server by now.
            Ok(Ok(_) | Err(Fault::Refused(_))) => true,
            Ok(Err(fault)) => fault.is_unknown_method(),
            Err(_) => false,
        }
    }

    async fn request(&self, method: &str, params: &Value) -> Answer {
        let mut waiting = self.conversation.expect()?;
        let request = message::request(waiting.id(), method, params);
        let answer = match &self.way {
            Way::Program(program) => {
                program.ask();
                self.conversation.send(request).await?;
                waiting.answer().await
            }
            Way::Address(http) => http.request(request, waiting).await,
        };
        if answer.is_ok() {
            *self.heard() = Instant::now();
        }
        answer
    }

    fn heard(&self) -> MutexGuard<'_, Instant> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_greeted(fault: &Fault) -> String {
    match fault {
        Fault::Closed => "it ended before it had greeted".to_owned(),
        Fault::Status(..) | Fault::Unreached | Fault::Broken => fault.to_string(),
        Fault::Refused(_) | Fault::Unusable | Fault::SessionOver | Fault::Busy => {
            "it did not answer in its protocol".to_owned()
        }
    }
}
