//! The headers by which callers say who they are.

use std::net::Ipv4Addr;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::auth::{AuthMode, Authenticator, Ends, Scope, Scopes};
use crate::chat::Principal;
use crate::config::{GatewayConfig, Secret};

const TOKEN: &str = "s3cret-token";
const USER: &str = "x-forwarded-user";
const ALLOWED: &str = "someone@example.com";

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
    behind_a_proxy(&headers);
    let list = String::from_utf8_lossy(input);
    let scopes = Scopes::parse(&list);
    assert!(!scopes.has(Scope::Admin) || list.contains("operator.admin"));
}

/// Only the listed proxy names users, only those that are listed, and none of them is the owner.
fn behind_a_proxy(headers: &HeaderMap) {
    let gateway = serde_json::json!({
        "trustedProxies": ["192.0.2.1"],
        "auth": { "mode": "trusted-proxy", "trustedProxy": {
            "userHeader": USER, "requiredHeaders": ["x-forwarded-proto"], "allowUsers": [ALLOWED],
        } },
    });
    let gateway = serde_json::from_value(gateway).expect("a configuration");
    let mode = AuthMode::choose(&gateway, Ipv4Addr::LOCALHOST.into());
    let mode = mode.ok().flatten().expect("a mode that can be");
    let authenticator = Authenticator::new(mode, &gateway, Default::default());
    let from = |peer: [u8; 4]| {
        let (peer, own) = (Ipv4Addr::from(peer).into(), None);
        authenticator.authenticate(Ends { peer, own }, headers)
    };
    assert!(from([192, 0, 2, 2]).is_err());
    assert!(from([127, 0, 0, 1]).is_err());
    if let Ok(caller) = from([192, 0, 2, 1]) {
        let named = headers.get_all(USER).iter();
        let named: Vec<&[u8]> = named.map(HeaderValue::as_bytes).collect();
        let [user] = named[..] else {
            unreachable!("let in as one of {} users", named.len())
        };
        let user = String::from_utf8_lossy(user);
        assert!(user.trim().eq_ignore_ascii_case(ALLOWED));
        assert!(headers.contains_key("x-forwarded-proto"));
        assert_ne!(*caller.principal(), Principal::Owner);
    }
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
