//! Who may come through door 2: from the headers of a request to a [`Caller`], or why not. It reads no body and
//! writes no response.

mod browser;
mod scopes;
mod shared_secret;

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;

use crate::chat::Principal;
use crate::config::{AuthConfig, AuthModeName, Secret};
pub use scopes::{Scope, Scopes};
use shared_secret::SharedSecret;

/// How callers prove who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthMode {
    /// A bearer token.
    Token(Secret),
    /// A password, sent as a bearer.
    Password(Secret),
    /// Not at all.
    None,
}

/// Why the server does not start with this `gateway.auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthSetupError {
    #[error(
        "both `gateway.auth.token` and `gateway.auth.password` are set: set `gateway.auth.mode` or remove one"
    )]
    Ambiguous,
    #[error("`gateway.auth.mode` is \"password\", but there is none: set `gateway.auth.password`")]
    NoPassword,
    #[error(
        "`gateway.auth.mode` \"trusted-proxy\" is not available in this version: use \"token\" or \"password\""
    )]
    TrustedProxy,
    #[error("without a secret only a loopback address can be served: set `gateway.auth.token`")]
    NoSecret,
    #[error(
        "`gateway.auth.mode` \"none\" serves only a loopback address: set a token, or `gateway.auth.dangerouslyAllowOpenBind: true`"
    )]
    OpenBind,
}

impl AuthMode {
    /// The mode of a configuration in which the environment and the command line have been merged. `Ok(None)` when it
    /// holds no secret and only this machine is served: the caller then makes a token for this run.
    ///
    /// # Errors
    /// A mode that cannot be, or that would open `bind` to anyone.
    pub fn choose(auth: &AuthConfig, bind: IpAddr) -> Result<Option<Self>, AuthSetupError> {
        let there = |secret: &Option<Secret>| {
            secret
                .clone()
                .filter(|secret| !secret.expose().trim().is_empty())
        };
        let (token, password) = (there(&auth.token), there(&auth.password));
        let chosen = match auth.mode {
            Some(AuthModeName::Token) => token.map(Self::Token),
            Some(AuthModeName::Password) => {
                Some(Self::Password(password.ok_or(AuthSetupError::NoPassword)?))
            }
            Some(AuthModeName::TrustedProxy) => return Err(AuthSetupError::TrustedProxy),
            Some(AuthModeName::None) => Some(Self::None),
            None => match (token, password) {
                (Some(_), Some(_)) => return Err(AuthSetupError::Ambiguous),
                (Some(token), None) => Some(Self::Token(token)),
                (None, password) => password.map(Self::Password),
            },
        };
        let local = bind.to_canonical().is_loopback();
        match chosen {
            None if !local => Err(AuthSetupError::NoSecret),
            Some(Self::None) if !local && !auth.dangerously_allow_open_bind => {
                Err(AuthSetupError::OpenBind)
            }
            chosen => Ok(chosen),
        }
    }
}

/// Somebody who may come in. Only [`Authenticator::authenticate`] makes one, so no handler runs without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    principal: Principal,
    scopes: Scopes,
}

impl Caller {
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }
}

/// Why somebody may not come in. The messages never repeat what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("credentials are missing: send `Authorization: Bearer <secret>`")]
    NoCredentials,
    #[error("the credentials cannot be read: send one `Authorization: Bearer <secret>`")]
    Malformed,
    #[error("the credentials are wrong")]
    Wrong,
    #[error(
        "requests of web pages of other origins are not answered without a token or a password"
    )]
    Origin,
    #[error(
        "this host name is not answered without a token or a password: list it in `gateway.http.allowedHosts`"
    )]
    Host,
}

/// The header with which a caller who has to prove nothing gives up scopes.
const SCOPES: &str = "x-openclaw-scopes";

/// Decides who may come in.
pub struct Authenticator(Rule);

enum Rule {
    Bearer(SharedSecret),
    /// Everyone but foreign web pages; names under which the server is known beside its own.
    Open {
        allowed_hosts: Vec<String>,
    },
}

impl Authenticator {
    /// `allowed_hosts` are the host names that [`AuthMode::None`] answers to, beside addresses and localhost.
    pub fn new(mode: AuthMode, allowed_hosts: &[String]) -> Self {
        Self(match mode {
            AuthMode::Token(secret) | AuthMode::Password(secret) => {
                Rule::Bearer(SharedSecret::new(&secret))
            }
            AuthMode::None => Rule::Open {
                allowed_hosts: allowed_hosts.to_vec(),
            },
        })
    }

    /// Who sends a request with these headers from this address.
    ///
    /// # Errors
    /// Credentials that are missing or wrong, and foreign web pages where none are needed.
    pub fn authenticate(&self, _peer: SocketAddr, headers: &HeaderMap) -> Result<Caller, Denied> {
        let scopes = match &self.0 {
            Rule::Bearer(secret) if secret.is(shared_secret::bearer(headers)?) => Scopes::ALL,
            Rule::Bearer(_) => return Err(Denied::Wrong),
            Rule::Open { allowed_hosts } => {
                browser::check(headers, allowed_hosts)?;
                requested(headers).map_or(Scopes::ALL, |wanted| Scopes::ALL.narrowed_to(wanted))
            }
        };
        Ok(Caller {
            principal: Principal::Owner,
            scopes,
        })
    }
}

/// The scopes that the caller asks for, where it says so. A header that is there but empty asks for none.
fn requested(headers: &HeaderMap) -> Option<Scopes> {
    let mut values = headers.get_all(SCOPES).iter().peekable();
    values.peek()?;
    let lists: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    Some(Scopes::parse(&lists.join(",")))
}

#[cfg(test)]
mod tests;
