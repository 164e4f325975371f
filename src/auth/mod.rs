//! Who may come through door 2: from the headers of a request to a [`Caller`], or why not. It reads no body and
//! writes no response.

mod browser;
mod client;
mod denied;
mod forwarded;
mod identity;
mod mode;
mod rate_limit;
mod scopes;
mod shared_secret;
mod trusted_proxy;

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use crate::chat::Principal;
use crate::config::{GatewayConfig, WebOrigin};
pub use client::{Client, Ends};
use client::{Proxies, Way};
pub use denied::{Denied, Remedy};
pub use mode::{AuthMode, AuthSetupError};
pub use rate_limit::Attempts;
use rate_limit::RateLimit;
pub use scopes::{Scope, Scopes};
use shared_secret::SharedSecret;
pub use trusted_proxy::{Refusal, TrustedProxy};

/// Somebody who may come in: whose state they have, and what they may do. Everything that reads or continues what is
/// stored asks it for the [`Principal`]; there may be any number of them.
///
/// Only [`Authenticator::authenticate`] makes one, so no handler runs without:
///
/// ```compile_fail,E0451
/// use openclaw::{auth::{Caller, Scopes}, chat::Principal};
/// let forged = Caller { principal: Principal::Owner, scopes: Scopes::ALL };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    principal: Principal,
    scopes: Scopes,
}

impl Caller {
    /// Whose sessions and responses these are.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    fn owner(scopes: Scopes) -> Self {
        Self {
            principal: Principal::Owner,
            scopes,
        }
    }
}

/// The header with which a caller who has to prove nothing gives up scopes.
const SCOPES: &str = "x-openclaw-scopes";

/// Decides who may come in. It does not change; what it has to remember is in [`Attempts`].
pub struct Authenticator {
    rule: Rule,
    proxies: Proxies,
    allowed_origins: Vec<WebOrigin>,
    rate_limit: Option<RateLimit>,
    /// Names under which the server is known, where programs on this machine read its metrics without a secret.
    open_metrics: Option<Vec<String>>,
}

enum Rule {
    Bearer(SharedSecret),
    Proxy {
        checks: TrustedProxy,
        /// Of callers on this machine that no proxy stands before.
        password: Option<SharedSecret>,
    },
    /// Everyone but foreign web pages.
    Open {
        /// Names under which the server is known beside its own.
        allowed_hosts: Vec<String>,
        /// Whether callers may be elsewhere.
        to_anyone: bool,
    },
}

impl Authenticator {
    /// `attempts` is what the rate limit remembers; given to the next authenticator, it outlives this one.
    pub fn new(mode: AuthMode, gateway: &GatewayConfig, attempts: Arc<Attempts>) -> Self {
        let rule = match mode {
            AuthMode::Token(secret) | AuthMode::Password(secret) => {
                Rule::Bearer(SharedSecret::new(&secret))
            }
            AuthMode::TrustedProxy(checks) => Rule::Proxy {
                password: checks.password().map(SharedSecret::new),
                checks,
            },
            AuthMode::None => Rule::Open {
                allowed_hosts: gateway.http.allowed_hosts.clone(),
                to_anyone: gateway.auth.dangerously_allow_open_bind,
            },
        };
        let limit = gateway.auth.rate_limit.as_ref();
        Self {
            rule,
            proxies: Proxies::new(gateway),
            allowed_origins: gateway.http.cors.allowed_origins.clone(),
            rate_limit: limit.map(|settings| RateLimit::new(settings, attempts)),
            open_metrics: gateway
                .metrics
                .open
                .then(|| gateway.http.allowed_hosts.clone()),
        }
    }

    /// Who sends a request with these headers over this connection.
    ///
    /// # Errors
    /// Credentials that are missing or wrong, an address that sent wrong ones too often, and foreign web pages where
    /// none are needed.
    pub fn authenticate(&self, ends: Ends, headers: &HeaderMap) -> Result<Caller, Denied> {
        let client = self.client(ends, headers);
        let verdict = || self.identify(client, ends, headers);
        match &self.rate_limit {
            Some(limit) => limit.guard(client, verdict),
            None => verdict(),
        }
    }

