use std::net::IpAddr;

use hyper::header::HeaderValue;
use serde_json::{Value, json};

use super::*;

const PROXY: &str = "10.0.0.1";

fn gateway(auth: Value) -> GatewayConfig {
    serde_json::from_value(json!({
        "trustedProxies": [PROXY, "127.0.0.1", "192.0.2.0/24"],
        "auth": auth,
    }))
    .unwrap()
}

fn rules(extra: Value) -> (TrustedProxy, Proxies) {
    let mut rules = json!({ "userHeader": "X-Forwarded-User" });
    rules
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    let gateway = gateway(json!({ "mode": "trusted-proxy", "trustedProxy": rules }));
    (
        TrustedProxy::new(&gateway, None).unwrap(),
        Proxies::new(&gateway),
    )
}

fn ends(peer: &str) -> Ends {
    Ends {
        peer: peer.parse().unwrap(),
        own: Some(IpAddr::from([192, 0, 2, 7])),
    }
}

fn identify(extra: Value, peer: &str, sent: &[(&'static str, &str)]) -> Result<String, Refusal> {
    let (rules, proxies) = rules(extra);
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let identity = rules.identify(ends(peer), &headers, &proxies)?;
    Ok(identity.to_string())
}

const ANN: (&str, &str) = ("x-forwarded-user", "ann");

#[test]
fn a_listed_proxy_says_who_it_is_and_nobody_else_does() {
    for peer in [PROXY, "::ffff:10.0.0.1", "192.0.2.1"] {
        assert_eq!(
            identify(json!({}), peer, &[ANN]),
            Ok("ann".to_owned()),
            "{peer}"
        );
    }
    for peer in ["10.0.0.2", "::1", "2001:db8::1", "::10.0.0.1"] {
        assert_eq!(
            identify(json!({}), peer, &[ANN]),
            Err(Refusal::UntrustedSource),
            "{peer}"
        );
    }
}

#[test]
fn a_proxy_on_this_machine_needs_leave_and_has_to_be_listed_all_the_same() {
    let allowed = || json!({ "allowLoopback": true });
    // The last one is the address that was called: a program of this machine.
    for peer in ["127.0.0.1", "::ffff:127.0.0.1", "192.0.2.7"] {
        assert_eq!(
            identify(json!({}), peer, &[ANN]),
            Err(Refusal::Loopback),
            "{peer}"
        );
        assert_eq!(
            identify(allowed(), peer, &[ANN]),
            Ok("ann".to_owned()),
            "{peer}"
        );
    }
    assert_eq!(
        identify(allowed(), "127.0.0.2", &[ANN]),
        Err(Refusal::UntrustedSource)
    );
}

#[test]
fn every_required_header_must_be_there_and_not_blank() {
    let required = || json!({ "requiredHeaders": ["X-Forwarded-Proto", "x-verified"] });
    let proto = ("x-forwarded-proto", "https");
    let missing = |name| Err(Refusal::MissingHeader(HeaderName::from_static(name)));
    let sent = |more: &[(&'static str, &str)]| {
        identify(required(), PROXY, &[&[ANN, proto][..], more].concat())
    };
    assert_eq!(sent(&[("x-verified", "1")]), Ok("ann".to_owned()));
    assert_eq!(sent(&[]), missing("x-verified"));
    assert_eq!(sent(&[("x-verified", "  ")]), missing("x-verified"));
    assert_eq!(
        sent(&[("x-verified", "1"), ("x-verified", "")]),
        missing("x-verified")
    );
    assert_eq!(
        identify(required(), PROXY, &[ANN]),
        missing("x-forwarded-proto")
    );
}

#[test]
fn there_must_be_one_user() {
    for (sent, refusal) in [
        (&[][..], Refusal::UserMissing),
        (&[("x-forwarded-user", " ")], Refusal::UserMissing),
        (&[("x-user", "ann")], Refusal::UserMissing),
        (&[ANN, ("x-forwarded-user", "bob")], Refusal::UserAmbiguous),
        (&[("x-forwarded-user", "ann, bob")], Refusal::UserAmbiguous),
        (&[("x-forwarded-user", "a\tb")], Refusal::UserUnreadable),
    ] {
        assert_eq!(identify(json!({}), PROXY, sent), Err(refusal), "{sent:?}");
    }
}

#[test]
fn where_users_are_listed_only_they_may_come_in() {
    let users = || json!({ "allowUsers": ["Ann@Example.com", "bob"] });
    let user = |name: &str| identify(users(), PROXY, &[("x-forwarded-user", name)]);
    assert_eq!(user("ann@example.com"), Ok("ann@example.com".to_owned()));
    assert_eq!(user("bob"), Ok("bob".to_owned()));
    for other in ["Bob", "mallory", "ann", "ann@example.com.evil.example"] {
        assert_eq!(user(other), Err(Refusal::UserNotAllowed), "{other}");
    }
}

#[test]
fn each_failed_check_has_a_code_of_its_own() {
    let codes = [
        (
            Refusal::UntrustedSource,
            "trusted_proxy_untrusted_source",
            true,
        ),
        (Refusal::Loopback, "trusted_proxy_loopback_source", true),
        (
            Refusal::MissingHeader(HeaderName::from_static("x-a")),
            "trusted_proxy_missing_header_x-a",
            false,
        ),
        (Refusal::UserMissing, "trusted_proxy_user_missing", false),
        (
            Refusal::UserAmbiguous,
            "trusted_proxy_user_ambiguous",
            false,
        ),
        (
            Refusal::UserUnreadable,
            "trusted_proxy_user_unreadable",
            false,
        ),
        (
            Refusal::UserNotAllowed,
            "trusted_proxy_user_not_allowed",
            true,
        ),
    ];
    for (refusal, code, is_final) in codes {
        assert_eq!(
            (refusal.code().as_str(), refusal.is_final()),
            (code, is_final)
        );
    }
}

#[test]
fn an_identity_has_the_scopes_that_are_its_own_or_everyones() {
    let scopes = |config: Value, user: &str| {
        let auth = json!({
            "mode": "trusted-proxy", "trustedProxy": { "userHeader": "x-user" }, "identityScopes": config,
        });
        TrustedProxy::new(&gateway(auth), None)
            .unwrap()
            .scopes_of(&Identity::named(user))
    };
    assert_eq!(scopes(Value::Null, "ann"), Scopes::ALL);
    let read = Scopes::parse("operator.read");
    assert_eq!(scopes(json!(["operator.read"]), "ann"), read);
    let named = || json!({ "Ann@X.org": ["operator.admin"], "bob": ["operator.read"], "eve": [] });
    assert_eq!(scopes(named(), "ann@x.org"), Scopes::ALL);
    assert_eq!(scopes(named(), "bob"), read);
    for nobody in ["Bob", "eve", "mallory"] {
        assert_eq!(scopes(named(), nobody), Scopes::NONE, "{nobody}");
    }
    let others = json!({ "ann": ["operator.admin"], "*": ["operator.read"] });
    assert_eq!(scopes(others, "mallory"), read);
}
