//! How a run fails, and whose fault it is. Both doors answer from [`RunError::fault`] alone.

use std::time::Duration;

use super::constraint::Unmet;
use crate::chat::{AgentId, ModelRef};
use crate::providers::ProviderError;
use crate::sessions::{StoreError, Unavailable};

/// What a caller is told whose turn another program's lock, or the way to the database, kept from being written.
const BACK_AFTER: Duration = Duration::from_secs(1);

/// Why a run, a listing or an embedding did not happen, or broke midway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    #[error("no agent `{name}`; configured: {}", configured.join(", "))]
    UnknownAgent {
        name: String,
        configured: Vec<String>,
    },
    #[error("no model `{name}`; {advice}")]
    UnknownModel { name: String, advice: String },
    #[error("agent `{agent}` may not use `{model}`; allowed: {}", allowed.join(", "))]
    ModelNotAllowed {
        agent: AgentId,
        model: ModelRef,
        allowed: Vec<String>,
    },
    #[error("missing scope: {0}")]
    MissingScope(&'static str),
    /// What was asked cannot be right, wherever it is sent. `param` names the member of the request.
    #[error("{message}")]
    Invalid {
        param: Option<String>,
        message: String,
    },
    /// The configuration names nothing that can be called.
    #[error("no model can be called: {0}")]
    NotConfigured(String),
    #[error("too many runs are waiting; try again in {} s", retry_after.as_secs())]
    Busy { retry_after: Duration },
    #[error("the run was not done within {} s", limit.as_secs_f64())]
    Deadline { limit: Duration },
    #[error("the provider's answer ended before its end")]
    Unfinished,
    /// The caller insisted on a tool call, and no answer held one.
    #[error("the model called none of the tools that `tool_choice` asks for: {tools}")]
    ToolChoiceUnmet { tools: String },
    /// The caller ruled the call out, and the model insisted on it.
    #[error("the model called `{tool}`, which `tool_choice` does not allow")]
    ForbiddenCall { tool: String },
    /// The caller insisted on a form, and no answer had it.
    #[error("the model's answer does not match `response_format`: {reason}")]
    SchemaUnmet { reason: String },
    #[error("the conversation is too long for the model's context window of {window} tokens")]
    TooLong { window: u64 },
    /// Not there, or somebody else's, or of another agent or session: all the same to who asks.
    #[error(
        "no response `{0}` that this request can continue; it is not kept, or one before it is no longer kept"
    )]
    UnknownResponse(String),
    #[error("the responses before this one are too many, or too large, to be continued")]
    ChainTooLong,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the model went on calling tools after {limit} rounds of them")]
    ToolRounds { limit: u32 },
    #[error("the model repeated a call of `{tool}` that had failed {times} times in a row")]
    ToolLoop { tool: String, times: u32 },
    /// The run broke after a tool had changed something: trying again would change it again.
    #[error(transparent)]
    AfterChanges(Box<RunError>),
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

/// Whose fault a failure is, and what the caller can do: the one input of HTTP statuses and exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request is wrong; sent again, it fails again.
    Caller,
    /// It names an agent or a model that is not there.
    NotFound,
    /// The caller may not do this.
    Refused,
    /// Try again, where known after this long.
    Busy { retry_after: Option<Duration> },
    /// The configuration lacks what the request needs.
    Misconfigured,
    /// The session store cannot be used now; it may be again, where known after this long.
    Storage { retry_after: Option<Duration> },
    /// The session store cannot be used until somebody mends it, or this program.
    BrokenStorage,
    /// The provider refused the key of this installation.
    Credentials,
    /// The provider failed.
    Upstream,
    /// The provider cannot be reached.
    Unreachable,
    /// A limit of time passed.
    TimedOut,
}

impl From<Unmet> for RunError {
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::ToolChoice(tools) => Self::ToolChoiceUnmet { tools },
            Unmet::ForbiddenCall(tool) => Self::ForbiddenCall { tool },
            Unmet::Schema(reason) => Self::SchemaUnmet { reason },
        }
    }
}