    /// For requests that nobody has to prove anything for.
    ///
    /// # Errors
    /// [`Denied::LockedOut`].
    pub fn check_lock(&self, ends: Ends, headers: &HeaderMap) -> Result<(), Denied> {
        let limit = self.rate_limit.as_ref();
        limit.map_or(Ok(()), |limit| limit.check(self.client(ends, headers)))
    }

    /// Where a request comes from.
    pub fn client(&self, ends: Ends, headers: &HeaderMap) -> Client {
        Client::of(ends, headers, &self.proxies)
    }

    /// Whether a program on this machine made the request, and speaks for nobody else, as far as that shows.
    pub fn is_of_this_host(&self, ends: Ends, headers: &HeaderMap) -> bool {
        ends.is_same_host() && self.client(ends, headers).way == Way::Direct
    }

    /// Whether a request may read the metrics without proving anything. Web pages must not, whatever name they found for
    /// this machine.
    pub fn lets_watch(&self, ends: Ends, headers: &HeaderMap) -> bool {
        self.open_metrics.as_deref().is_some_and(|allowed_hosts| {
            self.is_of_this_host(ends, headers)
                && browser::check_host(headers, allowed_hosts).is_ok()
                && browser::check_origin(headers, &[]).is_ok()
        })
    }

    /// Whether browsers add by themselves what callers are known by, as they do with a proxy's cookies.
    pub fn is_ambient(&self) -> bool {
        matches!(self.rule, Rule::Proxy { .. })
    }

    fn identify(&self, client: Client, ends: Ends, headers: &HeaderMap) -> Result<Caller, Denied> {
        match &self.rule {
            Rule::Bearer(secret) => with_secret(secret, headers),
            Rule::Proxy { checks, password } => match checks.identify(ends, headers, &self.proxies)
            {
                Ok(identity) => {
                    browser::check_origin(headers, &self.allowed_origins)?;
                    let scopes = narrowed(checks.scopes_of(&identity), headers);
                    let principal = identity.into();
                    Ok(Caller { principal, scopes })
                }
                Err(refusal) => {
                    let speaks_for_itself = self.is_of_this_host(ends, headers);
                    let tries = speaks_for_itself && headers.contains_key(AUTHORIZATION);
                    match password {
                        Some(password) if tries => {
                            browser::check_origin(headers, &self.allowed_origins)?;
                            with_secret(password, headers)
                        }
                        _ => Err(refusal.into()),
                    }
                }
            },
            Rule::Open {
                allowed_hosts,
                to_anyone,
            } => {
                if client.way == Way::Unvouched && !to_anyone {
                    return Err(Denied::Forwarded);
                }
                browser::check_host(headers, allowed_hosts)?;
                browser::check_origin(headers, &self.allowed_origins)?;
                Ok(Caller::owner(narrowed(Scopes::ALL, headers)))
            }
        }
    }
}

/// Who holds the secret is the owner, whatever scopes the request asks for.
fn with_secret(secret: &SharedSecret, headers: &HeaderMap) -> Result<Caller, Denied> {
    if secret.is(shared_secret::bearer(headers)?) {
        Ok(Caller::owner(Scopes::ALL))
    } else {
        Err(Denied::Wrong)
    }
}

/// What is left of `held` where the caller asks for less. A header that is there but empty asks for nothing. Where there
/// are several, of the caller and of a proxy for him, each of them takes away: none gives back.
fn narrowed(held: Scopes, headers: &HeaderMap) -> Scopes {
    let values = headers.get_all(SCOPES).iter();
    values.fold(held, |left, value| {
        left.narrowed_to(Scopes::parse(value.to_str().unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests;
