//! Why somebody may not come in.

use std::time::Duration;

use super::trusted_proxy::Refusal;

/// The messages never repeat what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("credentials are missing: send `Authorization: Bearer <secret>`")]
    NoCredentials,
    #[error("the credentials cannot be read: send one `Authorization: Bearer <secret>`")]
    Malformed,
    #[error("the credentials are wrong")]
    Wrong,
    #[error("too many wrong credentials came from this address: try again later")]
    LockedOut {
        /// What is left of the lock.
        retry_after: Duration,
    },
    #[error(
        "requests of web pages of other origins are not answered here: list the origin in `gateway.http.cors.allowedOrigins`"
    )]
    Origin,
    #[error(
        "this host name is not answered without a token or a password: list it in `gateway.http.allowedHosts`"
    )]
    Host,
    #[error(
        "what a proxy forwards is not answered without authentication: set a token, or list the proxy in `gateway.trustedProxies`"
    )]
    Forwarded,
    #[error(transparent)]
    Proxy(#[from] Refusal),
}

/// What a program is to make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Other credentials, or any.
    Credentials,
    /// To wait.
    Time(Duration),
    /// None on the side of the caller.
    Nothing,
}

impl Denied {
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NoCredentials | Self::Malformed | Self::Wrong => Remedy::Credentials,
            Self::LockedOut { retry_after } => Remedy::Time(*retry_after),
            Self::Proxy(refusal) if !refusal.is_final() => Remedy::Credentials,
            Self::Origin | Self::Host | Self::Forwarded | Self::Proxy(_) => Remedy::Nothing,
        }
    }

    /// A word for programs.
    pub fn code(&self) -> String {
        let code = match self {
            Self::NoCredentials | Self::Malformed | Self::Wrong => "invalid_api_key",
            Self::LockedOut { .. } => "rate_limited",
            Self::Origin => "origin_not_allowed",
            Self::Host => "host_not_allowed",
            Self::Forwarded => "forwarded_not_allowed",
            Self::Proxy(refusal) => return refusal.code(),
        };
        code.to_owned()
    }
}
