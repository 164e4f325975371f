//! The conversation with a running server. Dropping it ends it, and lets the program go.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, ErrorCode, JsonObject, ListToolsRequest,
    PaginatedRequestParams, PingRequest,
};
use rmcp::service::{ClientInitializeError, NotificationContext, RunningService, ServiceError};
use rmcp::{ClientHandler, RoleClient, serve_client};
use tokio::time::{Instant, timeout};

use super::address;
use super::page::{Entry, Page};
use super::program::{Ending, LEAVE_LIMIT, Program};
use crate::config::McpServerConfig;

/// The longest message of a server, in bytes. A longer one is dropped, and its call fails by its limit.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// How long a server may take to say that it is alive.
const PING_LIMIT: Duration = Duration::from_secs(2);

/// A server that has not been heard for this long is asked whether it is alive before it is used.
const SILENCE: Duration = Duration::from_secs(30);

pub struct Link {
    service: RunningService<RoleClient, Watch>,
    changed: Arc<AtomicBool>,
    /// When the server last answered.
    heard: Mutex<Instant>,
    // After the conversation, with which the program's input ends.
    _program: Option<Program>,
}

/// Takes note of what a server tells of its own accord.
struct Watch(Arc<AtomicBool>);

impl ClientHandler for Watch {
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.0.store(true, Ordering::Release);
    }
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
        let changed = Arc::new(AtomicBool::new(false));
        let watch = Watch(Arc::clone(&changed));
        let (service, program) = match (&config.command, &config.url) {
            (Some(command), _) => {
                let (program, pipes) = Program::start((id, command), config, variables, ending)?;
                (serve_client(watch, pipes).await, Some(program))
            }
            (None, Some(url)) => {
                let transport = address::connect(url, config)?;
                (serve_client(watch, transport).await, None)
            }
            (None, None) => return Err("it has neither a command nor a URL".to_owned()),
        };
        let service = service.map_err(|error| {
            tracing::debug!(server = id, %error, "an MCP server did not greet");
            not_greeted(&error)
        })?;
        Ok(Self {
            service,
            changed,
            heard: Mutex::new(Instant::now()),
            _program: program,
        })
    }

    /// Says good-bye, and returns when that is said.
    pub async fn end(mut self) {
        // Whoever does not listen is left all the same.
        let _ = self.service.close_with_timeout(LEAVE_LIMIT).await;
    }

    pub fn is_closed(&self) -> bool {
        self.service.is_closed() || self.service.is_transport_closed()
    }

    /// Whether what is known of the server can be relied on without asking.
    pub fn is_fresh(&self) -> bool {
        !self.changed.load(Ordering::Acquire) && self.heard().elapsed() < SILENCE
    }

    /// Whether the server has said, since this was last asked, that it has other tools now.
    pub fn has_changed(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }

    /// Hands `take` each entry of the server's list of tools, page by page, until it answers that it has enough.
    pub async fn tools(&self, mut take: impl FnMut(Entry) -> bool) -> Result<(), ServiceError> {
        let mut cursor = None;
        loop {
            let page = PaginatedRequestParams::default().with_cursor(cursor);
            let asked = ClientRequest::ListToolsRequest(ListToolsRequest::with_param(page));
            let answer = match self.service.send_request(asked).await {
                // A server of other things than tools.
                Err(ServiceError::McpError(error)) if error.code == ErrorCode::METHOD_NOT_FOUND => {
                    return Ok(());
                }
                answer => answer?,
            };
            let page = Page::of(answer).ok_or(ServiceError::UnexpectedResponse)?;
            *self.heard() = Instant::now();
            let has_enough = page.entries.into_iter().any(|entry| !take(entry));
            cursor = page.next;
            if has_enough || cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Dropping the future tells the server that nobody waits any more.
    pub async fn call(
        &self,
        name: String,
        arguments: JsonObject,
    ) -> Result<CallToolResult, ServiceError> {
        let call = CallToolRequestParams::new(name).with_arguments(arguments);
        let result = self.service.call_tool(call).await?;
        *self.heard() = Instant::now();
        Ok(result)
    }

    /// Whether the server says anything at all.
    pub async fn is_alive(&self) -> bool {
        let ping = ClientRequest::PingRequest(PingRequest::default());
        let answer = timeout(PING_LIMIT, self.service.send_request(ping)).await;
        // A refusal is an answer too.
        let is_alive = matches!(answer, Ok(Ok(_) | Err(ServiceError::McpError(_))));
        if is_alive {
            *self.heard() = Instant::now();
        }
        is_alive
    }

    fn heard(&self) -> MutexGuard<'_, Instant> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_greeted(error: &ClientInitializeError) -> String {
    let reason = match error {
        ClientInitializeError::TransportError { error, .. } => {
            address::reason(error.error.as_ref())
        }
        ClientInitializeError::ConnectionClosed(_) => {
            Some("it ended before it had greeted".to_owned())
        }
        _ => None,
    };
    reason.unwrap_or_else(|| "it did not answer in its protocol".to_owned())
}
