//! Where callers prove nothing by themselves, a web page must not be able to speak for its reader: requests of foreign
//! origins, and of names that an attacker's DNS can point at this machine, are refused. Pure.

use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::HeaderMap;
use hyper::header::{HOST, HeaderValue, ORIGIN};

use super::Denied;
use crate::config::WebOrigin;

/// Names that only this machine, or its containers, mean by it.
const OWN_NAMES: [&str; 3] = [
    "localhost",
    "host.docker.internal",
    "host.containers.internal",
];

/// # Errors
/// [`Denied::Host`]. A request without the header comes from no browser and passes.
pub(super) fn check_host(headers: &HeaderMap, allowed_hosts: &[String]) -> Result<(), Denied> {
    let Some(host) = headers.get(HOST) else {
        return Ok(());
    };
    match host.to_str() {
        Ok(host) if is_own(name(host), allowed_hosts) => Ok(()),
        _ => Err(Denied::Host),
    }
}

/// # Errors
/// [`Denied::Origin`], of a page that neither this server's name has nor a listed one. A request without the header
/// comes from no page, or from one of this server, and passes.
pub(super) fn check_origin(headers: &HeaderMap, allowed: &[WebOrigin]) -> Result<(), Denied> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_own = |origin: &HeaderValue| {
        let authority = origin.to_str().ok().and_then(authority);
        matches!((authority, host), (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host))
    };
    let is_listed = |origin: &HeaderValue| allowed.iter().any(|page| page.is(origin.as_bytes()));
    let mut origins = headers.get_all(ORIGIN).iter();
    if origins.all(|origin| is_own(origin) || is_listed(origin)) {
        Ok(())
    } else {
        Err(Denied::Origin)
    }
}

fn is_own(name: &str, allowed_hosts: &[String]) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let names = OWN_NAMES
        .into_iter()
        .chain(allowed_hosts.iter().map(String::as_str));
    is_ip(name) || names.into_iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn is_ip(name: &str) -> bool {
    let bracketed = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    match bracketed {
        Some(name) => name.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<Ipv4Addr>().is_ok(),
    }
}

/// A `Host` without its port.
fn name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// The host and port of a web origin.
fn authority(origin: &str) -> Option<&str> {
    origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(host: Option<&str>, origin: Option<&str>) -> Result<(), Denied> {
        let mut headers = HeaderMap::new();
        for (name, value) in [(HOST, host), (ORIGIN, origin)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        check_host(&headers, &["gateway.home".to_owned()])?;
        check_origin(&headers, &["https://app.example".parse().unwrap()])
    }

    #[test]
    fn addresses_own_names_and_listed_names_are_answered() {
        for host in [
            "127.0.0.1:18789",
            "192.168.1.4",
            "[::1]:18789",
            "[fe80::1]",
            "localhost",
            "LOCALHOST.:80",
            "host.docker.internal:18789",
            "host.containers.internal",
            "Gateway.Home:18789",
        ] {
            assert_eq!(verdict(Some(host), None), Ok(()), "{host}");
        }
        assert_eq!(verdict(None, None), Ok(()));
    }

    #[test]
    fn names_that_dns_can_point_here_are_refused() {
        for host in [
            "evil.example:18789",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "",
            "::1",
            "[localhost]",
        ] {
            assert_eq!(verdict(Some(host), None), Err(Denied::Host), "{host}");
        }
    }

    #[test]
    fn a_listed_page_may_ask_and_none_that_looks_like_it() {
        let from = |origin| verdict(Some("localhost:18789"), Some(origin));
        assert_eq!(from("https://app.example"), Ok(()));
        for origin in [
            "http://app.example",
            "https://app.example.evil.example",
            "https://app.example:444",
        ] {
            assert_eq!(from(origin), Err(Denied::Origin), "{origin}");
        }
    }

    #[test]
    fn only_the_page_of_this_very_server_may_ask() {
        assert_eq!(
            verdict(Some("localhost:18789"), Some("http://localhost:18789")),
            Ok(())
        );
        for origin in [
            "https://evil.example",
            "http://localhost:3000",
            "null",
            "file://localhost:18789",
        ] {
            assert_eq!(
                verdict(Some("localhost:18789"), Some(origin)),
                Err(Denied::Origin),
                "{origin}"
            );
        }
        assert_eq!(verdict(None, Some("http://localhost")), Err(Denied::Origin));
    }
}
