//! A running server and the conversation with it. Dropping it ends both.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, JsonObject, PaginatedRequestParams,
    PingRequest, Tool,
};
use rmcp::service::{NotificationContext, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, RoleClient, serve_client};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::config::McpServerConfig;
use crate::tools::process_group::Group;

/// The longest message of a server, in bytes. A longer one is dropped, and its call fails by its limit.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// The longest line that a program writes for its log, in bytes.
const MAX_LOG_BYTES: u64 = 4096;

/// The most tools of one server; further ones are left out.
const MAX_TOOLS: usize = 256;

/// How long a server may take to say that it is alive.
const PING_LIMIT: Duration = Duration::from_secs(2);

/// How long a connection to an address may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

pub struct Link {
    service: RunningService<RoleClient, Watch>,
    changed: Arc<AtomicBool>,
    // Before the child: once that is gone, the number of the group may be another's.
    _program: Option<(Group, Child)>,
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
    ) -> Result<Self, String> {
        let changed = Arc::new(AtomicBool::new(false));
        let watch = Watch(Arc::clone(&changed));
        let (service, program) = match (&config.command, &config.url) {
            (Some(command), _) => {
                let (transport, program) = start((id, command), config, variables)?;
                (serve_client(watch, transport).await, Some(program))
            }
            (None, Some(url)) => {
                let transport = connect(url, config)?;
                (serve_client(watch, transport).await, None)
            }
            (None, None) => return Err("it has neither a command nor a URL".to_owned()),
        };
        let service = service.map_err(|error| {
            tracing::debug!(server = id, %error, "an MCP server did not greet");
            "it did not answer in its protocol".to_owned()
        })?;
        Ok(Self {
            service,
            changed,
            _program: program,
        })
    }

    pub fn is_closed(&self) -> bool {
        self.service.is_closed() || self.service.is_transport_closed()
    }

    /// Whether the server has said, since this was last asked, that it has other tools now.
    pub fn has_changed(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }

    pub async fn tools(&self) -> Result<Vec<Tool>, ServiceError> {
        let mut tools = Vec::new();
        let mut cursor = None;
        loop {
            let page = PaginatedRequestParams::default().with_cursor(cursor);
            let page = self.service.list_tools(Some(page)).await?;
            tools.extend(page.tools);
            cursor = page.next_cursor;
            if cursor.is_none() || tools.len() >= MAX_TOOLS {
                tools.truncate(MAX_TOOLS);
                return Ok(tools);
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
        self.service.call_tool(call).await
    }

    /// Whether the server says anything at all.
    pub async fn is_alive(&self) -> bool {
        let ping = ClientRequest::PingRequest(PingRequest::default());
        let answer = timeout(PING_LIMIT, self.service.send_request(ping)).await;
        // A refusal is an answer too.
        matches!(answer, Ok(Ok(_) | Err(ServiceError::McpError(_))))
    }
}

type Pipes = AsyncRwTransport<RoleClient, ChildStdout, ChildStdin>;

/// Starts the program with `variables` and its own, and no others.
fn start(
    (id, command): (&str, &str),
    config: &McpServerConfig,
    variables: &[(&'static str, String)],
) -> Result<(Pipes, (Group, Child)), String> {
    let own = config
        .env
        .iter()
        .map(|(name, value)| (name, value.expose()));
    let mut program = Command::new(command);
    program
        .args(&config.args)
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .envs(own)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some(folder) = &config.cwd {
        program.current_dir(folder);
    }
    #[cfg(unix)]
    program.process_group(0);
    let mut child = program
        .spawn()
        .map_err(|error| format!("its program cannot be started: {}", error.kind()))?;
    let group = Group::of(&child);
    let stdout = child.stdout.take().expect("it is piped");
    let stdin = child.stdin.take().expect("it is piped");
    let stderr = child.stderr.take().expect("it is piped");
    // Nobody awaits it: it ends with the program, whose log it carries on.
    tokio::spawn(log(id.to_owned(), stderr));
    let pipes = AsyncRwTransport::new_client(stdout, stdin);
    let pipes = pipes.with_max_line_length(MAX_MESSAGE_BYTES);
    Ok((pipes, (group, child)))
}

/// Carries what a program writes into our log, line by line.
async fn log(server: String, stderr: ChildStderr) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut lines)
            .take(MAX_LOG_BYTES)
            .read_until(b'\n', &mut line)
            .await;
        if !matches!(read, Ok(1..)) {
            return;
        }
        let text = String::from_utf8_lossy(line.trim_ascii_end());
        tracing::debug!(server, text = &*text, "an MCP server says");
    }
}

fn connect(
    url: &str,
    config: &McpServerConfig,
) -> Result<StreamableHttpClientTransport<reqwest::Client>, String> {
    // The process-wide choice of rustls: set once, and the same each time.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        // A redirect would carry the credential to a place that nobody configured.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_LIMIT)
        .build()
        .map_err(|_| "no HTTP client can be made".to_owned())?;
    let header = |(name, value): (&String, &crate::config::Secret)| {
        let fault = |_| format!("its header `{name}` cannot be one");
        let header = HeaderName::try_from(name).map_err(|error| fault(error.to_string()))?;
        let value =
            HeaderValue::try_from(value.expose()).map_err(|error| fault(error.to_string()))?;
        Ok((header, value))
    };
    let headers = config.headers.iter().map(header);
    let headers = headers.collect::<Result<_, String>>()?;
    let wanted = StreamableHttpClientTransportConfig::with_uri(url)
        .custom_headers(headers)
        .max_sse_event_size(MAX_MESSAGE_BYTES);
    Ok(StreamableHttpClientTransport::with_client(client, wanted))
}
