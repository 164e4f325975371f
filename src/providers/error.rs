//! How a model call fails. Variants say what the reader can do about it.

use std::time::Duration;

/// A failed call of a provider. Messages name the provider, never a host, a path or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// 400, 404 (not the model), 409, 413, 422: the request itself. The provider's own words and code.
    #[error("{message}")]
    Rejected {
        message: String,
        code: Option<String>,
        param: Option<String>,
    },
    /// The provider has no such model.
    #[error("{provider} does not serve the model: {message}")]
    UnknownModel { provider: String, message: String },
    /// 401, 402 or 403: the key in our configuration, not the caller's.
    #[error("{provider} refused our credentials (HTTP {status}): check its API key and account")]
    Auth { provider: String, status: u16 },
    /// 429.
    #[error("{provider} is rate limited")]
    Limited {
        provider: String,
        retry_after: Option<Duration>,
    },
    /// No connection: refused, DNS, TLS, connect timeout.
    #[error("{provider} cannot be reached: {reason}")]
    Unreachable { provider: String, reason: String },
    /// 408 and 5xx.
    #[error("{provider} failed (HTTP {status})")]
    Failed { provider: String, status: u16 },
    /// An answer that is not the dialect's, or that ended before its end.
    #[error("{provider} sent an answer that cannot be used: {reason}")]
    Broken { provider: String, reason: String },
    /// An error that the provider reported inside its stream.
    #[error("{provider} reported an error: {message}")]
    InStream { provider: String, message: String },
    /// Nothing came for this long: `awaiting` is what was waited for.
    #[error("{provider} was silent for {} s ({awaiting})", limit.as_secs_f64())]
    Silent {
        provider: String,
        awaiting: &'static str,
        limit: Duration,
    },
    /// The provider, or its dialect in this program, cannot do what was asked.
    #[error("{provider} cannot {what}")]
    Unsupported {
        provider: String,
        what: &'static str,
    },
}
