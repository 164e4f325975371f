//! The `gateway` section: where the server listens, who may come in, and its limits.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{HstsConfig, IdentityScopes, ProxyRange, WebOrigin};
use super::endpoints::Endpoints;
use super::secret::Secret;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayConfig {
    /// The port of the server; 0 takes a free one.
    pub port: u16,
    /// Which addresses the server listens on.
    pub bind: BindMode,
    /// The address of `bind: "custom"`.
    pub custom_bind_host: Option<String>,
    pub auth: AuthConfig,
    /// The reverse proxies whose forwarding headers count: addresses and ranges.
    pub trusted_proxies: Vec<ProxyRange>,
    /// Whether `X-Real-IP` of a listed proxy names the client where it sends no `X-Forwarded-For` and no `Forwarded`.
    pub allow_real_ip_fallback: bool,
    pub http: HttpConfig,
    pub metrics: MetricsConfig,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            port: 18789,
            bind: BindMode::Loopback,
            custom_bind_host: None,
            auth: AuthConfig::default(),
            trusted_proxies: Vec::new(),
            allow_real_ip_fallback: false,
            http: HttpConfig::default(),
            metrics: MetricsConfig::default(),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricsConfig {
    /// Whether programs on this machine read `/metrics` without a secret.
    pub open: bool,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum BindMode {
    /// Loopback, as long as nothing else is asked for.
    Auto,
    /// This machine only (127.0.0.1).
    Loopback,
    /// Every address of this machine (0.0.0.0).
    Lan,
    /// The address of this machine in its tailnet (100.64.0.0/10).
    Tailnet,
    /// The address in `customBindHost`.
    Custom,
}

/// Who may come in. With no mode: token where a token is set, else password; both set is an error.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthConfig {
    pub mode: Option<AuthModeName>,
    pub token: Option<Secret>,
    pub password: Option<Secret>,
    /// Identity from a reverse proxy, for `mode: "trusted-proxy"`.
    pub trusted_proxy: Option<TrustedProxyConfig>,
    /// The most scopes that the identities of a proxy have.
    pub identity_scopes: Option<IdentityScopes>,
    /// Locks out an address that sends wrong credentials again and again; off unless given.
    pub rate_limit: Option<RateLimitConfig>,
    /// Lets `mode: "none"` listen on more than loopback. Anyone who reaches the port can then use every agent.
    pub dangerously_allow_open_bind: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TrustedProxyConfig {
    /// The header that names the user.
    pub user_header: Option<String>,
    /// Headers that must be there, and not blank, beside it.
    pub required_headers: Vec<String>,
    /// The users that may come in; empty: all.
    pub allow_users: Vec<String>,
    /// Whether a listed proxy may be on this machine. Every program here can then claim to be it.
    pub allow_loopback: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimitConfig {
    /// Wrong credentials within the window before the lock.
    #[schemars(range(min = 1, max = 1000))]
    pub max_attempts: u32,
    #[schemars(range(min = 1))]
    pub window_ms: u64,
    /// How long the lock lasts.
    #[schemars(range(min = 1))]
    pub lockout_ms: u64,
    /// Whether this machine's own callers are never locked out.
    pub exempt_loopback: bool,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self {
            max_attempts: 10,
            window_ms: 60_000,
            lockout_ms: 300_000,
            exempt_loopback: true,
        }
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum AuthModeName {
    Token,
    Password,
    TrustedProxy,
    None,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpConfig {
    pub endpoints: Endpoints,
    /// The largest request body, in bytes.
    #[schemars(range(min = 1024))]
    pub max_body_bytes: u64,
    /// Host names, beside IP addresses and localhost, that `auth.mode: "none"` answers to.
    pub allowed_hosts: Vec<String>,
    /// Connections at once; further ones wait to be accepted.
    #[schemars(range(min = 1))]
    pub max_connections: u32,
    /// How long a request head may take, and a new connection to send its first byte.
    #[schemars(range(min = 1))]
    pub header_timeout_ms: u64,
    /// How long a request body may take.
    #[schemars(range(min = 1))]
    pub body_timeout_ms: u64,
    /// How long a connection may be idle between requests.
    #[schemars(range(min = 1))]
    pub keep_alive_ms: u64,
    pub sse: SseConfig,
    /// How long what runs may go on after the server was told to stop.
    pub drain_ms: u64,
    pub sessions: HttpSessions,
    pub security_headers: SecurityHeaders,
    pub cors: CorsConfig,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            endpoints: Endpoints::default(),
            max_body_bytes: 20_000_000,
            allowed_hosts: Vec::new(),
            max_connections: 10_000,
            header_timeout_ms: 10_000,
            body_timeout_ms: 30_000,
            keep_alive_ms: 75_000,
            sse: SseConfig::default(),
            drain_ms: 30_000,
            sessions: HttpSessions::default(),
            security_headers: SecurityHeaders::default(),
            cors: CorsConfig::default(),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityHeaders {
    /// The value of `Strict-Transport-Security`, for a server behind TLS; `false` is off.
    pub strict_transport_security: Option<HstsConfig>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CorsConfig {
    /// Origins whose pages may call the gateway; none by default.
    pub allowed_origins: Vec<WebOrigin>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SseConfig {
    /// A stream that is silent for this long sends a comment; 0 never does.
    pub heartbeat_ms: u64,
}

impl Default for SseConfig {
    fn default() -> Self {
        Self {
            heartbeat_ms: 15_000,
        }
    }
}

impl SseConfig {
    /// The silence after which a comment goes out.
    pub fn heartbeat(&self) -> Option<Duration> {
        (self.heartbeat_ms > 0).then(|| Duration::from_millis(self.heartbeat_ms))
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpSessions {
    /// Whether the `user` of a request names a lasting session; if not, it only goes to the provider.
    pub from_user: bool,
}

impl Default for HttpSessions {
    fn default() -> Self {
        Self { from_user: true }
    }
}