impl RunError {
    pub fn fault(&self) -> Fault {
        match self {
            Self::UnknownAgent { .. } | Self::UnknownModel { .. } => Fault::NotFound,
            Self::ModelNotAllowed { .. } | Self::MissingScope(_) => Fault::Refused,
            Self::Invalid { .. } => Fault::Caller,
            Self::NotConfigured(_) => Fault::Misconfigured,
            Self::Busy { retry_after } => Fault::Busy {
                retry_after: Some(*retry_after),
            },
            Self::Deadline { .. } => Fault::TimedOut,
            Self::Unfinished
            | Self::ToolChoiceUnmet { .. }
            | Self::ForbiddenCall { .. }
            | Self::SchemaUnmet { .. }
            | Self::ToolRounds { .. }
            | Self::ToolLoop { .. } => Fault::Upstream,
            Self::AfterChanges(error) => error.fault(),
            Self::TooLong { .. } | Self::UnknownResponse(_) | Self::ChainTooLong => Fault::Caller,
            Self::Store(StoreError::Busy { retry_after }) => Fault::Busy {
                retry_after: Some(*retry_after),
            },
            Self::Store(
                StoreError::Newer { .. }
                | StoreError::Unavailable(Unavailable::Damaged | Unavailable::Replaced),
            ) => Fault::BrokenStorage,
            Self::Store(StoreError::Unavailable(
                Unavailable::Locked | Unavailable::Unreachable,
            )) => Fault::Storage {
                retry_after: Some(BACK_AFTER),
            },
            Self::Store(StoreError::Unavailable(_) | StoreError::LostLease) => {
                Fault::Storage { retry_after: None }
            }
            Self::Provider(error) => match error {
                ProviderError::Rejected { .. } | ProviderError::Unsupported { .. } => Fault::Caller,
                ProviderError::UnknownModel { .. } => Fault::NotFound,
                ProviderError::Auth { .. } => Fault::Credentials,
                ProviderError::Limited { retry_after, .. } => Fault::Busy {
                    retry_after: *retry_after,
                },
                ProviderError::Unreachable { .. } => Fault::Unreachable,
                ProviderError::Silent { .. } => Fault::TimedOut,
                ProviderError::Failed { .. }
                | ProviderError::Broken { .. }
                | ProviderError::InStream { .. } => Fault::Upstream,
            },
        }
    }

    /// The machine-readable code, where there is one: OpenAI's, the provider's, or ours.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::UnknownAgent { .. } => Some("agent_not_found"),
            Self::UnknownModel { .. } => Some("model_not_found"),
            Self::ModelNotAllowed { .. } => Some("model_not_allowed"),
            Self::MissingScope(_) => Some("missing_scope"),
            Self::Invalid { .. } => None,
            Self::NotConfigured(_) => Some("provider_not_configured"),
            Self::Busy { .. } => Some("too_many_runs"),
            Self::Deadline { .. } => Some("run_timeout"),
            Self::Unfinished => Some("provider_broken_answer"),
            Self::ToolChoiceUnmet { .. } | Self::ForbiddenCall { .. } => Some("tool_choice_unmet"),
            Self::SchemaUnmet { .. } => Some("schema_unmet"),
            Self::ToolRounds { .. } => Some("tool_rounds_exceeded"),
            Self::ToolLoop { .. } => Some("tool_loop"),
            Self::AfterChanges(error) => error.code(),
            Self::TooLong { .. } | Self::ChainTooLong => Some("context_length_exceeded"),
            Self::UnknownResponse(_) => Some("previous_response_not_found"),
            Self::Store(StoreError::Busy { .. }) => Some("session_busy"),
            Self::Store(StoreError::LostLease) => Some("session_lost"),
            Self::Store(_) => Some("store_unavailable"),
            Self::Provider(error) => match error {
                ProviderError::Rejected { code, .. } => code.as_deref(),
                ProviderError::UnknownModel { .. } => Some("model_not_found"),
                ProviderError::Auth { .. } => Some("provider_auth"),
                ProviderError::Limited { .. } => Some("rate_limit_exceeded"),
                ProviderError::Unreachable { .. } => Some("provider_unreachable"),
                ProviderError::Failed { .. } => Some("provider_failed"),
                ProviderError::Broken { .. } => Some("provider_broken_answer"),
                ProviderError::InStream { .. } => Some("provider_error"),
                ProviderError::Silent { .. } => Some("provider_timeout"),
                ProviderError::Unsupported { .. } => Some("unsupported"),
            },
        }
    }

    /// The member of the request that is at fault, where one is.
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::UnknownModel { .. } | Self::ModelNotAllowed { .. } => Some("model"),
            Self::Invalid { param, .. } | Self::Provider(ProviderError::Rejected { param, .. }) => {
                param.as_deref()
            }
            Self::UnknownResponse(_) | Self::ChainTooLong => Some("previous_response_id"),
            Self::AfterChanges(error) => error.param(),
            _ => None,
        }
    }

    /// Whether a caller may send the same request again.
    pub fn may_be_repeated(&self) -> bool {
        !matches!(self, Self::AfterChanges(_))
    }
}
