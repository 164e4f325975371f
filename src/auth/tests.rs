use std::net::IpAddr;

use hyper::header::HeaderName;
use serde_json::{Value, json};

use super::*;

const LOCAL: &str = "127.0.0.1";
const PROXY: &str = "10.0.0.1";
const STRANGER: &str = "192.0.2.1";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    headers
}

/// The gate of a `gateway` section.
fn gate(gateway: Value) -> Authenticator {
    let gateway: GatewayConfig = serde_json::from_value(gateway).unwrap();
    let mode = AuthMode::choose(&gateway, IpAddr::from([127, 0, 0, 1]));
    Authenticator::new(mode.unwrap().unwrap(), &gateway, Arc::default())
}

fn token_gate() -> Authenticator {
    gate(json!({ "auth": { "token": "s3cret" } }))
}

fn open_gate() -> Authenticator {
    gate(json!({ "auth": { "mode": "none" } }))
}

fn proxy_gate(auth: Value) -> Authenticator {
    let mut auth = auth;
    auth["mode"] = json!("trusted-proxy");
    auth["trustedProxy"]["userHeader"] = json!("x-user");
    gate(json!({ "trustedProxies": [PROXY, LOCAL], "auth": auth }))
}

impl Authenticator {
    fn admit(&self, peer: &str, sent: &[(&'static str, &str)]) -> Result<Caller, Denied> {
        let ends = Ends {
            peer: peer.parse().unwrap(),
            own: None,
        };
        self.authenticate(ends, &headers(sent))
    }
}

fn owner() -> Caller {
    Caller::owner(Scopes::ALL)
}

const WRONG: (&str, &str) = ("authorization", "Bearer guess");
const RIGHT: (&str, &str) = ("authorization", "bearer s3cret");
const FORWARDED: (&str, &str) = ("x-forwarded-for", "198.51.100.1");

#[test]
fn the_right_bearer_has_every_scope_whatever_it_asks_for() {
    let sent = [RIGHT, (SCOPES, "")];
    assert_eq!(token_gate().admit(STRANGER, &sent), Ok(owner()));
    let password = gate(json!({ "auth": { "password": "s3cret" } }));
    assert_eq!(password.admit(STRANGER, &sent), Ok(owner()));
}

#[test]
fn a_wrong_bearer_and_a_missing_one_are_told_apart_but_never_repeated() {
    assert_eq!(token_gate().admit(LOCAL, &[WRONG]), Err(Denied::Wrong));
    assert_eq!(token_gate().admit(LOCAL, &[]), Err(Denied::NoCredentials));
    assert!(!Denied::Wrong.to_string().contains("guess"));
}

#[test]
fn a_bearer_lets_web_pages_in_because_it_is_not_ambient() {
    let sent = [
        RIGHT,
        ("origin", "https://app.example"),
        ("host", "gw.example"),
    ];
    assert_eq!(token_gate().admit(LOCAL, &sent), Ok(owner()));
}

#[test]
fn a_bearer_that_was_forwarded_is_as_good_as_any() {
    assert_eq!(token_gate().admit(LOCAL, &[RIGHT, FORWARDED]), Ok(owner()));
}

#[test]
fn without_authentication_scopes_can_only_be_given_up() {
    let scopes = |sent: &[(&'static str, &str)]| open_gate().admit(LOCAL, sent).unwrap().scopes;
    assert_eq!(scopes(&[]), Scopes::ALL);
    for nothing in ["", " ", ",", "operator.root"] {
        assert_eq!(scopes(&[(SCOPES, nothing)]), Scopes::NONE, "{nothing:?}");
    }
    let read = Scopes::parse("operator.read");
    assert_eq!(scopes(&[(SCOPES, "operator.read")]), read);
    // What one header takes away, another does not give back.
    for narrow in ["operator.read", "operator.read, operator.pairing"] {
        let (wide, narrow) = ((SCOPES, "operator.write"), (SCOPES, narrow));
        assert_eq!(scopes(&[wide, narrow]), read);
        assert_eq!(scopes(&[narrow, wide]), read);
    }
    assert_eq!(
        scopes(&[(SCOPES, ""), (SCOPES, "operator.admin")]),
        Scopes::NONE
    );
    assert_eq!(scopes(&[("authorization", "Bearer whatever")]), Scopes::ALL);
}

#[test]
fn without_authentication_a_foreign_page_is_refused_and_a_listed_one_is_not() {
    let host = ("host", "127.0.0.1:18789");
    let sent = [host, ("origin", "https://app.example")];
    assert_eq!(open_gate().admit(LOCAL, &sent), Err(Denied::Origin));
    let listing = gate(json!({
        "auth": { "mode": "none" },
        "http": { "cors": { "allowedOrigins": ["https://app.example"] }, "allowedHosts": ["gw.home"] },
    }));
    assert_eq!(listing.admit(LOCAL, &sent), Ok(owner()));
    assert_eq!(listing.admit(LOCAL, &[("host", "gw.home")]), Ok(owner()));
    // A listed page does not make a name of an attacker's DNS good.
    let rebound = [("host", "evil.example"), ("origin", "https://app.example")];
    assert_eq!(listing.admit(LOCAL, &rebound), Err(Denied::Host));
}

#[test]
fn without_authentication_what_an_unknown_proxy_forwards_is_refused() {
    for sign in [
        FORWARDED,
        ("forwarded", "for=127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
    ] {
        assert_eq!(
            open_gate().admit(LOCAL, &[sign]),
            Err(Denied::Forwarded),
            "{sign:?}"
        );
    }
    let listed = gate(json!({ "auth": { "mode": "none" }, "trustedProxies": [LOCAL] }));
    assert_eq!(listed.admit(LOCAL, &[FORWARDED]), Ok(owner()));
    let insisting = gate(json!({ "auth": { "mode": "none", "dangerouslyAllowOpenBind": true } }));
    assert_eq!(insisting.admit(STRANGER, &[FORWARDED]), Ok(owner()));
}

#[test]
fn a_proxys_user_is_a_principal_of_his_own_with_the_scopes_that_are_left() {
    let ann = |scopes| {
        Ok(Caller {
            principal: Principal::Proxy("ann".to_owned()),
            scopes,
        })
    };
    let gate = proxy_gate(json!({ "identityScopes": { "ann": ["operator.write"] } }));
    let user = ("x-user", "ann");
    let (write, read) = (
        Scopes::parse("operator.write"),
        Scopes::parse("operator.read"),
    );
    assert_eq!(gate.admit(PROXY, &[user, FORWARDED]), ann(write));
    assert_eq!(
        gate.admit(PROXY, &[user, (SCOPES, "operator.read")]),
        ann(read)
    );
    assert_eq!(gate.admit(PROXY, &[user, (SCOPES, "")]), ann(Scopes::NONE));
    // More than it has it cannot ask for.
    assert_eq!(
        gate.admit(PROXY, &[user, (SCOPES, "operator.admin")]),
        ann(write)
    );
    assert_eq!(
        proxy_gate(json!({})).admit(PROXY, &[user]),
        ann(Scopes::ALL)
    );
}

#[test]
fn a_secret_does_not_replace_the_proxy_from_elsewhere() {
    let gate = proxy_gate(json!({ "password": "s3cret", "token": "s3cret" }));
    for peer in [STRANGER, PROXY] {
        assert!(
            matches!(gate.admit(peer, &[RIGHT]), Err(Denied::Proxy(_))),
            "{peer}"
        );
    }
}

#[test]
fn on_this_machine_the_password_does_where_nothing_was_forwarded() {
    let gate = proxy_gate(json!({ "password": "s3cret" }));
    assert_eq!(gate.admit(LOCAL, &[RIGHT]), Ok(owner()));
    assert_eq!(gate.admit(LOCAL, &[WRONG]), Err(Denied::Wrong));
    let refused = Err(Denied::Proxy(Refusal::Loopback));
    assert_eq!(gate.admit(LOCAL, &[]), refused);
    for sign in [
        FORWARDED,
        ("forwarded", "for=::1"),
        ("x-forwarded-host", "a"),
        ("x-real-ip", "::1"),
    ] {
        assert_eq!(gate.admit(LOCAL, &[RIGHT, sign]), refused, "{sign:?}");
    }
    // A token is no password, and without one nothing helps.
    let without = proxy_gate(json!({ "token": "s3cret" }));
    assert_eq!(without.admit(LOCAL, &[RIGHT]), refused);
    let blank = proxy_gate(json!({ "password": " " }));
    assert_eq!(
        blank.admit(LOCAL, &[("authorization", "Bearer  ")]),
        refused
    );
}

#[test]
fn behind_a_proxy_a_foreign_page_is_refused_and_a_listed_one_is_not() {
    let gateway = |origins: Value| {
        gate(json!({
            "trustedProxies": [PROXY, LOCAL],
            "auth": { "mode": "trusted-proxy", "password": "s3cret", "trustedProxy": { "userHeader": "x-user" } },
            "http": { "cors": { "allowedOrigins": origins } },
        }))
    };
    let of_page = |origin| {
        [
            ("x-user", "ann"),
            ("host", "gw.example"),
            ("origin", origin),
        ]
    };
    let (none, listed) = (gateway(json!([])), gateway(json!(["https://app.example"])));
    assert_eq!(
        none.admit(PROXY, &of_page("https://app.example")),
        Err(Denied::Origin)
    );
    assert!(listed.admit(PROXY, &of_page("https://app.example")).is_ok());
    assert!(none.admit(PROXY, &of_page("https://gw.example")).is_ok());
    // The password makes no difference, right or wrong.
    let with = |bearer| {
        let page = ("origin", "https://app.example");
        [bearer, page, ("host", "gw.example")]
    };
    assert_eq!(none.admit(LOCAL, &with(RIGHT)), Err(Denied::Origin));
    assert_eq!(none.admit(LOCAL, &with(WRONG)), Err(Denied::Origin));
    assert_eq!(listed.admit(LOCAL, &with(RIGHT)), Ok(owner()));
}

mod locking_out {
    use super::*;

    const LIMIT: u32 = 3;

    fn limited(trusted_proxies: Value) -> Authenticator {
        gate(json!({
            "trustedProxies": trusted_proxies,
            "auth": { "token": "s3cret", "rateLimit": { "maxAttempts": LIMIT } },
        }))
    }

    fn guess(gate: &Authenticator, peer: &str, sent: &[(&'static str, &str)]) {
        for _ in 0..LIMIT {
            assert_eq!(
                gate.admit(peer, &[&[WRONG][..], sent].concat()),
                Err(Denied::Wrong)
            );
        }
    }

    fn is_locked(gate: &Authenticator, peer: &str, sent: &[(&'static str, &str)]) -> bool {
        let verdict = gate.admit(peer, &[&[RIGHT][..], sent].concat());
        matches!(verdict, Err(Denied::LockedOut { .. }))
    }

    #[test]
    fn nothing_is_counted_unless_it_is_configured() {
        guess(&token_gate(), STRANGER, &[]);
        assert!(!is_locked(&token_gate(), STRANGER, &[]));
    }

    #[test]
    fn a_missing_credential_is_no_guess() {
        let gate = limited(json!([]));
        for _ in 0..9 {
            assert_eq!(gate.admit(STRANGER, &[]), Err(Denied::NoCredentials));
        }
        assert!(!is_locked(&gate, STRANGER, &[]));
    }

    #[test]
    fn what_a_stranger_says_of_himself_does_not_choose_who_is_counted() {
        let gate = limited(json!([PROXY]));
        for number in 0..LIMIT {
            let claimed = format!("198.51.100.{number}");
            let sent = [
                WRONG,
                ("x-forwarded-for", claimed.as_str()),
                ("x-real-ip", &claimed),
            ];
            assert_eq!(gate.admit(STRANGER, &sent), Err(Denied::Wrong));
        }
        assert!(is_locked(&gate, STRANGER, &[]));
        assert!(is_locked(&gate, STRANGER, &[FORWARDED]));
        assert!(!is_locked(&gate, "198.51.100.0", &[]));
    }

    #[test]
    fn behind_a_listed_proxy_each_client_is_counted_and_the_proxy_is_not() {
        let gate = limited(json!([PROXY]));
        guess(&gate, PROXY, &[FORWARDED]);
        assert!(is_locked(&gate, PROXY, &[FORWARDED]));
        // Whatever he writes in front of what the proxy adds.
        assert!(is_locked(
            &gate,
            PROXY,
            &[("x-forwarded-for", "203.0.113.1, 198.51.100.1")]
        ));
        assert!(!is_locked(
            &gate,
            PROXY,
            &[("x-forwarded-for", "198.51.100.2")]
        ));
        assert!(!is_locked(&gate, PROXY, &[]));
        assert!(!is_locked(&gate, "198.51.100.1", &[]));
    }

    #[test]
    fn this_machine_is_exempt_only_while_it_speaks_for_itself() {
        let gate = limited(json!([]));
        guess(&gate, LOCAL, &[]);
        assert!(!is_locked(&gate, LOCAL, &[]));
        guess(&gate, LOCAL, &[FORWARDED]);
        assert!(is_locked(&gate, LOCAL, &[FORWARDED]));
        assert!(!is_locked(&gate, LOCAL, &[]));
    }

    #[test]
    fn a_wrong_password_on_this_machine_counts_and_a_wrong_user_does_not() {
        let limit = json!({ "maxAttempts": LIMIT, "exemptLoopback": false });
        let gate = proxy_gate(json!({
            "password": "s3cret", "rateLimit": limit, "trustedProxy": { "allowUsers": ["ann"] },
        }));
        guess(&gate, LOCAL, &[]);
        assert!(is_locked(&gate, LOCAL, &[]));
        for _ in 0..9 {
            let refused = Err(Denied::Proxy(Refusal::UserNotAllowed));
            assert_eq!(gate.admit(PROXY, &[("x-user", "eve"), FORWARDED]), refused);
        }
    }

    #[test]
    fn the_table_outlives_the_authenticator() {
        let gateway =
            json!({ "auth": { "token": "s3cret", "rateLimit": { "maxAttempts": LIMIT } } });
        let gateway: GatewayConfig = serde_json::from_value(gateway).unwrap();
        let attempts = Arc::<Attempts>::default();
        let gate = |secret| {
            let mode = AuthMode::Token(crate::config::Secret::new(secret));
            Authenticator::new(mode, &gateway, Arc::clone(&attempts))
        };
        guess(&gate("s3cret"), STRANGER, &[]);
        assert!(is_locked(&gate("s3cret"), STRANGER, &[]));
    }
}
