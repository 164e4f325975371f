//! What the settings of the door hold, in types that cannot be wrong: the ranges of proxies, the origins of pages, the
//! scopes of identities. And what is wrong with them where they are, for `config check`. Pure.

mod faults;
mod origin;
mod range;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use faults::faults;
pub use origin::WebOrigin;
pub use range::ProxyRange;

/// The identity that stands for all that have no entry of their own.
pub const EVERYONE: &str = "*";

/// The most scopes that identities have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum IdentityScopes {
    /// Of every identity.
    Everyone(Vec<String>),
    /// By identity, `*` being everyone without an entry; who then has none has no scopes.
    ByIdentity(BTreeMap<String, Vec<String>>),
}

/// `Strict-Transport-Security`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HstsConfig {
    /// Sent with this value.
    Value(String),
    /// `false`: not sent.
    Switch(bool),
}

impl HstsConfig {
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Value(value) => Some(value),
            Self::Switch(_) => None,
        }
    }
}
