//! Settings of the door that are allowed and hardly meant. Pure.

use std::fmt;
use std::net::IpAddr;

use crate::auth::AuthMode;
use crate::config::{GatewayConfig, IdentityScopes, ProxyRange, TrustedProxyConfig};

/// Something that is hardly meant, and what mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    pub message: &'static str,
    pub remedy: &'static str,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

const EVERYONE_LISTED: Doubt = Doubt {
    message: "`gateway.trustedProxies` lists every address: any caller can say that it forwards for another",
    remedy: "list the addresses of your proxies only",
};
const ANY_USER: Doubt = Doubt {
    message: "`gateway.auth.trustedProxy.allowUsers` is empty: every user of the proxy may come in",
    remedy: "list in it who may",
};
const NO_IDENTITIES: Doubt = Doubt {
    message: "`gateway.auth.identityScopes` has no effect: only in mode \"trusted-proxy\" have callers identities",
    remedy: "remove it, or set `gateway.auth.mode: \"trusted-proxy\"`",
};
const OUT_OF_REACH: Doubt = Doubt {
    message: "no proxy can come in: the server listens on loopback only, and `gateway.trustedProxies` lists no loopback address, or `gateway.auth.trustedProxy.allowLoopback` is not set",
    remedy: "set `gateway.bind` to where the proxy calls, or list its loopback address and set `allowLoopback: true`",
};
const TOKEN_UNASKED: Doubt = Doubt {
    message: "`gateway.auth.token` (or OPENCLAW_GATEWAY_TOKEN) is set, and the mode does not ask for it",
    remedy: "remove it, or set `gateway.auth.mode: \"token\"`",
};
const OPEN: Doubt = Doubt {
    message: "anyone who reaches the port can use every agent: `gateway.auth.mode` is \"none\" and the server listens on more than loopback",
    remedy: "set `gateway.auth.token` and `gateway.auth.mode: \"token\"`, or `gateway.bind: \"loopback\"`",
};

/// What a careful person would want to be told of these settings, the most serious first.
pub fn doubts(gateway: &GatewayConfig, mode: &AuthMode, bind: IpAddr) -> Vec<Doubt> {
    let auth = &gateway.auth;
    let proxies = &gateway.trusted_proxies;
    let by_proxy = matches!(mode, AuthMode::TrustedProxy(_));
    let unasked = by_proxy || *mode == AuthMode::None;
    let local = bind.to_canonical().is_loopback();
    let rules = auth.trusted_proxy.clone().unwrap_or_default();
    let TrustedProxyConfig {
        allow_users,
        allow_loopback,
        ..
    } = rules;
    let reached = allow_loopback && proxies.iter().any(ProxyRange::has_loopback);
    let names = |scopes: &IdentityScopes| match scopes {
        IdentityScopes::Everyone(_) => true,
        IdentityScopes::ByIdentity(identities) => !identities.is_empty(),
    };
    [
        (*mode == AuthMode::None && !local, OPEN),
        (unasked && auth.token.is_some(), TOKEN_UNASKED),
        (
            proxies.iter().any(ProxyRange::is_everything),
            EVERYONE_LISTED,
        ),
        (by_proxy && local && !reached, OUT_OF_REACH),
        (by_proxy && allow_users.is_empty(), ANY_USER),
        (
            !by_proxy && auth.identity_scopes.as_ref().is_some_and(names),
            NO_IDENTITIES,
        ),
    ]
    .into_iter()
    .filter_map(|(is_so, doubt)| is_so.then_some(doubt))
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::gateway::access::Access;

    fn told(gateway: Value, bind: &str) -> Vec<Doubt> {
        let gateway: GatewayConfig = serde_json::from_value(gateway).unwrap();
        let bind = bind.parse().unwrap();
        let access = Access::settle(&gateway, bind).unwrap();
        doubts(&gateway, &access.mode, bind)
    }

    fn proxy(listed: &str, rules: Value) -> Value {
        let mut rules = rules;
        rules["userHeader"] = json!("x-user");
        json!({ "trustedProxies": [listed], "auth": { "mode": "trusted-proxy", "trustedProxy": rules } })
    }

    #[test]
    fn usual_settings_raise_no_doubt() {
        let users = json!({ "allowUsers": ["ann"] });
        assert!(told(json!({ "auth": { "token": "t" } }), "0.0.0.0").is_empty());
        assert!(told(json!({ "auth": { "mode": "none" } }), "127.0.0.1").is_empty());
        assert!(told(proxy("10.0.0.1", users), "0.0.0.0").is_empty());
        let here = json!({ "allowUsers": ["ann"], "allowLoopback": true });
        assert!(told(proxy("127.0.0.1", here), "127.0.0.1").is_empty());
    }

    #[test]
    fn what_is_hardly_meant_is_told() {
        let anyone = json!({ "auth": { "mode": "none", "dangerouslyAllowOpenBind": true } });
        assert_eq!(told(anyone, "0.0.0.0"), [OPEN]);
        assert_eq!(
            told(proxy("0.0.0.0/0", json!({})), "0.0.0.0"),
            [EVERYONE_LISTED, ANY_USER]
        );
        let unasked = json!({ "auth": { "mode": "none", "token": "t" } });
        assert_eq!(told(unasked, "127.0.0.1"), [TOKEN_UNASKED]);
        let users = json!({ "allowUsers": ["ann"] });
        assert_eq!(told(proxy("127.0.0.1", users), "127.0.0.1"), [OUT_OF_REACH]);
        let far = json!({ "allowUsers": ["ann"], "allowLoopback": true });
        assert_eq!(told(proxy("10.0.0.1", far), "127.0.0.1"), [OUT_OF_REACH]);
        let scopes = json!({ "auth": { "token": "t", "identityScopes": { "ann": [] } } });
        assert_eq!(told(scopes, "127.0.0.1"), [NO_IDENTITIES]);
    }
}
