//! Identity from a reverse proxy: it has checked who somebody is and says so in a header. What is checked here is that
//! it is the proxy which says so. Pure.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use hyper::header::HeaderName;

use super::client::{Ends, Proxies};
use super::identity::{Identity, Nobody};
use super::mode::AuthSetupError;
use super::scopes::Scopes;
use crate::config::{EVERYONE, GatewayConfig, IdentityScopes, Secret, TrustedProxyConfig};

/// The rules of `gateway.auth.trustedProxy`, and the password of callers on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxy {
    user_header: HeaderName,
    required_headers: Vec<HeaderName>,
    /// Empty: all.
    allow_users: Vec<Identity>,
    allow_same_host: bool,
    scopes: Option<BTreeMap<Identity, Scopes>>,
    password: Option<Secret>,
}

/// Which check of [`TrustedProxy`] failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "this address is no listed proxy: requests are taken from those in `gateway.trustedProxies`"
    )]
    UntrustedSource,
    #[error(
        "a proxy on this machine is not trusted: set `gateway.auth.trustedProxy.allowLoopback`, or send the password as `Authorization: Bearer <password>` without forwarding headers"
    )]
    Loopback,
    #[error("the proxy did not send the header `{0}`")]
    MissingHeader(HeaderName),
    #[error("the proxy did not say who the user is")]
    UserMissing,
    #[error(
        "the header of the user names more than one: the proxy must overwrite what clients send"
    )]
    UserAmbiguous,
    #[error("the header of the user cannot be read")]
    UserUnreadable,
    #[error("this user is not in `gateway.auth.trustedProxy.allowUsers`")]
    UserNotAllowed,
}

impl Refusal {
    /// Whether it is known who it is, or that it is not the proxy: then no other credentials would help.
    pub fn is_final(&self) -> bool {
        match self {
            Self::UntrustedSource | Self::Loopback | Self::UserNotAllowed => true,
            Self::MissingHeader(_)
            | Self::UserMissing
            | Self::UserAmbiguous
            | Self::UserUnreadable => false,
        }
    }

    /// As OpenClaw names the failed check.
    pub fn code(&self) -> String {
        let name = match self {
            Self::UntrustedSource => "untrusted_source",
            Self::Loopback => "loopback_source",
            Self::MissingHeader(name) => return format!("trusted_proxy_missing_header_{name}"),
            Self::UserMissing => "user_missing",
            Self::UserAmbiguous => "user_ambiguous",
            Self::UserUnreadable => "user_unreadable",
            Self::UserNotAllowed => "user_not_allowed",
        };
        format!("trusted_proxy_{name}")
    }
}

impl TrustedProxy {
    /// # Errors
    /// Without a listed proxy, or a header for the user, nobody could ever come in.
    pub(super) fn new(
        gateway: &GatewayConfig,
        password: Option<Secret>,
    ) -> Result<Self, AuthSetupError> {
        let auth = &gateway.auth;
        let TrustedProxyConfig {
            user_header,
            required_headers,
            allow_users,
            allow_loopback,
        } = auth.trusted_proxy.clone().unwrap_or_default();
        if gateway.trusted_proxies.is_empty() {
            return Err(AuthSetupError::NoProxies);
        }
        let user_header = user_header.ok_or(AuthSetupError::NoUserHeader)?;
        let required_headers = required_headers.iter().map(|name| header(name));
        Ok(Self {
            user_header: header(&user_header)?,
            required_headers: required_headers.collect::<Result<_, _>>()?,
            allow_users: allow_users
                .iter()
                .map(|user| Identity::named(user))
                .collect(),
            allow_same_host: allow_loopback,
            scopes: auth.identity_scopes.as_ref().map(by_identity),
            password,
        })
    }

    /// Of callers on this machine that no proxy stands before.
    pub(super) fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// Whether anybody can come in without the proxy.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// Who the proxy says it is. The checks in the order of [`Refusal`].
    ///
    /// # Errors
    /// The first check that fails.
    pub(super) fn identify(
        &self,
        ends: Ends,
        headers: &HeaderMap,
        proxies: &Proxies,
    ) -> Result<Identity, Refusal> {
        if !proxies.lists(ends.peer) {
            return Err(Refusal::UntrustedSource);
        }
        if ends.is_same_host() && !self.allow_same_host {
            return Err(Refusal::Loopback);
        }
        let missing = self
            .required_headers
            .iter()
            .find(|name| is_blank(headers, name));
        if let Some(name) = missing {
            return Err(Refusal::MissingHeader(name.clone()));
        }
        let identity = Identity::of(headers, &self.user_header).map_err(|nobody| match nobody {
            Nobody::Missing => Refusal::UserMissing,
            Nobody::Several => Refusal::UserAmbiguous,
            Nobody::Unreadable => Refusal::UserUnreadable,
        })?;
        if !self.allow_users.is_empty() && !self.allow_users.contains(&identity) {
            return Err(Refusal::UserNotAllowed);
        }
        Ok(identity)
    }

    /// The most that this identity may do. Where the configuration names identities, who is not among them has nothing.
    pub(super) fn scopes_of(&self, identity: &Identity) -> Scopes {
        let Some(scopes) = &self.scopes else {
            return Scopes::ALL;
        };
        let everyone = || scopes.get(&Identity::named(EVERYONE));
        let held = scopes.get(identity).or_else(everyone);
        held.copied().unwrap_or(Scopes::NONE)
    }
}

fn header(name: &str) -> Result<HeaderName, AuthSetupError> {
    name.parse()
        .map_err(|_| AuthSetupError::BadHeader(name.to_owned()))
}

fn is_blank(headers: &HeaderMap, name: &HeaderName) -> bool {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek().is_none() || values.any(|value| value.as_bytes().trim_ascii().is_empty())
}

fn by_identity(config: &IdentityScopes) -> BTreeMap<Identity, Scopes> {
    let entry = |identity: &str, scopes: &[String]| {
        (Identity::named(identity), Scopes::parse(&scopes.join(",")))
    };
    match config {
        IdentityScopes::Everyone(scopes) => [entry(EVERYONE, scopes)].into(),
        IdentityScopes::ByIdentity(identities) => identities
            .iter()
            .map(|(identity, scopes)| entry(identity, scopes))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
