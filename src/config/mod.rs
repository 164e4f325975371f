//! Configuration: OpenClaw's own schema in JSON5, the environment, and where both are found.
//!
//! The types here are the schema: their doc comments and ranges are what error messages and `config schema` say.
//! Sections and keys of OpenClaw that this program does not have are accepted and ignored.

mod access;
mod agent;
mod agents;
mod check;
mod endpoints;
mod env;
mod expand;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod gateway;
mod include;
mod init;
mod load;
mod locate;
mod logging;
mod mcp;
mod models;
mod paths;
mod price;
mod problem;
mod report;
mod schema;
mod secret;
mod secret_ref;
mod secrets;
mod server_url;
mod session;
mod show;
mod sources;
mod store;
mod tools;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use access::{EVERYONE, HstsConfig, IdentityScopes, ProxyRange, WebOrigin};
pub use agent::{Agent, Bootstrap, agent_id};
pub use agents::{
    AgentSettings, AgentsConfig, CompactionMode, Identity, MemorySearch, ModelChoice,
    ModelSettings, PromptContext, RemoteEmbedding,
};
pub use endpoints::{Endpoints, FetchConfig, ModelListing};
pub use env::{Environment, Variables};
pub use gateway::{
    AuthConfig, AuthModeName, BindMode, GatewayConfig, HttpConfig, HttpSessions, RateLimitConfig,
    TrustedProxyConfig,
};
pub use init::{InitError, init};
pub use load::{LoadError, Loaded, load};
pub use logging::{ConsoleStyle, LoggingConfig};
pub use mcp::{McpConfig, McpServerConfig};
pub use models::{
    ApiKind, Compat, DimensionsField, InputKind, MaxTokensField, ModelConfig, ModelKind,
    ModelsConfig, ModelsMode, ProviderConfig, Upstream,
};
pub use paths::Paths;
pub use price::{LongPrompt, Price};
pub use report::ConfigError;
pub use schema::schema;
pub use secret::Secret;
pub use secret_ref::{
    ExecProvider, FileMode, FileProvider, SecretProvider, SecretSource, SecretsConfig,
};
pub use secrets::Secrets;
pub use server_url::ServerUrl;
pub use session::{MaintenanceMode, SessionConfig};
pub use show::effective;
pub use store::StoreChoice;
pub use tools::{
    ExecConfig, ToolPolicyConfig, ToolProfile, ToolsConfig, WebConfig, WebFetchConfig,
};

/// A whole configuration file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Config {
    /// The schema of this file, for editors.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Variables for providers and `${NAME}`, used only where the process environment lacks them: `{ NAME: "value", vars: { NAME: "value" } }`.
    pub env: Variables,
    /// Who keeps the secrets that this file refers to.
    pub secrets: SecretsConfig,
    pub gateway: GatewayConfig,
    pub models: ModelsConfig,
    pub agents: AgentsConfig,
    /// The later spelling of `agents.defaults.memorySearch`.
    pub memory: MemoryConfig,
    pub tools: ToolsConfig,
    /// Servers of the Model Context Protocol.
    pub mcp: McpConfig,
    pub session: SessionConfig,
    pub logging: LoggingConfig,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryConfig {
    pub search: Option<MemorySearch>,
}
