//! Which hosts may be connected to: by the rules of a fetch, by name, and by every address that a name leads to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{FetchError, FetchRules};

/// Looks names up.
pub trait Lookup: Send + Sync {
    /// All addresses of a name.
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The machine's own way of looking names up.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async move {
            let addresses = tokio::net::lookup_host((host, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// What decides where a fetch may lead.
#[derive(Clone)]
pub struct Guard {
    pub lookup: Arc<dyn Lookup>,
    pub is_public: fn(IpAddr) -> bool,
}

/// Found among the causes of a failed request, this says that the guard refused the addresses of a name.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that is not public")]
pub struct NotPublic;

impl Guard {
    /// The host of a URL that may be requested. Addresses behind a name are checked when it is looked up.
    pub fn check(&self, url: &Url, rules: &FetchRules) -> Result<String, FetchError> {
        let host = url.host_str().unwrap_or_default();
        let host = host
            .trim_matches(['[', ']'])
            .trim_end_matches('.')
            .to_owned();
        let refused = |reason| {
            Err(FetchError::Refused {
                host: host.clone(),
                reason,
            })
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("the URL holds a user name or a password");
        }
        if !rules.allow.is_empty() && !rules.allow.iter().any(|pattern| covers(pattern, &host)) {
            return refused("it is not on the list of allowed hosts");
        }
        match host.parse::<IpAddr>() {
            Ok(address) if !(self.is_public)(address) => refused(NOT_PUBLIC),
            Err(_) if is_local_name(&host) => refused(NOT_PUBLIC),
            _ => Ok(host),
        }
    }
}

/// Why a host is refused that is none of the public internet.
pub const NOT_PUBLIC: &str = "it is not on the public internet";

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.lookup.lookup(name.as_str().to_owned());
        let is_public = self.is_public;
        async move {
            let addresses = addresses.await?;
            // One address that is not public is one too many: the next answer may hold only that.
            if addresses.is_empty() || !addresses.iter().copied().all(is_public) {
                return Err(NotPublic.into());
            }
            let sockets = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as Addrs)
        }
        .boxed()
    }
}

/// Whether a pattern of an allow-list covers a host: an exact name, or `*.example.com`.
pub fn covers(pattern: &str, host: &str) -> bool {
    let pattern = pattern.trim().trim_end_matches('.');
    match pattern.strip_prefix("*.") {
        Some(parent) => host
            .strip_suffix(&as_in_a_url(parent))
            .is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        None => host == as_in_a_url(pattern),
    }
}

/// A host as a parsed URL has it: in lower case, and in Punycode where it is not ASCII.
fn as_in_a_url(host: &str) -> String {
    let url = Url::parse(&format!("http://{host}/"));
    let parsed = url.as_ref().ok().and_then(Url::host_str);
    parsed.map_or_else(|| host.to_ascii_lowercase(), str::to_owned)
}

/// Names that mean this machine or this network, wherever they are looked up.
fn is_local_name(host: &str) -> bool {
    const ENDINGS: [&str; 6] = [
        ".home.arpa",
        ".internal",
        ".lan",
        ".local",
        ".localdomain",
        ".localhost",
    ];
    host == "localhost" || ENDINGS.iter().any(|ending| host.ends_with(ending))
}
