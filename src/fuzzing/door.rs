//! The headers by which callers say who they are.

use std::net::Ipv4Addr;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::auth::{AuthMode, Authenticator, Ends, Scope, Scopes};
use crate::config::{GatewayConfig, Secret};

const TOKEN: &str = "s3cret-token";

/// A head of one header a line: no header opens a door that a token shuts, and none gives a scope that nobody has.
pub fn headers(input: &[u8]) {
    let headers = parse(input);
    let ends = Ends {
        peer: Ipv4Addr::LOCALHOST.into(),
        own: None,
    };
    let mut gateway = GatewayConfig::default();
    gateway.http.allowed_hosts = vec!["example.com".to_owned()];
    let with = |mode| Authenticator::new(mode, &gateway, Default::default());
    let shut = with(AuthMode::Token(Secret::new(TOKEN)));
    if shut.authenticate(ends, &headers).is_ok() {
        let sent: Vec<&HeaderValue> = headers.get_all(AUTHORIZATION).iter().collect();
        let [sent] = sent[..] else {
            unreachable!("let in with {} credentials", sent.len())
        };
        assert!(sent.as_bytes().ends_with(TOKEN.as_bytes()));
    }
    let open = with(AuthMode::None);
    if let Ok(caller) = open.authenticate(ends, &headers) {
        assert!(!caller.has(Scope::Admin) || caller.has(Scope::Write));
        assert!(!caller.has(Scope::Write) || caller.has(Scope::Read));
    }
    let list = String::from_utf8_lossy(input);
    let scopes = Scopes::parse(&list);
    assert!(!scopes.has(Scope::Admin) || list.contains("operator.admin"));
}

fn parse(input: &[u8]) -> HeaderMap {
    let lines = input.split(|byte| *byte == b'\n');
    let pairs = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(line[..colon].trim_ascii()).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        Some((name, value))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, value);
    }
    headers
}
